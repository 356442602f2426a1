"""Filters of the lists of assets, asset statuses and root cause reports."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from shared.maintainx.queries.params import (
    CustomFields,
    DatedFilter,
    Filter,
    Id,
    Ids,
    Params,
    Text,
    custom_fields,
    flag,
    many,
    moment,
    one,
)

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
AssetStatusSort = Literal[
    "createdAt", "updatedAt", "startedAt", "endedAt", "-createdAt", "-updatedAt", "-startedAt", "-endedAt"
]
ReportStatus = Literal["DONE", "DRAFT"]
ReportRowExpand = Literal["main_asset", "main_asset_status", "problems"]
ReportExpand = Literal["main_asset", "main_asset_status", "problems", "work_orders"]

_DATES = {"updatedAt[gte]", "updatedAt[lte]", "createdAt[gte]", "createdAt[lte]"}
_RESERVED = frozenset({"cursor", "limit", "sort", "expand", "locationId", "manufacturer", "model", *_DATES})


class AssetFilter(DatedFilter):
    """Which assets."""

    location_id: Id | None = None
    manufacturers: tuple[Text, ...] = ()
    models: tuple[Text, ...] = ()
    custom_fields: CustomFields = ()
    sort: AssetSort | None = None

    def params(self) -> Params:
        """The query parameters."""
        return (
            *one("locationId", self.location_id),
            *many("manufacturer", self.manufacturers),
            *many("model", self.models),
            *custom_fields(self.custom_fields, _RESERVED),
            *self.dates(),
            *one("sort", self.sort),
        )


class AssetStatusFilter(Filter):
    """Whose status intervals, in which order. MaintainX has no date filter here: read newest first, and stop."""

    asset_ids: Ids = ()
    sort: AssetStatusSort = "-startedAt"

    def params(self) -> Params:
        """The query parameters."""
        return (*many("assetId", self.asset_ids), *one("sort", self.sort))


class RootCauseReportFilter(Filter):
    """Which root cause reports. archived: True for the archived ones only."""

    assets: Ids = ()
    statuses: tuple[ReportStatus, ...] = ()
    creators: Ids = ()
    archived: bool | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None

    def params(self) -> Params:
        """The query parameters."""
        return (
            *many("assets", self.assets),
            *many("statuses", self.statuses),
            *many("creators", self.creators),
            *flag("archived", self.archived),
            *moment("createdAfter", self.created_from),
            *moment("createdBefore", self.created_to),
        )
