"""The KPIs that a run is held to: each from a history small enough for the head."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.demo.history import PlannedWorkOrder
from local.demo.truth import Value, differences, kpis_of

END = datetime(2026, 11, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ZONE = ZoneInfo("UTC")
KNOWN = END - 100 * DAY
_REPAIR = PlannedWorkOrder(
    key="r",
    site="s",
    asset="Pump",
    title="t",
    work_type="REACTIVE",
    priority="LOW",
    created_at=END - 10 * DAY,
    due_at=None,
    started_at=END - 9 * DAY,
    finished_at=END - 8 * DAY,
)


def order(key: str, **changes: Any) -> PlannedWorkOrder:
    return replace(_REPAIR, key=key, **changes)


def truth(*planned: PlannedWorkOrder) -> dict[str, Value]:
    return kpis_of(planned, "s", ZONE, END, KNOWN)


def test_work_of_the_last_28_days_counts_and_other_sites_do_not() -> None:
    found = truth(
        order("done"),
        order("done before", created_at=END - 60 * DAY, started_at=END - 50 * DAY, finished_at=END - 29 * DAY),
        order("old and done now", created_at=END - 60 * DAY, finished_at=END - 27 * DAY),
        order("open", started_at=None, finished_at=None),
        order("under way", finished_at=None),
        order("canceled", end="cancel", finished_at=None),
        order("deleted", end="delete", finished_at=None),
        order("elsewhere", site="other"),
    )
    assert found["backlog"] == (2, 2)
    assert found["completion_rate"] == (0.5, 4)
    assert found["mttr_work_order"] == ((48 + 33 * 24) / 2, 2)
    assert found["backlog_estimated"] == (0, 2)


def test_preventive_work_is_in_time_until_the_day_after_it_was_due() -> None:
    def routine(key: str, due_days: float, done_days: float | None, **changes: Any) -> PlannedWorkOrder:
        done = None if done_days is None else END - done_days * DAY
        return order(key, work_type="PREVENTIVE", due_at=END - due_days * DAY, finished_at=done, **changes)

    found = truth(
        routine("in time", 6, 7),
        routine("a day late", 6, 4.5),
        routine("late", 6, 3.5),
        routine("never", 6, None),
        routine("nobody can say yet", 1, 0.5),
        routine("due before", 30, 5),
        routine("canceled", 6, None, end="cancel"),
    )
    assert found["pm_compliance"] == (0.5, 4)


def test_outages_that_fall_into_each_other_are_one() -> None:
    down: dict[str, Any] = {"takes_asset_down": True}
    minute = timedelta(minutes=1)
    found = truth(
        order("a", **down),
        order("b", created_at=END - 9 * DAY, started_at=END - 8.5 * DAY, finished_at=END - 5 * DAY, **down),
        order("c", asset="Fan", created_at=END - 2 * DAY, started_at=END - DAY, finished_at=None, **down),
        order("d", asset="Belt"),
    )
    # Pump: down at -10 d and again at -9 d, up at -8 d (with what a finished), down no more when b is finished.
    assert found["asset_downtime"].n == 2
    assert found["asset_downtime"].value == pytest.approx((2 + 2) * 24 - minute / timedelta(hours=1))
    assert found["mttr_restore"] == (48, 1)
    assert found["availability"].n == 3
    hours, down_hours = 27 * 24 * 3, found["asset_downtime"].value or 0
    assert found["mtbf"].value == pytest.approx((hours - down_hours) / 2)
    assert found["mtbf"].n == 2


def test_what_the_warehouse_has_is_compared_value_by_value() -> None:
    expected = {"s": {"backlog": Value(2, 2), "mtbf": Value(None, 0), "mttr_work_order": Value(3.0, 1)}}
    rows: list[dict[str, Any]] = [
        {"site": "s", "kpi": "backlog", "value": 2.0, "n": 2},
        {"site": "s", "kpi": "mtbf", "value": None, "n": 0},
        {"site": "s", "kpi": "mttr_work_order", "value": 3.0001, "n": 1},
    ]
    assert differences(rows, expected) == []
    changes: list[dict[str, Any]] = [{"n": 3}, {"value": 0.0}, {"value": 3.1}]
    for number, change in enumerate(changes):
        wrong = [dict(row, **change) if place == number else row for place, row in enumerate(rows)]
        assert len(differences(wrong, expected)) == 1
    assert differences(rows[1:], expected) == ["s: backlog is None, by the history (2, 2)"]
