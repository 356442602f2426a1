"""What a person does to a sync record, under its lease: decides what is parked, links two records.

Each saves the record first, then publishes the audit entry, then the event that has the engine look. Whoever repeats it
after a crash in between only publishes again; consumers know both by their ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from shared.canonical import canonical_json
from shared.events import Event, event_identity, format_utc
from shared.state import LockedRecord, RecordKey, StateStore, SyncRecord
from shared.sync.attempt import attempt_of
from shared.sync.audit import Action, AuditEntry, AuditSink
from shared.sync.conflicts import ERP_CHANGED_EVENT, decide, resolved_event
from shared.sync.merge import Side
from shared.sync.parts import KIND, LEASE_S, blank_record
from shared.sync.reservation import must_be_reserved, patiently, reserved
from shared.topics import ERP_PUSH

LINK_ORIGIN = "ops link"
# More than all waits for the record and each call of the store take together.
LINK_TAKES_S = 180.0

Linked = Literal["linked", "asked_again", "already", "taken"]
"""What became of a link: made; known, but not compared yet, so that the engine was asked again; known; refused, since
one of the two records is linked to another one, or a create is under way."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Operator:
    """A person at work. by: who. Its methods raise RecordBusy, StateUnavailable, LeaseLost and BrokerUnavailable."""

    state: StateStore
    publisher: AuditSink
    by: str
    clock: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep

    def resolve(self, key: RecordKey, take: Side, fields: Collection[str] | None) -> SyncRecord | None:
        """Note that a side's value is to stay in these parked fields (None: in all), and have the engine look.

        Returns the record with the decisions; None if nothing is parked. ConfigError if one of the fields is not.
        """
        locked = self._lock(key)
        try:
            record = locked.record
            if record is None or not record.conflicts:
                return None
            chosen = record.conflicts.keys() if fields is None else fields
            decided = decide(record, dict.fromkeys(chosen, take), self.by)
            event = resolved_event(decided, self.clock())
            locked = self.state.save_record(locked, decided)
        finally:
            self.state.unlock_record(locked)
        shown = {name: {n: record.conflicts[name][n] for n in ("reason", "maintainx", "erp")} for name in chosen}
        self._announce("decide", decided, event, parked=shown, policy=dict.fromkeys(chosen, take))
        return decided

    def link(self, key: RecordKey, erp_id: str, reference: str) -> Linked:
        """Link a work order and an ERP record that nothing links yet, and have the engine bring both in step.

        The new link has no agreements: the engine compares the two field by field, as at a first meeting. Of several
        operators who link one ERP record at the same time, one does so, and the others find it taken.
        """
        with reserved(self.state, key.site, erp_id, owner=self._name, lease_s=LINK_TAKES_S, sleep=self.sleep):
            record, made = self._linked(key, erp_id, reference)
        if record is not None:
            self._announce("link", record, _look_event(record, self.by, self.clock()))
        return made

    def _linked(self, key: RecordKey, erp_id: str, reference: str) -> tuple[SyncRecord | None, Linked]:
        """The record of the link, if there is anything to tell of it, and what became of it."""
        owner = self.state.find_record(key.site, KIND, erp_id=erp_id)
        if owner is not None and owner.key != key and owner.state != "orphaned":
            return None, "taken"
        attempt = attempt_of(self.state, key.site, erp_id)
        if attempt is not None and not attempt.done and attempt.work_order_id != key.maintainx_id:
            return None, "taken"  # a work order is being made of it
        locked = self._lock(key)
        try:
            record = locked.record
            if record is not None and is_linked(record):
                if record.erp_id != erp_id:
                    return None, "taken"
                if record.base or record.conflicts:
                    return None, "already"
                return record, "asked_again"
            if record is not None and record.intent is not None:
                return None, "taken"
            blank = blank_record(key, reference, self.clock())
            record = replace(blank, state="linked", erp_id=erp_id)
            must_be_reserved(erp_id)
            locked = self.state.save_record(locked, record)
            return record, "linked"
        finally:
            self.state.unlock_record(locked)

    def _lock(self, key: RecordKey) -> LockedRecord:
        what = f"work order {key.maintainx_id} of {key.site}"
        return patiently(lambda: self.state.lock_record(key, owner=self._name, lease_s=LEASE_S), what, self.sleep)

    @property
    def _name(self) -> str:
        return f"operator/{self.by}"

    def _announce(self, action: Action, record: SyncRecord, event: Event, **fields: Any) -> None:
        entry = AuditEntry(
            site=record.site,
            event_id=event.event_id,
            actor=f"operator {self.by}",
            at=format_utc(self.clock()),
            action=action,
            kind=record.kind,
            maintainx_id=record.maintainx_id,
            erp_id=record.erp_id,
            reference=record.reference,
            version_before=record.erp_version,
            version_after=record.erp_version,
            **fields,
        )
        entry.publish(self.publisher)
        self.publisher.publish(ERP_PUSH, event.to_json(), event.attributes())


def is_linked(record: SyncRecord) -> bool:
    """Whether the record ties its work order to an ERP record. An orphaned one does not any more."""
    return record.erp_id is not None and record.state != "orphaned"


def _look_event(record: SyncRecord, by: str, now_utc: datetime) -> Event:
    """Has the engine look at a new link; the same each time that this link is announced."""
    key = canonical_json([record.kind, record.maintainx_id, record.erp_id, format_utc(record.updated_at_utc)])
    return Event(
        event_id=event_identity(record.site, LINK_ORIGIN, key.encode()),
        site=record.site,
        type=ERP_CHANGED_EVENT,
        resource="work_order",
        resource_id=str(record.maintainx_id),
        occurred_at=now_utc,
        received_at=now_utc,
        source="operator",
        origin=LINK_ORIGIN,
        data={"erpId": record.erp_id, "by": by},
    )
