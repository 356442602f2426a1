"""Loads what changed in MaintainX into BigQuery and computes the KPIs. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import functools
import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import functions_framework
from flask import Request
from pydantic import AwareDatetime, NonNegativeInt, ValidationError, field_validator

from shared.bootstrap import maintainx_client, state_store
from shared.config.loading import Model
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.errors import BridgeError, UnknownSite
from shared.logs import configure_logging, log_context
from shared.warehouse.gateway import Warehouse, warehouse_from_environment
from shared.warehouse.service import RefreshReport, refresh_site

configure_logging("kpi_compute")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)

RATE_WAIT_S = 70.0  # longer than MaintainX's rate window: a first load needs several of them
Answer = tuple[dict[str, Any], int]


class Order(Model):
    """Body of the request; all keys are optional, and so is the body.

    site: None means every site. as_of: compute as if it were then (now), not in the future. compare_all: also look for
    deleted work orders that no event told of, and for such as are there again. most_deleted: how many such a comparison
    may mark as deleted, when a person knows that it was not the API key that lost sight of them (20 or 2 %).
    """

    site: str | None = None
    as_of: AwareDatetime | None = None
    compare_all: bool = False
    most_deleted: NonNegativeInt | None = None

    @field_validator("as_of")
    @classmethod
    def _not_in_the_future(cls, as_of: datetime | None) -> datetime | None:
        if as_of is not None and as_of > datetime.now(UTC):
            raise ValueError("lies in the future")
        return as_of


@functions_framework.http
def kpi_compute(request: Request) -> Answer:
    """200 with the computed values; 400 bad body, 404 unknown site, 503 try again, 500 a person must act.

    With several sites one that fails does not stop the others; the answer has the worst status and every site's result.
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
    answers = {site.id: _refresh(site, order) for site in sites}
    return {"sites": {site: body for site, (body, _) in answers.items()}}, max(status for _, status in answers.values())


def _refresh(site: SiteConfig, order: Order) -> Answer:
    as_of = (order.as_of or datetime.now(UTC)).astimezone(UTC)
    with log_context(site=site.id):
        try:
            report = refresh_site(
                _warehouse(),
                site.id,
                site.zone,
                as_of,
                maintainx_client(site.id, max_wait_s=RATE_WAIT_S),
                state_store(),
                compare=order.compare_all,
                most_deleted=order.most_deleted,
            )
        except BridgeError as error:
            log.error("%s: %s", type(error).__name__, error)
            return {"error": str(error), "error_class": type(error).__name__}, 503 if error.transient else 500
        loads = [asdict(load) for load in report.loads]
        log.info("computed %d KPI values", len(report.kpis), extra={"outcome": "done", "loads": loads})
        return _body(report, as_of), 200


def _body(report: RefreshReport, as_of: datetime) -> dict[str, Any]:
    return {
        "as_of": as_of.isoformat(),
        "loads": [_json(asdict(load)) for load in report.loads],
        "deleted": report.deleted,
        "restored": report.restored,
        "kpis": [_json(asdict(value)) for value in report.kpis],
    }


def _json(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in fields.items()}


@functools.cache
def _warehouse() -> Warehouse:
    return warehouse_from_environment()
