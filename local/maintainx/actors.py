"""Who does something, and the webhooks that tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.maintainx.occurrences import Occurrence
from local.maintainx.store import Organization, Record
from local.maintainx.views import serialised_work_order


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts where, and when: one time for everything that an act changes."""

    organization: Organization
    user_id: int
    at: str

    def tells(self, type_: str, fields: Record, **details: Any) -> Occurrence:
        """An occurrence of which `fields` are the body beside `orgId` and `occurredAt`."""
        return Occurrence(
            type=type_,
            organization_id=self.organization.id,
            occurred_at=self.at,
            user_id=self.user_id,
            fields=fields,
            **details,
        )

    def occurrence(self, type_: str, work_order: Record, fields: Record, **details: Any) -> Occurrence:
        """An occurrence about a work order."""
        entity = serialised_work_order(self.organization, work_order)
        return self.tells(type_, {"workOrderId": work_order["id"], **fields}, entity=entity, **details)
