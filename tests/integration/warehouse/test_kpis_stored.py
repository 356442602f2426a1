"""The table `kpis`: computing again changes nothing, late data does, and nobody else's rows are touched."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import stamina

from shared.errors import WarehouseUnavailable
from shared.warehouse.compute import KpiValue, compute_kpis
from shared.warehouse.gateway import Parameter, Warehouse, scalar
from shared.warehouse.periods import iso_week, standard_periods
from shared.warehouse.tables import text
from tests.integration.warehouse.samples import append, at, interval, work_order

ZONE = ZoneInfo("Europe/Berlin")
WEEK = iso_week(date(2026, 11, 9), ZONE)
AS_OF = at("2026-11-20 00:00")


def computed(warehouse: Warehouse, site: str, as_of: datetime = AS_OF) -> list[KpiValue]:
    return compute_kpis(warehouse, site, ZONE, as_of, [WEEK])


def stored(warehouse: Warehouse, site: str) -> list[dict[str, object]]:
    """All rows but for when they were computed."""
    rows = warehouse.query(
        "SELECT * FROM kpis WHERE site = @site ORDER BY period, kpi, scope", {"site": scalar("STRING", site)}
    )
    return [{key: value for key, value in row.items() if key != "computed_at"} for row in rows]


def stored_count(warehouse: Warehouse, site: str) -> int:
    count: int = warehouse.query("SELECT COUNT(*) AS n FROM kpis WHERE site = @site", {"site": scalar("STRING", site)})[
        0
    ]["n"]
    return count


def test_computing_again_stores_the_same_rows(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-11-10 08:00"), at("2026-11-10 10:00"))])
    first = computed(warehouse, site)
    assert computed(warehouse, site) == first
    assert stored_count(warehouse, site) == len(first)


def test_late_data_corrects_a_stored_value(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "work_orders", [work_order(site, 1)])
    assert [v.value for v in computed(warehouse, site) if v.kpi == "backlog"] == [1]
    append(warehouse, "work_orders", [work_order(site, 1, status="DONE", completed_at=at("2026-11-10 00:00"))])
    after = computed(warehouse, site)
    assert [v.value for v in after if v.kpi == "backlog"] == [0]
    assert stored_count(warehouse, site) == len(after)


def test_a_row_whose_outage_turned_out_not_to_be_one_disappears(warehouse: Warehouse, site: str) -> None:
    outage = interval(site, 1, at("2026-11-10 08:00"), at("2026-11-10 10:00"))
    append(warehouse, "asset_statuses", [outage])
    assert "asset:1" in {v.scope for v in computed(warehouse, site) if v.kpi == "asset_downtime"}
    corrected = {**outage, "downtime_type": "PLANNED", "updated_at": at("2026-11-11 00:00")}
    append(warehouse, "asset_statuses", [corrected])
    after = computed(warehouse, site)
    assert {v.scope for v in after if v.kpi == "asset_downtime"} == {"site"}
    assert stored_count(warehouse, site) == len(after)


def test_rows_of_other_sites_periods_and_kpis_stay(warehouse: Warehouse, site: str) -> None:
    other = f"{site}-other"
    for owner in (site, other):
        compute_kpis(warehouse, owner, ZONE, AS_OF, [WEEK, iso_week(date(2026, 11, 2), ZONE)])
    warehouse.query(
        "INSERT INTO kpis (site, scope, period, period_kind, period_start, period_end, kpi, definition, n, unit, as_of,"
        " computed_at) SELECT site, scope, period, period_kind, period_start, period_end, 'their_own', 'theirs:v1', 1,"
        " unit, as_of, computed_at FROM kpis WHERE site = @site AND kpi = 'backlog' AND period = '2026-W46'",
        {"site": scalar("STRING", site)},
    )
    before = stored_count(warehouse, site), stored_count(warehouse, other)
    computed(warehouse, site)
    assert (stored_count(warehouse, site), stored_count(warehouse, other)) == before


def test_a_run_that_another_one_overtook_does_not_report_its_numbers(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = text("merge_kpis.sql")
    query = Warehouse.query

    def overtaken(self: Warehouse, sql: str, parameters: dict[str, Parameter]) -> object:
        if sql == merge:
            monkeypatch.setattr(Warehouse, "query", query)
            compute_kpis(warehouse, site, ZONE, AS_OF + timedelta(hours=1), standard_periods(AS_OF, ZONE))
        return query(self, sql, parameters)

    monkeypatch.setattr(Warehouse, "query", overtaken)
    with pytest.raises(WarehouseUnavailable, match=site):
        computed(warehouse, site)


def test_the_views_show_what_would_be_stored(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "work_orders", [work_order(site, 1)])
    computed(warehouse, site)
    rows = warehouse.query("SELECT * FROM kpi_backlog WHERE site = @site", {"site": scalar("STRING", site)})
    assert [(row["kpi"], row["period"], row["value"]) for row in rows] == [("backlog", "2026-W46", 1)]


def test_periods_must_begin_before_as_of(warehouse: Warehouse, site: str) -> None:
    with pytest.raises(ValueError, match="before as_of"):
        compute_kpis(warehouse, site, ZONE, WEEK.start_at_utc, [WEEK])
    with pytest.raises(ValueError, match="must not be empty"):
        compute_kpis(warehouse, site, ZONE, AS_OF, [])


def test_an_earlier_as_of_is_computed_but_leaves_what_is_stored_with_a_later_one(
    warehouse: Warehouse, site: str
) -> None:
    """On the Wednesday of the week, both repairs were still to come, and asset 1 was the one that stood."""
    append(
        warehouse,
        "work_orders",
        [work_order(site, n, status="DONE", completed_at=at("2026-11-13 00:00")) for n in (1, 2)],
    )
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-11-10 08:00"), at("2026-11-10 10:00"))])
    computed(warehouse, site)
    before = stored(warehouse, site)
    gone = interval(site, 1, at("2026-11-10 08:00"), at("2026-11-10 10:00"), deleted=True)
    append(warehouse, "asset_statuses", [{**gone, "updated_at": at("2026-11-12 00:00")}])
    append(warehouse, "asset_statuses", [interval(site, 2, at("2026-11-10 08:00"), None, asset_id=2)])

    wednesday = at("2026-11-11 00:00")
    values = computed(warehouse, site, wednesday)

    assert {value.as_of for value in values} == {wednesday}
    assert [value.value for value in values if value.kpi == "backlog"] == [2]
    assert stored(warehouse, site) == before  # nothing changed, deleted or added, also no row of asset 2


def test_an_earlier_as_of_still_fills_periods_that_have_no_values(warehouse: Warehouse, site: str) -> None:
    computed(warehouse, site)
    earlier = iso_week(date(2026, 11, 2), ZONE)
    values = compute_kpis(warehouse, site, ZONE, at("2026-11-12 00:00"), [earlier, WEEK])
    assert {value.period for value in values} == {"2026-W45", "2026-W46"}
    as_of = {(row["period"], row["as_of"]) for row in stored(warehouse, site)}
    assert as_of == {("2026-W45", at("2026-11-12 00:00")), ("2026-W46", AS_OF)}


def test_a_corrected_time_zone_moves_the_bounds_of_stored_periods(warehouse: Warehouse, site: str) -> None:
    """Both ways: a week of Auckland begins 11 h before one of London, one of Los Angeles 8 h after it."""
    count = 0
    for zone in map(ZoneInfo, ("Europe/London", "Pacific/Auckland", "America/Los_Angeles", "Europe/London")):
        week = iso_week(date(2026, 11, 9), zone)
        compute_kpis(warehouse, site, zone, AS_OF, [week])
        rows = stored(warehouse, site)
        assert {(row["period_start"], row["period_end"]) for row in rows} == {(week.start_at_utc, week.end_at_utc)}
        assert len(rows) == (count or len(rows))
        count = len(rows)


def test_a_merge_that_another_site_was_in_the_way_of_is_done_again(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Warehouse.query
    refused: set[str] = set()

    def contended(self: Warehouse, sql: str, parameters: dict[str, Parameter]) -> object:
        if "MERGE INTO" in sql and sql not in refused:
            refused.add(sql)
            raise WarehouseUnavailable("due to concurrent update")
        return query(self, sql, parameters)

    monkeypatch.setattr(Warehouse, "query", contended)
    with stamina.set_testing(True, attempts=3):
        values = computed(warehouse, site)
    assert len(refused) == 2
    assert stored_count(warehouse, site) == len(values) > 0
