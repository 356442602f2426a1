"""What any store of state must do. `shared.state.firestore` does it on Firestore.

All calls may raise StateUnavailable (transient: the store did not answer in time) and PermanentError (the store
refuses the value, for example because it is too large).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from shared.state.model import (
    Claim,
    ClaimKey,
    ClaimResult,
    KnownClaim,
    LockedRecord,
    RecordKey,
    RecordState,
    SyncRecord,
)


class StateStore(Protocol):
    """Claims, sync records with a lease each, watermarks and memos. Safe to share between threads.

    Leases are compared by the store's own time, not by each instance's. It only decides when a lease may be taken over;
    who wins is decided by the store, and a holder that was taken over is refused its next write.
    """

    def now(self) -> datetime:
        """The store's time, UTC: the same for all instances, whatever their own clocks say."""
        ...

    def claim(self, key: ClaimKey, *, owner: str, lease_s: float) -> ClaimResult:
        """Take the claim if it is free or its lease ended; of any number of callers at once exactly one gets Acquired.

        owner: who asks, for people to read; two calls with one owner are still two callers. Acquired says whether
        somebody had it before and died over it.
        """
        ...

    def complete_claim(self, claim: Claim, *, outcome: str, reason: str, ttl_s: float) -> None:
        """Mark it dealt with for `ttl_s`, to be chosen longer than dead letters are kept. LeaseLost if taken over."""
        ...

    def release_claim(self, claim: Claim) -> None:
        """Give it back undone, so that a retry may have it at once. No error if it was taken over."""
        ...

    def list_claims(self, site: str, event_id: str) -> list[KnownClaim]:
        """The claims of an event that count now, at every destination and of every replay, in the order of their keys.

        Those whose lease or time has ended are left out: they are free.
        """
        ...

    def lock_record(self, key: RecordKey, *, owner: str, lease_s: float) -> LockedRecord | None:
        """Lease the record, whether or not something was saved under it; None while somebody else holds it."""
        ...

    def save_record(
        self, locked: LockedRecord, record: SyncRecord, *, keep_lease_s: float | None = None
    ) -> LockedRecord:
        """Save and, in the same write, release the lease, or with `keep_lease_s` hold it for that long from now.

        Returns what to use for the next save or unlock. Raises LeaseLost if the lease was taken over: then nothing was
        written.
        """
        ...

    def unlock_record(self, locked: LockedRecord) -> None:
        """Release the lease without saving. No error if it was taken over, nothing to do if released already."""
        ...

    def get_record(self, key: RecordKey) -> SyncRecord | None:
        """The record as last saved, lease or not."""
        ...

    def find_record(self, site: str, kind: str, *, erp_id: str) -> SyncRecord | None:
        """The record that is linked to this ERP entity."""
        ...

    def list_records(
        self,
        site: str,
        *,
        kind: str | None = None,
        state: RecordState | None = None,
        parked: bool | None = None,
        after: RecordKey | None = None,
    ) -> Iterator[SyncRecord]:
        """All records of a site, in the order of their keys, read in pages as they are consumed.

        parked: only those with conflicts that wait for a person, or only those without. after: only those behind this
        key, whether or not there is a record under it; the order is that of the keys as text.
        """
        ...

    def get_watermark(self, site: str, name: str) -> datetime | None:
        """How far the flow `name` of the site has come; None if it never ran. Microsecond resolution, UTC."""
        ...

    def advance_watermark(self, site: str, name: str, to_utc: datetime) -> datetime:
        """Move it forward, never back, and return where it stands now (later than `to_utc` if it was already)."""
        ...

    def reset_watermark(self, site: str, name: str, to_utc: datetime) -> None:
        """Put it anywhere, also back: an operator's tool to have a stretch of time looked at again."""
        ...

    def get_memo(self, site: str, name: str) -> dict[str, Any]:
        """What the flow `name` of the site noted down for its next run; empty if nothing."""
        ...

    def put_memo(self, site: str, name: str, content: Mapping[str, Any]) -> None:
        """Replace it by `content` (JSON, at most some 900 KB). Of two writers the last wins.

        So it is for what only saves work and may be lost or old, unless the caller sees to it that nobody else writes
        it (`shared.sync.reservation`).
        """
        ...
