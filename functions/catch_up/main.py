"""Finds changes in MaintainX of which no webhook told, and tells of them. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import logging
import os
from typing import Any

import functions_framework
from flask import Request

from shared.bootstrap import catch_up as catch_up_of
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.deadline import deadline
from shared.logs import configure_logging
from shared.scheduled import Answer, Order, PastMoment, for_each_site
from shared.sync.catch_up import CatchUpReport

configure_logging("catch_up")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)


class CatchUpOrder(Order):
    """since: look from then on instead of where the last run ended."""

    since: PastMoment | None = None


@functions_framework.http
def catch_up(request: Request) -> Answer:
    """200 with what was found; else see `shared.scheduled.for_each_site`.

    A run without the time to read everything is no failure: the next one goes on where it ended.
    """
    with deadline(float(os.environ.get("HANDLER_DEADLINE_S", "50"))):
        return for_each_site(request, CatchUpOrder, _catch_up)


def _catch_up(site: SiteConfig, order: CatchUpOrder) -> Answer:
    report = catch_up_of(site.id).run(order.since)
    body = _body(report)
    log.info("missed %d changes", report.published, extra={"outcome": "done", "detail": body})
    return body, 200


def _body(report: CatchUpReport) -> dict[str, Any]:
    return {
        "since": report.since.isoformat(),
        "read": report.read,
        "seen": report.seen,
        "told": report.told,
        "published": report.published,
        "too_young": report.too_young,
        "unusable": report.unusable[:20],
        "complete": report.complete,
        "watermark": None if report.watermark is None else report.watermark.isoformat(),
    }
