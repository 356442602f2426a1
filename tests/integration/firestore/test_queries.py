"""Queries: filters, order, cursors, projection, groups, aggregation."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import firestore
from google.cloud.firestore import And, FieldFilter, Or
from google.cloud.firestore_v1.vector import Vector

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)

# One document a type, and some neighbours, named so that the expected order can be read.
BY_TYPE: dict[str, Any] = {
    "null": None,
    "false": False,
    "true": True,
    "nan": math.nan,
    "minus_inf": -math.inf,
    "minus_one": -1,
    "zero": 0,
    "zero_minus": -0.0,
    "one": 1,
    "one_float": 1.0,
    "one_half_more": 1.5,
    "big": 2**53 + 1,
    "inf": math.inf,
    "moment": MOMENT,
    "text_empty": "",
    "text_a": "a",
    "text_b": "b",
    "text_pile": "\U0001f4a9",
    "text_private": "\ue000",
    "bytes": b"x",
    "point": firestore.GeoPoint(1, 2),
    "array_12": [1, 2],
    "array_null_nan": [None, math.nan],
    "vector": Vector([1.0, 2.0]),
    "map_a1": {"a": 1},
    "map_b0": {"b": 0},
}
IN_ORDER = [
    *["null", "false", "true", "nan", "minus_inf", "minus_one", "zero", "zero_minus", "one", "one_float"],
    *["one_half_more", "big", "inf", "moment", "text_empty", "text_a", "text_b", "text_private", "text_pile"],
    *["bytes", "point", "array_null_nan", "array_12", "vector", "map_a1", "map_b0"],
]


@pytest.fixture
def typed(client: firestore.Client) -> Any:
    """A collection with a document of each type, and one without the field."""
    batch = client.batch()
    for name, value in BY_TYPE.items():
        batch.set(client.document(f"typed/{name}"), {"v": value})
    batch.set(client.document("typed/missing"), {"w": 1})
    batch.commit()
    return client.collection("typed")


@pytest.fixture
def numbered(client: firestore.Client) -> Any:
    """Ten documents: n 0..9, parity, and nested.half; n = 9 has no parity."""
    batch = client.batch()
    for n in range(10):
        fields: dict[str, Any] = {"n": n, "nested": {"half": n // 2}, "tags": [f"t{n}", f"t{n % 3}"]}
        if n < 9:
            fields["parity"] = "odd" if n % 2 else "even"
        batch.set(client.document(f"numbered/d{n}"), fields)
    batch.commit()
    return client.collection("numbered")


def _ids(query: Any) -> list[str]:
    return [found.id for found in query.stream()]


def _numbers(query: Any) -> list[int]:
    return [found.get("n") for found in query.stream()]


def _between(first: str, last: str) -> list[str]:
    return IN_ORDER[IN_ORDER.index(first) : IN_ORDER.index(last) + 1]


NUMBERS = _between("minus_inf", "inf")


def test_order_across_types(typed: Any) -> None:
    assert _ids(typed.order_by("v")) == IN_ORDER


def test_descending_order_turns_equal_values_by_name_too(typed: Any) -> None:
    assert _ids(typed.order_by("v", direction="DESCENDING")) == IN_ORDER[::-1]


@pytest.mark.parametrize(
    ("operator", "operand", "expected"),
    [
        ("<", 1, _between("minus_inf", "zero_minus")),
        ("<=", 1, _between("minus_inf", "one_float")),
        (">", 1, _between("one_half_more", "inf")),
        (">=", 1.0, _between("one", "inf")),
        (">", float(2**53), ["big", "inf"]),
        ("==", 0, ["zero", "zero_minus"]),
        ("==", 1, ["one", "one_float"]),
        ("==", None, ["null"]),
        ("==", math.nan, ["nan"]),
        ("==", {"a": 1}, ["map_a1"]),
        ("==", [1, 2], ["array_12"]),
        ("!=", 1, [name for name in IN_ORDER if name not in ("null", "one", "one_float")]),
        ("!=", None, IN_ORDER[1:]),
        ("!=", math.nan, [name for name in IN_ORDER if name not in ("null", "nan")]),
        ("<", "b", ["text_empty", "text_a"]),
        (">=", "b", ["text_b", "text_private", "text_pile"]),
        (">", False, ["true"]),
        ("<=", MOMENT, ["moment"]),
        (">=", b"", ["bytes"]),
        ("<=", [1, 3], ["array_null_nan", "array_12"]),
        (">=", {"a": 1}, ["map_a1", "map_b0"]),
        (">", firestore.GeoPoint(0, 9), ["point"]),
        ("in", [1, "a", None, math.nan], ["one", "one_float", "text_a"]),
        ("not-in", [1, "a"], [n for n in IN_ORDER if n not in ("null", "one", "one_float", "text_a")]),
        ("not-in", [1, None], []),
        ("array_contains", 1, ["array_12"]),
        ("array_contains", "1", []),
        ("array_contains_any", [2, None], ["array_12"]),
    ],
)
def test_filter(typed: Any, operator: str, operand: Any, expected: list[str]) -> None:
    query = typed.where(filter=FieldFilter("v", operator, operand)).order_by("v")
    assert _ids(query) == expected


def test_filter_for_a_text_follows_every_change(items: Any) -> None:
    def found(text: str) -> list[str]:
        return _ids(items.where(filter=FieldFilter("s", "==", text)).where(filter=FieldFilter("t", "==", "x")))

    long = "long" * 100
    for name, text in {"a": "one", "b": "one", "c": "two", "d": long}.items():
        items.document(name).set({"s": text, "t": "x"})
    assert (found("one"), found("two"), found(long)) == (["a", "b"], ["c"], ["d"])
    items.document("a").update({"s": "two"})
    items.document("b").delete()
    items.document("c").set({"s": 2, "t": "x"})
    items.document("d").update({"s": "one"})
    items.document("d").collection("items").document("below").set({"s": "one", "t": "x"})
    assert (found("one"), found("two"), found(long)) == (["d"], ["a"], [])


def test_and_or_combine(numbered: Any) -> None:
    odd = FieldFilter("parity", "==", "odd")
    small = FieldFilter("n", "<", 2)
    large = FieldFilter("n", ">=", 7)
    assert _numbers(numbered.where(filter=And([odd, Or([small, large])]))) == [1, 7]
    assert _numbers(numbered.where(filter=Or([And([odd, small]), large]))) == [1, 7, 8, 9]


def test_disjunction_leaves_out_documents_without_a_compared_field(numbered: Any) -> None:
    either = Or([FieldFilter("parity", ">", "even"), FieldFilter("n", "==", 9)])
    assert _numbers(numbered.where(filter=either)) == [1, 3, 5, 7]


def test_inequality_orders_by_its_field(numbered: Any) -> None:
    query = numbered.where(filter=FieldFilter("parity", ">=", "even"))
    assert _numbers(query) == [0, 2, 4, 6, 8, 1, 3, 5, 7]


def test_two_orders_and_nested_field(numbered: Any) -> None:
    query = numbered.order_by("nested.half", direction="DESCENDING").order_by("n")
    assert _numbers(query) == [8, 9, 6, 7, 4, 5, 2, 3, 0, 1]


def test_order_leaves_out_documents_without_the_field(numbered: Any) -> None:
    assert 9 not in _numbers(numbered.order_by("parity"))


def _at(n: int) -> dict[str, int]:
    return {"n": n}


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (lambda query: query.start_at(_at(7)), [7, 8, 9]),
        (lambda query: query.start_after(_at(7)), [8, 9]),
        (lambda query: query.end_at(_at(2)), [0, 1, 2]),
        (lambda query: query.end_before(_at(2)), [0, 1]),
        (lambda query: query.start_after(_at(2)).end_before(_at(6)), [3, 4, 5]),
        (lambda query: query.limit(2), [0, 1]),
        (lambda query: query.offset(3).limit(2), [3, 4]),
        (lambda query: query.offset(8), [8, 9]),
        (lambda query: query.limit_to_last(2), [8, 9]),
        (lambda query: query.limit(0), []),
    ],
)
def test_cursors_and_limits(numbered: Any, cut: Callable[[Any], Any], expected: list[int]) -> None:
    query = cut(numbered.order_by("n"))
    assert [found.get("n") for found in query.get()] == expected


def test_cursor_on_a_descending_order(numbered: Any) -> None:
    query = numbered.order_by("n", direction="DESCENDING").start_after({"n": 7}).limit(2)
    assert _numbers(query) == [6, 5]


def test_snapshot_as_cursor_pages_through_equal_values(numbered: Any) -> None:
    seen: list[int] = []
    query = numbered.order_by("parity").limit(2)
    page = query.get()
    while page:
        seen += [found.get("n") for found in page]
        page = query.start_after(page[-1]).get()
    assert seen == [0, 2, 4, 6, 8, 1, 3, 5, 7]


def test_order_and_cursor_by_name(numbered: Any) -> None:
    query = numbered.order_by("__name__").start_after({"__name__": numbered.document("d6")})
    assert _ids(query) == ["d7", "d8", "d9"]


def test_filter_by_name(numbered: Any) -> None:
    wanted = [numbered.document("d3"), numbered.document("d1")]
    assert _ids(numbered.where(filter=FieldFilter("__name__", "in", wanted))) == ["d1", "d3"]
    assert _ids(numbered.where(filter=FieldFilter("__name__", ">", wanted[0])).limit(1)) == ["d4"]


def test_names_order_by_segment_and_numeric_ids_first(client: firestore.Client) -> None:
    ids = ["__id10__", "__id9__", "A", "a", "b", "é"]
    parent = f"{client._database_string}/documents/named"
    writes = [{"update": {"name": f"{parent}/{one}"}} for one in reversed(ids)]
    client._firestore_api.commit(request={"database": client._database_string, "writes": writes})
    assert [one.id for one in client.collection("named").stream()] == ["__id9__", "__id10__", *ids[2:]]


def test_projection(numbered: Any) -> None:
    found = numbered.document("d4").parent.select(["nested.half", "absent"]).limit(1).get()
    assert found[0].to_dict() == {"nested": {"half": 0}}
    assert [one.to_dict() for one in numbered.select([]).limit(1).get()] == [{}]


def test_collection_group_finds_at_any_depth_below_its_parent(client: firestore.Client) -> None:
    for path in ("group/a", "x/1/group/b", "x/1/y/2/group/c", "xgroup/d", "group/a/other/e"):
        client.document(path).set({"n": 1})
    assert _ids(client.collection_group("group")) == ["a", "b", "c"]
    assert _ids(client.collection("group")) == ["a"]


def test_empty_result_is_no_error(items: Any) -> None:
    assert _ids(items.where(filter=FieldFilter("n", "==", 1))) == []


def _aggregated(aggregation: Any) -> dict[str, Any]:
    return {one.alias: one.value for one in aggregation.get()[0]}


def test_count_sum_and_average(numbered: Any) -> None:
    odd = numbered.where(filter=FieldFilter("parity", "==", "odd"))
    found = _aggregated(odd.count(alias="count").sum("n", alias="sum").avg("n", alias="avg"))
    assert found == {"count": 4, "sum": 16, "avg": 4.0}


def test_aggregations_respect_the_limit_of_the_query(numbered: Any) -> None:
    assert _aggregated(numbered.limit(3).count(alias="count")) == {"count": 3}


def test_aggregations_of_nothing(client: firestore.Client, items: Any) -> None:
    assert _aggregated(items.count(alias="count").sum("n", alias="sum")) == {"count": 0, "sum": 0}
    parent, query = items._parent_info()[0], items._query()._to_protobuf()
    average = {"alias": "avg", "avg": {"field": {"field_path": "n"}}}
    request = {
        "parent": parent,
        "structured_aggregation_query": {"structured_query": query, "aggregations": [average]},
    }
    (answer,) = client._firestore_api.run_aggregation_query(request=request, metadata=client._rpc_metadata)
    # The client's own avg() turns the null into 0.0, so the answer is read as it came.
    assert answer.result._pb.aggregate_fields["avg"].WhichOneof("value_type") == "null_value"


def test_sum_and_average_count_numbers_only(items: Any) -> None:
    for name, value in {"a": 1, "b": 2.5, "c": "text", "d": None}.items():
        items.document(name).set({"n": value})
    assert _aggregated(items.sum("n", alias="sum").avg("n", alias="avg")) == {"sum": 3.5, "avg": 1.75}


def test_sum_beyond_64_bits_becomes_a_double(items: Any) -> None:
    for name in "ab":
        items.document(name).set({"n": 2**62 + 2**61})
    assert _aggregated(items.sum("n", alias="sum")) == {"sum": float(2**63 + 2**62)}
