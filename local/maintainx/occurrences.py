"""Things that happen in the simulated organizations, before they become webhook deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.maintainx.store import Record


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happened, with all that a subscription may ask about it.

    user_id: who acted, None for the system. fields: the body beside `orgId` and `occurredAt`, in the vendor's names.
    entity: the record that `serializeEntity` adds under `entity_field`. facts: for each filter of the vendor
    (`oneOfStatuses`, ...) the values that are true here. property_fields: the entity's fields by the property names of
    `oneOfProperties`.
    """

    type: str
    organization_id: int
    occurred_at: str
    user_id: int | None
    fields: Record
    entity_field: str = ""
    entity: Record | None = None
    facts: Mapping[str, Collection[Any]] = field(default_factory=dict)
    property_fields: Mapping[str, str] = field(default_factory=dict)
