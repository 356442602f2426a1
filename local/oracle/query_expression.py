"""The `q` of framework versions 2 and later, an expression: `A = 'x' and (B > 5 or C between '..' and '..')`.

Grammar, keywords in any case, strings in single quotes with `''` for a quote inside:

    either    := all ("or" all)*
    all       := term ("and" term)*
    term      := "not" term | "(" either ")" | condition
    condition := NAME ( SYMBOL literal | ["not"] "like" STRING | ["not"] "between" literal "and" literal
                      | ["not"] "in" "(" literal ("," literal)* ")" | "is" ["not"] "null" )
"""

from __future__ import annotations

import re
from typing import Any

from local.oracle.attributes import Attribute, Attributes
from local.oracle.query_terms import OPERATORS, Predicate, bad_query, compare, like, literal, queryable

_MOST_TOKENS = 2_000
_DEEPEST = 50
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<symbol>>=|<=|<>|!=|[=<>(),]))"
)
_KEYWORDS = frozenset({"and", "or", "not", "like", "between", "in", "is", "null"})
Token = tuple[str, str]
_END: Token = ("end", "")


def parse_expression(text: str, attributes: Attributes) -> Predicate:
    """What the expression asks of a row. Refusal 400 if it is none, version 1's `;` and bare values included."""
    parser = _Parser(_tokens(text), attributes)
    predicate = parser.either()
    parser.expect("end")
    return predicate


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    text = text.rstrip()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= _MOST_TOKENS:
            raise bad_query(f"unexpected text at {text[at:]!r}.")
        kind, value = str(match.lastgroup), str(match.group(match.lastgroup or 0))
        if kind == "string":
            value = value[1:-1].replace("''", "'")
        elif kind == "word" and value.lower() in _KEYWORDS:
            kind = value = value.lower()
        elif kind == "symbol":
            kind = "compare" if value in OPERATORS else value
        found.append((kind, value))
        at = match.end()
    return [*found, _END]


class _Parser:
    """Recursive descent over the tokens; every method leaves the position behind what it read."""

    def __init__(self, tokens: list[Token], attributes: Attributes) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._attributes = attributes

    def either(self) -> Predicate:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def expect(self, kind: str) -> str:
        found, value = self._tokens[self._at]
        if found != kind:
            raise bad_query(f"{kind} expected, but there is {value or found!r}.")
        self._at += 1
        return value

    def _all(self) -> Predicate:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _term(self) -> Predicate:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad_query("it is nested too deeply.")
        try:
            if self._take("not"):
                return _negated(self._term())
            if self._take("("):
                inner = self.either()
                self.expect(")")
                return inner
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Predicate:
        attribute = queryable(self._attributes, self.expect("word"))
        if self._tokens[self._at][0] == "compare":
            return compare(attribute, self.expect("compare"), self._literal(attribute))
        if self._take("is"):
            return self._null(attribute)
        if self._take("not"):
            # Not simply the opposite: as in SQL, an empty attribute fulfils neither.
            opposite, filled = _negated(self._listed(attribute)), _filled(attribute)
            return lambda row: filled(row) and opposite(row)
        return self._listed(attribute)

    def _null(self, attribute: Attribute) -> Predicate:
        filled_wanted = self._take("not")
        self.expect("null")
        return _filled(attribute) if filled_wanted else _negated(_filled(attribute))

    def _listed(self, attribute: Attribute) -> Predicate:
        if self._take("like"):
            return like(attribute, self.expect("string"))
        if self._take("between"):
            low = compare(attribute, ">=", self._literal(attribute))
            self.expect("and")
            high = compare(attribute, "<=", self._literal(attribute))
            return lambda row: low(row) and high(row)
        self.expect("in")
        self.expect("(")
        values = [self._literal(attribute)]
        while self._take(","):
            values.append(self._literal(attribute))
        self.expect(")")
        name = attribute.name
        return lambda row: row.get(name) in values

    def _literal(self, attribute: Attribute) -> Any:
        kind, value = self._tokens[self._at]
        # A number does not stand for a string here: Oracle's database would convert, and then fail on other rows.
        fits = kind == "string" or (kind == "number" and attribute.type in ("integer", "number"))
        if not fits and not (kind == "word" and attribute.type == "boolean"):
            raise bad_query(f"{value or kind!r} isn't a value of the attribute {attribute.name}.")
        self._at += 1
        return literal(attribute, value)

    def _take(self, kind: str) -> bool:
        if self._tokens[self._at][0] != kind:
            return False
        self._at += 1
        return True


def _negated(predicate: Predicate) -> Predicate:
    return lambda row: not predicate(row)


def _filled(attribute: Attribute) -> Predicate:
    name = attribute.name
    return lambda row: row.get(name) is not None
