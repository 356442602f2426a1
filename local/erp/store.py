"""The tenants of the simulated ERP and their orders, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.erp.dialect import Dialect
from local.erp.rules import Refusal, changed_order, new_order, replaced_order

_FIRST_NUMBER = 40_000_001
_UNITS_S = {"epoch_s": 1, "epoch_ms": 0.001}


@dataclass(slots=True)
class Order:
    """One order. `version` counts its writes."""

    id: str
    fields: dict[str, Any]
    version: int
    created_at: str
    changed_at: str

    @property
    def etag(self) -> str:
        """The version as the ERP shows it; clients must not read anything into it."""
        return f'W/"{self.id}.{self.version}"'

    def as_json(self) -> dict[str, Any]:
        """The order as the API answers it."""
        return {"id": self.id, **self.fields, "createdAt": self.created_at, "changedAt": self.changed_at}


@dataclass(slots=True)
class Tenant:
    """One plant's part of the ERP: its token, equipment master data, orders and what was done to them.

    counters: `creates`, `updates`, `user_edits`, `reads`, `searches`, and `refused_<status>`. dialect: the ways of its
    interface. keys: idempotency key -> number of the order that was made with it.
    """

    name: str
    token: str
    equipment: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    dialect: Dialect = field(default_factory=Dialect)
    keys: dict[str, str] = field(default_factory=dict)

    def create(self, body: Any, *, counter: str = "creates") -> Order:
        """A new order, also if its reference is in use already: this ERP does not look. Raises Refusal."""
        fields = new_order(body, frozenset(self.equipment))
        now = _now()
        number = max(map(int, self.orders), default=_FIRST_NUMBER - 1) + 1
        order = Order(str(number), fields, 1, now, now)
        self.orders[order.id] = order
        self.counters[counter] += 1
        return order

    def order(self, order_id: str) -> Order:
        """The order of this number; Refusal 404 if there is none."""
        try:
            return self.orders[order_id]
        except KeyError:
            raise Refusal(404, "NOT_FOUND", f"there is no order {order_id}") from None

    def change(self, order: Order, body: Any, *, counter: str, replaces: bool = False) -> None:
        """Write the fields in `body`; if it `replaces` the order, the others are emptied.

        Raises Refusal. Like most ERPs it takes a write of equal values as a write.
        """
        write = replaced_order if replaces else changed_order
        order.fields = write(order.fields, body, frozenset(self.equipment))
        order.version += 1
        order.changed_at = _now()
        self.counters[counter] += 1

    def search(self, reference: str | None) -> Iterator[Order]:
        """Orders in the sequence of their numbers, all or those with this reference."""
        return (o for o in self.orders.values() if reference is None or o.fields["externalReference"] == reference)

    def shown(self, order: Order) -> dict[str, Any]:
        """The order as this tenant's interface answers it."""
        row = order.as_json()
        if self.dialect.changed in _UNITS_S:
            row["changedAt"] = int(
                datetime.fromisoformat(order.changed_at).timestamp() / _UNITS_S[self.dialect.changed]
            )
        if self.dialect.version == "field":
            row["rowVersion"] = order.version
        return row

    def duplicates(self) -> dict[str, list[str]]:
        """Reference -> numbers, for every reference that more than one order carries."""
        numbers: dict[str, list[str]] = {}
        for order in self.orders.values():
            if order.fields["externalReference"] is not None:
                numbers.setdefault(order.fields["externalReference"], []).append(order.id)
        return {reference: found for reference, found in numbers.items() if len(found) > 1}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
