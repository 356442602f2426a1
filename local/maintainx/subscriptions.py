"""Webhook subscriptions: what they match, and the body that each gets."""

from __future__ import annotations

import json
import uuid
from typing import Any

from local.maintainx.occurrences import Occurrence
from local.maintainx.store import Record


def new_secret() -> str:
    """One secret a subscription, in the form of the live system."""
    return f"mx_{uuid.uuid4()}_{uuid.uuid4()}"


def matches(subscription: Record, occurrence: Occurrence) -> bool:
    """Type and filters: each filter names values of which one must be true. Filters of other types do not count."""
    if subscription["type"] != occurrence.type or subscription["status"] != "VALID":
        return False
    for name, wanted in subscription["filters"].items():
        true_here = occurrence.facts.get(name)
        if wanted and true_here is not None and set(wanted).isdisjoint(true_here):
            return False
    return True


def body(subscription: Record, occurrence: Occurrence, *, event_type: bool) -> bytes:
    """The delivery, compact as JSON.stringify writes it. `event_type`: with the fields seen live but not documented."""
    fields: dict[str, Any] = {"eventType": occurrence.type} if event_type else {}
    fields |= occurrence.fields | {"orgId": occurrence.organization_id, "occurredAt": occurrence.occurred_at}
    if event_type:
        fields["customerId"] = None
        if occurrence.user_id is not None:
            fields["userId"] = occurrence.user_id
    options = subscription["options"]
    if options.get("serializeEntity") and occurrence.entity is not None and occurrence.entity_field:
        fields[occurrence.entity_field] = _trimmed(subscription, occurrence, occurrence.entity)
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def _trimmed(subscription: Record, occurrence: Occurrence, entity: Record) -> Record:
    wanted = next(
        (values for name, values in subscription["filters"].items() if name.startswith("oneOf") and values), None
    )
    if not subscription["options"].get("onlySerializeFilteredProperties") or not wanted:
        return entity
    kept = {occurrence.property_fields.get(name) for name in wanted}
    return {name: value for name, value in entity.items() if name in kept}


def shown(subscription: Record) -> Record:
    """A subscription as read back: filters, options and secret are never returned with it."""
    return {name: subscription[name] for name in ("id", "type", "url", "status")}
