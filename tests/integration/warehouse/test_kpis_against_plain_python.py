"""Every KPI on random histories, computed by BigQuery and by plain Python."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.warehouse.compute import KpiValue, compute_kpis
from shared.warehouse.gateway import Warehouse
from shared.warehouse.periods import standard_periods
from shared.warehouse.tables import KPIS
from tests.integration.warehouse.plain_kpis import Result, Row, Window, asset_kpis, work_order_kpis
from tests.integration.warehouse.samples import append, interval, work_order

# In three of these zones the clocks changed within the last five weeks (25 October, 1 November).
AS_OF = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Europe/London", "Australia/Lord_Howe", "UTC")


@pytest.mark.parametrize("seed", range(len(ZONES)))
def test_every_kpi_equals_the_plain_calculation(warehouse: Warehouse, site: str, seed: int) -> None:
    zone, chance = ZoneInfo(ZONES[seed]), random.Random(seed)
    work_orders = [_random_work_order(site, number, chance) for number in range(150)]
    intervals = [_random_interval(site, number, chance) for number in range(40)]
    append(warehouse, "work_orders", work_orders)
    append(warehouse, "asset_statuses", intervals)
    periods = standard_periods(AS_OF, zone)
    grace_days = seed % 3

    values = compute_kpis(warehouse, site, zone, AS_OF, periods, pm_grace_days=grace_days)

    expected: dict[tuple[str, str, str], Result] = {}
    for period in periods:
        until = min(period.end_at_utc, AS_OF)
        window = Window(period.start_at_utc, period.end_at_utc, until, AS_OF, zone, grace_days)
        for kpi, result in work_order_kpis(work_orders, window).items():
            expected[kpi, "site", period.name] = result
        for (kpi, scope), result in asset_kpis(intervals, window).items():
            expected[kpi, scope, period.name] = result
    assert {value.kpi for value in values} == set(KPIS)
    found = {(value.kpi, value.scope, value.period): _result(value) for value in values}
    assert found.keys() == expected.keys()
    wrong = {key: (found[key], result) for key, result in expected.items() if not _equal(found[key], result)}
    assert wrong == {}


def _equal(found: Result, expected: Result) -> bool:
    return all(a is None if b is None else a == pytest.approx(b) for a, b in zip(found, expected, strict=True))


def _result(value: KpiValue) -> Result:
    assert value.numerator is not None
    return value.value, value.numerator, value.denominator, value.n


def _random_work_order(site: str, number: int, chance: random.Random) -> Row:
    created_at = _moment(chance, 0, 50)
    done_at = created_at + timedelta(minutes=chance.randrange(1, 20_000))
    status = chance.choice(["DONE", "DONE", "DONE", "OPEN", "IN_PROGRESS", "CANCELED", "SKIPPED"])
    return work_order(
        site,
        number,
        status=status,
        type=chance.choice(["PREVENTIVE", "PREVENTIVE", "REACTIVE", "OTHER", None]),
        created_at=created_at,
        # OPEN with completed_at: it was reopened. DONE without it: the time of the change counts.
        completed_at=done_at if chance.random() < 0.9 else None,
        updated_at=done_at,
        due_date=_moment(chance, -3, 45) if chance.random() < 0.8 else None,
        estimated_time_s=chance.choice([None, 600, 5_400]),
        deleted=chance.random() < 0.05,
    )


def _random_interval(site: str, number: int, chance: random.Random) -> Row:
    started_at = _moment(chance, 0, 45)
    lasts = chance.random() < 0.05
    return interval(
        site,
        number,
        started_at,
        None if lasts else min(AS_OF, started_at + timedelta(minutes=chance.randrange(1, 9_000))),
        asset_id=chance.randrange(1, 6),
        status=chance.choice(["OFFLINE", "OFFLINE", "OFFLINE", "IGNORE", "ONLINE"]),
        downtime_type=chance.choice(["UNPLANNED", "UNPLANNED", "PLANNED", None]),
        deleted=chance.random() < 0.05,
    )


def _moment(chance: random.Random, least_days_ago: int, most_days_ago: int) -> datetime:
    return AS_OF - timedelta(minutes=chance.randrange(least_days_ago * 1440 + 1, most_days_ago * 1440))
