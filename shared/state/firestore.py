"""State on Firestore: each operation is one to three calls, with `create()` and `update_time` preconditions.

No transactions: a lease is one document that one caller at a time can change, and that is all we need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from google.cloud.firestore import FieldFilter, Maximum

from shared.errors import RecordBusy
from shared.state import documents
from shared.state.connection import Connection, StoreTime, errors_named, written_by
from shared.state.model import (
    Acquired,
    Claim,
    ClaimKey,
    ClaimResult,
    KnownClaim,
    LockedRecord,
    RecordKey,
    RecordState,
    SyncRecord,
    joined,
)

_PAGE = 200
_ROUNDS = 3  # a claim or lock may change hands between our read and our write this often before we give up


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FirestoreStateStore:
    """`shared.state.store.StateStore` on Firestore; make one for a process and share it between threads.

    project, database: as for the Firestore client (None: from the environment). collection_prefix: put before
    `claims`, `records`, `watermarks` and `memos`. attempt_timeout_s: for one try of a call; call_timeout_s: for all its
    tries. local_clock: this machine's; leases are compared by the store's own time, which its answers tell. clock: for
    tests, a time to compare by instead. Nothing is connected before the first call.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        database: str = "(default)",
        collection_prefix: str = "",
        attempt_timeout_s: float = 3.0,
        call_timeout_s: float = 8.0,
        local_clock: Callable[[], datetime] = _utc_now,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._time = StoreTime(local_clock)
        self._given = clock
        self._store = Connection(
            project,
            database,
            collection_prefix,
            attempt_timeout_s=attempt_timeout_s,
            call_timeout_s=call_timeout_s,
            time=self._time,
        )

    def now(self) -> datetime:
        """See StateStore. No call but the first time."""
        with errors_named("the time"):
            return self._asked_now()

    def _asked_now(self) -> datetime:
        """For leases: the store is asked if no answer has told its time yet."""
        if self._given is None and not self._time.is_known:
            self._store.get(self._store.document("memos", "time"))
        return self._clock()

    def _clock(self) -> datetime:
        """For all else."""
        return self._time.now() if self._given is None else self._given()

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._store.close()

    # Claims

    def claim(self, key: ClaimKey, *, owner: str, lease_s: float) -> ClaimResult:
        """See StateStore. One call if the claim is new, two if it is taken, three to take over an ended lease."""
        token = uuid4().hex
        with errors_named(f"claim {key.document_id}"):
            ref = self._store.document("claims", key.document_id)
            abandoned = False
            for _ in range(_ROUNDS):
                now_utc, until_utc = self._lease(lease_s)
                fields = documents.claimed(key, owner=owner, now_utc=now_utc, until_utc=until_utc)
                version = self._store.create(ref, fields, token)
                abandoned = abandoned and version is None  # a new one is not, whatever stood there in an earlier round
                if version is None:
                    found = self._store.get(ref)
                    if not found.exists:
                        continue  # released since
                    if written_by(found, token):
                        version = found.update_time
                    elif holder := documents.claim_holder(found.to_dict(), now_utc):
                        return holder
                    else:
                        abandoned = documents.is_abandoned(found.to_dict())
                        version = self._store.update(ref, fields, token, found.update_time)
                if version is not None:
                    return Acquired(Claim(key, owner, until_utc, version), abandoned)
        raise RecordBusy(f"claim {key.document_id} keeps changing hands")

    def complete_claim(self, claim: Claim, *, outcome: str, reason: str, ttl_s: float) -> None:
        """See StateStore. One call."""
        fields = documents.completed(claim, outcome=outcome, reason=reason, now_utc=self._clock(), ttl_s=ttl_s)
        what = f"claim {claim.key.document_id}"
        with errors_named(what):
            ref = self._store.document("claims", claim.key.document_id)
            self._store.update_held(ref, fields, claim.version, f"{what} of {claim.owner}")

    def release_claim(self, claim: Claim) -> None:
        """See StateStore. One call."""
        with errors_named(f"claim {claim.key.document_id}"):
            self._store.delete(self._store.document("claims", claim.key.document_id), claim.version)

    def list_claims(self, site: str, event_id: str) -> list[KnownClaim]:
        """See StateStore. One call; an event has a few claims, not pages of them."""
        query = self._store.collection("claims")
        for field, value in (("site", site), ("event_id", event_id)):
            query = query.where(filter=FieldFilter(field, "==", value))
        with errors_named(f"claims of event {event_id} of {site}"):
            found = [snapshot.to_dict() for snapshot in self._store.get(query)]
        known = [documents.known_claim(document, self._clock()) for document in found]
        return sorted((claim for claim in known if claim), key=lambda claim: claim.key.document_id)

    # Sync records

    def lock_record(self, key: RecordKey, *, owner: str, lease_s: float) -> LockedRecord | None:
        """See StateStore. Two calls, one if somebody else holds it."""
        token = uuid4().hex
        with errors_named(f"record {key.document_id}"):
            ref = self._store.document("records", key.document_id)
            for _ in range(_ROUNDS):
                now_utc, until_utc = self._lease(lease_s)
                fields = {"lock": documents.lock(owner, until_utc)}
                found = self._store.get(ref)
                record = documents.record_from(found.to_dict()) if found.exists else None
                if not found.exists:
                    version = self._store.create(ref, documents.placeholder(key) | fields, token)
                elif written_by(found, token):
                    version = found.update_time
                elif documents.is_locked(found.to_dict(), now_utc):
                    return None
                else:
                    version = self._store.update(ref, fields, token, found.update_time)
                if version is not None:
                    return LockedRecord(key, owner, record, until_utc, version)
        return None

    def save_record(
        self, locked: LockedRecord, record: SyncRecord, *, keep_lease_s: float | None = None
    ) -> LockedRecord:
        """See StateStore. One call."""
        if record.key != locked.key:
            raise ValueError(f"record {record.key} saved under the lease of {locked.key}")
        until_utc = None if keep_lease_s is None else self._lease(keep_lease_s)[1]
        held = None if until_utc is None else documents.lock(locked.owner, until_utc)
        fields = documents.record_fields(record) | {"lock": held}
        what = f"record {locked.key.document_id}"
        with errors_named(what):
            ref = self._store.document("records", locked.key.document_id)
            version = self._store.update_held(ref, fields, locked.version, f"{what} of {locked.owner}")
        return replace(locked, record=record, lease_until_utc=until_utc, version=version)

    def unlock_record(self, locked: LockedRecord) -> None:
        """See StateStore. One call, none if released already."""
        if locked.lease_until_utc is None:
            return
        with errors_named(f"record {locked.key.document_id}"):
            ref = self._store.document("records", locked.key.document_id)
            if locked.record is None:
                self._store.delete(ref, locked.version)
            else:
                self._store.update(ref, {"lock": None}, uuid4().hex, locked.version)

    def get_record(self, key: RecordKey) -> SyncRecord | None:
        """See StateStore. One call."""
        with errors_named(f"record {key.document_id}"):
            found = self._store.get(self._store.document("records", key.document_id))
        return documents.record_from(found.to_dict()) if found.exists else None

    def find_record(self, site: str, kind: str, *, erp_id: str) -> SyncRecord | None:
        """See StateStore. One call; filters for equality only, so that no composite index is needed."""
        with errors_named(f"{kind} of {site} with ERP id {erp_id}"):
            found = self._store.get(self._records(site=site, kind=kind, erp_id=erp_id).limit(1))
        return documents.record_from(found[0].to_dict()) if found else None

    def list_records(
        self,
        site: str,
        *,
        kind: str | None = None,
        state: RecordState | None = None,
        parked: bool | None = None,
        after: RecordKey | None = None,
    ) -> Iterator[SyncRecord]:
        """See StateStore. One call for every 200 records."""
        last: Any = None if after is None else {"__name__": after.document_id}
        while True:
            with errors_named(f"records of {site}"):
                query = (
                    self._records(site=site, kind=kind, state=state, parked=parked).order_by("__name__").limit(_PAGE)
                )
                page = self._store.get(query.start_after(last) if last else query)
            for snapshot in page:
                if record := documents.record_from(snapshot.to_dict()):
                    yield record
            if len(page) < _PAGE:
                return
            last = page[-1]

    # Watermarks

    def get_watermark(self, site: str, name: str) -> datetime | None:
        """See StateStore. One call."""
        with errors_named(f"watermark {site} {name}"):
            found = self._store.get(self._watermark(site, name))
        return documents.from_microseconds(found.get("value_us")) if found.exists else None

    def advance_watermark(self, site: str, name: str, to_utc: datetime) -> datetime:
        """See StateStore. One call: Firestore itself keeps the larger value, so that no two writers can race."""
        larger = Maximum(documents.microseconds(to_utc))
        fields = {"site": site, "name": name, "value_us": larger, "updated_at": self._clock()}
        with errors_named(f"watermark {site} {name}"):
            written = self._watermark(site, name).set(fields, merge=True, **self._store.options)
        return documents.from_microseconds(written.transform_results[0].integer_value)

    def reset_watermark(self, site: str, name: str, to_utc: datetime) -> None:
        """See StateStore. One call."""
        value_us = documents.microseconds(to_utc)
        fields = {"site": site, "name": name, "value_us": value_us, "updated_at": self._clock()}
        with errors_named(f"watermark {site} {name}"):
            self._watermark(site, name).set(fields, **self._store.options)

    # Memos

    def get_memo(self, site: str, name: str) -> dict[str, Any]:
        """See StateStore. One call."""
        with errors_named(f"memo {site} {name}"):
            found = self._store.get(self._store.document("memos", joined(site, name)))
        return documents.memo_from(found.to_dict()) if found.exists else {}

    def put_memo(self, site: str, name: str, content: Mapping[str, Any]) -> None:
        """See StateStore. One call."""
        fields = documents.memo_fields(site, name, content, self._clock())
        with errors_named(f"memo {site} {name}"):
            self._store.document("memos", joined(site, name)).set(fields, **self._store.options)

    def _lease(self, lease_s: float) -> tuple[datetime, datetime]:
        """Now and the end of a lease that begins now."""
        now_utc = self._asked_now()
        return now_utc, now_utc + timedelta(seconds=lease_s)

    def _watermark(self, site: str, name: str) -> Any:
        return self._store.document("watermarks", joined(site, name))

    def _records(self, **equal: str | bool | None) -> Any:
        query = self._store.collection("records")
        for field, value in equal.items():
            if value is not None:
                query = query.where(filter=FieldFilter(field, "==", value))
        return query
