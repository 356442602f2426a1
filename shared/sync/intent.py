"""The note that is saved before a remote system is written, and what it tells after a crash. Pure.

An intent that is still there means: we do not know whether the write was done. The record of the system that was to be
written answers that, and the intent has all that the audit entry of the write needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from shared.events import dig
from shared.state import SyncRecord
from shared.stored_forms import is_form_of
from shared.sync.audit import Action, AuditEntry, Direction
from shared.values import same_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write about to be made; fields as in AuditEntry. All values are JSON values.

    after: by the names of the system written; MaintainX's are dotted paths. agreed: the agreements (`Baseline.to_json`)
    that hold once the write is done. fields: name written -> ERP field, where the two differ. stepwise: a change of
    status by steps, which may be done in part, and which not every ERP counts as a new version. given_up_at: ISO 8601
    UTC, when we stopped waiting for the answer; None before that, and after a crash.
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
    fields: dict[str, str] = field(default_factory=dict)
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

    def part_done(self, found: Mapping[str, Any], version: str | None) -> Intent | None:
        """The write as far as the written system's record, read since, shows it; None if it shows nothing of it.

        found, version: its fields and version, the latter None where there are none. A record found by the reference
        shows that it was created; one still at the version of before, that it was not updated. Where some fields have
        the new value and others the old one, only the former count: a part was done, or somebody set the same by hand.
        Fields with neither were changed by somebody since. A status on the way to the one that was wanted is agreed on
        as such: what MaintainX has still differs from it.
        """
        if self.action == "create":
            return self._as_stored(found)
        if self.stepwise:
            return self._step_done(found)
        if self.version_before is not None and version == self.version_before:
            return None
        new = {name for name, after in self.after.items() if self._has_taken(found, name, after)}
        old = {name for name in self.after if name not in new and self._shows(found, name, self.before.get(name))}
        return None if not new else (self._only(new) if old else self)._as_stored(found)

    def _has_taken(self, found: Mapping[str, Any], name: str, after: Any) -> bool:
        """Whether the system has the new value, or what it makes of it by itself."""
        if self._shows(found, name, after):
            return True
        is_erp = self.direction == "maintainx_to_erp" and name in found
        return is_erp and not self._shows(found, name, self.before.get(name)) and is_form_of(found[name], after)

    def _as_stored(self, found: Mapping[str, Any]) -> Intent:
        """With the ERP's own form of each value in place of what was sent."""
        if self.direction == "erp_to_maintainx":
            return self
        stored = {
            name: {**each, "erp": found[name]}
            for name, each in self.agreed.items()
            if name in found and is_form_of(found[name], each["erp"])
        }
        return replace(self, agreed={**self.agreed, **stored})

    def with_agreed(self, agreed: Mapping[str, Any]) -> Intent | None:
        """The write with what is agreed on now; None if the written system took none of it."""
        known = replace(self, agreed=dict(agreed))
        if self.agreed.keys() <= agreed.keys():
            return known
        return known._only([n for n in self.after if self.fields.get(n, n) in agreed]) if agreed else None

    def _step_done(self, found: Mapping[str, Any]) -> Intent | None:
        ((name, after),) = self.after.items()
        if self._shows(found, name, after):
            return self
        if name not in found or same_value(found[name], self.before[name]):
            return None
        reached = {"sent": found[name], "erp": found[name]}
        agreed = {field: {**each, **reached} for field, each in self.agreed.items()}
        return replace(self, after={name: found[name]}, agreed=agreed)

    def _only(self, names: Collection[str]) -> Intent:
        fields = {self.fields.get(name, name) for name in names}
        return replace(
            self,
            before={name: value for name, value in self.before.items() if name in names},
            after={name: value for name, value in self.after.items() if name in names},
            agreed={field: each for field, each in self.agreed.items() if field in fields},
        )

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
