"""The simulated ERP as an adapter without a network, for tests of what stands on `ErpAdapter`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from datetime import datetime
from typing import Any, ClassVar, Self

from local.erp.rules import STATUSES, Refusal
from local.erp.store import Order, Tenant
from shared.erp import ErpDescription, ErpRecord, StatusRules
from shared.errors import (
    DuplicateRecord,
    OutcomeUnknown,
    RecordNotFound,
    RemoteRejected,
    StatusNotPossible,
    VersionConflict,
)


class TenantErp:
    """`shared.erp.base.ErpAdapter` straight on a tenant of the simulator."""

    def __init__(self, tenant: Tenant, *, settle_s: float = 30.0, clock: Callable[[], datetime] | None = None) -> None:
        self.tenant = tenant
        self.tells_time = True  # whether its records say when they were changed
        self._clock = clock
        self.settle_s = settle_s
        self.description = ErpDescription(
            status=StatusRules(
                name="status",
                readable=STATUSES,
                writable=frozenset(STATUSES),
                separate=False,
                initial="NEW",
                final=frozenset({"CLOSED"}),
            )
        )

    def copy(self, tenant: Tenant, *, clock: Callable[[], datetime]) -> Self:
        """The same adapter on another tenant, which lives by another clock."""
        twin = copy(self)
        twin.tenant, twin._clock = tenant, clock
        return twin

    def stamped(self, order: Order) -> Order:
        """The order with the time of its change by the test's clock."""
        if self._clock is not None:
            order.changed_at = self._clock().isoformat()
        return order

    def probe(self) -> None:
        return

    def describe(self) -> ErpDescription:
        return self.description

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        raise NotImplementedError  # the status is a field like any other

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        self.tenant.counters["searches"] += 1
        return iter([self._record(order) for order in self.tenant.search(None) if _moment(order.changed_at) >= since])

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        try:
            return self._record(self.stamped(self.tenant.create({**fields, "externalReference": reference})))
        except Refusal as refusal:
            raise _error(refusal) from refusal

    def get(self, erp_id: str) -> ErpRecord:
        try:
            order = self.tenant.order(erp_id)
        except Refusal as refusal:
            raise _error(refusal) from refusal
        self.tenant.counters["reads"] += 1
        return self._record(order)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        self.tenant.counters["searches"] += 1
        found = list(self.tenant.search(reference))
        if len(found) > 1:
            raise DuplicateRecord(f"{[order.id for order in found]} all have {reference}")
        return self._record(found[0]) if found else None

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        try:
            order = self.tenant.order(erp_id)
            if version is not None and version != order.etag:
                raise VersionConflict(f"order {erp_id} is at {order.etag}, not {version}")
            self.tenant.change(order, dict(changes), counter="updates")
            self.stamped(order)
        except Refusal as refusal:
            raise _error(refusal) from refusal
        return self._record(order)

    def _record(self, order: Order) -> ErpRecord:
        changed_at = _moment(order.changed_at) if self.tells_time else None
        return ErpRecord(order.id, order.fields["externalReference"], order.as_json(), order.etag, changed_at)


class SeparateStatusErp(TenantErp):
    """The same tenant as an ERP whose status only `set_status` writes, step by step.

    The counter `walks` is of calls that did any step. quiet: a status makes no new version and its answer tells none,
    as SAP's function imports. fails_after: the steps after which the next change of status is cut off, once.
    """

    STEPS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "NEW": ("IN_WORK", "CANCELLED"),
        "IN_WORK": ("WAITING", "COMPLETED", "CANCELLED"),
        "WAITING": ("IN_WORK",),
        "COMPLETED": ("IN_WORK", "CLOSED"),
        "CANCELLED": ("NEW",),
        "CLOSED": (),
    }

    def __init__(self, tenant: Tenant, *, clock: Callable[[], datetime] | None = None, quiet: bool = False) -> None:
        super().__init__(tenant, clock=clock)
        self.quiet = quiet
        self.fails_after: int | None = None
        rules = StatusRules(
            name="status",
            readable=STATUSES,
            writable=frozenset(STATUSES),
            separate=True,
            initial="NEW",
            holds_in={"COMPLETED": frozenset({"CLOSED"})},
            final=frozenset({"CLOSED", "CANCELLED"}),
        )
        self.description = ErpDescription(status=rules)

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        _no_status(fields)
        return super().create(fields, reference)

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        _no_status(changes)
        if erp_id in self.tenant.orders and self.tenant.order(erp_id).fields["status"] == "CANCELLED":
            raise RemoteRejected(f"order {erp_id} is cancelled", status=409)
        return super().update(erp_id, changes, version)

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        way = _way(self.STEPS, current, status)
        if way is None:
            raise StatusNotPossible(f"no steps lead from {current} to {status}")
        if erp_id not in self.tenant.orders:
            raise RecordNotFound(f"order {erp_id}", status=404)
        order = self.tenant.order(erp_id)
        if order.fields["status"] != current or (version is not None and version != order.etag):
            raise VersionConflict(f"order {erp_id} is at {order.etag}, {order.fields['status']}")
        for done, step in enumerate(way):
            if done == self.fails_after:
                self.fails_after = None
                raise OutcomeUnknown(f"order {erp_id}: no answer after {done} steps")
            self.tenant.change(order, {"status": step}, counter="steps")
            self.tenant.counters["walks"] += not done
            order.version -= self.quiet
            self.stamped(order)
        return ErpRecord(erp_id, None, {"status": status}, None if self.quiet else order.etag)


def _way(steps: Mapping[str, tuple[str, ...]], start: str, end: str) -> list[str] | None:
    """The shortest way of steps; None if there is none."""
    ways: list[list[str]] = [[start]]
    for way in ways:
        if way[-1] == end:
            return way[1:]
        ways += [[*way, step] for step in steps[way[-1]] if step not in way]
    return None


def _no_status(fields: Mapping[str, Any]) -> None:
    if "status" in fields:
        raise RemoteRejected("the status is no field to write", status=400)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _error(refusal: Refusal) -> RemoteRejected:
    kind = RecordNotFound if refusal.status == 404 else RemoteRejected
    return kind(str(refusal), status=refusal.status)
