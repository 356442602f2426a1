"""Words and literals of OData V2 as they stand in URLs: filters, keys, parameters of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from local.sap.edm import normal_text, parse_day, parse_duration, parse_time
from local.sap.fields import EdmType, Property
from local.sap.refusals import bad_request

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<prefix>datetimeoffset|datetime|time)'(?P<typed>[^']*)'
    | '(?P<text>(?:[^']|'')*)'
    | (?P<number>-?\d+(?:\.\d+)?)(?P<suffix>[LlMmDdFf]?)(?![\w.])
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>[(),=])
    )""",
    re.VERBOSE,
)
_TYPED = {
    "datetimeoffset": ("Edm.DateTimeOffset", parse_time),
    "datetime": ("Edm.DateTime", parse_day),
    "time": ("Edm.Time", parse_duration),
}
_NUMBERS = ("Edm.Int32", "Edm.Int64", "Edm.Decimal", "Edm.Double")
_CONSTANTS: dict[str, tuple[str, Any]] = {
    "true": ("Edm.Boolean", True),
    "false": ("Edm.Boolean", False),
    "null": ("null", None),
}


@dataclass(frozen=True, slots=True)
class Token:
    """A literal with its EDM type (`null` for null), or a word or a mark with its text as value."""

    kind: Literal["literal", "word", "mark"]
    value: Any
    type: str = ""


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text`. Refusal 400 at what is none."""
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            raise bad_request(f"Invalid expression at position {position + 1}: {text[position : position + 20]!r}")
        position = found.end()
        yield _token(found)


def literal(text: str) -> Token:
    """The only token of `text`, a literal. Refusal 400 if it is anything else."""
    found = list(tokens(text))
    if len(found) != 1 or found[0].kind != "literal":
        raise bad_request(f"{text!r} is not a literal")
    return found[0]


def value_for(made: Property, token: Token) -> Any:
    """The value of a literal that is compared with, or given for, the property. Refusal 400 if the type is wrong."""
    if token.type != "null" and token.type not in _ACCEPTED[made.type]:
        raise bad_request(f"{made.name} is {made.type}, and the literal is {token.type}", made.name)
    if made.type == "Edm.String" and token.value is not None:
        return _compared_text(token.value, made)
    return token.value


def _compared_text(text: str, made: Property) -> str:
    """Leading zeros make no difference where SAP does not show them; small letters do (see README)."""
    return normal_text(text, made) if made.alpha else text


def _token(found: re.Match[str]) -> Token:
    if (word := found["word"]) is not None:
        return Token("literal", _CONSTANTS[word][1], _CONSTANTS[word][0]) if word in _CONSTANTS else Token("word", word)
    if (mark := found["mark"]) is not None:
        return Token("mark", mark)
    if (text := found["text"]) is not None:
        return Token("literal", text.replace("''", "'"), "Edm.String")
    if (number := found["number"]) is not None:
        return _number(number, found["suffix"].upper())
    type_name, parse = _TYPED[found["prefix"]]
    try:
        return Token("literal", parse(found["typed"]), type_name)
    except (ValueError, OverflowError) as error:
        raise bad_request(f"Invalid literal {found.group(0).strip()}") from error


def _number(digits: str, suffix: str) -> Token:
    if suffix == "M" or ("." in digits and not suffix):
        return Token("literal", Decimal(digits), "Edm.Decimal")
    if suffix in ("D", "F"):
        return Token("literal", Decimal(digits), "Edm.Double")
    if "." in digits:
        raise bad_request(f"Invalid literal {digits}{suffix}")
    return Token("literal", int(digits), "Edm.Int64" if suffix == "L" else "Edm.Int32")


_ACCEPTED: dict[EdmType, tuple[str, ...]] = {
    "Edm.String": ("Edm.String",),
    "Edm.DateTimeOffset": ("Edm.DateTimeOffset",),
    "Edm.DateTime": ("Edm.DateTime",),
    "Edm.Time": ("Edm.Time",),
    "Edm.Boolean": ("Edm.Boolean",),
    "Edm.Decimal": _NUMBERS,
    "Edm.Int64": _NUMBERS,
    "Edm.Int32": _NUMBERS,
    "Edm.Byte": _NUMBERS,
}
