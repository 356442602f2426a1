"""The tenants of the simulated Oracle, their work orders and what was done to them, in memory."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local.oracle.attributes import WITH_LAST_UPDATE, WITHOUT_LAST_UPDATE, Attributes
from local.oracle.settings import Settings
from local.oracle.values import time_text

_FIRST_ORDER_ID = 300000010000001
_FIRST_OPERATION_ID = 300000020000001
_LOG_LENGTH = 10_000


@dataclass(slots=True)
class Record:
    """A work order or an operation: values by attribute in their kept form; `version` counts its changes."""

    id: int
    values: dict[str, Any]
    version: int = 1

    @property
    def change_indicator(self) -> str:
        """The version as Oracle shows it; clients must not read anything into it."""
        return f"ACED0005{self.id:016X}{self.version:08X}"

    @property
    def etag(self) -> str:
        return f'"{self.change_indicator}"'


@dataclass(slots=True)
class Operation(Record):
    """A step of a work order."""

    @property
    def sequence(self) -> int | float:
        found: int | float = self.values["OperationSequenceNumber"]
        return found

    @property
    def completed(self) -> bool:
        return self.values["ActualCompletionDate"] is not None


@dataclass(slots=True)
class Order(Record):
    """A work order and its operations by id. has_transactions: whether work was ever reported and not reversed."""

    operations: dict[int, Operation] = field(default_factory=dict)

    @property
    def has_transactions(self) -> bool:
        return any(operation.completed for operation in self.operations.values())

    def in_sequence(self) -> list[Operation]:
        """The operations in the sequence in which they are done."""
        return sorted(self.operations.values(), key=lambda operation: operation.sequence)


@dataclass(slots=True)
class Tenant:
    """One plant's Oracle.

    counters: `searches`, `reads`, `creates`, `updates`, `operations`, `transactions`, `refused_transactions`,
    `describes`, `tokens`, `user_creates`, `user_edits`, `user_deletes` and `refused_<status>`. log: requests, newest
    last. clock: what time it is there, None for the real one. listed: how many lists were asked for.
    """

    name: str
    settings: Settings = field(default_factory=Settings)
    orders: dict[int, Order] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    counters: Counter[str] = field(default_factory=Counter)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_LOG_LENGTH))
    clock: datetime | None = None
    listed: int = 0
    _ids: Counter[str] = field(default_factory=Counter)

    @property
    def attributes(self) -> Attributes:
        """The attributes that work orders have here."""
        return WITH_LAST_UPDATE if self.settings.last_update_date else WITHOUT_LAST_UPDATE

    def now(self) -> str:
        """The time in the kept form."""
        return time_text(self.clock or datetime.now(UTC))

    def next_order_id(self) -> int:
        """An id that no order ever had."""
        self._ids["order"] += 1
        return _FIRST_ORDER_ID + self._ids["order"] - 1

    def next_operation_id(self) -> int:
        """An id that no operation ever had."""
        self._ids["operation"] += 1
        return _FIRST_OPERATION_ID + self._ids["operation"] - 1

    def touch(self, order: Order) -> None:
        """Note that the order has changed."""
        order.version += 1
        order.values["LastUpdateDate"] = self.now()

    def numbered(self, organization: str, number: str) -> Order | None:
        """The order with this number in this organization."""
        return next(
            (
                order
                for order in self.orders.values()
                if order.values["WorkOrderNumber"] == number and order.values["OrganizationCode"] == organization
            ),
            None,
        )

    def duplicates(self, attribute: str) -> dict[str, list[int]]:
        """Value -> ids, for every value of the attribute that more than one order has."""
        ids: dict[str, list[int]] = {}
        for order in self.orders.values():
            if order.values.get(attribute) is not None:
                ids.setdefault(str(order.values[attribute]), []).append(order.id)
        return {value: found for value, found in ids.items() if len(found) > 1}
