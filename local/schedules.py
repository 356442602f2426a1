"""The scheduled calls that keep both sides in step, as terraform/scheduler.tf has them; here they come more often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from local.scheduler import Job
from local.stack import Stack


class Schedule(NamedTuple):
    """One entry. interval_s: in production 5 and 15 minutes, and a day."""

    name: str
    function: str
    body: dict[str, Any]
    interval_s: float


ERP_PULL = Schedule("erp-pull", "erp_pull", {}, 10.0)
ERP_COMPARE = Schedule("erp-compare", "erp_pull", {"compare_all": True}, 300.0)
CATCH_UP = Schedule("catch-up", "catch_up", {}, 30.0)


def jobs(stack: Stack, schedules: Iterable[Schedule] = (ERP_PULL, ERP_COMPARE, CATCH_UP), **body: Any) -> list[Job]:
    """The jobs of these schedules, one a site; `body` is added to what they send."""
    return [
        Job(
            f"{schedule.name}-{site.id}",
            stack.url(schedule.function),
            {"site": site.id, **schedule.body, **body},
            schedule.interval_s,
        )
        for schedule in schedules
        for site in stack.sites
    ]
