"""Transforms: changes that the server makes from the value before."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import firestore

MISSING = object()
INT64_MAX, INT64_MIN = 2**63 - 1, -(2**63)


def _after(items: Any, before: Any, transform: Any) -> Any:
    reference = items.document("a")
    reference.set({"other": 1} if before is MISSING else {"other": 1, "v": before})
    reference.update({"v": transform})
    return reference.get().get("v")


@pytest.mark.parametrize(
    ("before", "by", "after"),
    [
        (MISSING, 3, 3),
        ("text", 3, 3),
        (2, 3, 5),
        (2, -3, -1),
        (2, 0.5, 2.5),
        (2.5, 1, 3.5),
        (INT64_MAX, 1, INT64_MAX),
        (INT64_MIN, -1, INT64_MIN),
        (math.inf, 1, math.inf),
    ],
)
def test_increment(items: Any, before: Any, by: float, after: float) -> None:
    found = _after(items, before, firestore.Increment(by))
    assert (found, type(found)) == (after, type(after))


@pytest.mark.parametrize(
    ("before", "other", "after"),
    [
        (MISSING, 3, 3),
        ("text", 3, 3),
        (2, 3, 3),
        (3, 2, 3),
        (3, 2.5, 3),
        (2, 2.5, 2.5),
        (3, 3.0, 3),
        (0, -0.0, 0),
    ],
)
def test_maximum(items: Any, before: Any, other: float, after: float) -> None:
    found = _after(items, before, firestore.Maximum(other))
    assert (found, type(found)) == (after, type(after))


@pytest.mark.parametrize(
    ("before", "other", "after"),
    [(MISSING, 3, 3), ("text", 3, 3), (2, 3, 2), (3, 2, 2), (3, 2.5, 2.5), (3, 3.0, 3)],
)
def test_minimum(items: Any, before: Any, other: float, after: float) -> None:
    found = _after(items, before, firestore.Minimum(other))
    assert (found, type(found)) == (after, type(after))


@pytest.mark.parametrize("transform", [firestore.Maximum(1), firestore.Minimum(1)], ids=["maximum", "minimum"])
def test_extreme_of_nan_is_nan(items: Any, transform: Any) -> None:
    assert math.isnan(_after(items, math.nan, transform))


@pytest.mark.parametrize(
    ("before", "elements", "after"),
    [
        (MISSING, [1, 2], [1, 2]),
        ("text", [1], [1]),
        ([1, 2], [2, 3, 3], [1, 2, 3]),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ([1], [1.0], [1]),
        ([1], [None], [1, None]),
    ],
)
def test_array_union(items: Any, before: Any, elements: list[Any], after: list[Any]) -> None:
    assert _after(items, before, firestore.ArrayUnion(elements)) == after


@pytest.mark.parametrize(
    ("before", "elements", "after"),
    [(MISSING, [1], []), ("text", [1], []), ([1, 2, 1, 3], [1, 9], [2, 3]), ([{"a": 1}, 2], [{"a": 1}], [2])],
)
def test_array_remove(items: Any, before: Any, elements: list[Any], after: list[Any]) -> None:
    assert _after(items, before, firestore.ArrayRemove(elements)) == after


def test_server_timestamp_is_the_time_of_the_write_in_milliseconds(items: Any) -> None:
    written = items.document("a").set({"at": firestore.SERVER_TIMESTAMP, "n": 1})
    at = items.document("a").get().get("at")
    assert at.microsecond % 1000 == 0
    assert timedelta(0) <= written.update_time - at < timedelta(seconds=1)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)


def test_results_of_transforms_come_back_in_the_order_of_their_fields(items: Any) -> None:
    items.document("a").set({"n": 5, "m": 5})
    written = items.document("a").set({"n": firestore.Maximum(3), "m": firestore.Increment(2)}, merge=True)
    assert [result.integer_value for result in written.transform_results] == [7, 5]


def test_transform_creates_the_document_on_set_with_merge(items: Any) -> None:
    items.document("a").set({"n": firestore.Increment(2)}, merge=True)
    assert items.document("a").get().to_dict() == {"n": 2}
