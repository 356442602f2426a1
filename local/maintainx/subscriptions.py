"""Webhook subscriptions: what they match, and the body that each gets."""

from __future__ import annotations

import json
import uuid
from typing import Any

from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import detailed
from local.maintainx.store import Record


def new_secret() -> str:
    """One secret a subscription, in the form of the live system."""
    return f"mx_{uuid.uuid4()}_{uuid.uuid4()}"


def check(given: Record, *, reject_unknown: bool) -> None:
    """400 for a value that this filter of this type does not know; names that the type does not know are without
    effect (undocumented) unless unknown keys are to be refused."""
    filters, options = FILTERS.get(given["type"], {}), OPTIONS.get(given["type"], ())
    for name, values in given["filters"].items():
        known = filters.get(name)
        for value in values if isinstance(values, list) else [values]:
            if isinstance(known, type) and not isinstance(value, known):
                raise detailed(400, f"Invalid {name}", f"filters.{name}", value)
            if isinstance(known, tuple) and value not in known:
                raise detailed(400, f"Invalid {name}", f"filters.{name}", value)
    unknown = [f"filters.{name}" for name in given["filters"] if name not in filters]
    unknown += [f"options.{name}" for name in given["options"] if name not in options]
    if unknown and reject_unknown:
        raise detailed(400, f"{unknown[0]} is not known", unknown[0])


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


_SERIALIZE = ("serializeEntity",)
_TRIM = ("serializeEntity", "onlySerializeFilteredProperties")
_PURCHASE_ORDER_STATUSES = (
    *("APPROVED", "CANCELED", "COMPLETED", "DECLINED", "PARTIALLY_FULFILLED", "PENDING", "REQUESTED"),
)
OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("NEW_ASSET", "NEW_PART", "NEW_WORK_ORDER", "PART_DELETE", "WORK_ORDER_DELETE"), _SERIALIZE),
    "WORK_ORDER_PART_STATUS_CHANGE": _SERIALIZE,
    **dict.fromkeys(("PART_CHANGE", "PURCHASE_ORDER_CHANGE", "WORK_ORDER_CHANGE"), _TRIM),
    **dict.fromkeys(
        ("NEW_PURCHASE_ORDER", "WORK_ORDER_STATUS_CHANGE"), ("serializeEntity", "includeOAuthTokensInPayload")
    ),
    "PURCHASE_ORDER_STATUS_CHANGE": ("serializePurchaseOrder", "omitSendToVendorPopup"),
}
# The values that a filter may name: one of these, or anything of a type.
FILTERS: dict[str, dict[str, tuple[str, ...] | type]] = {
    "ASSET_STATUS_CHANGE": {
        "oneOfAssetStatusTypes": ("IGNORE", "OFFLINE", "ONLINE"),
        "oneOfCustomAssetStatusesIds": int,
    },
    "METER_TRIGGER_STATE_CHANGE": {
        "oneOfStates": ("INACTIVE", "INSUFFICIENT_DATA", "PENDING", "STABLE", "TRIGGERED"),
    },
    "NEW_CATEGORY_ON_WORK_ORDER": {"oneOfCategories": object},
    "NEW_SLASH_COMMAND": {"command": str},
    "PART_CHANGE": {
        "oneOfPartProperties": (
            *("AREA", "ASSETS", "AVAILABLE_QUANTITY", "BARCODE", "DESCRIPTION", "EXTRA_FIELDS", "LOCATION"),
            *("LOCATIONS", "MAXIMUM_QUANTITY", "MINIMUM_QUANTITY", "NAME", "PART_TYPES", "TEAMS", "UNIT_COST"),
            "VENDORS",
        ),
    },
    "PURCHASE_ORDER_CHANGE": {
        "oneOfPurchaseOrderProperties": (
            *("ATTACHMENTS", "BILLING_ADDRESS", "COSTS", "DUE_DATE", "EXTRA_FIELDS", "ITEMS", "NOTE"),
            *("OVERRIDE_NUMBER", "SHIPPING_ADDRESS", "STATUS", "TITLE", "VENDOR", "VENDOR_CONTACTS"),
        ),
    },
    "PURCHASE_ORDER_STATUS_CHANGE": {"oneOfStatuses": _PURCHASE_ORDER_STATUSES, "vendors": int},
    "WORK_ORDER_CHANGE": {
        "oneOfProperties": (
            *("ASSET", "ASSIGNEES", "CATEGORIES", "COSTS", "DESCRIPTION", "DUE_DATE", "ESTIMATED_TIME"),
            *("EXTRA_FIELDS", "LOCATION", "PARTS", "PRIORITY", "START_DATE", "TEAMS", "TITLE", "VENDORS"),
        ),
    },
    "WORK_ORDER_PART_STATUS_CHANGE": {
        "oneOfPartStatuses": ("no_parts", "assigned", "reserved", "kitted", "staged", "issued"),
    },
    "WORK_ORDER_STATUS_CHANGE": {
        "oneOfStatuses": ("OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"),
    },
    "WORK_REQUEST_STATUS_CHANGE": {"oneOfStatuses": ("APPROVED", "DONE", "REJECTED")},
}
