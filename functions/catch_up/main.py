"""Finds changes in MaintainX of which no webhook told, and tells of them. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from typing import Any

import functions_framework
from flask import Request
from pydantic import AwareDatetime, ValidationError, field_validator

from shared.bootstrap import catch_up as catch_up_of
from shared.config.loading import Model
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.deadline import deadline
from shared.errors import BridgeError, UnknownSite
from shared.logs import configure_logging, log_context
from shared.sync.catch_up import CatchUpReport

configure_logging("catch_up")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)

Answer = tuple[dict[str, Any], int]


class Order(Model):
    """Body of the request; all keys are optional, and so is the body.

    site: None means every site. since: look from then on instead of where the last run ended.
    """

    site: str | None = None
    since: AwareDatetime | None = None

    @field_validator("since")
    @classmethod
    def _not_in_the_future(cls, since: datetime | None) -> datetime | None:
        if since is not None and since > datetime.now(UTC):
            raise ValueError("lies in the future")
        return since


@functions_framework.http
def catch_up(request: Request) -> Answer:
    """200 with what was found; 400 bad body, 404 unknown site, 503 try again, 500 a person must act.

    With several sites one that fails does not stop the others; the answer has the worst status and every site's result.
    A run without the time to read everything is no failure: the next one goes on where it ended.
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
        answers = {site.id: _catch_up(site, order) for site in sites}
    return {"sites": {site: body for site, (body, _) in answers.items()}}, max(status for _, status in answers.values())


def _catch_up(site: SiteConfig, order: Order) -> Answer:
    with log_context(site=site.id):
        try:
            report = catch_up_of(site.id).run(order.since)
        except BridgeError as error:
            log.error("%s: %s", type(error).__name__, error)
            return {"error": str(error), "error_class": type(error).__name__}, 503 if error.transient else 500
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
