"""The `q` of framework version 1, query by example: `OrganizationCode=M1;WorkOrderId>=100 and <200`.

Conditions are joined by `;` and all hold; one condition may have several comparisons of the same attribute. Values are
bare or in single or double quotes.
"""

from __future__ import annotations

import re

from local.oracle.attributes import Attribute, Attributes
from local.oracle.query_terms import Predicate, bad_query, compare, literal, queryable

_SYMBOL = r"(>=|<=|<>|!=|=|<|>)"
_VALUE = r"""('[^']*'|"[^"]*"|[^'"=<>;]+?)"""
_CONDITION = re.compile(rf"\s*(\w+)\s*{_SYMBOL}\s*{_VALUE}(?=\s+(?:and|or)\s*[<>=!]|\s*;|\s*\Z)", re.IGNORECASE)
_FURTHER = re.compile(rf"\s+(and|or)\s*{_SYMBOL}\s*{_VALUE}(?=\s+(?:and|or)\s*[<>=!]|\s*;|\s*\Z)", re.IGNORECASE)
_END = re.compile(r"\s*(;|\Z)")


def parse_example(text: str, attributes: Attributes) -> Predicate:
    """What the query asks of a row. Refusal 400 if it is not one, the expressions of later versions included."""
    conditions: list[Predicate] = []
    at = 0
    while True:
        condition = _CONDITION.match(text, at)
        if condition is None:
            raise bad_query(f"no condition of a query by example at {text[at:]!r}.")
        name, symbol, value = condition.groups()
        attribute = queryable(attributes, name)
        predicate = _comparison(attribute, symbol, value)
        at = condition.end()
        while (further := _FURTHER.match(text, at)) is not None:
            word, symbol, value = further.groups()
            predicate = _joined(word.lower(), predicate, _comparison(attribute, symbol, value))
            at = further.end()
        conditions.append(predicate)
        end = _END.match(text, at)
        assert end is not None
        at = end.end()
        if not end.group(1):
            return lambda row: all(holds(row) for holds in conditions)


def _comparison(attribute: Attribute, symbol: str, value: str) -> Predicate:
    bare = value[1:-1] if value[0] in "'\"" else value.strip()
    return compare(attribute, symbol, literal(attribute, bare))


def _joined(word: str, left: Predicate, right: Predicate) -> Predicate:
    if word == "and":
        return lambda row: left(row) and right(row)
    return lambda row: left(row) or right(row)
