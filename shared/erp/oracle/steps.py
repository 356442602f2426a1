"""Brings an order from one status to another, step by step."""

from __future__ import annotations

from shared.erp.base import ErpRecord
from shared.erp.connection import json_of
from shared.erp.oracle.completion import Operations
from shared.erp.oracle.fields import NUMBER
from shared.erp.oracle.records import Records
from shared.erp.oracle.resource import WorkOrders
from shared.erp.oracle.status import COMPLETED, RELEASED, STATUS_FIELD, STATUS_RULES, steps
from shared.errors import BridgeError, OutcomeUnknown, RemoteUnavailable, StatusNotPossible, VersionConflict


class Walk:
    """One change of status. Every write uses the version that the answer before it told."""

    def __init__(self, orders: WorkOrders, operations: Operations, records: Records, erp_id: str) -> None:
        self._orders = orders
        self._operations = operations
        self._records = records
        self._id = erp_id

    def to(self, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See `ErpAdapter.set_status`. What may succeed later, but failed after a step was done, is OutcomeUnknown."""
        if STATUS_RULES.holds(status, current):
            return ErpRecord(self._id, None, {STATUS_FIELD: current}, version)
        way = steps(current, status)
        if way is None:
            raise StatusNotPossible(f"erp: order {self._id} cannot be brought from {current} to {status}")
        order = ErpRecord(self._id, None, {STATUS_FIELD: current}, version)
        operations: list[object] | None = None
        if COMPLETED in way or (status == RELEASED and self._operations.comes_later):
            operations = self._operations.open(self._id)
            if operations is None:
                operations = [self._operations.add_first(self._id)]
                order = self._again(order)
        for done, step in enumerate(way):
            try:
                order = self._complete(order, operations or []) if step == COMPLETED else self._write(order, step)
            except OutcomeUnknown:
                raise
            except RemoteUnavailable as error:
                if not done:
                    raise
                text = f"{error} (order {self._id} is {way[done - 1]} by now)"
                raise OutcomeUnknown(text, retry_after_s=error.retry_after_s) from error
        return order

    def _write(self, order: ErpRecord, status: str) -> ErpRecord:
        changes = {STATUS_FIELD: status}
        return self._records.written(self._id, self._orders.update(self._id, changes, order.version))

    def _complete(self, order: ErpRecord, operations: list[object]) -> ErpRecord:
        """Report operations done, and look: a transaction has no version, and its answer is not the order."""
        if not order.fields.get(NUMBER):
            found = self._again(order)
            if order.version not in (None, found.version):
                raise VersionConflict(f"erp: order {self._id} was changed since it was read")
            order = found
        for done, operation in enumerate(operations):
            self._report(order, operation, is_first=not done)
        try:
            completed = self._read()
        except BridgeError as error:
            raise OutcomeUnknown(f"erp: order {self._id} was completed, but not read back: {error}") from error
        if not STATUS_RULES.holds(COMPLETED, completed.fields.get(STATUS_FIELD)):
            status = completed.fields.get(STATUS_FIELD)
            reported = ", ".join(map(str, operations)) or "none, as all were,"
            raise OutcomeUnknown(f"erp: operations of order {self._id} reported done: {reported}; it is still {status}")
        return completed

    def _report(self, order: ErpRecord, operation: object, *, is_first: bool) -> None:
        """What may succeed later, but failed after an operation was reported, is OutcomeUnknown."""
        try:
            self._operations.report_done(order, operation)
        except OutcomeUnknown:
            raise
        except RemoteUnavailable as error:
            if is_first:
                raise
            text = f"{error} (operations of order {self._id} before {operation} are reported)"
            raise OutcomeUnknown(text, retry_after_s=error.retry_after_s) from error

    def _again(self, order: ErpRecord) -> ErpRecord:
        """The order as it is now; VersionConflict if its status is not the one that we know of."""
        found = self._read()
        known, actual = order.fields[STATUS_FIELD], found.fields.get(STATUS_FIELD)
        if actual != known:
            raise VersionConflict(f"erp: order {self._id} is {actual}, not {known} any more")
        return found

    def _read(self) -> ErpRecord:
        response = self._orders.read(self._id)
        return self._records.read(json_of(response), response)
