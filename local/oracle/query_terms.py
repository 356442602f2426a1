"""What both grammars of the `q` parameter are made of: attributes, literals and comparisons."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from local.oracle.attributes import Attribute, Attributes
from local.oracle.refusals import Refusal
from local.oracle.values import read_number, read_time

Predicate = Callable[[Mapping[str, Any]], bool]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def bad_query(detail: str) -> Refusal:
    """400 for a `q` that cannot be read."""
    return Refusal(400, "BAD_QUERY", f"The query parameter q isn't valid: {detail}")


def queryable(attributes: Attributes, name: str) -> Attribute:
    """The attribute; Refusal 400 if it does not exist or cannot be queried."""
    attribute = attributes.get(name)
    if attribute is None:
        raise bad_query(f"the attribute {name} doesn't exist.")
    if not attribute.queryable:
        raise bad_query(f"the attribute {name} isn't queryable.")
    return attribute


def literal(attribute: Attribute, text: str) -> Any:
    """The value that a literal means for this attribute. Refusal 400 if it means none."""
    try:
        if attribute.type == "string":
            return text
        if attribute.type == "datetime":
            return read_time(text, day_will_do=True)
        if attribute.type == "boolean":
            return {"true": True, "false": False}[text.lower()]
        return int(text) if attribute.type == "integer" else read_number(text)
    except (KeyError, ValueError, OverflowError):
        raise bad_query(f"{text!r} isn't a value of the attribute {attribute.name}.") from None


def compare(attribute: Attribute, symbol: str, value: Any) -> Predicate:
    """Whether the attribute compares so with the value. As in SQL, an empty attribute compares with nothing."""
    name, holds = attribute.name, OPERATORS[symbol]

    def predicate(row: Mapping[str, Any]) -> bool:
        actual = row.get(name)
        return actual is not None and holds(actual, value)

    return predicate


def like(attribute: Attribute, pattern: str) -> Predicate:
    """SQL's LIKE: `%` is any text, `_` any character. Refusal 400 for what is not a string."""
    if attribute.type != "string":
        raise bad_query(f"the attribute {attribute.name} isn't a string.")
    wildcards = {"%": ".*", "_": "."}
    matches = re.compile("".join(wildcards.get(c) or re.escape(c) for c in pattern), re.DOTALL).fullmatch
    name = attribute.name

    def predicate(row: Mapping[str, Any]) -> bool:
        actual = row.get(name)
        return actual is not None and matches(actual) is not None

    return predicate
