"""Properties of values: what is stored comes back, and the order is the one that Google's client knows."""

from __future__ import annotations

import functools
import math
from datetime import UTC, datetime
from typing import Any

from google.cloud import firestore
from google.cloud.firestore_v1 import _helpers
from google.cloud.firestore_v1.order import Order
from google.cloud.firestore_v1.types import Value
from google.cloud.firestore_v1.vector import Vector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.firestore.values import sort_key, value_size
from tests.examples import examples

# Names with two underscores at both ends are reserved; everything else that is UTF-8 may be a name or a text.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_NAMES = _TEXT.filter(lambda name: name != "" and not (name.startswith("__") and name.endswith("__")))
_NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.0, -0.0, 0.5, 2.0**53, 2.0**63, math.inf, math.nan]),
    st.floats(),
    st.integers(-(2**63), 2**63 - 1),
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    _NUMBERS,
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001  # as it wants
    _TEXT,
    st.binary(max_size=4),
    st.builds(firestore.GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
    st.lists(st.floats(-9, 9), min_size=1, max_size=3).map(Vector),
)
# An array may hold no array and no vector, but a map in an array may.
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda value: not isinstance(value, list | Vector)), max_size=3),
        st.dictionaries(_NAMES, inner, max_size=3),
    ),
    max_leaves=6,
)

_over_the_wire = settings(
    max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def _encoded(value: Any) -> Any:
    return Value.wrap(Value.pb(_helpers.encode_value(value)))


def _same(left: Any, right: Any) -> bool:
    """Equal in value and type, NaN being NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict) and isinstance(right, dict) and not isinstance(left, Vector):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, datetime) == isinstance(right, datetime) and bool(left == right)


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


@given(_VALUES, _VALUES)
@settings(max_examples=examples(400))
def test_order_is_that_of_the_client_library(left: Any, right: Any) -> None:
    one, other = _encoded(left), _encoded(right)
    ours = _sign(sort_key(one._pb), sort_key(other._pb))
    assert ours == Order.compare(one, other)


@given(_VALUES)
@settings(max_examples=examples(200))
def test_size_is_at_most_five_bytes_for_one_on_the_wire(value: Any) -> None:
    """The short cut of the size check rests on this; two bytes go before any value that is within something."""
    encoded = _encoded(value)._pb
    assert value_size(encoded) <= 5 * (encoded.ByteSize() + 2)


@given(value=_VALUES)
@_over_the_wire
def test_value_comes_back_as_it_was_stored(items: Any, value: Any) -> None:
    items.document("a").set({"v": value})
    assert _same(items.document("a").get().get("v"), value)


@given(values=st.lists(_VALUES, min_size=2, max_size=12))
@_over_the_wire
def test_server_orders_as_the_client_library_does(client: firestore.Client, values: list[Any]) -> None:
    batch = client.batch()
    for found in client.collection("ordered").list_documents():
        batch.delete(found)
    for index, value in enumerate(values):
        batch.set(client.document(f"ordered/d{index:02}"), {"v": value})
    batch.commit()
    answered = [int(found.id[1:]) for found in client.collection("ordered").order_by("v").stream()]

    def compare(one: int, other: int) -> int:
        return Order.compare(_encoded(values[one]), _encoded(values[other]))

    assert answered == sorted(range(len(values)), key=functools.cmp_to_key(compare))
