"""Records of MaintainX as rows of the warehouse: JSON values, keys as in schemas/*.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.maintainx.models import AssetStatus, WorkOrder

Row = dict[str, Any]


class Unusable(ValueError):
    """The record lacks something without which it cannot be told apart or placed in time. The message says what."""


def work_order_row(site: str, record: WorkOrder, loaded_at: datetime) -> Row:
    """One version of a work order. Raises Unusable."""
    return {
        "site": site,
        "work_order_id": record.id,
        "sequential_id": record.sequential_id,
        "title": record.title,
        "status": _needed(record.status, "status"),
        "priority": record.priority,
        "type": record.type,
        "asset_id": record.asset_id,
        "location_id": record.location_id,
        "categories": list(record.categories or ()),
        "created_at": _moment(record.created_at),
        "start_date": _moment(record.start_date),
        "due_date": _moment(record.due_date),
        "completed_at": _moment(record.completed_at),
        "updated_at": _moment(_needed(record.updated_at, "updatedAt")),
        "estimated_time_s": record.estimated_time_s,
        "deleted": False,
        "loaded_at": _moment(loaded_at),
    }


def asset_status_row(site: str, record: AssetStatus, loaded_at: datetime) -> Row:
    """One version of a status interval. Raises Unusable."""
    return {
        "site": site,
        "asset_status_id": record.id,
        "asset_id": _needed(record.asset_id, "assetId"),
        "status": _needed(record.status, "status"),
        "downtime_type": record.downtime_type,
        "started_at": _moment(_needed(record.started_at, "startedAt")),
        "ended_at": _moment(record.ended_at),
        "updated_at": _moment(_needed(record.updated_at, "updatedAt")),
        "deleted": record.deleted_at is not None,
        "loaded_at": _moment(loaded_at),
    }


def _needed(value: Any, field: str) -> Any:
    if value is None:
        raise Unusable(f"no {field}")
    return value


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
