"""The sync engine of one site: brings a work order and its ERP record in step, whichever side changed.

A message only says "look at this record". What to do follows from both sides as they are and from what they last
agreed on, so order and repetition of messages do not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shared.config.mappings import MappingFile
from shared.erp.base import ErpAdapter
from shared.errors import RecordBusy
from shared.events import Event
from shared.outcomes import Outcome
from shared.state import LockedRecord, RecordKey, StateStore
from shared.sync.audit import AuditSink
from shared.sync.look import Look
from shared.sync.maintainx_side import WorkOrderPort
from shared.sync.records import KIND, blank_record
from shared.sync.reference import external_reference
from shared.sync.session import RecordSession
from shared.sync.take_in import TakeIn

LEASE_S = 60.0
# How long to wait for a record that another delivery works on before Pub/Sub is asked to come back later.
_LOCK_WAITS_S = (0.05, 0.1, 0.2, 0.4)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SyncEngine:
    """The engine with everything it works with. Safe to share between threads.

    lease_s: how long a record stays reserved for a delivery that died; longer than one call to a port takes, since it
    is renewed before each write to a remote system. It is also the most that such a write may take.
    """

    site: str
    zone: ZoneInfo
    mapping: MappingFile
    maintainx: WorkOrderPort
    erp: ErpAdapter
    state: StateStore
    publisher: AuditSink
    clock: Callable[[], datetime] = _utc_now
    lease_s: float = LEASE_S
    sleep: Callable[[float], None] = time.sleep

    def look_at(self, work_order_id: int, event: Event) -> Outcome:
        """Do what this work order and its ERP record need now.

        done: `created`, `adopted` (the ERP had it, we did not know), `updated`, `pulled` (MaintainX was written),
        `merged` (both were), `cancelled`, `orphaned` (the ERP's record is gone), `parked` (a person must decide, and
        was told). skipped: `unchanged` (the ERP was not even asked), `in_step` (both had it already), `gone`,
        `orphaned`, `status_not_sent`, `parked` (a person was told before). Raises RecordBusy while another instance
        works on it, RecordNotVisible if MaintainX answers 404 but nobody told of a deletion, MappingError,
        DuplicateRecord, VersionConflict, and what the ports raise.
        """
        key = RecordKey(self.site, KIND, work_order_id)
        locked = self._lock(key, event)
        record = locked.record or blank_record(self.site, work_order_id, self.reference(work_order_id), self.clock())
        session = RecordSession(locked, record, self.state, self.publisher, self.clock, self.lease_s)
        try:
            return Look(self, session, event).run()
        finally:
            session.unlock()

    def take_in(self, erp_id: str, event: Event) -> Outcome:
        """Make a work order of a record that was made in the ERP, if there is none yet, and bring both in step.

        As `look_at` once there is one (`adopted` the first time). skipped: `gone` (the record is), `not_wanted` (the
        mapping's `on_new_in_erp` wants no work order of it, by now). Raises OutcomeUnknown while a work order may have
        been made, RecordBusy while another instance makes it, and as `look_at` does.
        """
        return TakeIn(self, erp_id, event).run()

    def reference(self, work_order_id: int) -> str:
        """What the ERP's record of this work order carries."""
        return external_reference(self.site, work_order_id, self.erp.description.reference_length)

    def _lock(self, key: RecordKey, event: Event) -> LockedRecord:
        for wait_s in (*_LOCK_WAITS_S, None):
            locked = self.state.lock_record(key, owner=f"sync/{event.event_id}", lease_s=self.lease_s)
            if locked is not None:
                return locked
            if wait_s is not None:
                self.sleep(wait_s)
        raise RecordBusy(f"work order {key.maintainx_id} of {self.site}: another instance works on it")
