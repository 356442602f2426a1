"""What the bundle remembers: claims, sync records, watermarks, and the interface of the store that keeps them.

The implementation on Firestore is `shared.state.firestore.FirestoreStateStore`; it is not imported here, so that code
which only decides (the sync engine and its tests) does not pay for the client.
"""

from shared.state.model import (
    LATE,
    Acquired,
    Claim,
    ClaimKey,
    ClaimResult,
    Done,
    InProgress,
    KnownClaim,
    LockedRecord,
    RecordKey,
    RecordState,
    SyncRecord,
)
from shared.state.store import StateStore

__all__ = [
    "LATE",
    "Acquired",
    "Claim",
    "ClaimKey",
    "ClaimResult",
    "Done",
    "InProgress",
    "KnownClaim",
    "LockedRecord",
    "RecordKey",
    "RecordState",
    "StateStore",
    "SyncRecord",
]
