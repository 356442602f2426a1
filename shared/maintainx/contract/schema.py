"""Schemas of an OpenAPI document as flat tables: one line a field.

`workOrders[].asset.name` is a path: `[]` is an element of an array, `<TIME>` the member of a union whose `type` is
that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Schema = Mapping[str, Any]
Fields = dict[str, "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """type: as in the document, with the format ("string date-time"), members of a union sorted and joined by "|"."""

    type: str
    required: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()


def flatten(schema: Schema) -> Fields:
    """Every field in and below `schema`, by its path; the schema itself has the path "" and is not listed."""
    fields: Fields = {}
    _collect(schema, "", fields)
    return fields


def container(path: str) -> str:
    """Where a field is: "a[]" for "a[].b", "" for "b"."""
    return path.rpartition(".")[0]


def without_members(path: str) -> str:
    """`<TIME>.durationTotal` as `durationTotal`: code that sends it knows no members."""
    parts = [part.partition("<")[0] for part in path.split(".")]
    return ".".join(part for part in parts if part)


def _collect(schema: Schema, path: str, fields: Fields) -> None:
    for inner_path, inner in _inside(schema, path):
        _collect(inner, inner_path, fields)
    required = set(schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        own_path = f"{path}.{name}".lstrip(".")
        field = Field(_type(inner), name in required, inner.get("nullable") is True, _enum(inner))
        fields[own_path] = _joined(fields.get(own_path), field)
        _collect(inner, own_path, fields)


def _inside(schema: Schema, path: str) -> Iterable[tuple[str, Schema]]:
    """What is nested without a name: elements and members of unions. Members that no `type` tells apart are merged."""
    if "items" in schema:
        yield f"{path}[]", schema["items"]
    for member in _members(schema):
        kind = _enum(member.get("properties", {}).get("type", {}))
        yield (f"{path}<{kind[0]}>" if len(kind) == 1 else path), member


def _members(schema: Schema) -> list[Schema]:
    return [member for key in ("oneOf", "anyOf", "allOf") for member in schema.get(key, ())]


def _type(schema: Schema) -> str:
    if members := _members(schema):
        return "|".join(sorted({_type(member) for member in members}))
    name = str(schema.get("type", "any"))
    if name == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return f"{name} {schema['format']}" if "format" in schema else name


def _enum(schema: Schema) -> tuple[str, ...]:
    """The values of a field, or of the elements of an array."""
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return tuple(str(value) for value in values)


def _joined(known: Field | None, field: Field) -> Field:
    """One field of several members of a union: required only if all require it."""
    if known is None:
        return field
    enum = tuple(dict.fromkeys((*known.enum, *field.enum)))
    return replace(field, required=known.required and field.required, enum=enum)
