"""Watermarks: forward only, unless a person says otherwise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.state import StateStore
from tests.integration.state.conftest import NOON_UTC, Stores

LATER_UTC = NOON_UTC + timedelta(microseconds=1)


def test_flow_that_never_ran_has_none(store: StateStore) -> None:
    assert store.get_watermark("plant-1", "work_orders") is None


def test_watermark_moves_forward_to_the_microsecond(store: StateStore) -> None:
    assert store.advance_watermark("plant-1", "work_orders", NOON_UTC) == NOON_UTC
    assert store.advance_watermark("plant-1", "work_orders", LATER_UTC) == LATER_UTC
    assert store.get_watermark("plant-1", "work_orders") == LATER_UTC


def test_watermark_never_moves_back(store: StateStore) -> None:
    store.advance_watermark("plant-1", "work_orders", LATER_UTC)
    assert store.advance_watermark("plant-1", "work_orders", NOON_UTC) == LATER_UTC
    assert store.get_watermark("plant-1", "work_orders") == LATER_UTC


def test_watermark_can_be_put_back_on_purpose(store: StateStore) -> None:
    store.advance_watermark("plant-1", "work_orders", LATER_UTC)
    store.reset_watermark("plant-1", "work_orders", NOON_UTC)
    assert store.get_watermark("plant-1", "work_orders") == NOON_UTC


def test_sites_and_flows_have_watermarks_of_their_own(store: StateStore) -> None:
    store.advance_watermark("plant-1", "work_orders", NOON_UTC)
    assert store.get_watermark("plant-2", "work_orders") is None
    assert store.get_watermark("plant-1", "assets") is None


def test_watermark_of_another_zone_is_the_same_moment(store: StateStore) -> None:
    store.advance_watermark("plant-1", "x", NOON_UTC.astimezone(timezone(timedelta(hours=5, minutes=30))))
    found = store.get_watermark("plant-1", "x")
    assert found == NOON_UTC
    assert found is not None
    assert found.tzinfo is UTC


def test_time_without_zone_is_refused(store: StateStore) -> None:
    with pytest.raises(ValueError, match="zone"):
        store.advance_watermark("plant-1", "x", datetime(2026, 1, 1))  # noqa: DTZ001  # the point of the test


def test_of_many_writers_the_highest_stays(stores: Stores) -> None:
    instances = [stores() for _ in range(4)]
    moments = [NOON_UTC + timedelta(seconds=second) for second in (3, 9, 1, 7, 5, 8, 2, 6)]

    def advance(number: int) -> datetime:
        return instances[number % 4].advance_watermark("plant-1", "x", moments[number])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(advance, range(8)))
    assert instances[0].get_watermark("plant-1", "x") == max(moments)
    assert all(answer >= moment for answer, moment in zip(answers, moments, strict=True))
