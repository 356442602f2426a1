"""Moving a message to its pipeline's dead letters, with the reason on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from shared.events import format_utc
from shared.pubsub.envelope import PushMessage
from shared.topics import function_pipeline

_MESSAGE_LIMIT_BYTES = 1000  # Pub/Sub takes attribute values up to 1,024 bytes


class PublishPort(Protocol):
    """What is needed of a publisher."""

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish and return the message id after the broker's acknowledgement."""


def dead_letter(
    publisher: PublishPort, function: str, message: PushMessage, *, error_class: str, error_message: str
) -> str:
    """Publish `message` to the dead letters of `function`'s pipeline, data unchanged; BrokerUnavailable if that fails.

    Adds the attributes error_class, error_message, function, attempt, failed_at and first_failed_at. The last is kept
    over replays; otherwise it is now on a first attempt, and on a later one the time of publishing, which the first
    delivery follows.
    """
    now = datetime.now(UTC)
    attempt = message.delivery_attempt or 1
    reason = {
        "error_class": error_class,
        "error_message": error_message.encode(errors="replace")[:_MESSAGE_LIMIT_BYTES].decode(errors="ignore"),
        "function": function,
        "attempt": str(attempt),
        "failed_at": format_utc(now),
        "first_failed_at": message.attributes.get("first_failed_at")
        or format_utc(now if attempt == 1 else message.published_at),
        "message_id": message.message_id,
    }
    return publisher.publish(function_pipeline(function).dead_letters, message.data, {**message.attributes, **reason})
