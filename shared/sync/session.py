"""One lease on one sync record, and the steps of a write to the ERP that make a crash between any two harmless.

1. `perform` saves the intent in the sync record, which also proves that the lease is still ours,
2. writes the ERP,
3. and publishes the audit entry;
4. `commit` saves the sync record without the intent and releases the lease.

Whoever finds an intent in the record calls `settle` with what the ERP has now, before deciding anything else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.canonical import content_hash
from shared.deadline import deadline
from shared.erp.base import ErpRecord
from shared.errors import BridgeError, OutcomeUnknown, TransientError, VersionConflict
from shared.events import format_utc
from shared.state import LockedRecord, RecordState, StateStore, SyncRecord
from shared.sync.audit import AuditEntry, AuditSink
from shared.sync.intent import Intent


class RecordSession:
    """Work on one record under its lease, in one thread. `record` is what we know of it, saved or about to be."""

    def __init__(
        self,
        locked: LockedRecord,
        record: SyncRecord,
        state: StateStore,
        audit: AuditSink,
        clock: Callable[[], datetime],
        lease_s: float,
    ) -> None:
        self.record = record
        self._locked = locked
        self._state = state
        self._audit = audit
        self._clock = clock
        self._lease_s = lease_s

    def settle(self, found: ErpRecord) -> Intent | None:
        """Find out from the ERP's record whether the write that was under way was done; returns it if so.

        Its audit entry is published (again, perhaps), and its values count as agreed on from here on.
        """
        intent = Intent.of(self.record)
        if intent is None:
            return None
        self._set(intent=None)
        if not intent.was_done(found):
            return None
        self.note(intent.entry(self.record, erp_id=found.id, version_after=found.version))
        self._set(base={**self.record.base, **intent.after})
        return intent

    def perform(self, intent: Intent, write: Callable[[], ErpRecord]) -> ErpRecord:
        """Steps 1 to 3. Raises what `write` raises; the intent stays saved only if the outcome is unknown.

        The write is given up before the lease ends, so that nobody else works on the record while it is under way.
        """
        with deadline(self._lease_s):
            self._set(intent=intent.to_json())
            self._save(keep_lease_s=self._lease_s)
            written = self._written(intent, write)
        self.note(intent.entry(self.record, erp_id=written.id, version_after=written.version))
        return written

    def _written(self, intent: Intent, write: Callable[[], ErpRecord]) -> ErpRecord:
        try:
            return write()
        except VersionConflict:
            self._set(intent=None)  # the caller looks and decides again, and saves then
            raise
        except OutcomeUnknown:
            self._set(intent=replace(intent, given_up_at=format_utc(self._clock())).to_json())
            with contextlib.suppress(BridgeError):  # else the next delivery counts with the longest that it may take
                self._save()
            raise
        except BridgeError:
            self._set(intent=None)
            with contextlib.suppress(TransientError):  # else the next delivery finds the intent and looks
                self._save()
            raise

    def note(self, entry: AuditEntry) -> None:
        """Publish an audit entry."""
        entry.publish(self._audit)

    def link(self, found: ErpRecord) -> None:
        """From here on the record is about this ERP record as it is now."""
        state: RecordState = "linked" if self.record.state == "creating" else self.record.state
        self._set(erp_id=found.id, erp_version=found.version, state=state)

    def commit(self, *, base: Mapping[str, Any], state: RecordState, erp_id: str | None, version: str | None) -> None:
        """Step 4."""
        self._set(base=dict(base), state=state, erp_id=erp_id, erp_version=version, intent=None)
        self._save()

    def unlock(self) -> None:
        """Release the lease if it is still held. Never raises: it ends by itself, and the work's result counts."""
        with contextlib.suppress(TransientError):
            self._state.unlock_record(self._locked)

    def _set(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)

    def _save(self, *, keep_lease_s: float | None = None) -> None:
        self._set(base_hash=content_hash(self.record.base), updated_at_utc=self._clock())
        self._locked = self._state.save_record(self._locked, self.record, keep_lease_s=keep_lease_s)
