"""Finds what people changed in the ERP and has it brought to MaintainX. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any, Self

import functions_framework
from flask import Request
from pydantic import AwareDatetime, ValidationError, model_validator

from shared.bootstrap import erp_pull as pull_of
from shared.config.loading import Model
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.deadline import deadline
from shared.errors import BridgeError, UnknownSite
from shared.logs import configure_logging, log_context
from shared.sync.pull import PullReport

configure_logging("erp_pull")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)

Answer = tuple[dict[str, Any], int]


class Order(Model):
    """Body of the request; all keys are optional, and so is the body.

    site: None means every site. since: look from then on instead of where the last run ended. compare_all: read every
    linked record of the ERP instead of asking what changed; it goes on where the last comparison ended.
    """

    site: str | None = None
    since: AwareDatetime | None = None
    compare_all: bool = False

    @model_validator(mode="after")
    def _since_is_of_use(self) -> Self:
        if self.since is not None and self.since > datetime.now(UTC):
            raise ValueError("since lies in the future")
        if self.since is not None and self.compare_all:
            raise ValueError("compare_all reads all records, so since has no use")
        return self


@functions_framework.http
def erp_pull(request: Request) -> Answer:
    """200 with what was found; 400 bad body, 404 unknown site, 503 try again, 500 a person must act.

    With several sites one that fails does not stop the others; the answer has the worst status and every site's result.
    503 is also the answer where there was no time to read all that changed; a comparison goes on with its next run.
    """
    try:
        order = Order.model_validate(request.get_json(silent=True) if request.get_data() else {})
        config = get_config()
        sites = list(config.sites.values()) if order.site is None else [config.site(order.site)]
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
        return {"error": "bad request", "faults": faults}, 400
    except UnknownSite as error:
        return {"error": str(error)}, 404
    with deadline(float(os.environ.get("HANDLER_DEADLINE_S", "50"))):
        answers = {site.id: _pull(site, order) for site in sites}
    return {"sites": {site: body for site, (body, _) in answers.items()}}, max(status for _, status in answers.values())


def _pull(site: SiteConfig, order: Order) -> Answer:
    with log_context(site=site.id):
        if (reason := _why_not(site, order)) is not None:
            log.info("skipped: %s", reason, extra={"outcome": "skipped", "reason": reason})
            return {"skipped": reason}, 200
        try:
            pull = pull_of(site.id)
            report = pull.compare_all() if order.compare_all else pull.changed(order.since)
        except BridgeError as error:
            log.error("%s: %s", type(error).__name__, error)
            return {"error": str(error), "error_class": type(error).__name__}, 503 if error.transient else 500
        body = _body(report)
        log.info("found %d changes", report.published, extra={"outcome": "done", "detail": body})
        if not report.complete and not order.compare_all:
            log.error("no time to read all that changed: %d records", report.read)
            return {**body, "error": "no time to read all that changed"}, 503
        return body, 200


def _why_not(site: SiteConfig, order: Order) -> str | None:
    """Why a site cannot be pulled: it has no ERP, or one that nobody can ask what changed."""
    if site.erp is None:
        return "no_erp"
    cannot_ask = site.erp.adapter == "rest" and site.erp.rest.changed_parameter is None
    return "cannot_ask_what_changed" if cannot_ask and not order.compare_all else None


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
