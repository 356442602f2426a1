"""Refreshes the warehouse of a site: load what changed, then compute the KPIs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.warehouse.compute import KpiValue, compute_kpis
from shared.warehouse.deletions import Comparison, compare_all, mark_deleted_by_events
from shared.warehouse.gateway import Warehouse
from shared.warehouse.loader import Source, TableLoad, Watermarks, load_asset_statuses, load_work_orders
from shared.warehouse.periods import standard_periods


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did. deleted: work orders newly marked as deleted; restored: such as were found again."""

    site: str
    loads: tuple[TableLoad, ...]
    deleted: int
    restored: int
    kpis: list[KpiValue]


def refresh_site(
    warehouse: Warehouse,
    site: str,
    zone: ZoneInfo,
    as_of: datetime,
    source: Source,
    watermarks: Watermarks,
    *,
    compare: bool = False,
    most_deleted: int | None = None,
    tell_deleted: Callable[[Sequence[int]], None] = lambda _: None,
) -> RefreshReport:
    """Bring the site's tables up to date and compute the KPIs of its standard periods.

    compare, most_deleted, tell_deleted: also `compare_all`; it reads the whole list, so once a day is enough.
    Safe to repeat at any point. Raises the errors of MaintainX (`shared.http`), WarehouseUnavailable, StateUnavailable
    and PermanentError.
    """
    loads = (
        load_work_orders(warehouse, site, source, watermarks),
        load_asset_statuses(warehouse, site, source, watermarks),
    )
    deleted = mark_deleted_by_events(warehouse, site, source, watermarks)
    found = (
        compare_all(warehouse, site, source, most_deleted=most_deleted, tell=tell_deleted)
        if compare
        else Comparison(0, 0)
    )
    kpis = compute_kpis(warehouse, site, zone, as_of, standard_periods(as_of, zone))
    return RefreshReport(site, loads, deleted + found.deleted, found.restored, kpis)
