"""Finds what people changed in the ERP and has it brought to MaintainX. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from typing import Any, Self

import functions_framework
from flask import Request
from pydantic import model_validator

from shared.bootstrap import erp_pull as pull_of
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.deadline import deadline
from shared.logs import configure_logging
from shared.scheduled import Answer, Order, PastMoment, for_each_site
from shared.sync.pull import PullReport

configure_logging("erp_pull")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)


class PullOrder(Order):
    """since: look from then on instead of where the last run ended.

    compare_all: read every linked record of the ERP instead of asking what changed; it goes on where the last
    comparison ended.
    """

    since: PastMoment | None = None
    compare_all: bool = False

    @model_validator(mode="after")
    def _since_is_of_use(self) -> Self:
        if self.since is not None and self.compare_all:
            raise ValueError("compare_all reads all records, so since has no use")
        return self


@functions_framework.http
def erp_pull(request: Request) -> Answer:
    """200 with what was found; else see `shared.scheduled.for_each_site`.

    A run without time for all answers 200 too, and the next one goes on; 503 if it did not get on at all.
    """
    with deadline(float(os.environ.get("HANDLER_DEADLINE_S", "50"))):
        return for_each_site(request, PullOrder, _pull)


def _pull(site: SiteConfig, order: PullOrder) -> Answer:
    if (reason := _why_not(site, order)) is not None:
        log.info("skipped: %s", reason, extra={"outcome": "skipped", "reason": reason})
        return {"skipped": reason}, 200
    pull = pull_of(site.id)
    report = pull.compare_all() if order.compare_all else pull.changed(order.since)
    body = _body(report)
    log.info("found %d changes", report.published, extra={"outcome": "done", "detail": body})
    if report.complete or order.compare_all:
        return body, 200
    if report.got_on:
        log.warning("no time for all that changed: %d records; the next run goes on", report.read)
        return body, 200
    log.error("no time for anything new that changed: %d records", report.read)
    return {**body, "error": "no time to read what changed"}, 503


def _why_not(site: SiteConfig, order: PullOrder) -> str | None:
    """Why a site cannot be pulled: it has no ERP, or one that nobody can ask what changed."""
    if site.erp is None:
        return "no_erp"
    return None if site.erp.can_ask_what_changed or order.compare_all else "cannot_ask_what_changed"


def _body(report: PullReport) -> dict[str, Any]:
    return {
        "since": _text(report.since),
        "read": report.read,
        "published": report.published,
        "skipped": dict(report.skipped),
        "ids": report.ids,
        "complete": report.complete,
        "watermark": _text(report.watermark),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
