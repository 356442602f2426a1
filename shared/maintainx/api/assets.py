"""Assets, their status history, and root cause reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.maintainx import operations, queries
from shared.maintainx.calls import PAGE_SIZE, Calls
from shared.maintainx.models import Asset, AssetStatus, RootCauseReport


class AssetCalls(Calls):
    """Fields of writes are in MaintainX's own names."""

    def get_asset(self, asset_id: int | str) -> Asset:
        """The asset as it is now, with its current status."""
        return self._get(operations.GET_ASSET, asset_id)

    def iter_assets(
        self,
        wanted: queries.AssetFilter = queries.AssetFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.AssetExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Asset]:
        """Rows of the list. Pages go by offset: an asset deleted meanwhile can hide another from one run."""
        return self._rows(operations.LIST_ASSETS, wanted.params() + queries.expand(expand), page_size)

    def iter_asset_statuses(
        self,
        asset_ids: tuple[int, ...] = (),
        sort: queries.AssetStatusSort = "-startedAt",
        page_size: int = PAGE_SIZE,
    ) -> Iterator[AssetStatus]:
        """Status intervals of these assets (none named: of all), newest first. MaintainX has no date filter here."""
        wanted = queries.AssetStatusFilter(asset_ids=asset_ids, sort=sort)
        return self._rows(operations.LIST_ASSET_STATUSES, wanted.params(), page_size)

    def set_asset_status(
        self, asset_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> AssetStatus:
        """Begin a status interval (`status`, `downtimeType`, `startedAt`, `description`, ...).

        Raises OutcomeUnknown if it may have been begun: the newest of `iter_asset_statuses` tells.
        """
        return self._create(operations.SET_ASSET_STATUS, fields, asset_id, skip_webhook=skip_webhook)

    def change_asset_status(
        self, asset_status_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> AssetStatus:
        """Correct a status interval."""
        return self._change(operations.CHANGE_ASSET_STATUS, asset_status_id, fields, skip_webhook=skip_webhook)

    def get_root_cause_report(
        self, report_id: int | str, expand: tuple[queries.ReportExpand, ...] = ()
    ) -> RootCauseReport:
        """The report as it is now."""
        return self._get(operations.GET_ROOT_CAUSE_REPORT, report_id, queries.expand(expand))

    def iter_root_cause_reports(
        self,
        wanted: queries.RootCauseReportFilter = queries.RootCauseReportFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.ReportRowExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[RootCauseReport]:
        """Rows of the list."""
        return self._rows(operations.LIST_ROOT_CAUSE_REPORTS, wanted.params() + queries.expand(expand), page_size)
