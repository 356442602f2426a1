"""Makes one work order of a record that was made in the ERP, whatever dies in between.

MaintainX has no idempotency key, and finds nothing by a reference. So three things keep it from being made twice: the
ERP's record is reserved meanwhile; the attempt is noted down before it is made, and looked for before it is repeated;
and the work order carries a mark (`shared.sync.new_in_erp`) by which whoever looks at it first links it: the next try,
the webhook of its creation, or catch_up.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.deadline import deadline
from shared.erp.base import ErpRecord
from shared.errors import BridgeError, DuplicateRecord, OutcomeUnknown, RecordNotFound, TransientError
from shared.events import Event, format_utc
from shared.maintainx.creation import SETTLE_S
from shared.outcomes import Outcome, skipped
from shared.sync.audit import AuditEntry
from shared.sync.new_in_erp import Attempt, is_wanted, mark_of, memo_name, new_work_order
from shared.sync.records import KIND
from shared.sync.reservation import reserved

if TYPE_CHECKING:
    from shared.sync.engine import SyncEngine


@dataclass(frozen=True, slots=True)
class TakeIn:
    """One delivery about one ERP record."""

    engine: SyncEngine
    erp_id: str
    event: Event

    def run(self) -> Outcome:
        """See SyncEngine.take_in."""
        engine, owner = self.engine, f"sync/{self.event.event_id}"
        lease_s, sleep = engine.lease_s, engine.sleep
        # Nothing is begun any more when the reservation ends: it would be beside somebody else's.
        with (
            deadline(lease_s),
            reserved(engine.state, engine.site, self.erp_id, owner=owner, lease_s=lease_s, sleep=sleep),
        ):
            attempt = Attempt.of(engine.state.get_memo(engine.site, memo_name(self.erp_id)))
            number = self._known(attempt)
            if number is None:
                answer = self._read()
                if isinstance(answer, Outcome):
                    if attempt is not None:
                        self._note(None)
                    return answer
                number, attempt = self._make(answer)
            if attempt is not None and not attempt.done:
                self._audit(replace(attempt, work_order_id=number))
        outcome = engine.look_at(number, self.event)
        if attempt is not None and not attempt.done:
            self._note(replace(attempt, work_order_id=number, done=True))
        return replace(outcome, detail={**outcome.detail, "work_order_id": number})

    def _known(self, attempt: Attempt | None) -> int | None:
        """The work order that there is of it; None if there is none. OutcomeUnknown while one may still turn up."""
        record = self.engine.state.find_record(self.engine.site, KIND, erp_id=self.erp_id)
        if record is not None and record.state != "orphaned":
            return record.maintainx_id
        if attempt is None or attempt.work_order_id is not None:
            return None if attempt is None else attempt.work_order_id
        tried_at = datetime.fromisoformat(attempt.at)
        found = self.engine.maintainx.find_work_orders(self._mark, since_utc=tried_at)
        if len(found) > 1:
            raise DuplicateRecord(f"ERP record {self.erp_id}: work orders {found} were all made of it")
        wait_s = SETTLE_S - (self.engine.clock() - tried_at).total_seconds()
        if not found and wait_s > 0:
            text = f"a work order may have been made of ERP record {self.erp_id}, and is not listed yet"
            raise OutcomeUnknown(text, retry_after_s=wait_s)
        return found[0] if found else None

    def _read(self) -> ErpRecord | Outcome:
        """The ERP's record, if a work order is to be made of it."""
        engine = self.engine
        try:
            found = engine.erp.get(self.erp_id)
        except RecordNotFound:
            return skipped("gone", erp_id=self.erp_id)
        return found if is_wanted(engine.mapping, found) else skipped("not_wanted", erp_id=self.erp_id)

    def _make(self, found: ErpRecord) -> tuple[int, Attempt]:
        fields = new_work_order(self.engine.mapping, found, self.engine.zone)
        at = format_utc(self.engine.clock())
        known = {rule.erp: found.fields[rule.erp] for rule in self.engine.mapping.fields if rule.erp in found.fields}
        attempt = Attempt(at=at, event_id=self.event.event_id, actor=self.event.source, fields=fields, erp=known)
        self._note(attempt)
        try:
            number = self.engine.maintainx.create_work_order(fields, self._mark)
        except OutcomeUnknown:
            raise
        except BridgeError:
            with suppress(TransientError):  # else it is looked for in vain before it is tried again
                self._note(None)
            raise
        attempt = replace(attempt, work_order_id=number)
        self._note(attempt)
        return number, attempt

    def _audit(self, attempt: Attempt) -> None:
        engine, number = self.engine, attempt.work_order_id
        assert number is not None  # noqa: S101  # it is made
        AuditEntry(
            site=engine.site,
            kind=KIND,
            maintainx_id=number,
            erp_id=self.erp_id,
            reference=engine.reference(number),
            event_id=attempt.event_id,
            actor=attempt.actor,
            at=attempt.at,
            action="create",
            direction="erp_to_maintainx",
            after=attempt.fields,
            agreed=attempt.erp,
        ).publish(engine.publisher)

    def _note(self, attempt: Attempt | None) -> None:
        self.engine.state.put_memo(self.engine.site, memo_name(self.erp_id), {} if attempt is None else asdict(attempt))

    @property
    def _mark(self) -> Mapping[str, Any]:
        return mark_of(self.engine.site, self.erp_id)
