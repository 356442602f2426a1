"""The note that is saved before a remote system is written, and what it tells after a crash. Pure.

An intent that is still there means: we do not know whether the write was done. The record of the system that was to be
written answers that, and the intent has all that the audit entry of the write needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.events import dig
from shared.state import SyncRecord
from shared.sync.audit import Action, AuditEntry, Direction
from shared.values import same_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write about to be made; fields as in AuditEntry. All values are JSON values.

    after: by the names of the system written; MaintainX's are dotted paths. agreed: the agreements (`Agreed.to_json`)
    that hold once the write is done. stepwise: a change of status by steps, which may be done in part, and which not
    every ERP counts as a new version. given_up_at: ISO 8601 UTC, when we stopped waiting for the answer; None before
    that, and after a crash.
    """

    action: Action
    direction: Direction
    event_id: str
    actor: str
    at: str
    before: dict[str, Any]
    after: dict[str, Any]
    rejected: dict[str, Any]
    policy: dict[str, str]
    agreed: dict[str, Any]
    version_before: str | None
    stepwise: bool = False
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

    def was_done(self, found: Mapping[str, Any], version: str | None) -> bool:
        """Whether the written system's record, read since, shows that the write was done.

        found, version: its fields and version, the latter None where there are none. A record found by the reference
        shows that it was created; one still at the version of before, that it was not updated. Else one field is
        enough: a write is done wholly or not at all, and people may have changed the other fields since.
        """
        if self.action == "create":
            return True
        if not self.stepwise and self.version_before is not None and version == self.version_before:
            return False
        return any(self._shows(found, name, after) for name, after in self.after.items())

    def part_done(self, found: Mapping[str, Any], version: str | None) -> Intent | None:
        """The write as far as it was done; None if nothing of it was. Arguments as in `was_done`.

        A status on the way to the one that was wanted is agreed on as such: what MaintainX has still differs from it.
        """
        if self.was_done(found, version):
            return self
        if not self.stepwise:
            return None
        (name,) = self.after
        if name not in found or same_value(found[name], self.before[name]):
            return None
        reached = {"sent": found[name], "erp": found[name]}
        agreed = {field: {**each, **reached} for field, each in self.agreed.items()}
        return replace(self, after={name: found[name]}, agreed=agreed)

    def _shows(self, found: Mapping[str, Any], name: str, after: Any) -> bool:
        if self.direction == "erp_to_maintainx":  # which leaves out what is null
            return same_value(dig(found, name), after)
        return name in found and same_value(found[name], after)

    def entry(self, record: SyncRecord, *, erp_id: str | None, version_after: str | None) -> AuditEntry:
        """The audit entry of the write, now known to be done."""
        return AuditEntry(
            site=record.site,
            kind=record.kind,
            maintainx_id=record.maintainx_id,
            reference=record.reference,
            erp_id=erp_id,
            version_after=version_after,
            action=self.action,
            direction=self.direction,
            event_id=self.event_id,
            actor=self.actor,
            at=self.at,
            before=self.before,
            after=self.after,
            rejected=self.rejected,
            policy=self.policy,
            agreed={field: agreed["erp"] for field, agreed in self.agreed.items()},
            version_before=self.version_before,
        )
