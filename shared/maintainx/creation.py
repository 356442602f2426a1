"""Finding a work order that an earlier try may have made, before it is made again.

MaintainX has no idempotency key. What a work order can carry is `externalData`, which only `GET /workorders/{id}` shows
and no list filters by; so those made since a time are listed, and read one by one. Limits:
- lists lag behind writes, by minutes and up to an hour or two as measured. So "not found" is to be believed only
  `SETTLE_S` after the try. A lag longer than that makes a duplicate.
- a work order whose `externalData` another integration has replaced is not found, nor one that was deleted.
- two callers with one mark at the same time make two: only one may be at work on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.errors import RecordNotFound
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter

SETTLE_S = 7_200.0
_CLOCKS_APART = timedelta(minutes=5)

Mark = Mapping[str, Any]
"""The `externalData` that tells a work order from all others."""


class WorkOrders(Protocol):
    """The part of the client that is used here."""

    def iter_work_orders(self, wanted: WorkOrderFilter = ...) -> Iterator[WorkOrder]: ...

    def get_work_order(self, work_order_id: int) -> WorkOrder: ...


def find_work_orders(client: WorkOrders, mark: Mark, *, since_utc: datetime) -> list[int]:
    """The ids of all work orders with this mark that were made since (less 5 minutes, as clocks differ).

    One call for each work order made since, of whomever. Raises what the client raises.
    """
    rows = client.iter_work_orders(WorkOrderFilter(created_from=since_utc - _CLOCKS_APART))
    return sorted({row.id for row in rows if _has(client, row.id, mark)})


def _has(client: WorkOrders, work_order_id: int, mark: Mark) -> bool:
    try:
        return bool(client.get_work_order(work_order_id).external_data == mark)
    except RecordNotFound:  # deleted since it was listed
        return False
