"""A StateStore in memory, for tests of what stands on it. It passes the contract suite of the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.canonical import canonical_json
from shared.errors import LeaseLost, PermanentError
from shared.state import (
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

_MAX_DOCUMENT = 1_048_576


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a watermark needs a time with zone")
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class _Claimed:
    owner: str
    until_utc: datetime
    version: int
    done: Done | None = None


@dataclass(frozen=True)
class _Document:
    record: SyncRecord | None
    until_utc: datetime | None
    version: int


class MemoryStateStore:
    """`shared.state.StateStore`; every change gets a new version number, as in the real one."""

    def __init__(self, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._version = 0
        self._claims: dict[ClaimKey, _Claimed] = {}
        self._documents: dict[RecordKey, _Document] = {}
        self._watermarks: dict[tuple[str, str], datetime] = {}
        self._memos: dict[tuple[str, str], str] = {}

    def copy(self, *, clock: Callable[[], datetime]) -> MemoryStateStore:
        """Another store with the same in it, which lives by another clock."""
        twin = MemoryStateStore(clock=clock)
        twin._version = self._version
        twin._claims, twin._documents = dict(self._claims), dict(self._documents)
        twin._watermarks, twin._memos = dict(self._watermarks), dict(self._memos)
        return twin

    def now(self) -> datetime:
        """See StateStore."""
        return self._clock()

    def claim(self, key: ClaimKey, *, owner: str, lease_s: float) -> ClaimResult:
        with self._mutex:
            found, now = self._claims.get(key), self._clock()
            if found is not None and found.until_utc > now:
                return found.done or InProgress(found.owner, found.until_utc)
            taken = _Claimed(owner, now + timedelta(seconds=lease_s), self._next())
            self._claims[key] = taken
            abandoned = found is not None and found.done is None
            return Acquired(Claim(key, owner, taken.until_utc, taken.version), abandoned)

    def complete_claim(self, claim: Claim, *, outcome: str, reason: str, ttl_s: float) -> None:
        with self._mutex:
            found, now = self._claims.get(claim.key), self._clock()
            if found is None or found.version != claim.version:
                raise LeaseLost(f"claim {claim.key.document_id} of {claim.owner} was taken over")
            until = now + timedelta(seconds=ttl_s)
            self._claims[claim.key] = _Claimed(claim.owner, until, self._next(), Done(outcome, reason, now))

    def release_claim(self, claim: Claim) -> None:
        with self._mutex:
            found = self._claims.get(claim.key)
            if found is not None and found.version == claim.version:
                del self._claims[claim.key]

    def list_claims(self, site: str, event_id: str) -> list[KnownClaim]:
        with self._mutex:
            found = [
                KnownClaim(key, claimed.done or InProgress(claimed.owner, claimed.until_utc))
                for key, claimed in self._claims.items()
                if (key.site, key.event_id) == (site, event_id) and claimed.until_utc > self._clock()
            ]
        return sorted(found, key=lambda claim: claim.key.document_id)

    def lock_record(self, key: RecordKey, *, owner: str, lease_s: float) -> LockedRecord | None:
        with self._mutex:
            found, now = self._documents.get(key, _Document(None, None, 0)), self._clock()
            if found.until_utc is not None and found.until_utc > now:
                return None
            until = now + timedelta(seconds=lease_s)
            self._documents[key] = _Document(found.record, until, self._next())
            return LockedRecord(key, owner, found.record, until, self._version)

    def save_record(
        self, locked: LockedRecord, record: SyncRecord, *, keep_lease_s: float | None = None
    ) -> LockedRecord:
        if record.key != locked.key:
            raise ValueError(f"record {record.key} saved under the lease of {locked.key}")
        if len(canonical_json(record.base)) > _MAX_DOCUMENT:
            raise PermanentError(f"record {locked.key.document_id}: the state store refuses the value: it is too large")
        with self._mutex:
            self._must_hold(locked)
            until = None if keep_lease_s is None else self._clock() + timedelta(seconds=keep_lease_s)
            self._documents[locked.key] = _Document(record, until, self._next())
            return replace(locked, record=record, lease_until_utc=until, version=self._version)

    def unlock_record(self, locked: LockedRecord) -> None:
        if locked.lease_until_utc is None:
            return
        with self._mutex:
            found = self._documents.get(locked.key)
            if found is None or found.version != locked.version:
                return
            if found.record is None:
                del self._documents[locked.key]
            else:
                self._documents[locked.key] = _Document(found.record, None, self._next())

    def get_record(self, key: RecordKey) -> SyncRecord | None:
        with self._mutex:
            found = self._documents.get(key)
            return None if found is None else found.record

    def find_record(self, site: str, kind: str, *, erp_id: str) -> SyncRecord | None:
        return next((record for record in self.list_records(site, kind=kind) if record.erp_id == erp_id), None)

    def list_records(
        self,
        site: str,
        *,
        kind: str | None = None,
        state: RecordState | None = None,
        parked: bool | None = None,
        after: RecordKey | None = None,
    ) -> Iterator[SyncRecord]:
        with self._mutex:
            found = [self._documents[key].record for key in sorted(self._documents, key=lambda key: key.document_id)]
        for record in found:
            if record is None or record.site != site:
                continue
            if after is not None and record.key.document_id <= after.document_id:
                continue
            if kind not in (None, record.kind) or state not in (None, record.state):
                continue
            if parked in (None, bool(record.conflicts)):
                yield record

    def get_watermark(self, site: str, name: str) -> datetime | None:
        with self._mutex:
            return self._watermarks.get((site, name))

    def advance_watermark(self, site: str, name: str, to_utc: datetime) -> datetime:
        with self._mutex:
            known = self._watermarks.get((site, name))
            self._watermarks[site, name] = _utc(to_utc) if known is None else max(known, _utc(to_utc))
            return self._watermarks[site, name]

    def reset_watermark(self, site: str, name: str, to_utc: datetime) -> None:
        with self._mutex:
            self._watermarks[site, name] = _utc(to_utc)

    def get_memo(self, site: str, name: str) -> dict[str, Any]:
        with self._mutex:
            content: dict[str, Any] = json.loads(self._memos.get((site, name), "{}"))
            return content

    def put_memo(self, site: str, name: str, content: Mapping[str, Any]) -> None:
        with self._mutex:
            self._memos[site, name] = canonical_json(dict(content))

    def _must_hold(self, locked: LockedRecord) -> None:
        found = self._documents.get(locked.key)
        if found is None or found.version != locked.version:
            raise LeaseLost(f"record {locked.key.document_id} of {locked.owner} was taken over")

    def _next(self) -> int:
        self._version += 1
        return self._version
