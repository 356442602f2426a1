"""Creating a work order when an earlier try may have created it already: search first, then create.

MaintainX has no idempotency key and cannot search work orders by a custom field or by externalData. What it can do is
to list those created since a time; the reference is then looked for in their extra fields, or in the title. Limits:
- lists lag behind writes, by minutes and up to an hour or two as measured. So "not found" is believed only `settle_s`
  after the first try; before that, OutcomeUnknown asks to come again. A lag longer than that makes a duplicate.
- a work order whose reference a person has removed is not found either, nor one that was deleted (it is made again).
- two callers with one reference at the same time make two: hold a lease on the reference (`lock_record`) meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from shared.errors import DuplicateRecord, OutcomeUnknown
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter, WorkOrderRowExpand

SETTLE_S = 7_200.0
_CLOCKS_APART = timedelta(minutes=5)


class WorkOrders(Protocol):
    """The part of the client that is used here."""

    def iter_work_orders(
        self, wanted: WorkOrderFilter = ..., expand: tuple[WorkOrderRowExpand, ...] = ..., page_size: int = ...
    ) -> Iterator[WorkOrder]: ...

    def create_work_order(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """What tells this work order from all others: `value` in the extra field `label`, or in the title if that is None.

    The extra field must exist in the organization; MaintainX does not make one.
    """

    value: str
    label: str | None

    def is_in(self, order: WorkOrder) -> bool:
        """Whether the work order carries it."""
        if self.label is None:
            return self.value in order.title
        return (order.extra_fields or {}).get(self.label) == self.value

    def put_into(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a new work order that carries it; ValueError if it belongs into the title and is not there."""
        if self.label is not None:
            return {**fields, "extraFields": {**fields.get("extraFields", {}), self.label: self.value}}
        if self.value not in fields["title"]:
            raise ValueError(f"the title does not contain the reference {self.value!r}")
        return dict(fields)


def find_or_create_work_order(
    client: WorkOrders,
    fields: Mapping[str, Any],
    reference: Reference,
    *,
    first_tried_at_utc: datetime | None,
    now_utc: datetime,
    settle_s: float = SETTLE_S,
    skip_webhook: bool = False,
) -> int:
    """The id of the one work order with this reference, made now if there is none.

    first_tried_at_utc: when this was first tried, None if never: record it before the call. Raises OutcomeUnknown with
    retry_after_s if an earlier try may still show up, DuplicateRecord if several carry the reference, and what the
    client raises.
    """
    wanted = reference.put_into(fields)
    if first_tried_at_utc is not None:
        found = find_work_orders(client, reference, since_utc=first_tried_at_utc)
        if len(found) > 1:
            raise DuplicateRecord(f"MaintainX: work orders {found} all have the reference {reference.value!r}")
        if found:
            return found[0]
        wait_s = settle_s - (now_utc - first_tried_at_utc).total_seconds()
        if wait_s > 0:
            text = f"MaintainX: work order {reference.value!r} is not listed, but may have been created"
            raise OutcomeUnknown(text, retry_after_s=wait_s)
    return client.create_work_order(wanted, skip_webhook=skip_webhook)


def find_work_orders(client: WorkOrders, reference: Reference, *, since_utc: datetime) -> list[int]:
    """The ids of all work orders with this reference that were created since (less 5 minutes, as clocks differ)."""
    wanted = WorkOrderFilter(created_from=since_utc - _CLOCKS_APART)
    rows = client.iter_work_orders(wanted, expand=("extra_fields",))
    return sorted(row.id for row in rows if reference.is_in(row))
