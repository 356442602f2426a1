"""The sync engine of one site."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import Event
from shared.outcomes import Outcome
from shared.state import RecordKey
from shared.sync.parts import KIND, SyncParts
from shared.sync.reconcile import reconcile
from shared.sync.take_in import TakeIn


@dataclass(frozen=True, slots=True)
class SyncEngine(SyncParts):
    """What the bundle does with one record of a site. Safe to share between threads."""

    def look_at(self, work_order_id: int, event: Event) -> Outcome:
        """Do what this work order and its ERP record need now.

        done: `created`, `adopted` (the ERP had it, we did not know), `updated`, `pulled` (MaintainX was written),
        `merged` (both were), `cancelled`, `orphaned` (the ERP's record is gone), `parked` (a person must decide, and
        was told), `late` (the ERP's status keeps a change out, and people were told). skipped: `unchanged` (the ERP was
        not even asked), `in_step` (both had it already), `gone`, `orphaned`, `status_not_sent`, `parked` and `late`
        (people were told before). Raises RecordBusy while another instance works on it, RecordNotVisible if MaintainX
        answers 404 but nobody told of a deletion, MappingError, DuplicateRecord, VersionConflict, TooManySteps, and
        what the ports raise.
        """
        return reconcile(self, RecordKey(self.site, KIND, work_order_id), event)

    def take_in(self, erp_id: str, event: Event) -> Outcome:
        """Make a work order of a record that was made in the ERP, if there is none yet, and bring both in step.

        As `look_at` once there is one (`adopted` the first time). skipped: `gone` (the record is), `not_wanted` (the
        mapping's `on_new_in_erp` wants no work order of it, by now). Raises OutcomeUnknown while a work order may have
        been made, RecordBusy while another instance makes it, and as `look_at` does.
        """
        return TakeIn(self, erp_id, event).run()
