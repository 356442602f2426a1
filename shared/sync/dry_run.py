"""What a run would do with a pair: the same plan and the same steps, over ports that only imagine what is written.

Both sides are read as they are. What would be written is taken for stored just so; what a real system makes of it
may add a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from shared.erp.base import ErpAdapter, ErpRecord
from shared.events import Event
from shared.state import Acquired, Claim, ClaimKey, RecordKey, StateStore, SyncRecord
from shared.sync.conflicts import ERP_CHANGED_EVENT
from shared.sync.lease import Lease
from shared.sync.maintainx_side import WorkOrder, WorkOrderPort
from shared.sync.pair import Pair, Rules
from shared.sync.parts import SyncParts
from shared.sync.perform import Performer
from shared.sync.plan import Planned
from shared.sync.reconcile import run

# Of an ERP record that would be made.
NOT_MADE = "(new)"


def dry_run(
    parts: SyncParts, key: RecordKey, now_utc: datetime, *, as_linked_to: str | None = None
) -> Iterator[Planned]:
    """The steps that a run would take now, in their sequence; the last is a Finish. Nothing is written anywhere.

    as_linked_to: an ERP id, as if a person had linked the two. Raises what a run would raise.
    """
    known = parts.state.get_record(key)
    if as_linked_to is not None:
        known = replace(parts.new_record(key), state="linked", erp_id=as_linked_to)
    rules = Rules(parts.site, parts.zone, parts.mapping, parts.erp.description.status)
    imagined = replace(
        parts,
        maintainx=cast(WorkOrderPort, _MaintainX(parts.maintainx)),
        erp=cast(ErpAdapter, _Erp(parts.erp)),
        state=cast(StateStore, _State(parts.state)),
        publisher=_Nobody(),
    )
    pair = Pair(rules=rules, event=_event(key, now_utc), record=known or parts.new_record(key), is_new=known is None)
    yield from run(Performer(imagined, cast(Lease, _NoLease())), pair)


def _event(key: RecordKey, now_utc: datetime) -> Event:
    """One that has both sides read."""
    return Event(
        event_id="dry run",
        site=key.site,
        type=ERP_CHANGED_EVENT,
        resource=key.kind,
        resource_id=str(key.maintainx_id),
        occurred_at=now_utc,
        received_at=now_utc,
        source="operator",
        origin="dry run",
        data={},
    )


@dataclass
class _Erp:
    """Reads the real one; its writes change what it answers from then on."""

    real: ErpAdapter
    written: dict[str, ErpRecord] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def get(self, erp_id: str) -> ErpRecord:
        return self.written.get(erp_id) or self.real.get(erp_id)

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        status = self.real.description.status
        initial = {} if status is None or status.initial is None else {status.name: status.initial}
        self.written[NOT_MADE] = ErpRecord(NOT_MADE, reference, {**initial, **fields}, NOT_MADE)
        return self.written[NOT_MADE]

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        known = self.get(erp_id)
        self.written[erp_id] = replace(known, fields={**known.fields, **changes}, version=version or known.version)
        return self.written[erp_id]

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:  # noqa: ARG002
        rules = self.real.description.status
        assert rules is not None  # noqa: S101  # only for a status that is written by itself
        return self.update(erp_id, {rules.name: status}, version)


@dataclass
class _MaintainX:
    """Reads the real one; its writes change what it answers from then on."""

    real: WorkOrderPort
    written: dict[int, dict[str, Any]] = field(default_factory=dict)

    def get_work_order(self, work_order_id: int) -> WorkOrder:
        return self.written.get(work_order_id) or self.real.get_work_order(work_order_id)

    def change_work_order(self, work_order_id: int, fields: Mapping[str, Any]) -> WorkOrder:
        self.written[work_order_id] = {**self.get_work_order(work_order_id), **fields}
        return self.written[work_order_id]

    def set_status(self, work_order_id: int, status: str) -> WorkOrder:
        return self.change_work_order(work_order_id, {"status": status})


@dataclass
class _State:
    """Reads the real one, and lets everybody have what he asks for."""

    real: StateStore

    def get_memo(self, site: str, name: str) -> dict[str, Any]:
        return self.real.get_memo(site, name)

    def find_record(self, site: str, kind: str, *, erp_id: str) -> SyncRecord | None:
        return self.real.find_record(site, kind, erp_id=erp_id)

    def list_records(self, site: str, **wanted: Any) -> Iterator[SyncRecord]:
        return self.real.list_records(site, **wanted)

    def claim(self, key: ClaimKey, *, owner: str, lease_s: float) -> Acquired:
        return Acquired(Claim(key, owner, datetime.now(UTC) + timedelta(seconds=lease_s), None))

    def release_claim(self, claim: Claim) -> None:
        """Nobody held it."""

    def put_memo(self, site: str, name: str, content: Mapping[str, Any]) -> None:
        """Nothing is kept."""


class _Nobody:
    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002  # a port
        return ""


class _NoLease:
    """Saves nothing."""

    def __getattr__(self, name: str) -> Callable[[SyncRecord], None]:
        return lambda _record: None
