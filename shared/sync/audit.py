"""The audit trail: one entry for every write to a remote system and every decision not to write that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from shared.canonical import canonical_json, content_hash
from shared.topics import AUDIT

Action = Literal["create", "adopt", "update", "status", "cancel", "keep", "agree", "park", "orphan", "link", "decide"]
Direction = Literal["maintainx_to_erp", "erp_to_maintainx"]


class AuditSink(Protocol):
    """Where entries go: `shared.pubsub.publisher.Publisher`."""

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish one message; returns after the broker acknowledged, BrokerUnavailable otherwise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who wrote what where, when, and why.

    action: `create`, `update`, `status`, `cancel` wrote to the system that `direction` points to. The others wrote
    nothing: `adopt` linked a record that the ERP had already, `link` a person linked two records, `agree` noted that
    both sides mean the same by now, `keep` left a deleted work order's ERP record alone, `park` left a conflict to a
    person, `decide` a person chose a side for it, `orphan` noted that the ERP's record is gone. actor: who caused it.
    before, after: the fields that were written, old and new values, by the names of the system written. rejected:
    MaintainX's values that were not written because the ERP's stay. policy: field -> side that won, for every field
    that both sides had changed. parked: field -> what each side has, for conflicts. agreed: field -> the ERP's value
    that both sides agree on from here on, by ERP names: all entries of a record, in order, give its present state. at:
    ISO 8601 UTC, when the write was about to be made.
    """

    site: str
    event_id: str
    actor: str
    at: str
    action: Action
    kind: str
    maintainx_id: int
    erp_id: str | None
    reference: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    rejected: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, Any] = field(default_factory=dict)
    agreed: Mapping[str, Any] = field(default_factory=dict)
    version_before: str | None = None
    version_after: str | None = None
    direction: Direction = "maintainx_to_erp"

    @property
    def entry_id(self) -> str:
        """SHA-256 hex of what was decided; equal when the same decision is published again after a crash.

        A write is one by its time, which its intent keeps: one event may have the same thing written twice, with
        something else in between. Without `erp_id`, `version_after` and what a write made of the ERP's values, and for
        what wrote nothing without `at`: a repeat may see them differently.
        """
        identity = [self.site, self.kind, self.maintainx_id, self.direction, self.action, self.event_id]
        if self.after:
            identity.append(self.at)
        agreed = {} if self.after else self.agreed
        content = [dict(each) for each in (self.after, self.rejected, self.parked, agreed)]
        return content_hash([*identity, self.version_before, *content])

    def to_json(self) -> bytes:
        """The wire form: a JSON object of all fields and `entry_id`."""
        return canonical_json({"entry_id": self.entry_id, **asdict(self)}).encode()

    def publish(self, sink: AuditSink) -> None:
        """Send it; BrokerUnavailable if it is not certain to arrive."""
        attributes = {"entry_id": self.entry_id, "site": self.site, "event_id": self.event_id, "action": self.action}
        sink.publish(AUDIT, self.to_json(), attributes)
