"""Loads what changed in MaintainX into BigQuery and computes the KPIs. Called by Cloud Scheduler; not public."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import functions_framework
from flask import Request
from pydantic import NonNegativeInt

from shared.bootstrap import maintainx_client, state_store
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.logs import configure_logging
from shared.scheduled import Answer, Order, PastMoment, for_each_site
from shared.topics import EVENTS
from shared.warehouse.gateway import Warehouse, warehouse_from_environment
from shared.warehouse.service import RefreshReport, refresh_site

configure_logging("kpi_compute")
get_config()  # a bad configuration is refused at start, not at the first call
log = logging.getLogger(__name__)

RATE_WAIT_S = 70.0  # longer than MaintainX's rate window: a first load needs several of them


class RefreshOrder(Order):
    """as_of: compute as if it were then (now).

    compare_all: also look for deleted work orders that no event told of, and for such as are there again. most_deleted:
    how many such a comparison may mark as deleted, when a person knows that it was not the API key that lost sight of
    them (20 or 2 %).
    """

    as_of: PastMoment | None = None
    compare_all: bool = False
    most_deleted: NonNegativeInt | None = None


@functions_framework.http
def kpi_compute(request: Request) -> Answer:
    """200 with the computed values; else see `shared.scheduled.for_each_site`."""
    return for_each_site(request, RefreshOrder, _refresh)


def _refresh(site: SiteConfig, order: RefreshOrder) -> Answer:
    as_of = (order.as_of or datetime.now(UTC)).astimezone(UTC)
    report = refresh_site(
        _warehouse(),
        site.id,
        site.zone,
        as_of,
        maintainx_client(site.id, max_wait_s=RATE_WAIT_S),
        state_store(),
        compare=order.compare_all,
        most_deleted=order.most_deleted,
        tell_deleted=functools.partial(_tell_deleted, site.id),
    )
    loads = [asdict(load) for load in report.loads]
    log.info("computed %d KPI values", len(report.kpis), extra={"outcome": "done", "loads": loads})
    return _body(report, as_of), 200


def _tell_deleted(site: str, work_order_ids: Sequence[int]) -> None:
    """Publish the deletions of which no webhook told, for the sync and for people."""
    if work_order_ids:
        from shared.pubsub.publisher import publisher
        from shared.sync.catch_up import deletion_event

        events = [deletion_event(site, number, datetime.now(UTC)) for number in work_order_ids]
        publisher.publish_all(EVENTS, [(event.to_json(), event.attributes()) for event in events])
        log.warning("no webhook told of the deletion of %d work orders", len(events), extra={"deleted": len(events)})


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
