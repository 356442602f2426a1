"""One dead letter: what an operator sees of it, which ones are meant, and how it goes on its way again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shared.events import format_utc

# Put on by us or by Pub/Sub when the message died; a replay starts without them. Not first_failed_at: a replay that
# fails again began to fail long before.
_REASON_ATTRIBUTES = (
    "error_class",
    "error_message",
    "function",
    "attempt",
    "failed_at",
    "message_id",
)
_PUBSUB_PREFIX = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant: every value given must be equal, a missing one means any."""

    site: str | None = None
    type: str | None = None
    event_id: str | None = None
    resource_id: str | None = None
    error_class: str | None = None
    message_id: str | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant: by what `describe` shows of it."""
        shown = letter.describe()
        return all(shown[name] == value for name, value in self.given().items())

    def given(self) -> dict[str, str]:
        """The values that are not missing."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that will not be tried again by itself."""

    pipeline: str
    ack_id: str
    message_id: str
    published_at: datetime
    data: bytes
    attributes: dict[str, str]

    @property
    def replays(self) -> int:
        """How often it was replayed; 0 if the attribute says something else than a number."""
        return _count(self.attributes.get("replay_count")) or 0

    def describe(self) -> dict[str, Any]:
        """What an operator wants to see; without the payload."""
        attributes = self.attributes
        attempts = attributes.get("attempt") or attributes.get(f"{_PUBSUB_PREFIX}DeliveryCount")
        return {
            "pipeline": self.pipeline,
            "message_id": self.message_id,
            "dead_since": format_utc(self.published_at),
            "site": attributes.get("site"),
            "type": attributes.get("type"),
            "resource_id": attributes.get("resource_id"),
            "event_id": attributes.get("event_id"),
            "error_class": attributes.get("error_class", "DeliveryAttemptsExhausted"),
            "error_message": attributes.get("error_message", "Pub/Sub gave up; see the function's log"),
            "attempts": _count(attempts),
            "first_failed_at": attributes.get("first_failed_at"),
            "replays": self.replays,
        }


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, or in a dry run would do.

    seen: letters looked at; came_back: those that died again meanwhile, left for the next replay and not in `seen`.
    """

    pipeline: str
    dry_run: bool
    replay_id: str
    seen: int
    came_back: int
    matched: int
    replayed: int
    letters: tuple[dict[str, Any], ...]


def revived(letter: DeadLetter, replay_id: str) -> dict[str, str]:
    """The letter's attributes without the reason of its death, marked as a replay."""
    kept = {
        key: value
        for key, value in letter.attributes.items()
        if key not in _REASON_ATTRIBUTES and not key.startswith(_PUBSUB_PREFIX)
    }
    return {**kept, "replay_id": replay_id, "replay_count": str(letter.replays + 1), "source": "replay"}


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
