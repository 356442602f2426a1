"""Computes the KPIs of a site in BigQuery: sets the periods, merges what the KPI views give for them, reads it back.

The KPIs are views over the table `kpi_periods` rather than queries with parameters, so that a person can look at each
of them in the console at any time and see the numbers that the next run will store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.errors import WarehouseUnavailable
from shared.warehouse.gateway import Parameter, Warehouse, scalar, structs, texts
from shared.warehouse.periods import Period
from shared.warehouse.tables import KPIS, text

PM_GRACE_DAYS = 1
# If the zone of a site is corrected, its periods move by up to 26 h; the rows stored for them are still to be found.
_ZONES_APART = timedelta(hours=26)
_PERIOD_TYPES = {
    "period": "STRING",
    "period_kind": "STRING",
    "period_start": "TIMESTAMP",
    "period_end": "TIMESTAMP",
    "until": "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One row of the table `kpis`; docs/kpis.md has the meaning of each KPI.

    value: numerator / denominator, or the numerator itself where denominator is None; None where the denominator is 0.
    n: how many work orders, outages or assets it rests on.
    """

    site: str
    scope: str
    period: str
    period_start: datetime
    period_end: datetime
    kpi: str
    definition: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    unit: str
    as_of: datetime


def compute_kpis(
    warehouse: Warehouse,
    site: str,
    zone: ZoneInfo,
    as_of: datetime,
    periods: Sequence[Period],
    *,
    pm_grace_days: int = PM_GRACE_DAYS,
) -> list[KpiValue]:
    """Compute every KPI of `site` for each period, merge the values into `kpis` and return them.

    as_of: nothing later is looked at; open outages and running periods end there. Computing again gives the same rows;
    data that came late changes them. A period that is stored with a later as_of is computed, but stays as it is. Raises
    WarehouseUnavailable, PermanentError, ValueError (no period, or one that begins after as_of).
    """
    if not periods or any(period.start_at_utc >= as_of for period in periods):
        raise ValueError("periods must not be empty and must begin before as_of")
    ours: dict[str, Parameter] = {
        "site": scalar("STRING", site),
        "as_of": scalar("TIMESTAMP", as_of),
        "earliest": scalar("TIMESTAMP", min(period.start_at_utc for period in periods) - _ZONES_APART),
        "period_names": texts(period.name for period in periods),
        "kpi_names": texts(KPIS),
    }
    settings: dict[str, Parameter] = {
        "site": scalar("STRING", site),
        "as_of": scalar("TIMESTAMP", as_of),
        "today": scalar("DATE", as_of.astimezone(zone).date()),
        "time_zone": scalar("STRING", zone.key),
        "pm_grace_days": scalar("INT64", pm_grace_days),
        "periods": structs(
            _PERIOD_TYPES,
            [(p.name, p.kind, p.start_at_utc, p.end_at_utc, min(p.end_at_utc, as_of)) for p in periods],
        ),
    }
    warehouse.merge(text("merge_kpi_periods.sql"), settings)
    warehouse.merge(text("merge_kpis.sql"), ours)
    rows = warehouse.query(text("read_kpis.sql"), ours)
    if any(row["as_of"] > as_of for row in rows):  # so not all of ours were stored
        rows = warehouse.query(text("read_kpi_values.sql"), ours)
    if {row["as_of"] for row in rows} != {as_of}:
        raise WarehouseUnavailable(f"site {site}: another run computed other periods at the same time")
    return [KpiValue(**dict(row.items())) for row in rows]
