"""One look at one record, under its lease: read both sides, decide, write what is lacking, save what is agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.erp.base import ErpRecord
from shared.errors import RecordNotFound, RecordNotVisible, RemoteUnavailable, VersionConflict
from shared.events import Event, format_utc
from shared.outcomes import Outcome, done, skipped
from shared.state import SyncRecord
from shared.sync import gone
from shared.sync.attempt import attempt_of
from shared.sync.conflicts import (
    DELETION,
    ERP_CHANGED_EVENT,
    RESOLVED_EVENT,
    Parked,
    conflict_event,
    kept_from,
    news,
)
from shared.sync.gone import ErpRecordGone, NotOurs
from shared.sync.intent import Intent
from shared.sync.maintainx_side import WorkOrder
from shared.sync.new_in_erp import NEW_IN_ERP_EVENT, marked_erp_id
from shared.sync.reconcile import Reconcile
from shared.sync.reference import is_of_another
from shared.sync.reservation import must_be_reserved, reserved
from shared.sync.session import RecordSession, maintainx_hash
from shared.sync.sides import Ours, compared, updated_at
from shared.sync.writes import Writes
from shared.topics import EVENTS
from shared.values import same_value

if TYPE_CHECKING:
    from shared.sync.engine import SyncEngine

DELETED_EVENT = "work_order.deleted"
# They tell of something that the work order itself does not show.
_LOOK_AT_ERP = frozenset({ERP_CHANGED_EVENT, RESOLVED_EVENT, NEW_IN_ERP_EVENT})
_MAX_TRIES = 3


@dataclass(frozen=True, slots=True)
class Look:
    """One delivery."""

    engine: SyncEngine
    session: RecordSession
    event: Event

    @property
    def record(self) -> SyncRecord:
        """What we know of the record now."""
        return self.session.record

    @property
    def writes(self) -> Writes:
        """The writes of this delivery."""
        return Writes(self.engine, self.session, self.event)

    def run(self) -> Outcome:
        """See SyncEngine.look_at."""
        for attempt in range(_MAX_TRIES):
            try:
                return self._once(look=attempt > 0)
            except VersionConflict:
                continue
        text = f"ERP record {self.record.erp_id} of work order {self.record.maintainx_id} of {self.engine.site}"
        raise VersionConflict(f"{text} was changed by others {_MAX_TRIES} times while we wrote it")

    def _once(self, *, look: bool) -> Outcome:
        work_order = self._work_order()
        intent = Intent.of(self.record)
        if intent is not None and intent.direction == "erp_to_maintainx":
            if work_order is None:  # it does not tell any more whether it was written
                self.session.set(intent=None)
            else:
                self.session.settle(work_order, erp_id=self.record.erp_id, version=self.record.erp_version)
        if work_order is None:
            return gone.deleted_in_maintainx(self, look_at_erp=look)
        if self.record.state == "orphaned":
            return skipped("orphaned")
        self._take_up_mark(work_order)
        mapping, record = self.engine.mapping, self.record
        not_sent = work_order.get("status") in mapping.skip_when
        if not_sent and not may_exist(record):
            return skipped("status_not_sent", status=work_order["status"])
        ours = Ours.read(mapping, work_order, self.engine.zone)
        if not look and self._is_unchanged(ours):  # what an earlier try wrote is not in the hash yet
            self.session.commit(maintainx_updated_at=updated_at(work_order))
            return skipped("unchanged", erp_id=record.erp_id)
        self.session.set(maintainx_updated_at=updated_at(work_order))
        try:
            if record.erp_id is not None:
                found = self.read_erp() if look or self.must_look else None
                another = found is not None and found.id != record.erp_id
                return Reconcile(self, ours, found, adopting=another).run()
            found = self.search()
            if found is None and not_sent:  # an unanswered create came to nothing
                self.session.commit()
                return skipped("status_not_sent", status=work_order["status"])
            return self.link(ours, found)
        except ErpRecordGone as why:
            return gone.gone_in_erp(self, ours, why)

    def link(self, ours: Ours, found: ErpRecord | None) -> Outcome:
        """Make the ERP's record, or take the one that it has already."""
        if found is None:
            return Reconcile(self, ours, None).create()
        return Reconcile(self, ours, found, adopting=self.session.finished is None).run()

    def _take_up_mark(self, work_order: WorkOrder) -> None:
        """Link a work order of which we know nothing, and which was made of an ERP record, to that record.

        Saved at once, while nobody else links that record. A copy, mark included, is none.
        """
        engine, session, number = self.engine, self.session, self.record.maintainx_id
        erp_id = marked_erp_id(work_order, engine.site)
        if erp_id is None or not session.is_new or session.taken_up:
            return
        owner, lease_s = f"sync/{self.event.event_id}", engine.lease_s
        with reserved(engine.state, engine.site, erp_id, owner=owner, lease_s=lease_s, sleep=engine.sleep):
            attempt = attempt_of(engine.state, engine.site, erp_id)
            if attempt is not None and not attempt.is_of(number):
                return
            linked = engine.state.find_record(engine.site, self.record.kind, erp_id=erp_id)
            if linked is not None and linked.key != self.record.key and linked.state != "orphaned":
                return
            moved: dict[str, Any] = {}  # what counts as agreed on, and is not what the entry of the making says
            if attempt is not None:
                ours = Ours.read(engine.mapping, work_order, engine.zone)
                agreed = attempt.agreed(engine.mapping, engine.zone, ours)
                session.agree({name: each.to_json() for name, each in agreed.items()})
                moved = {n: each.erp for n, each in agreed.items() if not same_value(each.erp, attempt.erp[n])}
            session.set(erp_id=erp_id, state="linked")
            session.taken_up = True
            self.writes.note("adopt", agreed=moved)
            must_be_reserved(erp_id)
            session.keep()

    def is_being_taken_in(self, ours: Ours) -> bool:
        """Whether the work order was made of the ERP's record, and both do not agree on all fields yet."""
        engine, record = self.engine, self.record
        erp_id = marked_erp_id(ours.work_order, engine.site)
        if erp_id is None or erp_id != record.erp_id:
            return False
        if self.session.taken_up:
            return True
        attempt = attempt_of(engine.state, engine.site, erp_id)
        return attempt is not None and not attempt.done and attempt.is_of(record.maintainx_id)

    def _work_order(self) -> WorkOrder | None:
        """The work order as it is now; None if it is deleted."""
        try:
            work_order = self.engine.maintainx.get_work_order(self.record.maintainx_id)
        except RecordNotFound:
            # MaintainX answers 404 too for what its key's user may not see: only an event that told of a deletion may
            # cancel orders, or a lost permission would cancel a whole plant's.
            known = self.record.state == "deleted" or DELETION in self.record.conflicts
            if known or self.event.type == DELETED_EVENT:
                return None
            text = f"work order {self.record.maintainx_id} of {self.engine.site}"
            raise RecordNotVisible(f"{text}: MaintainX answers 404, but no event told of its deletion") from None
        return None if work_order.get("deletedAt") else work_order

    def _is_unchanged(self, ours: Ours) -> bool:
        record = self.record
        if record.state != "linked" or record.intent is not None or record.conflicts or self._is_about_erp:
            return False
        return record.base_hash == maintainx_hash(ours.compared(self.engine.mapping))

    @property
    def _is_about_erp(self) -> bool:
        return self.event.type in _LOOK_AT_ERP

    @property
    def must_look(self) -> bool:
        """Whether the ERP might be overwritten unseen if we went by what we know."""
        record = self.record
        if self._is_about_erp or record.intent is not None or record.conflicts or record.erp_version is None:
            return True
        return not compared(self.engine.mapping).keys() <= record.base.keys()

    def read_erp(self) -> ErpRecord:
        """The ERP's record as it is now; what was under way there is settled. ErpRecordGone if it is not there.

        NotOurs if the ERP has another record under its id. In both cases, if one has our reference, somebody made it
        anew, or gave it another id, and that one counts from here on.
        """
        erp, record = self.engine.erp, self.record
        try:
            found = erp.get(str(record.erp_id))
        except RecordNotFound as error:
            not_there = ErpRecordGone(str(error))
        else:
            if not is_of_another(found.reference, record.reference, carried=record.carries_reference):
                self.session.set(carries_reference=not is_of_another(found.reference, record.reference, carried=True))
                return self._met(found)
            not_there = NotOurs(found)
        try:  # does it answer 404 to anything, and has somebody made another record with our reference?
            listed = erp.find_by_reference(record.reference)
        except RecordNotFound as error:
            raise RemoteUnavailable(f"the ERP answers 404 to a search as well: {error}") from error
        if listed is None:
            raise not_there
        if listed.id == record.erp_id:
            raise RemoteUnavailable(f"the ERP's search still has what it does not show: {not_there}")
        another = self._whole(listed)
        self.session.set(base={}, intent=None, carries_reference=False)  # which are about the one that is gone
        return self._met(another)

    def _whole(self, found: ErpRecord) -> ErpRecord:
        """What a search found, with its version. RemoteUnavailable if the search lags behind a deletion."""
        if found.version is not None:
            return found
        try:
            read = self.engine.erp.get(found.id)
        except RecordNotFound as error:
            raise RemoteUnavailable(f"the ERP's search has what it does not show: {error}") from error
        if is_of_another(read.reference, self.record.reference):
            raise RemoteUnavailable(f"the ERP's search has what it does not show: {NotOurs(read)}")
        return read

    def must_be_as_read(self, ours: Ours) -> None:
        """VersionConflict if somebody changed the work order since; MaintainX itself refuses no write for that."""
        work_order = self._work_order()
        if work_order is None or updated_at(work_order) != updated_at(ours.work_order):
            raise VersionConflict(f"work order {self.record.maintainx_id} was changed while it was looked at")

    def search(self) -> ErpRecord | None:
        """The ERP's record with our reference; RemoteUnavailable while an unanswered create may still take effect."""
        erp, record = self.engine.erp, self.record
        found = erp.find_by_reference(record.reference)
        if found is not None:
            return self._met(self._whole(found))
        if (intent := Intent.of(record)) is not None:
            ended_by_utc = intent.ended_by_utc(self.engine.lease_s)
            wait_s = erp.settle_s - (self.engine.clock() - ended_by_utc).total_seconds()
            if wait_s > 0:
                text = f"create of {record.reference} was not answered and may still take effect"
                raise RemoteUnavailable(text, retry_after_s=wait_s)
        return None

    def _met(self, found: ErpRecord) -> ErpRecord:
        self.session.settle(found.fields, erp_id=found.id, version=found.version)
        state = "linked" if self.record.state == "creating" else self.record.state
        self.session.set(erp_id=found.id, erp_version=found.version, state=state)
        self.session.looked = True
        return found

    def park(self, parked: Mapping[str, Parked]) -> dict[str, Any]:
        """Tell people of what they were not told yet; what the record is to keep of all."""
        kept = {field: kept_from(self.record, field, each) for field, each in parked.items()}
        new = news(self.record, kept)
        if new:
            sides = {f: {"maintainx": p.maintainx, "erp": p.erp, "reason": p.reason} for f, p in new.items()}
            self.writes.note("park", parked=sides)
            event = conflict_event(self.record, new, self.engine.clock())
            self.engine.publisher.publish(EVENTS, event.to_json(), event.attributes())
        return {field: each.to_json() for field, each in kept.items()}

    def outcome_of_parked(self, before: Mapping[str, Any], parked: Mapping[str, Any], **detail: Any) -> Outcome:
        """`parked`: done if people were told just now, else skipped."""
        first = ("since", "event_id")
        told = all(f in before and [before[f][n] for n in first] == [parked[f][n] for n in first] for f in parked)
        return (skipped if told else done)("parked", fields=sorted(parked), **detail)

    @property
    def now(self) -> str:
        """ISO 8601 UTC."""
        return format_utc(self.engine.clock())


def may_exist(record: SyncRecord) -> bool:
    """Whether the ERP has, or may have, a record of it."""
    return record.erp_id is not None or record.intent is not None
