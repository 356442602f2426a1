"""Deleted work orders: marked only on two witnesses, never because a key lost sight of them, and put back if found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.errors import PermanentError
from shared.warehouse.deletions import Comparison, compare_all, mark_deleted_by_events
from shared.warehouse.gateway import Warehouse, scalar
from shared.warehouse.loader import load_work_orders
from tests.integration.warehouse.events import append_event
from tests.integration.warehouse.plant import Marks, Plant, current, order, version_count
from tests.integration.warehouse.samples import append, at, work_order


def loaded(warehouse: Warehouse, site: str, count: int) -> tuple[Plant, Marks]:
    """A plant whose work orders 1 to count are in the warehouse."""
    plant, marks = Plant([order(n, "2026-11-01T10:00") for n in range(1, count + 1)]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    return plant, marks


def told(warehouse: Warehouse, site: str, number: int, occurred_at: datetime) -> None:
    append_event(warehouse, site, "work_order.deleted", resource_id=str(number), occurred_at=occurred_at)


def dead(warehouse: Warehouse, site: str) -> list[object]:
    return sorted(row["work_order_id"] for row in current(warehouse, site) if row["deleted"])  # type: ignore[type-var]  # ints


def test_a_deletion_that_an_event_told_of_leaves_a_tombstone(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 2)
    del plant.work_orders[1]
    told(warehouse, site, 2, at("2026-11-03 00:00"))
    told(warehouse, f"{site}-other", 1, at("2026-11-03 00:00"))
    assert mark_deleted_by_events(warehouse, site, plant, marks) == 1
    assert mark_deleted_by_events(warehouse, site, plant, marks) == 0
    rows = {row["work_order_id"]: (row["deleted"], row["title"]) for row in current(warehouse, site)}
    assert rows == {1: (False, "Check"), 2: (True, "Check")}


def test_an_event_alone_is_not_believed(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 2)
    told(warehouse, site, 2, at("2026-11-03 00:00"))
    assert mark_deleted_by_events(warehouse, site, plant, marks) == 0
    del plant.work_orders[1]
    assert mark_deleted_by_events(warehouse, site, plant, marks) == 1
    assert dead(warehouse, site) == [2]


def test_a_tombstone_holds_although_its_event_is_older_than_the_last_change(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 1)
    plant.work_orders.clear()
    told(warehouse, site, 1, at("2026-10-01 00:00"))
    mark_deleted_by_events(warehouse, site, plant, marks)
    assert dead(warehouse, site) == [1]


def test_a_tombstone_wins_over_an_older_version_that_arrives_later(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 1)
    plant.invisible = {1}
    told(warehouse, site, 1, at("2026-11-03 00:00"))
    mark_deleted_by_events(warehouse, site, plant, marks)
    append(warehouse, "work_orders", [work_order(site, 1, updated_at=at("2026-11-02 10:00"))])
    assert dead(warehouse, site) == [1]


def test_a_work_order_that_changed_after_its_tombstone_is_not_deleted(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 1)
    plant.invisible = {1}
    told(warehouse, site, 1, at("2026-11-03 00:00"))
    mark_deleted_by_events(warehouse, site, plant, marks)
    plant.invisible = set()
    plant.work_orders[0] = order(1, "2026-11-04T10:00", status="DONE")
    load_work_orders(warehouse, site, plant, marks)
    assert [(row["deleted"], row["status"]) for row in current(warehouse, site)] == [(False, "DONE")]


def test_a_deletion_that_no_event_told_of_is_found_by_comparison(warehouse: Warehouse, site: str) -> None:
    plant, _ = loaded(warehouse, site, 3)
    del plant.work_orders[1]
    assert compare_all(warehouse, site, plant) == Comparison(deleted=1, restored=0)
    assert dead(warehouse, site) == [2]
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=0)


def test_a_work_order_that_only_the_list_leaves_out_is_not_deleted(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, _ = loaded(warehouse, site, 2)
    monkeypatch.setattr(plant, "iter_work_orders", lambda *_asked: iter(plant.work_orders[:1]))
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=0)


@pytest.mark.parametrize(("count", "lost"), [(30, 21), (5, 5), (1, 1)])
def test_a_key_that_lost_a_location_deletes_nothing(warehouse: Warehouse, site: str, count: int, lost: int) -> None:
    plant, _ = loaded(warehouse, site, count)
    plant.invisible = set(range(1, lost + 1))
    with pytest.raises(PermanentError, match=f"{lost} of {count} .* lost permission"):
        compare_all(warehouse, site, plant)
    assert dead(warehouse, site) == []


def test_two_in_a_hundred_may_be_gone_at_once(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "work_orders", [work_order(site, n) for n in range(1, 1501)])
    plant = Plant([order(n, "2026-11-01T00:00") for n in range(31, 1501)])
    assert compare_all(warehouse, site, plant).deleted == 30


def test_a_person_may_say_that_more_are_gone(warehouse: Warehouse, site: str) -> None:
    plant, _ = loaded(warehouse, site, 3)
    plant.work_orders.clear()
    with pytest.raises(PermanentError, match="most_deleted"):
        compare_all(warehouse, site, plant, most_deleted=2)
    assert compare_all(warehouse, site, plant, most_deleted=3).deleted == 3


def test_what_is_seen_again_unchanged_is_put_back_as_it_is_now(warehouse: Warehouse, site: str) -> None:
    plant, marks = loaded(warehouse, site, 3)
    plant.invisible = {2}
    compare_all(warehouse, site, plant)
    assert dead(warehouse, site) == [2]
    plant.invisible = set()
    load_work_orders(warehouse, site, plant, marks)
    assert dead(warehouse, site) == [2]  # nothing changed, so only a comparison can tell
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=1)
    assert dead(warehouse, site) == []
    before = version_count(warehouse, site)
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=0)
    assert version_count(warehouse, site) == before


def test_a_list_that_lags_brings_no_deleted_work_order_back(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, marks = loaded(warehouse, site, 2)
    listed = list(plant.work_orders)
    del plant.work_orders[1]
    told(warehouse, site, 2, at("2026-11-03 00:00"))
    mark_deleted_by_events(warehouse, site, plant, marks)
    monkeypatch.setattr(plant, "iter_work_orders", lambda *_asked: iter(listed))
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=0)
    assert dead(warehouse, site) == [2]


def test_old_work_orders_of_a_location_that_becomes_visible_are_found(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(1, "2026-10-01T10:00"), order(2, "2026-11-01T10:00")], invisible={1}), Marks()
    load_work_orders(warehouse, site, plant, marks)
    plant.invisible = set()
    assert load_work_orders(warehouse, site, plant, marks).appended == 0  # it lies before the watermark
    assert compare_all(warehouse, site, plant) == Comparison(deleted=0, restored=1)
    assert {row["work_order_id"]: row["updated_at"] for row in current(warehouse, site)}[1] == at("2026-10-01 10:00")


def test_a_version_from_the_future_does_not_outlive_a_later_one(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(1, "2199-01-01T00:00", title="wrong clock")]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    (wrong,) = warehouse.query("SELECT loaded_at FROM work_orders WHERE site = @site", {"site": scalar("STRING", site)})
    later = wrong["loaded_at"] + timedelta(minutes=1)
    append(warehouse, "work_orders", [work_order(site, 1, title="right", updated_at=later, loaded_at=later)])
    assert [row["title"] for row in current(warehouse, site)] == ["right"]
