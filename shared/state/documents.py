"""How claims, records, watermarks and memos look as documents. Pure: no clock, no I/O.

`base`, `intent`, `conflicts` and memos are kept as canonical JSON text: no limits on nesting, and no index entry for
each mapped field of each work order. `expire_at` is the field that the TTL policy of the collection
names; deletion by TTL may come a day late, so whether a claim still counts is always decided by comparing the time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.canonical import canonical_json
from shared.errors import NewerRecord
from shared.state.model import Claim, ClaimKey, Done, InProgress, KnownClaim, RecordKey, SyncRecord

Fields = dict[str, Any]
# The form of sync records. 1: without the field `schema`. 2: `conflicts` tell the ERP's status (`Parked.status`), and a
# late change (`erp_is_final`) waits for the ERP's status instead of a person. Records of 1 are taken on as they are.
SCHEMA = 2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def claimed(key: ClaimKey, *, owner: str, now_utc: datetime, until_utc: datetime) -> Fields:
    """A claim under work: free again, and free to be deleted, once the lease is over."""
    return {
        "site": key.site,
        "event_id": key.event_id,
        "destination": key.destination,
        "nonce": key.nonce,
        "owner": owner,
        "state": "in_progress",
        "outcome": None,
        "reason": None,
        "claimed_at": now_utc,
        "completed_at": None,
        "expire_at": until_utc,
    }


def completed(claim: Claim, *, outcome: str, reason: str, now_utc: datetime, ttl_s: float) -> Fields:
    """The fields of a claim that change when it is dealt with."""
    return {
        "owner": claim.owner,
        "state": "done",
        "outcome": outcome,
        "reason": reason,
        "completed_at": now_utc,
        "expire_at": now_utc + timedelta(seconds=ttl_s),
    }


def claim_holder(document: Mapping[str, Any], now_utc: datetime) -> InProgress | Done | None:
    """What stands in the way of taking this claim; None if nothing does any more."""
    expires_at_utc = plain_utc(document["expire_at"])
    if expires_at_utc <= now_utc:
        return None
    if document["state"] == "done":
        return Done(document["outcome"], document["reason"], plain_utc(document["completed_at"]))
    return InProgress(document["owner"], expires_at_utc)


def is_abandoned(document: Mapping[str, Any]) -> bool:
    """Whether a claim that is free again was held to the end of its lease, and not dealt with."""
    return bool(document["state"] == "in_progress")


def known_claim(document: Mapping[str, Any], now_utc: datetime) -> KnownClaim | None:
    """The claim as anybody may read it; None if it is free."""
    holder = claim_holder(document, now_utc)
    key = ClaimKey(document["site"], document["event_id"], document["destination"], document["nonce"])
    return None if holder is None else KnownClaim(key, holder)


def record_fields(record: SyncRecord) -> Fields:
    """A record as document fields, without the lock."""
    return {
        "site": record.site,
        "kind": record.kind,
        "maintainx_id": record.maintainx_id,
        "erp_id": record.erp_id,
        "reference": record.reference,
        "base_json": canonical_json(record.base),
        "base_hash": record.base_hash,
        "erp_version": record.erp_version,
        "state": record.state,
        "intent_json": None if record.intent is None else canonical_json(record.intent),
        "conflicts_json": canonical_json(record.conflicts),
        "parked": bool(record.open_conflicts),
        "choices_json": canonical_json(record.choices),
        "maintainx_updated_at": record.maintainx_updated_at,
        "updated_at": record.updated_at_utc,
        "carries_reference": record.carries_reference,
        "schema": SCHEMA,
    }


def record_from(document: Mapping[str, Any]) -> SyncRecord | None:
    """The record in a document; None if it only ever held a lock. NewerRecord if a later version saved it."""
    if document.get("state") is None:
        return None
    if (schema := document.get("schema", 1)) > SCHEMA:
        what = f"{document['kind']} {document['maintainx_id']} of {document['site']}"
        raise NewerRecord(f"the sync record of {what} has schema {schema}; this version knows {SCHEMA}")
    return SyncRecord(
        site=document["site"],
        kind=document["kind"],
        maintainx_id=document["maintainx_id"],
        erp_id=document["erp_id"],
        reference=document["reference"],
        base=json.loads(document["base_json"]),
        base_hash=document["base_hash"],
        erp_version=document["erp_version"],
        state=document["state"],
        intent=None if document["intent_json"] is None else json.loads(document["intent_json"]),
        conflicts=json.loads(document["conflicts_json"]),
        choices=json.loads(document.get("choices_json", "{}")),
        maintainx_updated_at=_plain_or_none(document["maintainx_updated_at"]),
        updated_at_utc=plain_utc(document["updated_at"]),
        carries_reference=document.get("carries_reference", False),
    )


def placeholder(key: RecordKey) -> Fields:
    """What a document holds beside its lock until the first record is saved."""
    return {"site": key.site, "kind": key.kind, "maintainx_id": key.maintainx_id}


def lock(owner: str, until_utc: datetime) -> Fields:
    """The value of a record's field `lock`."""
    return {"owner": owner, "until": until_utc}


def is_locked(document: Mapping[str, Any], now_utc: datetime) -> bool:
    """Whether somebody's lease on the record still runs."""
    held = document.get("lock")
    return held is not None and plain_utc(held["until"]) > now_utc


def microseconds(moment_utc: datetime) -> int:
    """A time as whole microseconds since 1970: the form in which Firestore can keep the larger of two by itself."""
    if moment_utc.tzinfo is None:
        raise ValueError("a watermark needs a time with zone")
    return (moment_utc - EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The inverse of `microseconds`, in UTC."""
    return EPOCH + count * _MICROSECOND


def memo_fields(site: str, name: str, content: Mapping[str, Any], now_utc: datetime) -> Fields:
    """A memo as document fields."""
    return {"site": site, "name": name, "content_json": canonical_json(dict(content)), "updated_at": now_utc}


def memo_from(document: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a memo."""
    content: dict[str, Any] = json.loads(document["content_json"])
    return content


def _plain_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else plain_utc(moment)


def plain_utc(moment: datetime) -> datetime:
    """The client's own subclass of datetime (with nanoseconds) as a plain one in UTC."""
    return EPOCH + (moment - EPOCH)
