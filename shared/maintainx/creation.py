"""Finding a work order that an earlier try may have made, before it is made again.

MaintainX has no idempotency key. What a work order can carry is `externalData`, which only `GET /workorders/{id}` shows
and no list filters by; so those made around a time are listed, and read one by one. Limits:
- lists lag behind writes, by minutes and up to an hour or two as measured. So "not found" is to be believed only
  `SETTLE_S` after the try. A lag longer than that makes a duplicate.
- a work order whose `externalData` another integration has replaced is not found, nor one that was deleted.
- two callers with one mark at the same time make two: only one may be at work on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.errors import RecordNotFound
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter

SETTLE_S = 7_200.0
_CLOCKS_APART = timedelta(minutes=5)
# A request that is on its way takes effect within this, if it does at all.
_UNDER_WAY = timedelta(minutes=10)

Mark = Mapping[str, Any]
"""The `externalData` that tells a work order from all others."""


class WorkOrders(Protocol):
    """The part of the client that is used here."""

    def iter_work_orders(self, wanted: WorkOrderFilter = ...) -> Iterator[WorkOrder]: ...

    def get_work_order(self, work_order_id: int) -> WorkOrder: ...


def find_work_orders(
    client: WorkOrders, mark: Mark, *, tried_at_utc: datetime, is_another: Callable[[int], bool]
) -> list[int]:
    """The ids of all work orders with this mark that a try at that time may have made.

    is_another: whether a work order is known to be another one, so that it need not be read; all others cost a call
    each, of whomever they are. Raises what the client raises.
    """
    begin, end = tried_at_utc - _CLOCKS_APART, tried_at_utc + _UNDER_WAY + _CLOCKS_APART
    rows = client.iter_work_orders(WorkOrderFilter(created_from=begin, created_to=end))
    candidates = sorted({row.id for row in rows})
    return [number for number in candidates if not is_another(number) and _has(client, number, mark)]


def _has(client: WorkOrders, work_order_id: int, mark: Mark) -> bool:
    try:
        return bool(client.get_work_order(work_order_id).external_data == mark)
    except RecordNotFound:  # deleted since it was listed
        return False
