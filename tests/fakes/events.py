"""Events and push requests for tests."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from shared.events import Event

AT_UTC = datetime(2026, 9, 14, 12, tzinfo=UTC)


def make_event(**fields: Any) -> Event:
    """A work order's creation; `fields` replace those of the event."""
    values: dict[str, Any] = {
        "event_id": "e1",
        "site": "plant-1",
        "type": "work_order.created",
        "resource": "work_order",
        "resource_id": "9001001",
        "occurred_at": AT_UTC,
        "received_at": AT_UTC,
        "source": "webhook",
        "origin": "NEW_WORK_ORDER",
        "data": {"workOrderId": 9001001},
    }
    return Event(**{**values, **fields})


def push_body(
    event: Event | bytes, *, attempt: int | None = 1, message_id: str = "1", attributes: dict[str, str] | None = None
) -> bytes:
    """The body that Pub/Sub pushes for an event, or for any data; `attributes` are added to the event's own."""
    data = event.to_json() if isinstance(event, Event) else event
    own = event.attributes() if isinstance(event, Event) else {}
    envelope: dict[str, Any] = {
        "subscription": "projects/p/subscriptions/worker",
        "message": {
            "data": base64.b64encode(data).decode(),
            "attributes": {**own, **(attributes or {})},
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": "2026-09-14T12:00:01.5Z",
            "publish_time": "2026-09-14T12:00:01.5Z",
        },
    }
    if attempt is not None:
        envelope["deliveryAttempt"] = attempt
    return json.dumps(envelope).encode()
