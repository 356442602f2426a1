"""Marks work orders that were deleted in MaintainX: they vanish from its lists without a trace.

Two witnesses: the event `work_order.deleted` in raw_events, and, on request, a comparison of all ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from shared.errors import RecordNotFound
from shared.maintainx.queries import WorkOrderFilter
from shared.warehouse.gateway import Warehouse, scalar, structs
from shared.warehouse.loader import Source, Watermarks
from shared.warehouse.tables import text

# An event can reach raw_events as long after it was published as Pub/Sub keeps it (7 days).
_LATEST_ARRIVAL = timedelta(days=8)
_WATERMARK = "warehouse:deletions"


def mark_deleted_by_events(warehouse: Warehouse, site: str, watermarks: Watermarks) -> int:
    """Append a tombstone for every work order that an event says is deleted; returns how many were new."""
    started_at = datetime.now(UTC)
    watermark = watermarks.get_watermark(site, _WATERMARK)
    since = datetime(1970, 1, 1, tzinfo=UTC) if watermark is None else watermark - _LATEST_ARRIVAL
    rows = warehouse.query(
        text("deleted_by_events.sql"), {"site": scalar("STRING", site), "since": scalar("TIMESTAMP", since)}
    )
    _append_tombstones(warehouse, site, [(row["work_order_id"], row["deleted_at"]) for row in rows])
    watermarks.advance_watermark(site, _WATERMARK, started_at)
    return len(rows)


def mark_deleted_by_comparison(warehouse: Warehouse, site: str, source: Source) -> int:
    """Append a tombstone for every work order that MaintainX no longer has; returns how many.

    Reads the ids of all work orders (200 a call), then each missing one by itself: a list that lags is no proof.
    """
    listed = {record.id for record in source.iter_work_orders(WorkOrderFilter())}
    rows = warehouse.query(
        "SELECT work_order_id FROM work_orders_current WHERE site = @site AND NOT deleted",
        {"site": scalar("STRING", site)},
    )
    gone = [row["work_order_id"] for row in rows if row["work_order_id"] not in listed]
    now = datetime.now(UTC)
    confirmed = [(work_order_id, now) for work_order_id in gone if _is_gone(source, work_order_id)]
    _append_tombstones(warehouse, site, confirmed)
    return len(confirmed)


def _is_gone(source: Source, work_order_id: int) -> bool:
    try:
        source.get_work_order(work_order_id)
    except RecordNotFound:
        return True
    return False


def _append_tombstones(warehouse: Warehouse, site: str, gone: Iterable[tuple[int, datetime]]) -> None:
    gone = list(gone)
    if gone:
        warehouse.query(
            text("append_tombstones.sql"),
            {
                "site": scalar("STRING", site),
                "gone": structs({"work_order_id": "INT64", "deleted_at": "TIMESTAMP"}, gone),
            },
        )
