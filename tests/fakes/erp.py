"""The simulated ERP as an adapter without a network, for tests of what stands on `ErpAdapter`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from local.erp.rules import STATUSES, Refusal
from local.erp.store import Order, Tenant
from shared.erp import ErpDescription, ErpRecord, StatusRules
from shared.errors import DuplicateRecord, RecordNotFound, RemoteRejected, VersionConflict


class TenantErp:
    """`shared.erp.base.ErpAdapter` straight on a tenant of the simulator."""

    def __init__(self, tenant: Tenant, *, settle_s: float = 30.0, clock: Callable[[], datetime] | None = None) -> None:
        self.tenant = tenant
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

    def stamped(self, order: Order) -> Order:
        """The order with the time of its change by the test's clock."""
        if self._clock is not None:
            order.changed_at = self._clock().isoformat()
        return order

    def describe(self) -> ErpDescription:
        return self.description

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        raise NotImplementedError  # the status is a field like any other

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        self.tenant.counters["searches"] += 1
        return iter([_record(order) for order in self.tenant.search(None) if _moment(order.changed_at) >= since])

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        try:
            return _record(self.stamped(self.tenant.create({**fields, "externalReference": reference})))
        except Refusal as refusal:
            raise _error(refusal) from refusal

    def get(self, erp_id: str) -> ErpRecord:
        try:
            order = self.tenant.order(erp_id)
        except Refusal as refusal:
            raise _error(refusal) from refusal
        self.tenant.counters["reads"] += 1
        return _record(order)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        self.tenant.counters["searches"] += 1
        found = list(self.tenant.search(reference))
        if len(found) > 1:
            raise DuplicateRecord(f"{[order.id for order in found]} all have {reference}")
        return _record(found[0]) if found else None

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        try:
            order = self.tenant.order(erp_id)
            if version is not None and version != order.etag:
                raise VersionConflict(f"order {erp_id} is at {order.etag}, not {version}")
            self.tenant.change(order, dict(changes), counter="updates")
            self.stamped(order)
        except Refusal as refusal:
            raise _error(refusal) from refusal
        return _record(order)


def _record(order: Order) -> ErpRecord:
    changed_at = _moment(order.changed_at)
    return ErpRecord(order.id, order.fields["externalReference"], order.as_json(), order.etag, changed_at)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _error(refusal: Refusal) -> RemoteRejected:
    kind = RecordNotFound if refusal.status == 404 else RemoteRejected
    return kind(str(refusal), status=refusal.status)
