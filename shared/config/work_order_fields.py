"""The fields of a MaintainX work order that mappings may name, and their values (the vendor's OpenAPI document)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from shared.config.messages import did_you_mean

# What MaintainX may answer in these fields (its OpenAPI document): a table that leaves one out would fail in the
# night on the first work order that has it, so the file is refused instead.
ENUMS: dict[str, frozenset[str]] = {
    "status": frozenset({"OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"}),
    "priority": frozenset({"NONE", "LOW", "MEDIUM", "HIGH"}),
    "type": frozenset({"CYCLE_COUNT", "OTHER", "PREVENTIVE", "REACTIVE"}),
}

# What MaintainX takes in a work order, beside any `extraFields.<name>` (its OpenAPI document): name -> type. A status
# is written by a call of its own; SKIPPED and CYCLE_COUNT can be read there, but not written.
WRITABLE: dict[str, Literal["text", "number", "time"]] = {
    "title": "text",
    "description": "text",
    "status": "text",
    "priority": "text",
    "type": "text",
    "dueDate": "time",
    "startDate": "time",
    "assetId": "number",
    "locationId": "number",
    "estimatedTime": "number",
}
# All single values that a work order has (its OpenAPI document): with what MaintainX alone writes.
READABLE: dict[str, Literal["text", "number", "time", "boolean"]] = {
    **WRITABLE,
    "id": "number",
    "sequentialId": "number",
    "completedAt": "time",
    "completerId": "number",
    "createdAt": "time",
    "creatorId": "number",
    "deletedAt": "time",
    "dueDateIsFullDay": "boolean",
    "isParent": "boolean",
    "lastMessageSentAt": "time",
    "nextId": "number",
    "organizationId": "number",
    "parentId": "number",
    "partStatus": "text",
    "partsAvailability": "text",
    "previousId": "number",
    "requesterId": "number",
    "updatedAt": "time",
}
# Objects, of which a rule may name a part (`asset.name`); all else that a work order has is a list.
OBJECTS = frozenset(
    {
        "asset",
        "externalData",
        "extraFields",
        "location",
        "procedure",
        "progress",
        "recurrenceInfo",
        "thumbnail",
        "workOrderSummary",
    }
)
# What MaintainX shows of a work order only if it is asked for (its OpenAPI document): beginning of a path -> `expand`.
_EXPANDS = {
    "asset": "asset",
    "asset.assetExtraFields": "asset_extra_fields",
    "estimatedTime": "estimated_time",
    "extraFields": "extra_fields",
    "location": "location",
    "location.locationExtraFields": "location_extra_fields",
}
# The same of rows of a list, which have no `assetId` either; those in NOT_IN_LISTS no list shows at all.
_ROW_EXPANDS = {**_EXPANDS, "assetId": "asset", "procedure": "procedure", "thumbnail": "thumbnail"}
NOT_IN_LISTS = frozenset({"externalData", "isParent", "parentId", "progress"})
# A work order in one of these has come to its end.
OVER = frozenset({"DONE", "CANCELED", "SKIPPED"})
READ_ONLY_VALUES: dict[str, frozenset[str]] = {"status": frozenset({"SKIPPED"}), "type": frozenset({"CYCLE_COUNT"})}


def expands_of(paths: Iterable[str], *, rows: bool = False) -> tuple[str, ...]:
    """What `expand` must ask for, so that a work order (or a row of a list) shows these paths; else they look empty."""
    known = _ROW_EXPANDS if rows else _EXPANDS
    return tuple(sorted({known[begin] for path in paths for begin in _beginnings(path) if begin in known}))


def _beginnings(path: str) -> list[str]:
    """`a.b.c` -> a, a.b, a.b.c."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def unknown_path(path: str) -> str | None:
    """Why a rule cannot name this field of a work order; None if it can."""
    first, _, part = path.partition(".")
    if path in READABLE or (first in OBJECTS and part):
        return None
    known = {*READABLE, *(f"{name}.{part}" for name in OBJECTS if part)}
    return f"a work order has no single value {path}{did_you_mean(path, known)}"
