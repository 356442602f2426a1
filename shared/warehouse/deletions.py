"""Marks work orders that were deleted in MaintainX: they vanish from its lists without a trace.

Two witnesses are needed, because each can be wrong: an event may come from anyone behind the gateway, a list lags, and
to a key whose user lost a location everything there looks deleted. What is found again afterwards is put back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.errors import PermanentError, RecordNotFound
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter
from shared.warehouse.gateway import Warehouse, scalar, structs
from shared.warehouse.loader import EXPAND, Source, Watermarks
from shared.warehouse.rows import Row, Unusable, work_order_row
from shared.warehouse.tables import table, text

# An event can reach raw_events as long after it was published as Pub/Sub keeps it (7 days).
_LATEST_ARRIVAL = timedelta(days=8)
_WATERMARK = "warehouse:deletions"
_BELIEVED_AT_ONCE = 20
_BELIEVED_SHARE = 50  # or a 50th, 2 %, of all

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many work orders were newly marked as deleted, and how many put back or found for the first time."""

    deleted: int
    restored: int


def mark_deleted_by_events(warehouse: Warehouse, site: str, source: Source, watermarks: Watermarks) -> int:
    """Append a tombstone for every work order that an event says is deleted and MaintainX no longer has.

    Returns how many were new.
    """
    started_at = datetime.now(UTC)
    watermark = watermarks.get_watermark(site, _WATERMARK)
    since = datetime(1970, 1, 1, tzinfo=UTC) if watermark is None else watermark - _LATEST_ARRIVAL
    rows = warehouse.query(
        text("deleted_by_events.sql"), {"site": scalar("STRING", site), "since": scalar("TIMESTAMP", since)}
    )
    gone = [(row["work_order_id"], row["deleted_at"]) for row in rows if _read(source, row["work_order_id"]) is None]
    _append_tombstones(warehouse, site, gone)
    watermarks.advance_watermark(site, _WATERMARK, started_at)
    return len(gone)


def compare_all(
    warehouse: Warehouse,
    site: str,
    source: Source,
    *,
    most_deleted: int | None = None,
    tell: Callable[[Sequence[int]], None] = lambda _: None,
) -> Comparison:
    """Bring the warehouse in line with the list of all work orders (200 a call); each difference is read by itself.

    tell: is told of the ids of those that were deleted without an event, before they are marked. most_deleted: refuse
    to mark more than this (None: 20 or 2 % of all, and nothing if the list is empty). Raises PermanentError then,
    having changed nothing.
    """
    now = datetime.now(UTC)
    rows = warehouse.query(
        "SELECT work_order_id, deleted FROM work_orders_current WHERE site = @site", {"site": scalar("STRING", site)}
    )
    alive = {row["work_order_id"] for row in rows if not row["deleted"]}
    dead = {row["work_order_id"] for row in rows} - alive
    listed: set[int] = set()
    absent: list[WorkOrder] = []
    for record in source.iter_work_orders(WorkOrderFilter(), EXPAND):
        listed.add(record.id)
        if record.id not in alive:
            absent.append(record)
    gone = sorted(alive - listed)
    believed = max(_BELIEVED_AT_ONCE, len(alive) // _BELIEVED_SHARE) if listed else 0
    if len(gone) > (believed if most_deleted is None else most_deleted):
        raise PermanentError(
            f"site {site}: {len(gone)} of {len(alive)} work orders are missing in MaintainX's list: looks like a lost"
            " permission of the API key's user. If they are deleted, compare again with most_deleted"
        )
    confirmed = [(work_order_id, now) for work_order_id in gone if _read(source, work_order_id) is None]
    tell([work_order_id for work_order_id, _ in confirmed])
    _append_tombstones(warehouse, site, confirmed)
    found = [row for record in absent if (row := _found(site, source, record, now, record.id in dead)) is not None]
    if found:
        warehouse.append("work_orders", found, table("work_orders").schema)
    return Comparison(len(confirmed), len(found))


def _found(site: str, source: Source, listed: WorkOrder, now: datetime, was_deleted: bool) -> Row | None:
    """A version for a work order that the warehouse does not show; None if there is nothing to store."""
    record = _read(source, listed.id) if was_deleted else listed
    try:
        row = None if record is None else work_order_row(site, record, now)
    except Unusable as reason:
        log.warning("work order %d of site %s cannot be stored: %s", listed.id, site, reason)
        return None
    # It may not have changed since before the tombstone, over which only a later version wins.
    return {**row, "updated_at": now.isoformat()} if row is not None and was_deleted else row


def _read(source: Source, work_order_id: int) -> WorkOrder | None:
    try:
        return source.get_work_order(work_order_id, ("estimated_time",))
    except RecordNotFound:
        return None


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
