"""One example for each rule of docs/kpis.md, with numbers that can be checked in the head."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.warehouse.compute import KpiValue, compute_kpis
from shared.warehouse.gateway import Warehouse
from shared.warehouse.periods import iso_week
from tests.integration.warehouse.samples import Row, append, at, interval, work_order

UTC_ZONE = ZoneInfo("UTC")
WEEK = iso_week(date(2026, 11, 9), UTC_ZONE)  # Monday 9 November 00:00 to Monday 16 November 00:00
LATER = at("2026-11-20 00:00")

Interval = tuple[str, str | None]


def values(
    warehouse: Warehouse,
    site: str,
    *,
    as_of: datetime = LATER,
    zone: ZoneInfo = UTC_ZONE,
    day: date = date(2026, 11, 9),
) -> dict[str, KpiValue]:
    """The site's KPIs of the week of `day`, by name."""
    computed = compute_kpis(warehouse, site, zone, as_of, [iso_week(day, zone)])
    return {value.kpi: value for value in computed if value.scope == "site"}


@pytest.mark.parametrize(
    ("outages", "downtime_h", "outage_count", "mttr_h"),
    [
        pytest.param([("2026-11-10 08:00", "2026-11-10 10:00")], 2, 1, 2, id="one outage"),
        pytest.param(
            [("2026-11-10 08:00", "2026-11-10 10:00"), ("2026-11-10 09:00", "2026-11-10 11:00")],
            *(3, 1, 3),
            id="overlapping intervals count once",
        ),
        pytest.param(
            [("2026-11-10 08:00", "2026-11-10 12:00"), ("2026-11-10 09:00", "2026-11-10 10:00")],
            *(4, 1, 4),
            id="an interval inside another adds nothing",
        ),
        pytest.param(
            [("2026-11-10 08:00", "2026-11-10 09:00"), ("2026-11-10 09:00", "2026-11-10 10:00")],
            *(2, 1, 2),
            id="intervals that touch are one outage",
        ),
        pytest.param(
            [("2026-11-08 20:00", "2026-11-09 04:00")], 4, 1, 8, id="clipped at the start, but restored in whole"
        ),
        pytest.param([("2026-11-15 22:00", "2026-11-16 03:00")], 2, 1, None, id="clipped at the end, restored later"),
        pytest.param([("2026-11-01 00:00", "2026-11-19 00:00")], 168, 1, None, id="the whole week"),
        pytest.param([("2026-11-15 18:00", None)], 6, 1, None, id="one that lasts runs to the end of the period"),
        pytest.param([("2026-11-16 00:00", "2026-11-16 01:00")], 0, 0, None, id="the end is not part of the period"),
        pytest.param([("2026-11-08 23:00", "2026-11-09 00:00")], 0, 0, 1, id="restored at the very start"),
        pytest.param([("2026-11-10 08:00", "2026-11-10 08:00")], 0, 0, None, id="no length, no outage"),
        pytest.param([("2026-11-10 08:00", "2026-11-10 07:00")], 0, 0, None, id="ends before it starts: not counted"),
        pytest.param([], 0, 0, None, id="nothing happened"),
    ],
)
def test_unplanned_downtime(
    warehouse: Warehouse,
    site: str,
    outages: list[Interval],
    downtime_h: float,
    outage_count: int,
    mttr_h: float | None,
) -> None:
    append(
        warehouse,
        "asset_statuses",
        [interval(site, number, at(start), at(end) if end else None) for number, (start, end) in enumerate(outages)],
    )
    found = values(warehouse, site)
    assert (found["asset_downtime"].value, found["asset_downtime"].n) == (downtime_h, outage_count)
    assert found["mttr_restore"].value == mttr_h
    assert found["mean_downtime"].value == (downtime_h / outage_count if outage_count else None)


