"""The lease on one sync record: one run at a time works on a pair, and what it knows is saved under the lease.

Until the commit the saved record claims to know neither side: more may be left to do than its intent says, such as a
change of the ERP that MaintainX is still to get.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from shared.errors import RecordBusy, TransientError
from shared.state import LockedRecord, RecordKey, SyncRecord
from shared.sync.parts import SyncParts, maintainx_hash

# In place of the hash of MaintainX's side: no work order has it.
UNSETTLED = ""
# How long to wait for a record that another delivery works on before Pub/Sub is asked to come back later.
_LOCK_WAITS_S = (0.05, 0.1, 0.2, 0.4)


class Lease:
    """A held lease, for one thread. Its methods raise LeaseLost and StateUnavailable."""

    def __init__(self, parts: SyncParts, locked: LockedRecord) -> None:
        self._parts = parts
        self._locked = locked

    @property
    def found(self) -> SyncRecord | None:
        """The record as it was when the lease began; None if nothing was known."""
        return self._locked.record

    def keep(self, record: SyncRecord) -> None:
        """Save what is known so far, and renew the lease."""
        self._save_unsettled(record, self._parts.lease_s)

    def leave(self, record: SyncRecord) -> None:
        """Save what is known so far, for whoever comes next."""
        self._save_unsettled(record, None)

    def commit(self, record: SyncRecord) -> None:
        """Save the record of a run that came to its end."""
        settled = replace(record, base_hash=maintainx_hash(record.base), updated_at_utc=self._parts.clock())
        self._locked = self._parts.state.save_record(self._locked, settled)

    def release(self) -> None:
        """Release it if it is still held. Never raises: it ends by itself, and the work's result counts."""
        with contextlib.suppress(TransientError):
            self._parts.state.unlock_record(self._locked)

    def _save_unsettled(self, record: SyncRecord, keep_lease_s: float | None) -> None:
        unsettled = replace(
            record,
            base_hash=UNSETTLED,
            erp_version=None,
            maintainx_updated_at=None,
            updated_at_utc=self._parts.clock(),
        )
        self._locked = self._parts.state.save_record(self._locked, unsettled, keep_lease_s=keep_lease_s)


@contextlib.contextmanager
def leased(parts: SyncParts, key: RecordKey, owner: str) -> Iterator[Lease]:
    """While nobody else works on this record. RecordBusy if somebody does for longer than one waits."""
    lease = Lease(parts, _locked(parts, key, owner))
    try:
        yield lease
    finally:
        lease.release()


def _locked(parts: SyncParts, key: RecordKey, owner: str) -> LockedRecord:
    for wait_s in (*_LOCK_WAITS_S, None):
        locked = parts.state.lock_record(key, owner=owner, lease_s=parts.lease_s)
        if locked is not None:
            return locked
        if wait_s is not None:
            parts.sleep(wait_s)
    raise RecordBusy(f"work order {key.maintainx_id} of {key.site}: another instance works on it")
