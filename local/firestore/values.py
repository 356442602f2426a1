"""Firestore values: their one order across types, their size, and what may not be stored.

Order (Google Cloud, "Supported data types: Value type ordering"): null, booleans, NaN, numbers, timestamps, text by
UTF-8, bytes, references, points, arrays, vectors, maps. Two values are equal if neither comes before the other, so
that 3 equals 3.0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from local.firestore.paths import is_reserved, segment_keys
from local.firestore.refusal import invalid

MAX_DOCUMENT_BYTES = 1_048_576
_MAX_DEPTH = 20
_MAX_FIELD_NAME_BYTES = 1500
_MOST_BYTES_FOR_ONE = 5  # the worst is the point (0, 0): it counts 16 bytes and takes 4 on the wire
_VECTOR = "__vector__"

SortKey = tuple[Any, ...]

NULL_RANK, BOOLEAN_RANK, NUMBER_RANK = 0, 1, 2
NULL_KEY: SortKey = (NULL_RANK,)
NAN_KEY: SortKey = (NUMBER_RANK, 0)


def sort_key(value: Any) -> SortKey:
    """A tuple that sorts as the value does; its first item is the rank of the type."""
    return _SORT_KEYS[value.WhichOneof("value_type")](value)


def reference_key(name: str) -> SortKey:
    """The sort key of a reference to the document `name`."""
    return (6, segment_keys(name))


def is_number(value: Any) -> bool:
    """Whether it is an integer or a double, NaN included."""
    return value.WhichOneof("value_type") in ("integer_value", "double_value")


def number(value: Any) -> int | float:
    """The Python number in an integer or double value."""
    kind = value.WhichOneof("value_type")
    result: int | float = value.integer_value if kind == "integer_value" else value.double_value
    return result


def check_document_content(document: Any) -> None:
    """INVALID_ARGUMENT if Firestore would not store this document."""
    for field, value in document.fields.items():
        _check_field_name(field)
        _check_value(value, depth=0)
    if document.ByteSize() * _MOST_BYTES_FOR_ONE < MAX_DOCUMENT_BYTES:
        return
    size = name_size(document.name) + map_size(document.fields) + 32
    if size > MAX_DOCUMENT_BYTES:
        invalid(f"Document {document.name[:200]!r} has {size} bytes; the limit is {MAX_DOCUMENT_BYTES}.")


def name_size(name: str) -> int:
    """Bytes that a document's name counts for: each id and one, and sixteen more ("Storage size calculations")."""
    ids = name.split("/")[5:]
    return sum(len(segment.encode()) + 1 for segment in ids) + 16


def map_size(fields: Mapping[str, Any]) -> int:
    """Bytes that fields count for, names included."""
    return sum(len(field.encode()) + 1 + value_size(value) for field, value in fields.items())


def value_size(value: Any) -> int:
    """Bytes that a value counts for."""
    return _SIZES[value.WhichOneof("value_type")](value)


def _double_key(value: Any) -> SortKey:
    double = value.double_value
    return NAN_KEY if math.isnan(double) else (NUMBER_RANK, 1, double)


def _map_key(value: Any) -> SortKey:
    fields = value.map_value.fields
    if _is_vector(value):
        elements = fields["value"].array_value.values
        return (9, len(elements), tuple(sort_key(element) for element in elements))
    return (10, tuple((field, sort_key(fields[field])) for field in sorted(fields)))


def _is_vector(value: Any) -> bool:
    fields = value.map_value.fields
    return "__type__" in fields and fields["__type__"].string_value == _VECTOR


def _check_field_name(field: str) -> None:
    if not field:
        invalid("A field name is the empty string.")
    if is_reserved(field):
        invalid(f"field name {field} is reserved")
    if len(field.encode()) > _MAX_FIELD_NAME_BYTES:
        invalid(f"A field name is longer than {_MAX_FIELD_NAME_BYTES} bytes.")


def _check_value(value: Any, depth: int) -> None:
    kind = value.WhichOneof("value_type")
    if kind not in _SORT_KEYS:
        invalid(f"Cannot store a value of type {kind or 'unset'}.")
    if kind == "map_value":
        if depth >= _MAX_DEPTH:
            invalid(f"Values are nested deeper than {_MAX_DEPTH}.")
        vector = _is_vector(value)
        for field, inner in value.map_value.fields.items():
            if not vector:
                _check_field_name(field)
            _check_value(inner, depth + 1)
    elif kind == "array_value":
        if depth >= _MAX_DEPTH:
            invalid(f"Values are nested deeper than {_MAX_DEPTH}.")
        for inner in value.array_value.values:
            if inner.WhichOneof("value_type") == "array_value" or _is_vector(inner):
                invalid("Cannot convert an array or vector value in an array value.")
            _check_value(inner, depth + 1)


_SORT_KEYS: dict[str | None, Callable[[Any], SortKey]] = {
    "null_value": lambda _: NULL_KEY,
    "boolean_value": lambda value: (BOOLEAN_RANK, value.boolean_value),
    "integer_value": lambda value: (NUMBER_RANK, 1, value.integer_value),
    "double_value": _double_key,
    "timestamp_value": lambda value: (3, value.timestamp_value.seconds, value.timestamp_value.nanos),
    # Python compares text by code point, which is the order of its UTF-8 bytes.
    "string_value": lambda value: (4, value.string_value),
    "bytes_value": lambda value: (5, value.bytes_value),
    "reference_value": lambda value: reference_key(value.reference_value),
    "geo_point_value": lambda value: (7, value.geo_point_value.latitude, value.geo_point_value.longitude),
    "array_value": lambda value: (8, tuple(sort_key(element) for element in value.array_value.values)),
    "map_value": _map_key,
}

_SIZES: dict[str | None, Callable[[Any], int]] = {
    "null_value": lambda _: 1,
    "boolean_value": lambda _: 1,
    "integer_value": lambda _: 8,
    "double_value": lambda _: 8,
    "timestamp_value": lambda _: 8,
    "string_value": lambda value: len(value.string_value.encode()) + 1,
    "bytes_value": lambda value: len(value.bytes_value),
    "reference_value": lambda value: name_size(value.reference_value),
    "geo_point_value": lambda _: 16,
    "array_value": lambda value: sum(value_size(element) for element in value.array_value.values),
    "map_value": lambda value: map_size(value.map_value.fields),
}
