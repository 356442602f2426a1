"""The body of a Pub/Sub push request (Google Cloud: "Receive push messages", wrapped form)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from shared.errors import MalformedEvent
from shared.events import parse_utc


class MalformedEnvelope(MalformedEvent):
    """The request is no Pub/Sub push. It cannot be dead-lettered, since there is no message to keep."""


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One pushed message. delivery_attempt is 1 at first; None if the subscription has no dead-letter policy."""

    message_id: str
    subscription: str
    data: bytes
    attributes: dict[str, str]
    published_at: datetime
    delivery_attempt: int | None

    @property
    def replay_id(self) -> str:
        """Set on messages that an operator replayed: a replay is not a duplicate of the delivery that failed."""
        return self.attributes.get("replay_id", "")


def parse_push(body: bytes) -> PushMessage:
    """The message in a push request's body. Raises MalformedEnvelope."""
    try:
        envelope = json.loads(body)
        message = envelope["message"]
        attributes = message.get("attributes") or {}
        attempt = envelope.get("deliveryAttempt")
        return PushMessage(
            message_id=str(message["messageId"]),
            subscription=str(envelope["subscription"]),
            data=base64.b64decode(message.get("data", ""), validate=True),
            attributes={str(key): str(value) for key, value in attributes.items()},
            published_at=parse_utc(message.get("publishTime"), field="publishTime"),
            delivery_attempt=int(attempt) if attempt is not None else None,
        )
    except (
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        MalformedEvent,
    ) as error:
        raise MalformedEnvelope(f"not a Pub/Sub push request: {type(error).__name__}: {error}") from error
