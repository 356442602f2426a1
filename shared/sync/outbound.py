"""MaintainX to ERP: brings the ERP's record in step with a work order as it is now.

A message only says "look at this work order". What to do follows from both sides as they are and from what they last
agreed on, so order and repetition of messages do not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from shared.canonical import content_hash
from shared.config.mappings import MappingFile
from shared.erp.base import ErpAdapter, ErpRecord
from shared.erp.mapping import map_work_order
from shared.errors import RecordBusy, RecordNotFound, RecordNotVisible, RemoteUnavailable, VersionConflict
from shared.events import Event, dig, format_utc
from shared.outcomes import Outcome, done, skipped
from shared.state import LockedRecord, RecordKey, RecordState, StateStore, SyncRecord
from shared.sync.audit import Action, AuditSink
from shared.sync.intent import Intent
from shared.sync.reference import external_reference
from shared.sync.resolver import Decision, Side, resolve
from shared.sync.session import RecordSession

KIND = "work_order"
LEASE_S = 60.0
_DELETED = "work_order.deleted"
_MAX_TRIES = 3
# How long to wait for a record that another delivery works on before Pub/Sub is asked to come back later.
_LOCK_WAITS_S = (0.05, 0.1, 0.2, 0.4)


class WorkOrderReader(Protocol):
    """The part of the MaintainX client that is needed here."""

    def get_work_order(self, work_order_id: int) -> Mapping[str, Any]:
        """The work order as `GET /workorders/{id}` has it, extra fields included; RecordNotFound if it is gone."""
        ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class OutboundSync:
    """The outbound engine of one site with everything it works with. Safe to share between threads.

    lease_s: how long a record stays reserved for a delivery that died; longer than one call to a port takes, since it
    is renewed before each write to the ERP. It is also the most that such a write may take.
    """

    site: str
    zone: ZoneInfo
    mapping: MappingFile
    maintainx: WorkOrderReader
    erp: ErpAdapter
    state: StateStore
    audit: AuditSink
    clock: Callable[[], datetime] = _utc_now
    lease_s: float = LEASE_S
    sleep: Callable[[float], None] = time.sleep

    def push_work_order(self, work_order_id: int, event: Event) -> Outcome:
        """Do what this work order needs now.

        done: `created`, `adopted` (the ERP had it, we did not know), `updated`, `cancelled`. skipped: `unchanged` (the
        ERP was not even asked), `in_step` (the ERP had it already), `erp_wins` (a conflict that the mapping decides
        for the ERP), `gone`, `status_not_sent`. Raises RecordBusy while another instance works on it, RecordNotVisible
        if MaintainX answers 404 but nobody told of a deletion, MappingError, DuplicateRecord, and what the ports raise.
        """
        key = RecordKey(self.site, KIND, work_order_id)
        locked = self._lock(key, event)
        record = locked.record or self._blank(work_order_id)
        session = RecordSession(locked, record, self.state, self.audit, self.clock, self.lease_s)
        try:
            return _Push(self, session, event).run()
        finally:
            session.unlock()

    def _lock(self, key: RecordKey, event: Event) -> LockedRecord:
        for wait_s in (*_LOCK_WAITS_S, None):
            locked = self.state.lock_record(key, owner=f"outbound/{event.event_id}", lease_s=self.lease_s)
            if locked is not None:
                return locked
            if wait_s is not None:
                self.sleep(wait_s)
        raise RecordBusy(f"work order {key.maintainx_id} of {self.site}: another instance works on it")

    def _blank(self, work_order_id: int) -> SyncRecord:
        return SyncRecord(
            site=self.site,
            kind=KIND,
            maintainx_id=work_order_id,
            erp_id=None,
            reference=external_reference(self.site, work_order_id),
            base={},
            base_hash=content_hash({}),
            erp_version=None,
            state="creating",
            intent=None,
            updated_at_utc=self.clock(),
        )


@dataclass(frozen=True, slots=True)
class _Target:
    """What the ERP's record shall be: its fields, who wins a conflict in each, and the link's state afterwards."""

    action: Action
    fields: Mapping[str, Any]
    owners: Mapping[str, Side]
    state: RecordState


@dataclass(frozen=True, slots=True)
class _Push:
    """One delivery."""

    engine: OutboundSync
    session: RecordSession
    event: Event

    @property
    def record(self) -> SyncRecord:
        return self.session.record

    def run(self) -> Outcome:
        for attempt in range(_MAX_TRIES):
            target = self._target()
            if isinstance(target, Outcome):
                return target
            try:
                return self._reach(target, look=attempt > 0)
            except VersionConflict:
                continue
        text = f"ERP record {self.record.erp_id} of work order {self.record.maintainx_id} of {self.engine.site}"
        raise VersionConflict(f"{text} was changed by others {_MAX_TRIES} times while we wrote it")

    def _target(self) -> _Target | Outcome:
        try:
            work_order = self.engine.maintainx.get_work_order(self.record.maintainx_id)
        except RecordNotFound:
            # MaintainX answers 404 too for what its key's user may not see: only an event that told of a deletion may
            # cancel orders, or a lost permission would cancel a whole plant's.
            if self.event.type == _DELETED or self.record.state == "deleted":
                return self._target_of_deleted()
            text = f"work order {self.record.maintainx_id} of {self.engine.site}"
            raise RecordNotVisible(f"{text}: MaintainX answers 404, but no event told of its deletion") from None
        return self._target_of_deleted() if work_order.get("deletedAt") else self._target_of(work_order)

    def _target_of(self, work_order: Mapping[str, Any]) -> _Target | Outcome:
        mapping, record = self.engine.mapping, self.record
        if work_order.get("status") in mapping.skip_when and not _may_exist(record):
            return skipped("status_not_sent", status=work_order["status"])
        fields = map_work_order(mapping, work_order, self.engine.zone)
        if record.state == "linked" and record.intent is None and record.base_hash == content_hash(fields):
            return skipped("unchanged", erp_id=record.erp_id)
        return _Target("update", fields, mapping.owners, "linked")

    def _target_of_deleted(self) -> _Target | Outcome:
        record, on_delete = self.record, self.engine.mapping.on_delete
        if record.state == "deleted" and record.intent is None:
            return skipped("gone", erp_id=record.erp_id)
        if not _may_exist(record):
            return self._never_was()
        owners: dict[str, Side] = dict.fromkeys(on_delete.set, "maintainx")
        return _Target("cancel", on_delete.set, owners, "deleted")

    def _reach(self, target: _Target, *, look: bool) -> Outcome:
        record, erp = self.record, self.engine.erp
        if record.erp_id is None:
            found = self._search()
            if found is not None:
                return self._bring_in_step(target, found)
            return self._create(target) if target.state == "linked" else self._never_was()
        # Without a version, or a base for every field, the ERP might be overwritten unseen.
        look = look or record.erp_version is None or not target.owners.keys() <= record.base.keys()
        return self._bring_in_step(target, erp.get(record.erp_id) if look or record.intent is not None else None)

    def _search(self) -> ErpRecord | None:
        """The ERP's record with our reference; RemoteUnavailable while an unanswered create may still take effect."""
        erp, record = self.engine.erp, self.record
        found = erp.find_by_reference(record.reference)
        if found is not None:
            return erp.get(found.id) if found.version is None else found
        if (intent := Intent.of(record)) is not None:
            ended_by_utc = intent.ended_by_utc(self.engine.lease_s)
            wait_s = erp.settle_s - (self.engine.clock() - ended_by_utc).total_seconds()
            if wait_s > 0:
                text = f"create of {record.reference} was not answered and may still take effect"
                raise RemoteUnavailable(text, retry_after_s=wait_s)
        return None

    def _create(self, target: _Target) -> Outcome:
        fields = dict(target.fields)
        intent = self._intent("create", before={}, after=fields, version=None)
        made = self.session.perform(intent, lambda: self.engine.erp.create(fields, self.record.reference))
        self.session.commit(base=fields, state="linked", erp_id=made.id, version=made.version)
        return done("created", erp_id=made.id)

    def _never_was(self) -> Outcome:
        """It was deleted before anything of it reached the ERP. Kept, as events of before its deletion may follow."""
        self.session.commit(base=self.record.base, state="deleted", erp_id=None, version=None)
        return skipped("gone")

    def _bring_in_step(self, target: _Target, found: ErpRecord | None) -> Outcome:
        """Write what a record that exists lacks. found: the record as just read, None if we may go by what we know."""
        was_linked, finished = self.record.erp_id is not None, None
        if found is not None:
            finished = self.session.settle(found)
            self.session.link(found)
        record = self.record
        erp_id, version, actual = str(record.erp_id), record.erp_version, record.base if found is None else found.fields
        resolution = resolve(record.base, target.fields, actual, target.owners)
        changes = resolution.to_erp
        adopted = not was_linked and finished is None
        action: Action = "adopt" if adopted and target.action == "update" else target.action
        before = {field: actual.get(field) for field in changes}
        intent = self._intent(action, before=before, after=changes, version=version, conflicts=resolution.conflicts)
        if changes:
            version = self.session.perform(intent, lambda: self.engine.erp.update(erp_id, changes, version)).version
        elif adopted or resolution.conflicts or target.state == "deleted":
            kept = replace(intent, action="adopt" if adopted else "keep")
            self.session.note(kept.entry(record, erp_id=erp_id, version_after=version))
        base = target.fields if target.state == "linked" else {**record.base, **target.fields}
        # While the ERP holds what MaintainX does not know, the next write must look first, or it would overwrite that.
        safe_version = None if resolution.to_maintainx else version
        self.session.commit(base=base, state=target.state, erp_id=erp_id, version=safe_version)
        detail = {"erp_id": erp_id, "fields": sorted(changes), "conflicts": sorted(intent.policy)}
        if changes or finished or adopted:
            return done(_DONE[intent.action if changes or finished is None else finished.action], **detail)
        if target.state == "deleted":
            return skipped("gone", **detail)
        if intent.rejected:
            return skipped("erp_wins", **detail)
        return skipped("unchanged" if found is None else "in_step", **detail)

    def _intent(
        self,
        action: Action,
        *,
        after: dict[str, Any],
        version: str | None,
        before: dict[str, Any],
        conflicts: tuple[Decision, ...] = (),
    ) -> Intent:
        user = dig(self.event.data, "userId")
        return Intent(
            action=action,
            event_id=self.event.event_id,
            actor=self.event.source if user is None else f"maintainx user {user}",
            at=format_utc(self.engine.clock()),
            before=before,
            after=after,
            rejected={c.field: c.maintainx for c in conflicts if c.winner == "erp"},
            policy={c.field: c.winner for c in conflicts if c.winner is not None},
            version_before=version,
        )


def _may_exist(record: SyncRecord) -> bool:
    """Whether the ERP has, or may have, a record of it."""
    return record.erp_id is not None or record.intent is not None


_DONE: dict[Action, str] = {"create": "created", "adopt": "adopted", "update": "updated", "cancel": "cancelled"}
