"""The filter language of subscriptions: text to a predicate over a message's attributes.

    attributes:key   attributes.key = "v"   attributes.key != "v"   hasPrefix(attributes.key, "p")
    NOT x (also -x)   x AND y AND z   x OR y OR z   (x)

As in Google's service NOT binds strongest, and AND with OR in one expression needs parentheses: a filter that mixes
them is refused rather than guessed. A key that is not letters, digits, `_` and `-` is written as a quoted string.
An absent key matches none of `=`, `!=` and hasPrefix.
Source: https://cloud.google.com/pubsub/docs/subscription-message-filter
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Attributes: TypeAlias = Mapping[str, str]
Predicate: TypeAlias = Callable[[Attributes], bool]

MAX_FILTER_BYTES = 256
MAX_DEPTH = 32

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<word>[A-Za-z_][A-Za-z0-9_-]*)
      | (?P<mark>!=|[=:.,()-])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r'\\(?:(["\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{3})|([nrt]))')
_WHITESPACE = {"n": "\n", "r": "\r", "t": "\t"}


class FilterError(ValueError):
    """The text is not a filter; the message says where and why."""


def compile_filter(text: str) -> Predicate:
    """The predicate that `text` states; empty text accepts every message. Raises FilterError."""
    if len(text.encode()) > MAX_FILTER_BYTES:
        raise FilterError(f"a filter may have {MAX_FILTER_BYTES} bytes, this one has {len(text.encode())}")
    if not text.strip():
        return _everything
    parser = _Parser(_tokens(text))
    predicate = parser.expression(depth=0)
    parser.expect_end()
    return predicate


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterError(f"cannot read the filter from {text[position:]!r} on")
        found.append(match.group().strip())
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens; each method consumes what it returns the meaning of."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._next = 0

    def expression(self, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise FilterError("too many nested parentheses")
        terms = [self._term(depth)]
        operator = self._peek()
        if operator not in ("AND", "OR"):
            return terms[0]
        while self._peek() == operator:
            self._take()
            terms.append(self._term(depth))
        if self._peek() in ("AND", "OR"):
            raise FilterError("AND and OR in one expression need parentheses")
        return _all_of(terms) if operator == "AND" else _any_of(terms)

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise FilterError(f"unexpected {self._peek()!r}")

    def _term(self, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise FilterError("too many nested terms")
        token = self._take()
        if token in ("NOT", "-"):
            return _negation(self._term(depth + 1))
        if token == "(":
            inner = self.expression(depth + 1)
            self._expect(")")
            return inner
        if token == "hasPrefix":
            return self._has_prefix()
        if token == "attributes":
            return self._comparison()
        raise FilterError(f"expected a condition on attributes, found {token!r}")

    def _has_prefix(self) -> Predicate:
        for expected in ("(", "attributes", "."):
            self._expect(expected)
        key = self._key()
        self._expect(",")
        prefix = self._string()
        self._expect(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _comparison(self) -> Predicate:
        separator = self._take()
        if separator not in (":", "."):
            raise FilterError(f"expected attributes:KEY or attributes.KEY, found {separator!r}")
        key = self._key()
        if separator == ":":
            return lambda attributes: key in attributes
        operator = self._take()
        if operator not in ("=", "!="):
            raise FilterError(f"expected = or !=, found {operator!r}")
        value = self._string()
        if operator == "=":
            return lambda attributes: key in attributes and attributes[key] == value
        return lambda attributes: key in attributes and attributes[key] != value

    def _key(self) -> str:
        token = self._take()
        if token.startswith('"'):
            return _unquote(token)
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", token) is None:
            raise FilterError(f"expected an attribute key, found {token!r}")
        return token

    def _string(self) -> str:
        token = self._take()
        if not token.startswith('"'):
            raise FilterError(f"expected a quoted string, found {token!r}")
        return _unquote(token)

    def _expect(self, wanted: str) -> None:
        token = self._take()
        if token != wanted:
            raise FilterError(f"expected {wanted!r}, found {token!r}")

    def _peek(self) -> str | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> str:
        token = self._peek()
        if token is None:
            raise FilterError("the filter ends too early")
        self._next += 1
        return token


def _everything(_: Attributes) -> bool:
    return True


def _all_of(terms: list[Predicate]) -> Predicate:
    return lambda attributes: all(term(attributes) for term in terms)


def _any_of(terms: list[Predicate]) -> Predicate:
    return lambda attributes: any(term(attributes) for term in terms)


def _negation(term: Predicate) -> Predicate:
    return lambda attributes: not term(attributes)


def _unquote(token: str) -> str:
    body = token[1:-1]
    if "\\" in _ESCAPE.sub("", body):
        raise FilterError(f"unknown escape in {token}")
    try:
        return _ESCAPE.sub(_unescaped, body)
    except (ValueError, OverflowError):
        raise FilterError(f"no such character in {token}") from None


def _unescaped(match: re.Match[str]) -> str:
    literal, *codes, octal, space = match.groups()
    if literal:
        return literal
    if space:
        return _WHITESPACE[space]
    if octal:
        return chr(int(octal, 8))
    return chr(int(next(code for code in codes if code), 16))
