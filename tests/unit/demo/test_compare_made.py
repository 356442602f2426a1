"""The comparison of what planners made in the ERP: it sees what became no work order, two, or another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.demo.comparison import Comparison, compare_made, compare_site
from local.demo.erp_people import MadeOrder

CHICAGO = ZoneInfo("America/Chicago")
PLANNED = {
    "id": "40000009",
    "externalReference": None,
    "shortText": "Flush the cooling circuit",
    "status": "NEW",
    "priority": "2",
    "orderType": "PM02",
    "equipment": "100003",
    "dueDate": "2026-11-24",
    "plant": "1010",
    "changedAt": "2026-11-22T10:00:00.000Z",
}
BECAME = {
    "id": 7,
    "title": "Flush the cooling circuit",
    "status": "OPEN",
    "priority": "MEDIUM",
    "type": "PREVENTIVE",
    "assetId": 100003,
    "dueDate": "2026-11-25T02:00:00.000Z",  # in Chicago still the day before
    "externalData": {"site": "p", "erpRecord": "40000009"},
}
OURS = {**BECAME, "id": 8, "externalData": None}
OF_OURS = {**PLANNED, "id": "40000001", "externalReference": "mx:p:8"}


def compared(
    work_orders: Iterable[Mapping[str, Any]], erp_orders: Iterable[Mapping[str, Any]] = (PLANNED,)
) -> tuple[Comparison, Comparison]:
    """What is found out about the planner's order, and about everything else; with a pair of ours that is in order."""
    made, ours, of_ours = [MadeOrder("p", "40000009", PLANNED)], [OURS, *work_orders], [OF_OURS, *erp_orders]
    return compare_made("p", CHICAGO, ours, of_ours, made), compare_site("p", CHICAGO, ours, [], of_ours, made)


def test_order_that_became_one_work_order_is_no_difference_and_counts_once() -> None:
    assert compared([BECAME]) == (Comparison(1, ()), Comparison(1, ()))


def test_order_that_became_no_work_order_is_lost() -> None:
    made, others = compared([])
    assert (made.compared, made.lost, made.doubled) == (0, 1, 0)
    assert others == Comparison(1, ())


def test_work_order_that_does_not_say_of_which_order_it_was_made_is_not_the_planners(subtests: pytest.Subtests) -> None:
    cases: list[Any] = [
        None,
        "40000009",
        {"site": "q", "erpRecord": "40000009"},
        {"site": "p", "erpRecord": "40000008"},
        {"erpRecord": "40000009"},
    ]
    for mark in cases:
        with subtests.test(mark=mark):
            made, others = compared([{**BECAME, "externalData": mark}])
            assert (made.compared, made.lost, made.doubled) == (0, 1, 0)
            assert (others.lost, others.differences[0].reference) == (1, "mx:p:7")  # and there is no order for it


def test_second_work_order_of_one_order_is_doubled() -> None:
    made, others = compared([BECAME, {**BECAME, "id": 9}])
    assert (made.compared, made.lost, made.doubled) == (2, 0, 1)
    assert others.differences == ()


def test_work_order_that_is_not_as_the_planner_wanted_it_is_lost(subtests: pytest.Subtests) -> None:
    values: list[dict[str, Any]] = [
        {"title": "Flush"},
        {"status": "IN_PROGRESS"},
        {"priority": "NONE"},
        {"type": "REACTIVE"},
        {"assetId": None},
        {"dueDate": None},
        {"dueDate": "2026-11-24T02:00:00.000Z"},
    ]
    for case, work_orders in [("alone", []), ("second", [{**BECAME, "id": 9}])]:
        for value in values:
            with subtests.test(case=case, value=value):
                made, _ = compared([*work_orders, {**BECAME, **value}])
                assert made.lost == 1
                assert next(iter(value)) in made.differences[-1].detail


def test_order_of_ours_that_was_made_for_such_a_work_order_is_doubled() -> None:
    made, others = compared([BECAME], [PLANNED, {**PLANNED, "id": "40000010", "externalReference": "mx:p:7"}])
    assert made.differences == ()
    assert (others.lost, others.doubled) == (0, 1)


def test_order_that_did_not_stay_as_the_planner_made_it_is_lost(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, list[dict[str, Any]]]] = [
        ("our reference in it", [{**PLANNED, "externalReference": "mx:p:7"}]),
        ("other value", [{**PLANNED, "plant": None}]),
        ("written again", [{**PLANNED, "changedAt": "2026-11-22T10:00:09.000Z"}]),
        ("gone", []),
    ]
    for case, erp_orders in cases:
        with subtests.test(case=case):
            assert compared([BECAME], erp_orders)[0].lost == 1


def test_order_without_reference_that_no_planner_made_is_stray() -> None:
    made, others = compared([BECAME], [PLANNED, {**PLANNED, "id": "40000011"}])
    assert (made.doubled, others.doubled) == (0, 1)
