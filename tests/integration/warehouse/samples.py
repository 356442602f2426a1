"""Rows for tests, with values where a test does not care."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.warehouse.gateway import Warehouse
from shared.warehouse.tables import table

LOADED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
Row = dict[str, Any]


def at(text: str) -> datetime:
    """`2026-11-16 08:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def work_order(site: str, number: int, **given: Any) -> Row:
    """A version of a work order; times as datetimes."""
    created_at = given.get("created_at", at("2026-11-01 00:00"))
    return {
        "site": site,
        "work_order_id": number,
        "status": "OPEN",
        "created_at": created_at,
        "updated_at": given.get("completed_at") or created_at,
        "deleted": False,
        "loaded_at": LOADED_AT,
        **given,
    }


def interval(site: str, number: int, started_at: datetime, ended_at: datetime | None, **given: Any) -> Row:
    """A version of an asset status interval: unplanned OFFLINE of asset 1, if not told otherwise."""
    return {
        "site": site,
        "asset_status_id": number,
        "asset_id": 1,
        "status": "OFFLINE",
        "downtime_type": "UNPLANNED",
        "started_at": started_at,
        "ended_at": ended_at,
        "updated_at": ended_at or started_at,
        "deleted": False,
        "loaded_at": LOADED_AT,
        **given,
    }


def append(warehouse: Warehouse, table_name: str, rows: Iterable[Row]) -> None:
    """Append rows as they are, past the loader."""
    texts = [{k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()} for row in rows]
    if texts:
        warehouse.append(table_name, texts, table(table_name).schema)
