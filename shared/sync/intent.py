"""The note that is saved before the ERP is written, and what it tells after a crash. Pure.

An intent that is still there means: we do not know whether the write was done. The ERP's record answers that, and the
intent has all that the audit entry of the write needs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.erp.base import ErpRecord
from shared.state import SyncRecord
from shared.sync.audit import Action, AuditEntry
from shared.sync.resolver import Side
from shared.sync.values import same_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write about to be made; fields as in AuditEntry. All values are JSON values.

    given_up_at: ISO 8601 UTC, when we stopped waiting for the ERP's answer; None before that, and after a crash.
    """

    action: Action
    event_id: str
    actor: str
    at: str
    before: dict[str, Any]
    after: dict[str, Any]
    rejected: dict[str, Any]
    policy: dict[str, Side]
    version_before: str | None
    given_up_at: str | None = None

    @classmethod
    def of(cls, record: SyncRecord) -> Intent | None:
        """The intent that a record carries."""
        return None if record.intent is None else cls(**record.intent)

    def to_json(self) -> dict[str, Any]:
        """The form in which a SyncRecord carries it."""
        return asdict(self)

    def ended_by_utc(self, write_s: float) -> datetime:
        """When nothing of it was under way any more on our side. write_s: the most that a write takes from `at` on."""
        if self.given_up_at is not None:
            return datetime.fromisoformat(self.given_up_at)
        return datetime.fromisoformat(self.at) + timedelta(seconds=write_s)

    def was_done(self, found: ErpRecord) -> bool:
        """Whether the ERP's record, read since, shows that the write was done.

        A record found by the reference shows that it was created; one still at the version of before, that it was not
        updated. Else one field of an update is enough: the ERP does a write wholly or not at all, and people may have
        changed the other fields since.
        """
        if self.action == "create":
            return True
        if self.version_before is not None and found.version == self.version_before:
            return False
        erp = found.fields
        return any(field in erp and same_value(erp[field], value) for field, value in self.after.items())

    def entry(self, record: SyncRecord, *, erp_id: str, version_after: str | None) -> AuditEntry:
        """The audit entry of the write, now known to be done."""
        return AuditEntry(
            site=record.site,
            kind=record.kind,
            maintainx_id=record.maintainx_id,
            reference=record.reference,
            erp_id=erp_id,
            version_after=version_after,
            action=self.action,
            event_id=self.event_id,
            actor=self.actor,
            at=self.at,
            before=self.before,
            after=self.after,
            rejected=self.rejected,
            policy=self.policy,
            version_before=self.version_before,
        )
