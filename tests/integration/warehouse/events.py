"""Rows of raw_events and sync_audit_raw as a BigQuery subscription writes them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.events import Event
from shared.warehouse.gateway import Warehouse
from tests.integration.warehouse.samples import append


def append_event(warehouse: Warehouse, site: str, event_type: str, *, resource_id: str, occurred_at: datetime) -> Event:
    """Append one event and return it."""
    event = Event(
        event_id=uuid.uuid4().hex,
        site=site,
        type=event_type,
        resource=event_type.split(".", 1)[0],
        resource_id=resource_id,
        occurred_at=occurred_at,
        received_at=occurred_at,
        source="webhook",
        origin="TEST",
        data={"id": 1, "note": 'it\'s "quoted"', "nested": {"list": [1, 2]}},
    )
    append_message(warehouse, "raw_events", event.to_json(), event.attributes())
    return event


def append_message(
    warehouse: Warehouse,
    table: str,
    data: bytes,
    attributes: Mapping[str, Any],
    *,
    published_at: datetime | None = None,
) -> None:
    """Append one message; published now, as Pub/Sub has it: how far back the table is read is counted from today."""
    row = {
        "subscription_name": f"projects/test-project/subscriptions/{table}",
        "message_id": uuid.uuid4().hex,
        "publish_time": published_at or datetime.now(UTC),
        "data": data.decode(),
        "attributes": json.dumps(attributes),
    }
    append(warehouse, table, [row])
