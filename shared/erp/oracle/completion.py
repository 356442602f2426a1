"""Completing an order: its operations are reported done by operation transactions, which nothing else can do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.config.erp_oracle import OracleCompletion, OracleErpConfig
from shared.erp.base import ErpRecord
from shared.erp.connection import object_of
from shared.erp.oracle.answers import transaction_faults
from shared.erp.oracle.fields import NUMBER, ORGANIZATION
from shared.erp.oracle.resource import WorkOrders
from shared.erp.oracle.values import canonical, wire_time
from shared.errors import RemoteRejected, StatusNotPossible

SEQUENCE = "OperationSequenceNumber"
# Oracle wants the two flags said; a count point is an operation that is reported by itself.
_FIRST_OPERATION = {SEQUENCE: 10, "CountPointOperationFlag": True, "AutoTransactFlag": False}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Operations:
    """The operations of orders, as far as completing needs them."""

    def __init__(self, orders: WorkOrders, settings: OracleErpConfig) -> None:
        self._orders = orders
        self._settings = settings

    @property
    def first(self) -> dict[str, Any] | None:
        """The operation that an order without any gets; None if orders get theirs in Oracle."""
        wanted = self._settings.first_operation
        return None if wanted is None else {**_FIRST_OPERATION, **wanted.fields}

    @property
    def comes_later(self) -> bool:
        """Whether an order gets its first operation after it was made, not with it."""
        wanted = self._settings.first_operation
        return wanted is not None and not wanted.with_create

    def open(self, erp_id: str) -> list[Any] | None:
        """The numbers of the operations that are still to be reported, in sequence; None if the order has none.

        Each count point is reported by itself; the others are completed with the next one. An order is completed when
        all its operations are (docs.oracle.com, Field Service, "Work Order Status Update Work Flow").
        """
        items = [item for item in self._orders.operations(erp_id) if isinstance(item, dict)]
        numbered = {canonical("number", item.get(SEQUENCE)): item for item in items}
        known = sorted(number for number in numbered if isinstance(number, int | float))
        if not known:
            return None
        return [number for number in known if _is_to_report(numbered[number], is_last=number == known[-1])]

    def add_first(self, erp_id: str) -> Any:
        """Give the order its first operation and answer the number. StatusNotPossible if none is configured."""
        if self.first is None:
            text = (
                f"erp: order {erp_id} has no operation that could be completed, and oracle.first_operation is not set"
            )
            raise StatusNotPossible(text)
        self._orders.create_operation(erp_id, self.first)
        return self.first[SEQUENCE]

    def report_done(self, order: ErpRecord, operation: Any) -> None:
        """Post the transaction. RemoteRejected if Oracle does not carry it out."""
        settings = self._settings.completion
        values = {
            "work_order_id": order.id,
            "work_order_number": order.fields.get(NUMBER),
            "organization_code": order.fields.get(ORGANIZATION) or self._settings.organization_code,
            "operation_sequence": operation,
            "now": wire_time(datetime.now(UTC)),
        }
        response = self._orders.transact(settings.path, transaction(settings, values))
        if faults := transaction_faults(object_of(response)):
            raise RemoteRejected(f"erp: completing order {order.id}: {faults}", status=response.status_code)


def _is_to_report(operation: Mapping[str, Any], *, is_last: bool) -> bool:
    is_point = operation.get("CountPointOperationFlag") is True and operation.get("AutoTransactFlag") is not True
    return not operation.get("ActualCompletionDate") and (is_point or is_last)


def transaction(settings: OracleCompletion, values: Mapping[str, Any]) -> Any:
    """The body of the transaction, with the values in place of their placeholders."""
    return _filled(settings.body, values)


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, dict):
        return {name: _filled(inner, values) for name, inner in template.items()}
    if isinstance(template, list):
        return [_filled(inner, values) for inner in template]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    return values[whole[1]] if whole else _PLACEHOLDER.sub(lambda found: str(values[found[1]]), template)
