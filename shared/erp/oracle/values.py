"""Values as Oracle's REST framework writes them, and in the canonical forms of `ErpField.type`: pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.erp.base import FieldType

_LOOKS_LIKE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})")


def canonical(kind: FieldType | None, value: Any) -> Any:
    """A value of an answer in canonical form; "" and null are None. What does not look like its type stays as it is.

    kind None: nothing is known of the field, so only a time with zone is told from other texts, by its look.
    """
    if value is None or value == "":
        return None
    if kind is None:
        looks_like_time = isinstance(value, str) and _LOOKS_LIKE_TIME.fullmatch(value)
        return _time(value) if looks_like_time else value
    return _READERS[kind](value)


def wire(kind: FieldType | None, value: Any) -> Any:
    """A canonical value as it is sent: times with an offset in digits, as in all of Oracle's own samples."""
    if value is None or value == "":
        return None
    if kind in ("time", None) and isinstance(value, str) and _LOOKS_LIKE_TIME.fullmatch(value):
        return wire_time(datetime.fromisoformat(value))
    return value


def moment(value: Any) -> datetime | None:
    """The moment (UTC) that a time in an answer means; None if it is no time. One without zone is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def wire_time(at: datetime) -> str:
    """A moment with zone as it is sent, in whole seconds (UTC): `2026-09-16T16:00:00+00:00`."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat()


def _time(value: Any) -> Any:
    at = moment(value)
    return value if at is None else at.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _date(value: Any) -> Any:
    return value[:10] if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        except ValueError:
            return value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _boolean(value: Any) -> Any:
    return _FLAGS.get(str(value).lower(), value)


_FLAGS = {"true": True, "y": True, "false": False, "n": False}
_READERS: dict[FieldType, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
}
