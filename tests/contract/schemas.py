"""JSON schemas without their prose, and with the shapes that occur more than once said once.

A shape that is said once has a name in `schemas`; {"$ref": name} stands for it, with "nullable" beside it where only
that place may be null.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]
Change = Callable[[Schema, str], Schema]

_FACTS = frozenset(
    {
        *("type", "format", "enum", "nullable", "required", "properties", "additionalProperties", "items"),
        *("oneOf", "anyOf", "allOf", "pattern", "minLength", "maxLength", "minimum", "maximum"),
        *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems"),
        *("minProperties", "maxProperties"),
    }
)
_LEFT_OUT = frozenset({"description", "title", "example", "default", "deprecated", "readOnly"})
_WORTH_A_NAME_CHARS = 150


def mapped(schema: Schema, name: str, change: Change) -> Schema:
    """`schema` with every schema directly in it changed; `change` gets each one and the name of its nearest field."""
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {field: change(inner, field) for field, inner in sorted(made["properties"].items())}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = change(made[key], name)
    for key in ("oneOf", "anyOf", "allOf"):
        if key in made:
            made[key] = [change(member, name) for member in made[key]]
    return made


def facts_of(schema: Schema, name: str) -> Schema:
    """`schema` without prose. Raises ValueError for a keyword of which nobody decided whether it is a fact."""
    unknown = schema.keys() - _FACTS - _LEFT_OUT
    if unknown:
        raise ValueError(
            f"the schema of {name} has {', '.join(sorted(unknown))}: say in {__name__} whether it is a fact"
        )
    facts = {key: value for key, value in schema.items() if key in _FACTS and not (key == "nullable" and not value)}
    return mapped(facts, name, facts_of)


class Shapes:
    """Show every schema to `count`, then let `shared` replace what occurred more than once by its name."""

    def __init__(self) -> None:
        self._places: Counter[str] = Counter()
        self._found_as: dict[str, str] = {}

    def count(self, schema: Schema, name: str) -> Schema:
        """Counts the places of each shape; what is in a shape that was seen before is not counted again."""
        text = _text(schema)
        self._places[text] += 1
        self._found_as.setdefault(text, name)
        if self._places[text] == 1:
            mapped(schema, name, self.count)
        return schema

    def names(self) -> dict[str, str]:
        """By the text of a shape its name: that of the first field that has it, with a number if that is taken."""
        names: dict[str, str] = {}
        taken: Counter[str] = Counter()
        for text, places in self._places.items():
            if places > 1 and len(text) >= _WORTH_A_NAME_CHARS:
                name = self._found_as[text]
                taken[name] += 1
                names[text] = name if taken[name] == 1 else f"{name} {taken[name]}"
        return names


def shared(names: Mapping[str, str]) -> Change:
    """A change that puts a reference in the place of every shape that has a name."""

    def change(schema: Schema, name: str) -> Schema:
        if (shape := names.get(_text(schema))) is None:
            return mapped(schema, name, change)
        return {"$ref": shape, **_null(schema)}

    return change


def resolved(shapes: Mapping[str, Schema]) -> Change:
    """A change that puts the shapes back; no two places have an object in common."""

    def change(schema: Schema, name: str) -> Schema:
        if "$ref" in schema:
            return {**change(shapes[schema["$ref"]], name), **_null(schema)}
        made: Schema = json.loads(json.dumps(schema))
        return mapped(made, name, change)

    return change


def _text(schema: Schema) -> str:
    return json.dumps({key: value for key, value in schema.items() if key != "nullable"}, sort_keys=True)


def _null(schema: Schema) -> Schema:
    return {"nullable": True} if schema.get("nullable") else {}
