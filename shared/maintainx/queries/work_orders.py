"""Filters of the lists of work orders and work requests.

Two traps are avoided here: the list leaves out work orders with a future start date unless told otherwise, and a filter
that names both CANCELED and SKIPPED finds nothing (measured on the live system), so it becomes two queries.
"""

from __future__ import annotations

from typing import Literal

from shared.maintainx.queries.params import DatedFilter, Filter, Id, Ids, Params, Text, flag, many, one

Status = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"]
WritableStatus = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"]  # SKIPPED cannot be written
Priority = Literal["NONE", "LOW", "MEDIUM", "HIGH"]
PartStatus = Literal["NO_PARTS", "ASSIGNED", "RESERVED", "KITTED", "STAGED", "ISSUED"]
Hierarchy = Literal["PARENT", "SUB_WORK_ORDER", "STANDALONE"]
RequestStatus = Literal["PENDING", "REJECTED", "APPROVED", "DONE"]
WorkOrderSort = Literal[
    "updatedAt",
    "createdAt",
    "dueDate",
    "startedAt",
    "completedAt",
    "-updatedAt",
    "-createdAt",
    "-dueDate",
    "-startedAt",
    "-completedAt",
]
WorkOrderExpand = Literal[
    "assignees",
    "asset",
    "location",
    "parts",
    "times",
    "time_items",
    "expenditures",
    "extra_fields",
    "estimated_time",
    "asset_extra_fields",
    "location_extra_fields",
]
WorkOrderRowExpand = Literal[
    "assignees",
    "asset",
    "location",
    "parts",
    "times",
    "time_items",
    "expenditures",
    "extra_fields",
    "estimated_time",
    "asset_extra_fields",
    "location_extra_fields",
    "categories",
    "procedure",
    "vendor_ids",
    "thumbnail",
]
WorkRequestExpand = Literal["asset", "location", "work_order", "extra_fields"]


class WorkOrderFilter(DatedFilter):
    """Which work orders; different fields are joined by AND, the values of one by OR.

    include_upcoming: also those with a start date in the future, which a full copy needs.
    """

    title: Text | None = None
    assets: Ids = ()
    not_assets: Ids = ()
    locations: Ids = ()
    not_locations: Ids = ()
    parts: Ids = ()
    not_parts: Ids = ()
    vendors: Ids = ()
    not_vendors: Ids = ()
    assignees: Ids = ()
    teams: Ids = ()
    categories: tuple[Id | Text, ...] = ()
    not_categories: tuple[Id | Text, ...] = ()
    priorities: tuple[Priority, ...] = ()
    statuses: tuple[Status, ...] = ()
    part_statuses: tuple[PartStatus, ...] = ()
    hierarchy: tuple[Hierarchy, ...] = ()
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
            *one("title", self.title),
            *many("assets", self.assets),
            *many("notAssets", self.not_assets),
            *many("locations", self.locations),
            *many("notLocations", self.not_locations),
            *many("parts", self.parts),
            *many("notParts", self.not_parts),
            *many("vendors", self.vendors),
            *many("notVendors", self.not_vendors),
            *many("assignees", self.assignees),
            *many("teams", self.teams),
            *many("categories", self.categories),
            *many("notCategories", self.not_categories),
            *many("priorities", self.priorities),
            *many("statuses", statuses),
            *many("partStatuses", self.part_statuses),
            *many("parentSubWorkOrderTypes", self.hierarchy),
            *self.dates(),
            *flag("show_upcoming", self.include_upcoming or None),
            *one("sort", self.sort),
        )


class WorkRequestFilter(Filter):
    """Which work requests. MaintainX has no date filter and no order here."""

    title: Text | None = None
    assets: Ids = ()
    locations: Ids = ()
    priorities: tuple[Priority, ...] = ()
    statuses: tuple[RequestStatus, ...] = ()

    def params(self) -> Params:
        """The query parameters."""
        return (
            *one("title", self.title),
            *many("assets", self.assets),
            *many("locations", self.locations),
            *many("priorities", self.priorities),
            *many("statuses", self.statuses),
        )
