"""Does the steps of a plan: reads, notes, writes, and the end of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.errors import RecordNotFound
from shared.events import format_utc
from shared.sync.attempt import attempt_of, note_pair
from shared.sync.audit import Action, AuditEntry
from shared.sync.conflicts import Parked, conflict_event, news
from shared.sync.lease import Lease
from shared.sync.merge import UNREAD, Baseline
from shared.sync.observe import find_erp, read_erp, read_work_order
from shared.sync.pair import Pair
from shared.sync.parts import SyncParts
from shared.sync.reservation import must_be_reserved, reserved
from shared.sync.steps import (
    Agree,
    CreateErp,
    FindErp,
    Finish,
    LinkByMark,
    NoteOrphan,
    ReadAttempt,
    ReadErp,
    ReadOther,
    ReadWorkOrder,
    SetErpStatus,
    Settle,
    SetWorkOrderStatus,
    StartAnew,
    Step,
    UpdateErp,
    UpdateWorkOrder,
)
from shared.sync.write_erp import ErpWriter
from shared.sync.write_maintainx import MaintainXWriter
from shared.sync.writing import actor
from shared.topics import EVENTS
from shared.values import same_value


@dataclass(frozen=True, slots=True)
class Performer:
    """Does the steps of one run, under its lease. Raises what the ports raise."""

    parts: SyncParts
    lease: Lease

    def perform(self, step: Step, pair: Pair) -> Pair:
        """Do one step; the pair as it is then."""
        return _HOW[type(step)](self, step, pair)

    # Reading

    def _read_work_order(self, _step: ReadWorkOrder, pair: Pair) -> Pair:
        return read_work_order(self.parts, pair)

    def _read_erp(self, _step: ReadErp, pair: Pair) -> Pair:
        return read_erp(self.parts, pair)

    def _find_erp(self, _step: FindErp, pair: Pair) -> Pair:
        return find_erp(self.parts, pair)

    def _read_other(self, step: ReadOther, pair: Pair) -> Pair:
        try:
            other = self.parts.erp.get(step.erp_id)
        except RecordNotFound:
            other = None
        return replace(pair, other=other, is_fresh=False)

    def _read_attempt(self, _step: ReadAttempt, pair: Pair) -> Pair:
        return replace(pair, attempt=attempt_of(self.parts.state, self.parts.site, str(pair.record.erp_id)))

    # Noting

    def _settle(self, step: Settle, pair: Pair) -> Pair:
        done, begun = step.done, pair.intent
        assert begun is not None  # noqa: S101  # the rule found it
        unclear = begun.agreed.keys() - (done.agreed.keys() if done is not None else ())
        pair = replace(pair.knowing(intent=None), unclear=pair.unclear | unclear)
        if done is None:
            return pair
        record = pair.record
        done.entry(record, erp_id=record.erp_id, version_after=record.erp_version).publish(self.parts.publisher)
        return replace(pair.knowing(base={**record.base, **done.agreed}), finished=done)

    def _agree(self, step: Agree, pair: Pair) -> Pair:
        if step.action is not None:
            self._note(pair, step.action, agreed=step.agreed, rejected=step.rejected, policy=step.policy)
        base = {**pair.record.base, **{name: each.to_json() for name, each in step.baselines.items()}}
        known = pair.knowing(base=base, choices=dict(step.choices))
        known = replace(known, unclear=pair.unclear - step.baselines.keys())
        return replace(known, adoption_noted=pair.adoption_noted or step.action == "adopt")

    def _note_orphan(self, _step: NoteOrphan, pair: Pair) -> Pair:
        pair = pair.knowing(erp_version=None)
        self._note(pair, "orphan")
        return replace(pair, orphan_noted=True)

    def _start_anew(self, _step: StartAnew, pair: Pair) -> Pair:
        pair = pair.knowing(erp_id=None, carries_reference=False, base={}, state="creating", intent=None, conflicts={})
        return replace(pair, erp=UNREAD)

    def _link_by_mark(self, step: LinkByMark, pair: Pair) -> Pair:
        """Saved at once, while nobody else links that record. A copy, mark included, is none."""
        parts, erp_id, record = self.parts, step.erp_id, pair.record
        pair = replace(pair, mark_checked=True)
        owner = f"sync/{pair.event.event_id}"
        with reserved(parts.state, parts.site, erp_id, owner=owner, lease_s=parts.lease_s, sleep=parts.sleep):
            attempt = attempt_of(parts.state, parts.site, erp_id)
            if attempt is not None and not attempt.is_of(record.maintainx_id):
                return pair
            linked = parts.state.find_record(parts.site, record.kind, erp_id=erp_id)
            if linked is not None and linked.key != record.key and linked.state != "orphaned":
                return pair
            agreed: dict[str, Baseline] = {}
            moved: dict[str, Any] = {}  # what counts as agreed on, and is not what the entry of the making says
            if attempt is not None:
                agreed = attempt.agreed(parts.mapping, parts.zone, pair.maintainx)
                moved = {n: each.erp for n, each in agreed.items() if not same_value(each.erp, attempt.erp[n])}
            base = {**record.base, **{name: each.to_json() for name, each in agreed.items()}}
            pair = replace(pair.knowing(base=base, erp_id=erp_id, state="linked"), taken_up=True)
            self._note(pair, "adopt", agreed=moved)
            must_be_reserved(erp_id)
            self.lease.keep(pair.record)
        return pair

    # The end

    def _finish(self, step: Finish, pair: Pair) -> Pair:
        if not step.saves:
            return pair
        if step.note is not None:
            self._note(pair, step.note)
        now = format_utc(self.parts.clock())
        parked = {name: replace(each, since=each.since or now) for name, each in step.parked.items()}
        if new := news(pair.record, parked):
            self._tell(pair, new)
        if step.keeps_pair:  # if the ERP shows it again, no work order is made of it
            note_pair(self.parts.state, pair.record, now)
        conflicts = {name: each.to_json() for name, each in parked.items()}
        kept = {"intent": None, "choices": {}, "conflicts": conflicts, **step.changes}
        pair = pair.knowing(**kept)
        self.lease.commit(pair.record)
        return pair

    def _tell(self, pair: Pair, new: Mapping[str, Parked]) -> None:
        sides = {n: {"maintainx": each.maintainx, "erp": each.erp, "reason": each.reason} for n, each in new.items()}
        self._note(pair, "park", parked=sides)
        event = conflict_event(pair.record, new, self.parts.clock())
        self.parts.publisher.publish(EVENTS, event.to_json(), event.attributes())

    def _note(self, pair: Pair, action: Action, **fields: Any) -> None:
        """An audit entry of a decision that wrote nothing."""
        record = pair.record
        entry = AuditEntry(
            site=record.site,
            kind=record.kind,
            maintainx_id=record.maintainx_id,
            reference=record.reference,
            erp_id=record.erp_id,
            event_id=pair.event.event_id,
            actor=actor(pair),
            action=action,
            at=format_utc(self.parts.clock()),
            version_before=record.erp_version,
            version_after=record.erp_version,
            **fields,
        )
        entry.publish(self.parts.publisher)


_HOW: Mapping[type, Callable[[Performer, Any, Pair], Pair]] = {
    ReadWorkOrder: Performer._read_work_order,
    ReadErp: Performer._read_erp,
    FindErp: Performer._find_erp,
    ReadOther: Performer._read_other,
    ReadAttempt: Performer._read_attempt,
    LinkByMark: Performer._link_by_mark,
    Settle: Performer._settle,
    Agree: Performer._agree,
    NoteOrphan: Performer._note_orphan,
    StartAnew: Performer._start_anew,
    CreateErp: lambda self, step, pair: ErpWriter(self.parts, self.lease).create(step, pair),
    UpdateErp: lambda self, step, pair: ErpWriter(self.parts, self.lease).update(step, pair),
    SetErpStatus: lambda self, step, pair: ErpWriter(self.parts, self.lease).set_status(step, pair),
    UpdateWorkOrder: lambda self, step, pair: MaintainXWriter(self.parts, self.lease).update(step, pair),
    SetWorkOrderStatus: lambda self, step, pair: MaintainXWriter(self.parts, self.lease).set_status(step, pair),
    Finish: Performer._finish,
}
