"""What is wrong with a value, in the words of those who edit the files rather than of the library that checks them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

# Error type of pydantic -> our words, with what the library says about it. What is not here keeps the library's words.
_WORDS: dict[str, str] = {
    "bool_type": "must be true or false (without quotes)",
    "dict_type": "must be a mapping (key: value)",
    "extra_forbidden": "is not a known key",
    "float_type": "must be a number (without quotes)",
    "frozen_set_type": "must be a list (- value)",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number (without quotes)",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list (- value)",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "model_type": "must be a mapping (key: value)",
    "string_too_short": "must not be empty",
    "string_type": "must be text (a number or date needs quotes)",
    "too_short": "must not be empty",
    "tuple_type": "must be a list (- value)",
    "misplaced": "{reason}",
    "value_error": "{error}",
}

# Patterns of the models -> what they allow.
_FORMS: dict[str, str] = {
    r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$": (
        "must be 3 to 32 small letters, digits and -, begin with a letter and not end with -"
    ),
    r"^[A-Za-z0-9_-]{1,255}$": "must be the name of a secret: at most 255 letters, digits, - and _",
    r"^[A-Z][A-Z0-9_]{2,60}$": "must be MaintainX's name of a webhook type, such as NEW_WORK_ORDER",
    r"^https?://[^\s/?#]+[^\s?#]*$": "must be an address such as https://host/path, without ? and #",
    r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$": "must be the name of an HTTP header: letters, digits and -",
    r"^([!-~]([ -~]*[!-~])?)?$": "must be what an HTTP header can carry: one line of ASCII, no blanks around it",
    r"^[a-z0-9][a-z0-9-]*$": "must be the name of a file in mappings/, without .yaml: small letters, digits and -",
    r"^/.*[^/]$": "must be a path that begins with / and does not end with it",
    r"^[A-Za-z_]\w*$": "must be the name of one of Oracle's fields, such as WorkOrderNumber",
    r"^[0-9]{3}$": "must be three digits in quotes, such as '100'",
    r"^[A-Z]{2}$": "must be two capitals, such as EN",
    r"^[A-Z0-9]$": "must be one capital or digit",
    r"^[A-Z0-9]{1,4}$": "must be 1 to 4 capitals and digits",
    r"^[A-Za-z]\w*$": "must be the name of one of SAP's fields, such as ReferenceElement",
    r"\{id\}": "must contain {id}, where the ERP's id goes",
    r"^[^.\s][^.]*(\.[^.]+)*$": "must be a dotted path such as title or extraFields.Cost Center",
    r"^[a-z][a-z0-9_]*\.([a-z0-9_.]+|\*)$": (
        "must be an event's type such as work_order.created, or work_order.* for all of a kind"
    ),
    r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_.]*$": "must be the full name of an event, such as sensor.alert",
}


def did_you_mean(name: str, known: Collection[str]) -> str:
    """`; did you mean NAME?` with that of `known` which is most like `name`, whatever their case; empty if none is."""
    by_folded = {each.casefold(): each for each in sorted(known, reverse=True)}
    closest = difflib.get_close_matches(name.casefold(), sorted(by_folded), n=1, cutoff=0.7)
    return f"; did you mean {by_folded[closest[0]]}?" if closest else ""


def in_words(fault: Mapping[str, Any]) -> str:
    """What to tell of one of pydantic's `ValidationError.errors()`. Never holds the value: it may be a secret."""
    context = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch" and context["pattern"] in _FORMS:
        return _FORMS[context["pattern"]]
    words = _WORDS.get(fault["type"])
    return words.format(**context) if words else str(fault["msg"])
