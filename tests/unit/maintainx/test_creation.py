"""Finding a work order that an earlier try may have made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import RecordNotFound
from shared.maintainx.creation import find_work_orders
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
MARK = {"site": "plant-1", "erpRecord": "4711"}
EVERYTHING = WorkOrderFilter()


class Orders:
    """What MaintainX lists (without externalData, as it does), and what it shows of each; None: deleted meanwhile."""

    def __init__(self, shown: dict[int, Any], listed: tuple[int, ...] | None = None) -> None:
        self.shown = shown
        self.listed = tuple(shown) if listed is None else listed
        self.asked: list[WorkOrderFilter] = []

    def iter_work_orders(self, wanted: WorkOrderFilter = EVERYTHING) -> Iterator[WorkOrder]:
        self.asked.append(wanted)
        return (WorkOrder.model_validate({"id": number, "title": "Change the oil"}) for number in self.listed)

    def get_work_order(self, work_order_id: int) -> WorkOrder:
        if self.shown[work_order_id] is None:
            raise RecordNotFound("deleted", status=404)
        return WorkOrder.model_validate({"id": work_order_id, **self.shown[work_order_id]})


def test_only_those_made_around_the_time_are_asked_for_and_clocks_may_differ() -> None:
    orders = Orders({})
    assert find_work_orders(orders, MARK, tried_at_utc=NOON, is_another=lambda _: False) == []
    begin, end = NOON - timedelta(minutes=5), NOON + timedelta(minutes=15)
    assert orders.asked == [WorkOrderFilter(created_from=begin, created_to=end)]


def test_the_mark_alone_tells_and_a_row_that_comes_twice_is_one() -> None:
    shown = {
        1: {"externalData": {"site": "plant-1", "erpRecord": "4712"}},
        2: {"externalData": MARK},
        3: {"externalData": {**MARK, "more": 1}},
        4: {"externalData": "4711"},
        5: {},
        6: None,
    }
    assert find_work_orders(
        Orders(shown, (6, 5, 4, 2, 3, 2, 1)), MARK, tried_at_utc=NOON, is_another=lambda _: False
    ) == [2]


def test_all_that_carry_the_mark_are_told() -> None:
    orders = Orders({9: {"externalData": MARK}, 7: {"externalData": MARK}})
    assert find_work_orders(orders, MARK, tried_at_utc=NOON, is_another=lambda _: False) == [7, 9]


def test_one_that_is_known_to_be_another_is_not_read() -> None:
    orders = Orders({7: {"externalData": MARK}}, (5, 7))
    assert find_work_orders(orders, MARK, tried_at_utc=NOON, is_another=lambda number: number == 5) == [7]
