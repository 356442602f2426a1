"""Makes one work order of a record that was made in the ERP, whatever dies in between.

MaintainX has no idempotency key, and finds nothing by a reference. So three things keep it from being made twice: the
ERP's record is reserved meanwhile; the attempt is noted down before it is made, and looked for before it is repeated;
and the work order carries a mark (`shared.sync.new_in_erp`) by which whoever looks at it first links it: the next try,
the webhook of its creation, or catch_up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.erp.base import ErpRecord
from shared.errors import (
    BridgeError,
    DuplicateRecord,
    OutcomeUnknown,
    RecordNotFound,
    RemoteUnavailable,
    TransientError,
)
from shared.events import Event, format_utc
from shared.maintainx.creation import SETTLE_S
from shared.outcomes import Outcome, skipped
from shared.state import RecordKey
from shared.sync.attempt import Attempt, attempt_of, note_attempt
from shared.sync.audit import AuditEntry
from shared.sync.new_in_erp import is_wanted, mark_of, new_work_order
from shared.sync.parts import KIND, SyncParts
from shared.sync.reconcile import reconcile
from shared.sync.reservation import must_be_reserved, reserved

_NO_WORK_ORDER = 0


@dataclass(frozen=True, slots=True)
class TakeIn:
    """One delivery about one ERP record."""

    engine: SyncParts
    erp_id: str
    event: Event

    def run(self) -> Outcome:
        """See SyncEngine.take_in."""
        engine = self.engine
        with self._alone():
            attempt = self._attempt()
            number = self._known(attempt)
            if number is None:
                answer = self._read()
                if isinstance(answer, Outcome):
                    if attempt is not None:
                        self._note(None)
                    return answer
                number, attempt = self._make(answer)
            made = None if attempt is None or attempt.done else self._made(attempt, number)
            if made is not None:
                self._audit(made)
        outcome = reconcile(engine, RecordKey(engine.site, KIND, number), self.event)
        if made is not None:
            note_attempt(engine.state, engine.site, self.erp_id, replace(made, done=True))
        return replace(outcome, detail={**outcome.detail, "work_order_id": number})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other instance makes a work order of the record, and none links it."""
        engine, owner = self.engine, f"sync/{self.event.event_id}"
        lease_s, sleep = engine.lease_s, engine.sleep
        with reserved(engine.state, engine.site, self.erp_id, owner=owner, lease_s=lease_s, sleep=sleep):
            yield

    def _known(self, attempt: Attempt | None) -> int | None:
        """The work order that there is of it; None if there is none. OutcomeUnknown while one may still turn up."""
        engine = self.engine
        record = engine.state.find_record(engine.site, KIND, erp_id=self.erp_id)
        if record is not None and record.state != "orphaned":
            return record.maintainx_id
        if attempt is None or attempt.work_order_id is not None:
            return None if attempt is None else attempt.work_order_id
        tried_at = datetime.fromisoformat(attempt.at)
        found = engine.maintainx.find_work_orders(self._mark, tried_at_utc=tried_at, is_another=self._is_another)
        if len(found) > 1:
            raise DuplicateRecord(f"ERP record {self.erp_id}: work orders {found} were all made of it")
        wait_s = SETTLE_S - (engine.clock() - tried_at).total_seconds()
        if not found and wait_s > 0:
            text = f"a work order may have been made of ERP record {self.erp_id}, and is not listed yet"
            raise OutcomeUnknown(text, retry_after_s=wait_s)
        return found[0] if found else None

    def _is_another(self, number: int) -> bool:
        """Whether a work order is linked already: not to this record, or that would be known."""
        record = self.engine.state.get_record(RecordKey(self.engine.site, KIND, number))
        return record is not None and record.erp_id not in (None, self.erp_id)

    def _made(self, attempt: Attempt, number: int) -> Attempt | None:
        """The attempt, if it made this work order; where that is not known, the mark tells."""
        if attempt.work_order_id is not None:
            return attempt if attempt.work_order_id == number else None
        try:
            if self.engine.maintainx.get_work_order(number).get("externalData") != self._mark:
                return None
        except RecordNotFound:
            return None
        made = replace(attempt, work_order_id=number)
        self._note(made)
        return made

    def _read(self) -> ErpRecord | Outcome:
        """The ERP's record, if a work order is to be made of it."""
        engine = self.engine
        try:
            found = engine.erp.get(self.erp_id)
        except RecordNotFound:
            try:  # does it answer 404 to anything?
                engine.erp.find_by_reference(engine.reference(_NO_WORK_ORDER))
            except RecordNotFound as error:
                raise RemoteUnavailable(f"the ERP answers 404 to a search as well: {error}") from error
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
                if self._attempt() == attempt:
                    self._note(None)
            raise
        made = replace(attempt, work_order_id=number)
        self._note(made)
        return number, made

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
            after=_by_path(attempt.fields),
            agreed=attempt.erp,
        ).publish(engine.publisher)

    def _attempt(self) -> Attempt | None:
        return attempt_of(self.engine.state, self.engine.site, self.erp_id)

    def _note(self, attempt: Attempt | None) -> None:
        must_be_reserved(self.erp_id)
        note_attempt(self.engine.state, self.engine.site, self.erp_id, attempt)

    @property
    def _mark(self) -> Mapping[str, Any]:
        return mark_of(self.engine.site, self.erp_id)


def _by_path(body: Mapping[str, Any]) -> dict[str, Any]:
    """{`extraFields`: {`Cost Center`: v}} as {`extraFields.Cost Center`: v}."""
    flat: dict[str, Any] = {}
    for name, value in body.items():
        flat |= {f"{name}.{key}": each for key, each in value.items()} if isinstance(value, dict) else {name: value}
    return flat
