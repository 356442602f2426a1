"""What the bundle remembers between two calls: claims, sync records, watermarks. Values only; nothing here does I/O.

Every key starts with the site, so that nothing of one plant can meet a record of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

# Why a field is kept back that needs no decision: the ERP's status closes its record, and opens it again one day.
LATE = "erp_is_final"
RecordState = Literal["creating", "linked", "deleted", "orphaned"]


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """What may be done once: one event at one destination of one site.

    destination: name of the handler or target (`erp_push`, `notify:maintenance`). nonce: "" for the first delivery and
    all its redeliveries; a replay by an operator carries a new one, or the finished claim would swallow it.
    """

    site: str
    event_id: str
    destination: str
    nonce: str = ""

    @property
    def document_id(self) -> str:
        """The key as one text: unique, readable, free of `/`."""
        return joined(self.site, self.destination, self.event_id, self.nonce)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that is held. `version` is the store's own mark of the state in which it was left; opaque to callers."""

    key: ClaimKey
    owner: str
    lease_until_utc: datetime
    version: Any


@dataclass(frozen=True, slots=True)
class Acquired:
    """The claim is ours until `claim.lease_until_utc`: do the work, then complete or release it.

    abandoned: somebody held it and let the lease end, so the work may be done, or half of it. (False also if that is so
    long ago that the store has deleted the claim.)
    """

    claim: Claim
    abandoned: bool = False


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody else works on it. Worth trying again after `until_utc`, when their lease ends."""

    owner: str
    until_utc: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Already dealt with: `outcome` and `reason` are what complete_claim was told."""

    outcome: str
    reason: str
    completed_at_utc: datetime


ClaimResult = Acquired | InProgress | Done


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """A claim as anybody may read it: what it is about, and who works on it or what became of it."""

    key: ClaimKey
    holder: InProgress | Done


@dataclass(frozen=True, slots=True)
class RecordKey:
    """A MaintainX entity of a site: `kind` is `work_order`, ... and `maintainx_id` its id there."""

    site: str
    kind: str
    maintainx_id: int

    @property
    def document_id(self) -> str:
        """The key as one text: unique, readable, free of `/`."""
        return joined(self.site, self.kind, str(self.maintainx_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRecord:
    """The link of a MaintainX entity and an ERP entity, and what both sides last agreed on.

    erp_id: None until the ERP entity exists. reference: the external reference that we write into the ERP and search
    it by. base: ERP field -> what it was on each side at the last agreement (`shared.sync.merge.Baseline.to_json`);
    base_hash: hash of MaintainX's side of it, by which a work order that did not change is known. erp_version: the ETag
    read or written last; None if the ERP must be read before the next write. state: `creating` until it is linked;
    `deleted` in MaintainX; `orphaned`: the ERP's record is gone. intent: what was about to be written, recorded first,
    so that a crash between the remote write and ours can be told and finished; None when nothing is under way.
    conflicts: what waits for a person or the ERP's status, by ERP field (`shared.sync.conflicts`). choices: what was
    decided for fields (`shared.sync.merge.Choice`) whose writes are not all done yet; empty otherwise.
    maintainx_updated_at: the work order's own time of change when this record was last decided on; None if unknown.
    updated_at_utc: when that was, by the writer's clock. carries_reference: whether the ERP's record was seen to carry
    `reference` when it was read by its id; if so, a record under this id without it is another one.
    """

    site: str
    kind: str
    maintainx_id: int
    erp_id: str | None
    reference: str
    base: dict[str, Any]
    base_hash: str
    erp_version: str | None
    state: RecordState
    intent: dict[str, Any] | None
    updated_at_utc: datetime
    conflicts: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    maintainx_updated_at: datetime | None = None
    carries_reference: bool = False

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.site, self.kind, self.maintainx_id)

    @property
    def open_conflicts(self) -> frozenset[str]:
        """The fields that a person must decide, or has decided and nobody looked since."""
        late = {name for name, each in self.conflicts.items() if each.get("reason") == LATE and not each.get("decided")}
        return frozenset(self.conflicts.keys() - late)


@dataclass(frozen=True, slots=True)
class LockedRecord:
    """A record under our lease, or after its release the last thing we knew of it.

    record: None if nothing was ever saved under this key. lease_until_utc: None once released.
    version: the store's own mark, opaque to callers; a save succeeds only if it is still the latest.
    """

    key: RecordKey
    owner: str
    record: SyncRecord | None
    lease_until_utc: datetime | None
    version: Any


def joined(*parts: str) -> str:
    """Parts escaped so that the joint cannot occur in one: ("a:b", "c") and ("a", "b:c") stay two keys."""
    return ":".join(quote(part, safe="") for part in parts)
