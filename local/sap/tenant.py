"""One tenant: its orders in memory, and everything that may be done to them. No HTTP here."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.sap import status
from local.sap.bodies import Row, created_row, derive, own_part, with_changes
from local.sap.fields import MODEL, EntityType, Model, model_without
from local.sap.functions import FUNCTIONS, Function, functions_without
from local.sap.refusals import business, not_found
from local.sap.sessions import Sessions
from local.sap.settings import Settings

_FIRST_NUMBER = 4_000_000
_LOG_LENGTH = 100_000


@dataclass(slots=True)
class Order:
    """One order. version counts its writes; children: set -> key -> row; shown: the header as JSON, till a write."""

    id: str
    row: Row
    children: dict[str, dict[tuple[str, ...], Row]]
    status: status.Status = field(default_factory=status.Status)
    version: int = 1
    shown: dict[str, Any] | None = None

    def rows(self, set_name: str) -> Iterator[Row]:
        """The header's row, or those of its children of that set."""
        return iter(self.children[set_name].values()) if set_name in self.children else iter((self.row,))


@dataclass(slots=True)
class Tenant:
    """One plant's part of SAP. counters and log: see README; tokens: OAuth token -> (client id, when it ends)."""

    name: str
    settings: Settings
    orders: dict[str, Order] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_LOG_LENGTH))
    sessions: Sessions = field(default_factory=Sessions)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    model: Model = field(default_factory=lambda: MODEL)
    functions: Mapping[str, Function] = field(default_factory=lambda: FUNCTIONS)
    _last_number: int = _FIRST_NUMBER - 1

    def configure(self, body: Mapping[str, Any]) -> None:
        """Change settings. ValueError if one is none."""
        self.settings = self.settings.changed(body)
        self.model = model_without(self.settings.missing)
        self.functions = functions_without(self.settings.missing)
        for order in self.orders.values():
            self._refresh(order)

    def order(self, order_id: str) -> Order:
        """The order of this number, with or without leading zeros. Refusal 404."""
        try:
            return self.orders[order_id.lstrip("0")]
        except KeyError:
            raise not_found(self.model["MaintenanceOrder"].name) from None

    def child(self, entity: EntityType, key: Mapping[str, str]) -> tuple[Order, Row]:
        """The row of a child set by its key. Refusal 404."""
        order = self.order(key["MaintenanceOrder"])
        try:
            return order, order.children[entity.set_name][own_part(entity, key)]
        except KeyError:
            raise not_found(entity.name) from None

    def create(self, body: Any, user: str) -> Order:
        """A new order with its children, also if its reference is in use already: SAP does not look. Raises Refusal."""
        header, nested = created_row(self, self.model["MaintenanceOrder"], body)
        if header["MaintenanceOrder"]:
            raise business("IW/082", "The number of an order of this type is given by the system", "MaintenanceOrder")
        for name, message in _REQUIRED.items():
            if not header[name]:
                raise business("IW/084", message, name)
        order = Order("", header, {set_name: {} for set_name in nested})
        for set_name, bodies in nested.items():
            for child in bodies:
                self._add(order, self.model[set_name], child)
        self._last_number += 1
        order.id = header["MaintenanceOrder"] = str(self._last_number)
        header["MaintOrderCreationDateTime"], header["CreatedByUser"] = self.now(), user[:12].upper()
        self.orders[order.id] = order
        self._refresh(order)
        return order

    def change(self, order: Order, body: Any, user: str) -> None:
        """Write the fields in `body` to the header; equal values are a write too. Raises Refusal."""
        self._changeable(order)
        order.row = with_changes(self, self.model["MaintenanceOrder"], order.row, body)
        self._touch(order, user)

    def add_child(self, order: Order, entity: EntityType, body: Any, user: str) -> Row:
        """A new operation or long text. Raises Refusal."""
        self._changeable(order)
        row = self._add(order, entity, body)
        self._touch(order, user)
        return row

    def change_child(self, order: Order, entity: EntityType, row: Row, body: Any, user: str) -> None:
        """Write the fields in `body` to the child. Raises Refusal."""
        self._changeable(order)
        row.update(with_changes(self, entity, row, body))
        self._touch(order, user)

    def delete_child(self, order: Order, entity: EntityType, row: Row, user: str) -> None:
        """Remove the child. Raises Refusal."""
        self._changeable(order)
        del order.children[entity.set_name][own_part(entity, row)]
        self._touch(order, user)

    def step(self, order: Order, name: str, user: str, values: Mapping[str, Any] | None = None) -> None:
        """Take a step of `status.STEPS`; values: of the function's parameters. Refusal if it is not possible."""
        order.status = status.after(order.status, name, order.id)
        if name == "complete":
            when = (values or {}).get("MaintOrderReferenceDateTime") or self.now()
            order.row["MaintOrderReferenceDateTime"] = when
            if (values or {}).get("MainWrkCmpltdDateTimeIsUsed"):
                order.row["MainWorkCompletedDateTime"] = when
        self._touch(order, user, dated=self.settings.status_moves_last_change)

    def lead_to(self, order: Order, code: str, user: str) -> None:
        """Bring the order to the status by as many steps as it takes. ValueError if none lead there."""
        for name in status.way_to(order.status, code):
            self.step(order, name, user)

    def duplicates(self) -> dict[str, list[str]]:
        """Reference -> numbers, for every reference that more than one order carries."""
        numbers: dict[str, list[str]] = {}
        for order in self.orders.values():
            if reference := order.row[self.settings.reference_field]:
                numbers.setdefault(reference, []).append(order.id)
        return {reference: found for reference, found in numbers.items() if len(found) > 1}

    def now(self) -> datetime:
        """The time by SAP's clock, in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.settings.clock_offset_s)

    def _add(self, order: Order, entity: EntityType, body: Any) -> Row:
        row, _ = created_row(self, entity, body)
        row["MaintenanceOrder"] = order.id
        rows = order.children[entity.set_name]
        if entity.set_name == "MaintenanceOrderOperation" and not row["MaintenanceOrderOperation"]:
            row["MaintenanceOrderOperation"] = f"{10 + 10 * len(rows):04}"
        if (key := own_part(entity, row)) in rows:
            raise business("IW/105", f"{entity.set_name} {'/'.join(key)} exists already")
        rows[key] = row
        return row

    def _changeable(self, order: Order) -> None:
        if not order.status.changeable:
            raise business("IW/154", f"Order {order.id} cannot be changed in status {order.status.code}")

    def _touch(self, order: Order, user: str, *, dated: bool = True) -> None:
        order.version += 1
        if dated:
            order.row["LastChangeDateTime"], order.row["LastChangeByUser"] = self.now(), user[:12].upper()
        self._refresh(order)

    def _refresh(self, order: Order) -> None:
        derive(self.settings, order.row, order.children, order.status)
        order.shown = None


_REQUIRED = {
    "MaintenanceOrderType": "Enter an order type",
    "MaintenancePlanningPlant": "Enter a planning plant",
}
