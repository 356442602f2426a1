"""When two field values mean the same although one of them was through another system."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON scalars mean the same to both sides.

    ERPs answer "" for null, drop blanks at the end of a text and write a time in their own zone or precision: none of
    these is a change that somebody made. Numbers and texts are never the same, and neither are true and 1.
    """
    if is_empty(one) or is_empty(other):
        return is_empty(one) and is_empty(other)
    if isinstance(one, str) and isinstance(other, str):
        return one.rstrip() == other.rstrip() or _same_instant(one, other)
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    return bool(one == other)


def is_empty(value: Any) -> bool:
    """Whether it is no value: None, "" or blanks."""
    return value is None or (isinstance(value, str) and not value.rstrip())


def _same_instant(one: str, other: str) -> bool:
    instants = [_instant(one), _instant(other)]
    return None not in instants and instants[0] == instants[1]


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.rstrip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment
