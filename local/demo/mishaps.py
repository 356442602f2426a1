"""What goes wrong while the history is lived through: intruders, poison, an ERP that is away, functions that die."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from local import loopback
from local.demo.driver import At
from local.demo.function_logs import outcomes
from local.demo.intruder import try_to_get_in
from local.demo.progress import Progress
from local.demo.report import Report
from local.demo.sites import SeededSite
from local.stack import Stack
from shared.pubsub.publisher import Publisher
from shared.topics import ERP_PUSH

_LONGEST_WAIT_S = 18.0


@dataclass(frozen=True)
class Faults:
    """What goes wrong on the way. Parts are of the history's steps, 0 to 1.

    lost_webhooks: how many last steps of work orders nobody is told of. erp_edits: how many orders of a site people
    change in the ERP, which tells nobody. erp_orders: how many orders of a site they make there.
    """

    erp_outage: tuple[float, float] | None = (0.4, 0.55)
    erp_drops_answers_at: float | None = 0.7
    kill: Sequence[tuple[float, str]] = ()
    lost_webhooks: int = 12
    erp_edits: int = 9
    erp_orders: int = 6


@dataclass
class Mishaps:
    """Lets the faults happen. erp_is_down: whether nothing gets through to the ERP just now."""

    stack: Stack
    faults: Faults
    progress: Progress
    report: Report
    erp_is_down: bool = field(default=False, init=False)

    def on_the_way(self, site: SeededSite) -> Iterator[At]:
        """What happens at which part of the history; `site` is the one that somebody tries to get into."""
        yield 0.15, lambda: self._intrude(site)
        yield 0.5, self._publish_poison
        if self.faults.erp_outage is not None:
            begin, end = self.faults.erp_outage
            yield begin, self._erp_goes_down
            yield end, self._erp_works_again
        if self.faults.erp_drops_answers_at is not None:
            fault = {"kind": "drop_after", "times": 3, "methods": ["POST", "PATCH"]}
            yield self.faults.erp_drops_answers_at, lambda: self._erp_fault(fault, "the ERP drops 3 answers")
        for part, name in self.faults.kill:
            yield part, lambda name=name: self._kill(name)  # type: ignore[misc]  # mypy cannot infer a default's type

    def _intrude(self, site: SeededSite) -> None:
        attempts = try_to_get_in(self.stack.url("webhook_ingress"), site.plan)
        self.report.refusals = [asdict(attempt) for attempt in attempts]
        self.report.wrongly_answered = sum(attempt.answered != attempt.expected for attempt in attempts)
        self.progress.note(f"{len(attempts)} forged, stale or malformed deliveries were sent to {site.plan.id}")

    def _publish_poison(self) -> None:
        Publisher().publish(ERP_PUSH, b'{"this is": "no event"}', {"site": self.stack.sites[0].id})
        self.progress.note("a message that can never succeed was published")

    def _erp_fault(self, fault: dict[str, Any], note: str) -> None:
        loopback.post(f"{self.stack.url('erp')}/_sim/faults", json=fault).raise_for_status()
        self.progress.note(note)

    def _erp_goes_down(self) -> None:
        self.erp_is_down = True
        self._erp_fault({"kind": "outage"}, "the ERP goes down")

    def _erp_works_again(self) -> None:
        """The outage ends, but not before erp_push has met it: right after the start, the function may still load."""
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while not outcomes(self.stack.log_path("erp_push"))["retry", "RemoteUnavailable"]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.erp_is_down = False
        loopback.delete(f"{self.stack.url('erp')}/_sim/faults").raise_for_status()
        self.progress.note("the ERP is back")

    def _kill(self, name: str) -> None:
        self.stack.processes[name].kill()
        self.stack.restart(name)
        self.progress.note(f"{name} was killed and started again")
