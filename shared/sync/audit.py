"""The audit trail: one entry for every write to a remote system and every decision not to write that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from shared.canonical import canonical_json, content_hash
from shared.sync.resolver import Side
from shared.topics import AUDIT

Action = Literal["create", "adopt", "update", "cancel", "keep"]


class AuditSink(Protocol):
    """Where entries go: `shared.pubsub.publisher.Publisher`."""

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish one message; returns after the broker acknowledged, BrokerUnavailable otherwise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who wrote what where, when, and why.

    action: `create`, `update`, `cancel` wrote to the ERP; `adopt` linked a record that was already there (and may have
    written `after`); `keep` wrote nothing. actor: who caused it. before, after: the ERP fields that were written, old
    and new values. rejected: MaintainX's values that were not written because the ERP's stay. policy: field -> owner,
    for every field that both sides had changed. at: ISO 8601 UTC, when the write was about to be made.
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
    policy: Mapping[str, Side] = field(default_factory=dict)
    version_before: str | None = None
    version_after: str | None = None
    direction: Literal["maintainx_to_erp", "erp_to_maintainx"] = "maintainx_to_erp"

    @property
    def entry_id(self) -> str:
        """SHA-256 hex of what was decided; equal when the same decision is published again after a crash.

        Without `at`, `erp_id` and `version_after`, which a repeat may see differently.
        """
        identity = [self.site, self.kind, self.maintainx_id, self.direction, self.action, self.event_id]
        return content_hash([*identity, self.version_before, dict(self.after), dict(self.rejected)])

    def to_json(self) -> bytes:
        """The wire form: a JSON object of all fields and `entry_id`."""
        return canonical_json({"entry_id": self.entry_id, **asdict(self)}).encode()

    def publish(self, sink: AuditSink) -> None:
        """Send it; BrokerUnavailable if it is not certain to arrive."""
        attributes = {"entry_id": self.entry_id, "site": self.site, "event_id": self.event_id, "action": self.action}
        sink.publish(AUDIT, self.to_json(), attributes)