def test_an_outage_that_lasts_runs_to_as_of(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-11-10 08:00"), None)])
    assert values(warehouse, site, as_of=at("2026-11-10 20:00"))["asset_downtime"].value == 12


def test_the_same_minute_counts_for_each_asset(warehouse: Warehouse, site: str) -> None:
    moments = at("2026-11-10 08:00"), at("2026-11-10 10:00")
    append(
        warehouse,
        "asset_statuses",
        [interval(site, 1, *moments, asset_id=1), interval(site, 2, *moments, asset_id=2)],
    )
    computed = compute_kpis(warehouse, site, UTC_ZONE, LATER, [WEEK])
    downtime = {value.scope: value.value for value in computed if value.kpi == "asset_downtime"}
    assert downtime == {"site": 4, "asset:1": 2, "asset:2": 2}


def test_planned_and_unclassified_downtime_are_not_unplanned(warehouse: Warehouse, site: str) -> None:
    kinds = ["PLANNED", None]
    rows = [
        interval(site, number, at("2026-11-10 08:00"), at("2026-11-10 10:00"), downtime_type=kind)
        for number, kind in enumerate(kinds)
    ]
    append(warehouse, "asset_statuses", rows)
    found = values(warehouse, site)
    assert found["asset_downtime"].value == 0
    assert found["unclassified_downtime"].value == 2
    assert found["availability"].value == 1


def test_availability_leaves_ignored_time_and_the_time_before_the_first_status_out(
    warehouse: Warehouse, site: str
) -> None:
    rows = [
        interval(site, 1, at("2026-11-12 00:00"), at("2026-11-13 00:00"), status="ONLINE", downtime_type=None),
        interval(site, 2, at("2026-11-13 00:00"), at("2026-11-14 00:00"), status="IGNORE", downtime_type=None),
        interval(site, 3, at("2026-11-13 12:00"), at("2026-11-14 12:00")),  # 12 h of it while ignored
    ]
    append(warehouse, "asset_statuses", rows)
    found = values(warehouse, site)["availability"]
    # Known for 96 h, 24 of them ignored, 12 of the rest down.
    assert (found.numerator, found.denominator) == (60, 72)
    assert found.value == pytest.approx(60 / 72)


def test_an_asset_ignored_all_the_time_has_no_availability(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-11-01 00:00"), None, status="IGNORE")])
    found = values(warehouse, site)["availability"]
    assert (found.value, found.denominator) == (None, 0)


def test_mtbf_is_operating_time_per_failure(warehouse: Warehouse, site: str) -> None:
    rows = [
        interval(site, 1, at("2026-11-01 00:00"), at("2026-11-10 00:00"), status="ONLINE", downtime_type=None),
        interval(site, 2, at("2026-11-10 00:00"), at("2026-11-11 00:00")),
        interval(site, 3, at("2026-11-12 00:00"), at("2026-11-13 00:00"), downtime_type="PLANNED"),
        interval(site, 4, at("2026-11-14 00:00"), at("2026-11-15 00:00")),
    ]
    append(warehouse, "asset_statuses", rows)
    found = values(warehouse, site)["mtbf"]
    assert (found.value, found.numerator, found.denominator) == (48, 96, 2)


@pytest.mark.parametrize(
    ("given", "numerator", "denominator"),
    [
        ({"status": "DONE", "completed_at": at("2026-11-11 23:59")}, 1, 1),
        ({"status": "DONE", "completed_at": at("2026-11-12 00:00")}, 0, 1),  # the day of grace is over
        ({"status": "OPEN"}, 0, 1),
        ({"status": "OPEN", "completed_at": at("2026-11-10 09:00")}, 0, 1),  # reopened
        ({"status": "SKIPPED"}, 0, 1),
        ({"status": "CANCELED"}, 0, 0),
        ({"status": "DONE", "completed_at": at("2026-11-10 09:00"), "deleted": True}, 0, 0),
        ({"status": "DONE", "completed_at": at("2026-11-10 09:00"), "type": "REACTIVE"}, 0, 0),
        ({"status": "DONE", "completed_at": at("2026-11-10 09:00"), "due_date": at("2026-11-16 00:00")}, 0, 0),
    ],
)
def test_pm_compliance(warehouse: Warehouse, site: str, given: Row, numerator: int, denominator: int) -> None:
    due = {"type": "PREVENTIVE", "due_date": at("2026-11-10 15:00")}
    append(warehouse, "work_orders", [work_order(site, 1, **{**due, **given})])
    found = values(warehouse, site)["pm_compliance"]
    assert (found.numerator, found.denominator) == (numerator, denominator)
    assert found.value == (numerator / denominator if denominator else None)


def test_pm_compliance_waits_until_the_day_of_grace_is_over(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "work_orders", [work_order(site, 1, type="PREVENTIVE", due_date=at("2026-11-10 15:00"))])
    assert values(warehouse, site, as_of=at("2026-11-11 23:59"))["pm_compliance"].denominator == 0
    assert values(warehouse, site, as_of=at("2026-11-12 00:00"))["pm_compliance"].denominator == 1


def test_the_day_is_the_day_at_the_site_also_when_the_clocks_change(warehouse: Warehouse, site: str) -> None:
    """Berlin, Sunday 25 October 2026: the day has 25 hours and ends at 23:00 UTC; the week has 169."""
    berlin = ZoneInfo("Europe/Berlin")
    due = {"type": "PREVENTIVE", "status": "DONE", "due_date": at("2026-10-24 12:00")}
    append(
        warehouse,
        "work_orders",
        [
            work_order(site, 1, **due, completed_at=at("2026-10-25 22:59")),  # 23:59 on the day of grace
            work_order(site, 2, **due, completed_at=at("2026-10-25 23:00")),  # midnight: too late
        ],
    )
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-10-01 00:00"), None)])
    found = values(warehouse, site, zone=berlin, day=date(2026, 10, 19))
    assert found["pm_compliance"].numerator == 1
    assert found["pm_compliance"].denominator == 2
    assert found["asset_downtime"].value == 169
    assert found["asset_downtime"].period_start == datetime(2026, 10, 18, 22, tzinfo=UTC)
    assert found["asset_downtime"].period_end == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_backlog_and_completion_count_what_was_in_hand(warehouse: Warehouse, site: str) -> None:
    before, inside, after = at("2026-11-02 00:00"), at("2026-11-11 00:00"), at("2026-11-17 00:00")
    done = {"status": "DONE"}
    rows = [
        work_order(site, 1, created_at=before, **done, completed_at=inside, type="REACTIVE"),  # 216 h
        work_order(site, 2, created_at=before, **done, completed_at=before + timedelta(hours=1)),  # done before
        work_order(site, 3, created_at=inside, **done, completed_at=after, estimated_time_s=5400),  # open at the end
        work_order(site, 4, created_at=inside),  # open at the end, no estimate
        work_order(site, 5, created_at=after),  # not there yet
        work_order(site, 6, created_at=inside, status="CANCELED"),
        work_order(site, 7, created_at=inside, status="SKIPPED"),
        work_order(site, 8, created_at=inside, deleted=True),
    ]
    append(warehouse, "work_orders", rows)
    found = values(warehouse, site)
    assert found["backlog"].value == 2
    assert (found["backlog_hours"].value, found["backlog_hours"].n) == (1.5, 1)
    assert found["backlog_estimated"].value == 0.5
    assert found["completion_rate"].value == pytest.approx(1 / 3)
    assert found["mttr_work_order"].value == 216


def test_nothing_at_all_gives_no_ratio_and_zero_counts(warehouse: Warehouse, site: str) -> None:
    found = values(warehouse, site)
    assert {kpi: value.value for kpi, value in found.items() if value.unit == "ratio"} == dict.fromkeys(
        ["availability", "backlog_estimated", "completion_rate", "pm_compliance"]
    )
    assert {kpi for kpi, value in found.items() if value.value == 0} == {
        *("asset_downtime", "backlog", "backlog_hours", "unclassified_downtime"),
    }
    assert all(value.n == 0 for value in found.values())
