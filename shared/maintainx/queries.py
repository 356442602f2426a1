"""Filters of the MaintainX lists as closed types: a query that MaintainX would refuse cannot be written.

MaintainX answers 400 to an unknown parameter or value. Two of its traps are avoided here: a list leaves out work
orders with a future start date unless told otherwise, and a filter that names both CANCELED and SKIPPED finds nothing
(measured on the live system), so it becomes two queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events import format_utc

Params = tuple[tuple[str, str], ...]

Status = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"]
Priority = Literal["NONE", "LOW", "MEDIUM", "HIGH"]
PartStatus = Literal["NO_PARTS", "ASSIGNED", "RESERVED", "KITTED", "STAGED", "ISSUED"]
Hierarchy = Literal["PARENT", "SUB_WORK_ORDER", "STANDALONE"]
WorkOrderSort = Literal[
    "updatedAt", "createdAt", "dueDate", "completedAt", "-updatedAt", "-createdAt", "-dueDate", "-completedAt"
]
WorkOrderRowExpand = Literal[
    "assignees",
    "categories",
    "asset",
    "location",
    "parts",
    "vendor_ids",
    "times",
    "time_items",
    "expenditures",
    "extra_fields",
    "estimated_time",
]
WorkOrderExpand = Literal[
    "assignees", "asset", "location", "parts", "times", "time_items", "expenditures", "extra_fields", "estimated_time"
]
AssetSort = Literal["id", "createdAt", "updatedAt", "-id", "-createdAt", "-updatedAt"]
AssetExpand = Literal[
    "barcode",
    "team_ids",
    "asset_types",
    "extra_fields",
    "vendor_ids",
    "depreciation",
    "status",
    "manufacturer",
    "model",
]
AssetStatusSort = Literal["createdAt", "updatedAt", "startedAt", "-createdAt", "-updatedAt", "-startedAt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderFilter:
    """Which work orders; different fields are joined by AND, the values of one by OR. Times are inclusive.

    include_upcoming: also those with a start date in the future, which a full copy needs.
    """

    title: str | None = None
    assets: tuple[int, ...] = ()
    locations: tuple[int, ...] = ()
    assignees: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()
    categories: tuple[int | str, ...] = ()
    not_categories: tuple[int | str, ...] = ()
    priorities: tuple[Priority, ...] = ()
    statuses: tuple[Status, ...] = ()
    part_statuses: tuple[PartStatus, ...] = ()
    hierarchy: tuple[Hierarchy, ...] = ()
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    include_upcoming: bool = True
    sort: WorkOrderSort | None = None

    def queries(self) -> tuple[Params, ...]:
        """The queries to send one after the other; `sort` orders each of them, not their sum."""
        if {"CANCELED", "SKIPPED"} <= set(self.statuses):
            rest = tuple(status for status in self.statuses if status != "SKIPPED")
            return self._params(rest), self._params(("SKIPPED",))
        return (self._params(self.statuses),)

    def _params(self, statuses: tuple[Status, ...]) -> Params:
        return (
            *_one("title", self.title),
            *_many("assets", self.assets),
            *_many("locations", self.locations),
            *_many("assignees", self.assignees),
            *_many("teams", self.teams),
            *_many("categories", self.categories),
            *_many("notCategories", self.not_categories),
            *_many("priorities", self.priorities),
            *_many("statuses", statuses),
            *_many("partStatuses", self.part_statuses),
            *_many("parentSubWorkOrderTypes", self.hierarchy),
            *_dates(self.updated_from, self.updated_to, self.created_from, self.created_to),
            *_one("show_upcoming", "true" if self.include_upcoming else None),
            *_one("sort", self.sort),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFilter:
    """Which assets. custom_fields: label to the accepted values (number and single-line fields only)."""

    location_id: int | None = None
    manufacturers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    custom_fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    sort: AssetSort | None = None

    def params(self) -> Params:
        custom = tuple(
            (f"{label}__c" if label in _RESERVED else label, value)
            for label, values in self.custom_fields
            for value in values
        )
        return (
            *_one("locationId", None if self.location_id is None else str(self.location_id)),
            *_many("manufacturer", self.manufacturers),
            *_many("model", self.models),
            *custom,
            *_dates(self.updated_from, self.updated_to, self.created_from, self.created_to),
            *_one("sort", self.sort),
        )


def expand(names: tuple[str, ...]) -> Params:
    """`expand` parameters; arrays are repeated keys."""
    return _many("expand", names)


# A custom field of such a label is asked for with this suffix; else it would be read as the parameter itself.
_RESERVED = frozenset({"cursor", "limit", "sort", "expand", "locationId", "manufacturer", "model"})


def _one(name: str, value: str | None) -> Params:
    return () if value is None else ((name, value),)


def _many(name: str, values: tuple[int | str, ...] | tuple[str, ...] | tuple[int, ...]) -> Params:
    return tuple((name, str(value)) for value in values)


def _dates(
    updated_from: datetime | None,
    updated_to: datetime | None,
    created_from: datetime | None,
    created_to: datetime | None,
) -> Params:
    bounds = {
        "updatedAt[gte]": updated_from,
        "updatedAt[lte]": updated_to,
        "createdAt[gte]": created_from,
        "createdAt[lte]": created_to,
    }
    return tuple((name, format_utc(moment)) for name, moment in bounds.items() if moment is not None)
