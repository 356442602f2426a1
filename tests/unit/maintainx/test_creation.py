"""Creating a work order that an earlier try may have created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import DuplicateRecord, OutcomeUnknown
from shared.maintainx.creation import Reference, find_or_create_work_order
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter, WorkOrderRowExpand

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
BY_FIELD = Reference("A-1", "Alert")
BY_TITLE = Reference("[A-1]", None)
EVERYTHING = WorkOrderFilter()
FIELDS = {"title": "Pump vibrates [A-1]", "extraFields": {"Line": "2"}}


class Orders:
    """What MaintainX lists, and what is created."""

    def __init__(self, *listed: dict[str, Any]) -> None:
        self.listed = [WorkOrder.model_validate(row) for row in listed]
        self.asked: list[WorkOrderFilter] = []
        self.created: list[Mapping[str, Any]] = []

    def iter_work_orders(
        self,
        wanted: WorkOrderFilter = EVERYTHING,
        expand: tuple[WorkOrderRowExpand, ...] = (),
        page_size: int = 200,
    ) -> Iterator[WorkOrder]:
        assert (expand, page_size) == (("extra_fields",), 200)
        self.asked.append(wanted)
        return iter(self.listed)

    def create_work_order(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int:
        assert not skip_webhook
        self.created.append(fields)
        return 99


def run(orders: Orders, reference: Reference = BY_FIELD, *, tried: datetime | None, now: datetime = NOON) -> int:
    return find_or_create_work_order(orders, FIELDS, reference, first_tried_at_utc=tried, now_utc=now, settle_s=600.0)


def test_first_try_creates_without_a_search_and_with_the_reference() -> None:
    orders = Orders()
    assert run(orders, tried=None) == 99
    assert orders.asked == []
    assert orders.created == [{**FIELDS, "extraFields": {"Line": "2", "Alert": "A-1"}}]


@pytest.mark.parametrize("reference", [BY_FIELD, BY_TITLE])
def test_later_try_finds_what_the_first_one_created(reference: Reference) -> None:
    orders = Orders(
        {"id": 1, "title": "[A-12]", "extraFields": {"Alert": "A-12"}},
        {"id": 2, "title": "Pump vibrates [A-1]", "extraFields": {"Alert": "A-1"}},
    )
    assert run(orders, reference, tried=NOON - timedelta(hours=1)) == 2
    assert orders.created == []
    assert orders.asked == [WorkOrderFilter(created_from=NOON - timedelta(hours=1, minutes=5))]


def test_not_listed_yet_is_not_believed_before_the_lists_have_settled() -> None:
    orders = Orders()
    with pytest.raises(OutcomeUnknown) as caught:
        run(orders, tried=NOON - timedelta(seconds=200))
    assert caught.value.retry_after_s == 400.0
    assert orders.created == []


def test_not_listed_after_the_lists_have_settled_is_created() -> None:
    orders = Orders()
    assert run(orders, tried=NOON - timedelta(seconds=600)) == 99


def test_several_with_one_reference_are_reported_and_no_more_are_made() -> None:
    rows = ({"id": number, "extraFields": {"Alert": "A-1"}} for number in (5, 3))
    orders = Orders(*rows)
    with pytest.raises(DuplicateRecord, match=r"\[3, 5\]"):
        run(orders, tried=NOON - timedelta(hours=1))
    assert orders.created == []


def test_title_without_its_reference_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="reference"):
        run(Orders(), Reference("[B-2]", None), tried=None)
