"""One lease on one sync record, and the steps of a remote write that make a crash between any two harmless.

1. `perform` saves the intent in the sync record, which also proves that the lease is still ours,
2. writes the ERP or MaintainX,
3. and publishes the audit entry;
4. the next `perform`, or `commit`, saves the sync record with what is agreed on now.

Until the commit the saved record claims to know neither side: more may be left to do than its intent says, such as a
change of the ERP that MaintainX is still to get. Whoever finds an intent in the record calls `settle` with what the
written system has now, before deciding anything else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from shared.canonical import content_hash
from shared.deadline import deadline
from shared.errors import (
    BridgeError,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    StatusNotPossible,
    TransientError,
    VersionConflict,
)
from shared.events import format_utc
from shared.state import LockedRecord, StateStore, SyncRecord
from shared.sync.audit import AuditEntry, AuditSink
from shared.sync.intent import Intent

W = TypeVar("W")
# In place of the hash of MaintainX's side: no work order has it.
UNSETTLED = ""


class ErpRefuses(Exception):
    """The ERP refuses a write to a record that we have just read; raised by a write, for the caller of `perform`."""


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
        self.finished: Intent | None = None  # the write of an earlier delivery that turned out to be done
        self.looked = False  # whether the ERP's record was read, so that what we know of it is fresh
        self.is_new = locked.record is None  # whether nothing was known of the work order before
        self.taken_up = False  # whether it turned out to be made of an ERP record
        self._locked = locked
        self._state = state
        self._audit = audit
        self._clock = clock
        self._lease_s = lease_s

    def settle(self, found: Mapping[str, Any], *, erp_id: str | None, version: str | None) -> Intent | None:
        """Find out from the written system's record whether the write under way was done; returns it if so.

        Its audit entry is published (again, perhaps), and what it agreed on counts from here on. version: None if it
        is not known, or not the ERP that was written.
        """
        intent = Intent.of(self.record)
        if intent is None:
            return None
        self._set(intent=None)
        part = intent.part_done(found, version)
        if part is not None:
            self.note(part.entry(self.record, erp_id=erp_id, version_after=version))
            self.agree(part.agreed)
            self.finished = part
        return part

    def perform(self, intent: Intent, write: Callable[[], W]) -> W:
        """Steps 1 and 2. Raises what `write` raises; the intent stays saved only if the outcome is unknown.

        The write is given up before the lease ends, so that nobody else works on the record while it is under way.
        """
        with deadline(self._lease_s):
            self._set(intent=intent.to_json())
            self._save_unsettled(keep_lease_s=self._lease_s)
            return self._written(intent, write)

    def performed(
        self, intent: Intent, *, agreed: Mapping[str, Any], erp_id: str | None, version: str | None = None
    ) -> None:
        """Step 3. agreed: what the answer shows, in place of what the intent expected. version: of the ERP's record."""
        known = replace(intent, agreed=dict(agreed))
        self.note(known.entry(self.record, erp_id=erp_id, version_after=version))
        self._set(intent=None)
        self.agree(agreed)

    def _written(self, intent: Intent, write: Callable[[], W]) -> W:
        try:
            return write()
        except VersionConflict:
            self._set(intent=None)  # the caller looks and decides again, and saves then
            raise
        except (StatusNotPossible, ErpRefuses):
            self._set(intent=None)  # nothing was done, and the caller goes on
            raise
        except BridgeError as error:
            may_be_done = _may_be_done(intent, error)
            kept = replace(intent, given_up_at=format_utc(self._clock())).to_json() if may_be_done else None
            self._set(intent=kept)
            # Else the next delivery finds the intent as it was, looks, and counts with the longest that it may take.
            with contextlib.suppress(TransientError):
                self._save_unsettled()
            raise

    def agree(self, agreed: Mapping[str, Any]) -> None:
        """From here on both sides agree on these fields (`Agreed.to_json` by field)."""
        self._set(base={**self.record.base, **agreed})

    def note(self, entry: AuditEntry) -> None:
        """Publish an audit entry."""
        entry.publish(self._audit)

    def set(self, **changes: Any) -> None:
        """Change what we know of the record; saved with the next step."""
        self._set(**changes)

    def commit(self, **changes: Any) -> None:
        """Step 4: save, without an intent, and release the lease."""
        self._set(**{"intent": None, "choices": {}, **changes})
        self._set(base_hash=maintainx_hash(self.record.base), updated_at_utc=self._clock())
        self._locked = self._state.save_record(self._locked, self.record)

    def keep(self) -> None:
        """Save what we know so far, and go on under the lease."""
        self._save_unsettled(keep_lease_s=self._lease_s)

    def unlock(self) -> None:
        """Release the lease if it is still held. Never raises: it ends by itself, and the work's result counts."""
        with contextlib.suppress(TransientError):
            self._state.unlock_record(self._locked)

    def _set(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)

    def _save_unsettled(self, *, keep_lease_s: float | None = None) -> None:
        self._set(updated_at_utc=self._clock())
        saved = replace(self.record, base_hash=UNSETTLED, erp_version=None, maintainx_updated_at=None)
        self._locked = self._state.save_record(self._locked, saved, keep_lease_s=keep_lease_s)


def maintainx_hash(base: Mapping[str, Any]) -> str:
    """Hash of MaintainX's side of all agreements: equal as long as nothing that is mapped changed there."""
    return content_hash({field: [agreed["maintainx"], agreed["sent"]] for field, agreed in base.items()})


def _may_be_done(intent: Intent, error: BridgeError) -> bool:
    """MaintainX's client does not tell, as it repeats such a write by itself; the ERP's adapter does."""
    if intent.direction == "maintainx_to_erp":
        return isinstance(error, OutcomeUnknown)
    return isinstance(error, RemoteUnavailable) and not isinstance(error, RateLimited | NotTakenOn)
