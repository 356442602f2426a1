"""What is refused, and with which status."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud import firestore

Value = dict[str, Any]
ONE: Value = {"integer_value": 1}

VECTOR: Value = {
    "map_value": {
        "fields": {
            "__type__": {"string_value": "__vector__"},
            "value": {"array_value": {"values": [{"double_value": 1.5}]}},
        }
    }
}


def _commit(client: firestore.Client, *writes: dict[str, Any], **more: Any) -> Any:
    request = {"database": client._database_string, "writes": list(writes), **more}
    return client._firestore_api.commit(request=request)


def _update(client: firestore.Client, path: str, fields: dict[str, Value] | None = None) -> Any:
    name = f"{client._database_string}/documents/{path}"
    return _commit(client, {"update": {"name": name, "fields": fields or {}}})


def _array(*values: Value) -> Value:
    return {"array_value": {"values": list(values)}}


def _nested(depth: int) -> Value:
    value = ONE
    for _ in range(depth):
        value = {"map_value": {"fields": {"a": value}}}
    return value


@pytest.mark.parametrize(
    "path",
    [
        "items",
        "items/a/sub",
        "items/.",
        "items/..",
        "items/__a__",
        "__items__/a",
        "items//sub/a",
        "items/" + "x" * 1501,
    ],
)
def test_name_that_no_document_can_have_is_refused(client: firestore.Client, path: str) -> None:
    with pytest.raises(api.InvalidArgument):
        _update(client, path)


@pytest.mark.parametrize("path", ["items/" + "x" * 1500, "items/a b:c%|ü", "items/...", "items/__a_"])
def test_odd_but_legal_name_is_accepted(client: firestore.Client, path: str) -> None:
    _update(client, path)
    assert client.document(path).get().exists


def test_write_to_another_database_is_refused(client: firestore.Client) -> None:
    name = "projects/somebody-else/databases/(default)/documents/items/a"
    with pytest.raises(api.InvalidArgument):
        _commit(client, {"update": {"name": name, "fields": {}}})


def test_write_without_operation_is_refused(client: firestore.Client) -> None:
    with pytest.raises(api.InvalidArgument):
        _commit(client, {})


@pytest.mark.parametrize("field", ["", "__reserved__"])
def test_field_name_that_may_not_be_is_refused(client: firestore.Client, field: str) -> None:
    with pytest.raises(api.InvalidArgument):
        _update(client, "items/a", {field: ONE})


@pytest.mark.parametrize(
    "value",
    [{}, _array(_array(ONE)), _array(_nested(1), VECTOR), _nested(21)],
    ids=["unset", "array in array", "vector in array", "21 deep"],
)
def test_value_that_cannot_be_stored_is_refused(client: firestore.Client, value: Value) -> None:
    with pytest.raises(api.InvalidArgument):
        _update(client, "items/a", {"v": value})


def test_twenty_levels_of_maps_are_accepted(client: firestore.Client) -> None:
    _update(client, "items/a", {"v": _nested(20)})


def test_document_over_one_mebibyte_is_refused(items: Any) -> None:
    items.document("a").set({"v": "x" * 1_048_000})
    with pytest.raises(api.InvalidArgument):
        items.document("a").set({"v": "x" * 600_000, "w": "x" * 600_000})
    assert items.document("a").get().to_dict() == {"v": "x" * 1_048_000}


def test_refused_write_leaves_nothing_of_its_commit(client: firestore.Client) -> None:
    names = [f"{client._database_string}/documents/items/{one}" for one in "ab"]
    with pytest.raises(api.InvalidArgument):
        _commit(client, {"update": {"name": names[0]}}, {"update": {"name": names[1], "fields": {"": ONE}}})
    assert not client.document("items/a").get().exists


def test_same_document_twice_in_a_bulk_write_is_refused(client: firestore.Client) -> None:
    write = {"update": {"name": f"{client._database_string}/documents/items/a"}}
    request = {"database": client._database_string, "writes": [write, write]}
    with pytest.raises(api.InvalidArgument):
        client._firestore_api.batch_write(request=request, metadata=client._rpc_metadata)


@pytest.mark.parametrize("operator", ["in", "not-in", "array_contains_any"])
def test_empty_operand_list_is_refused(items: Any, operator: str) -> None:
    query = items.where(filter=firestore.FieldFilter("n", operator, []))
    with pytest.raises(api.InvalidArgument):
        list(query.stream())


def test_negative_limit_is_refused(items: Any) -> None:
    with pytest.raises(api.InvalidArgument):
        list(items.limit(-1).stream())
