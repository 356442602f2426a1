"""`$filter`: an expression becomes a test of a row. Whatever SAP would not run is refused with 400."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from local.sap.fields import EntityType, Property
from local.sap.literals import Token, tokens, value_for
from local.sap.refusals import Refusal, bad_request

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}
# function -> (is the property the first argument, the test)
_FUNCTIONS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "substringof": (False, lambda text, part: part in text),
    "startswith": (True, lambda text, part: text.startswith(part)),
    "endswith": (True, lambda text, part: text.endswith(part)),
}
_END = Token("mark", "")


def compile_filter(text: str, entity: EntityType) -> Test:
    """The test that `text` describes. Refusal 400 for bad syntax, an unknown property or a wrong type."""
    parser = _Parser(list(tokens(text)), entity)
    test = parser.either()
    parser.expect("")
    return test


def filterable(entity: EntityType, name: str) -> Property:
    """The property to filter by. Refusal 400 if there is none or SAP cannot filter by it."""
    made = entity.properties.get(name)
    if made is None:
        raise bad_request(f"Property {name} not found in {entity.name}", name)
    if not made.filterable:
        raise Refusal(400, "SIM/501", f"Query operation on {name} is not implemented", target=name)
    return made


class _Parser:
    """Recursive descent: `or` binds least, then `and`, then `not`, then comparisons."""

    def __init__(self, found: list[Token], entity: EntityType) -> None:
        self._tokens = found
        self._next = 0
        self._entity = entity

    def either(self) -> Test:
        test = self._both()
        while self._word("or"):
            test = _or(test, self._both())
        return test

    def expect(self, mark: str) -> None:
        if (token := self._take()) != Token("mark", mark):
            raise bad_request(f"Invalid filter: {token.value!r} where {mark or 'the end'!r} should be")

    def _both(self) -> Test:
        test = self._unary()
        while self._word("and"):
            test = _and(test, self._unary())
        return test

    def _unary(self) -> Test:
        if self._word("not"):
            test = self._unary()
            return lambda row: not test(row)
        if self._peek() == Token("mark", "("):
            self._take()
            test = self.either()
            self.expect(")")
            return test
        token = self._take()
        if token.kind == "word" and token.value in _FUNCTIONS and self._peek() == Token("mark", "("):
            return self._compared_truth(self._function(token.value))
        return self._comparison(token)

    def _comparison(self, left: Token) -> Test:
        sign = self._take()
        right = self._take()
        if sign.kind != "word" or sign.value not in _MIRRORED:
            raise bad_request(f"Invalid filter: {sign.value!r} is not an operator")
        if left.kind == "word" and right.kind == "literal":
            return self._against(left, sign.value, right)
        if left.kind == "literal" and right.kind == "word":
            return self._against(right, _MIRRORED[sign.value], left)
        raise bad_request("Invalid filter: a property must be compared with a literal")

    def _against(self, name: Token, sign: str, literal: Token) -> Test:
        made = filterable(self._entity, name.value)
        key, value = made.name, value_for(made, literal)
        if sign == "eq":
            return lambda row: bool(row[key] == value)
        if sign == "ne":
            return lambda row: bool(row[key] != value)
        compare = _COMPARISONS[sign]
        return lambda row: value is not None and row[key] is not None and compare(row[key], value)

    def _function(self, name: str) -> Test:
        property_first, test = _FUNCTIONS[name]
        self.expect("(")
        first = self._take()
        self.expect(",")
        second = self._take()
        self.expect(")")
        field, part = (first, second) if property_first else (second, first)
        if field.kind != "word" or part.type != "Edm.String":
            raise bad_request(f"Invalid arguments of {name}")
        made = filterable(self._entity, field.value)
        if made.type != "Edm.String":
            raise bad_request(f"{name} cannot be used with {made.name}", made.name)
        key, text = made.name, part.value
        return lambda row: test(row[key], text)

    def _compared_truth(self, test: Test) -> Test:
        """`test`, or `test eq true` and the like, which SAP's own clients write."""
        sign = self._peek()
        if sign.kind != "word" or sign.value not in ("eq", "ne"):
            return test
        self._take()
        wanted = self._take()
        if wanted.type != "Edm.Boolean":
            raise bad_request("Invalid filter: a truth value must be compared with true or false")
        truth = wanted.value == (sign.value == "eq")
        return lambda row: test(row) == truth

    def _word(self, word: str) -> bool:
        if self._peek() != Token("word", word):
            return False
        self._next += 1
        return True

    def _peek(self) -> Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> Token:
        token = self._peek()
        self._next += 1
        return token


def _or(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def _and(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)
