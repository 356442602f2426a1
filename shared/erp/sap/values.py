"""Field values: as SAP's JSON (OData V2) has them, and in the canonical forms of `ErpField.type`. Pure.

    EDM type        SAP                            canonical
    String          "" for none, blanks at the end text, None for none
    DateTimeOffset  "/Date(1789574400000+0000)/"   "2026-09-16T16:00:00Z"
    DateTime        "/Date(1789516800000)/"        "2026-09-16"
    Decimal, Int64  "2.50", "203"                  2.5, 203: an integer if it is whole, else a float
    Boolean, Int32  true, 7                        the same
    Time            "PT06H00M00S"                  the same text

The milliseconds are UTC; the offset behind them, in minutes, only says in which zone somebody would show the time. A
float holds every decimal of at most 15 digits, more than any field of an order has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from shared.erp.sap.fields import EdmType, SapField
from shared.errors import MalformedEvent, MappingError
from shared.events import parse_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(r"/Date\((-?\d{1,17})([+-]\d{4})?\)/")


def from_sap(field: SapField | None, value: Any, zone: ZoneInfo | None) -> Any:
    """The canonical value. zone: whose wall clock the planned dates are; None: they are UTC.

    A field that is not known (None) is read by the looks of its value. What is not of the field's type stays as SAP
    sent it: whoever needs it will say so, and nobody else is stopped.
    """
    if value is None or value == "":
        return None
    if field is None:
        return _by_its_looks(value)
    return _READERS[field.edm](value, zone if field.planned else None)


def to_sap(field: SapField | None, value: Any, zone: ZoneInfo | None) -> Any:
    """The value for a request body. MappingError, with the field's name, if the field cannot hold it."""
    if field is None:
        return "" if value is None else value
    if value is None:
        return "" if field.edm in ("String", "Time") else None
    try:
        return _WRITERS[field.edm](value, field, zone if field.planned else None)
    except (ValueError, MalformedEvent, OverflowError) as error:
        raise MappingError(f"{field.name}: {str(value)[:80]!r} is no {field.described().type}") from error


def time_of(value: Any) -> datetime | None:
    """The point in time in SAP's JSON, with its full seconds; None if there is none."""
    moment = _moment(value)
    return None if moment is None else moment.replace(microsecond=0)


def capitals(text: str) -> str:
    """`text` as SAP keeps it in capitals: what would become two letters (ß) stays as it is."""
    return text.upper() if text.isascii() else "".join(up if len(up := c.upper()) == 1 else c for c in text)


def iso(moment: datetime) -> str:
    """`2026-09-16T16:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def _moment(value: Any) -> datetime | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return _EPOCH + int(found[1]) * _MILLISECOND
    except OverflowError:  # before the year 1, or after 9999
        return None


def _by_its_looks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _DATE.fullmatch(value)
    if found is None:
        return _read_text(value, None)
    return (_read_time if found[2] else _read_date)(value, None)


def _read_text(value: Any, _zone: ZoneInfo | None) -> Any:
    return (value.rstrip() or None) if isinstance(value, str) else value


def _read_time(value: Any, zone: ZoneInfo | None) -> Any:
    moment = time_of(value)
    if moment is None:
        return value
    try:
        return iso(moment if zone is None else moment.replace(tzinfo=zone))
    except OverflowError:
        return value


def _read_date(value: Any, _zone: ZoneInfo | None) -> Any:
    moment = _moment(value)
    return value if moment is None else moment.date().isoformat()


def _read_number(value: Any, _zone: ZoneInfo | None) -> Any:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        return value
    return int(number) if number == number.to_integral_value() else float(number)


def _read_same(value: Any, _zone: ZoneInfo | None) -> Any:
    return value


def _write_text(value: Any, field: SapField, _zone: ZoneInfo | None) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004
    text = value.rstrip()
    return capitals(text) if field.capitals else text


def _write_time(value: Any, _field: SapField, zone: ZoneInfo | None) -> str:
    moment = parse_utc(value).replace(microsecond=0)
    wall_clock = moment if zone is None else moment.astimezone(zone).replace(tzinfo=UTC)
    return f"/Date({(wall_clock - _EPOCH) // _MILLISECOND}+0000)/"


def _write_date(value: Any, _field: SapField, _zone: ZoneInfo | None) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-09-16") else None
    if day is None:
        raise ValueError("not a date")
    return f"/Date({(day - _EPOCH.date()) // _MILLISECOND})/"


def _write_number(value: Any, _field: SapField, _zone: ZoneInfo | None) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def _write_int(value: Any, _field: SapField, _zone: ZoneInfo | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _write_boolean(value: Any, _field: SapField, _zone: ZoneInfo | None) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not a truth value")  # noqa: TRY004
    return value


_READERS: Mapping[EdmType, Callable[[Any, ZoneInfo | None], Any]] = {
    "String": _read_text,
    "Time": _read_text,
    "DateTimeOffset": _read_time,
    "DateTime": _read_date,
    "Decimal": _read_number,
    "Int64": _read_number,
    "Int32": _read_same,
    "Boolean": _read_same,
}
_WRITERS: Mapping[EdmType, Callable[[Any, SapField, ZoneInfo | None], Any]] = {
    "String": _write_text,
    "Time": _write_text,
    "DateTimeOffset": _write_time,
    "DateTime": _write_date,
    "Decimal": _write_number,
    "Int64": _write_number,
    "Int32": _write_int,
    "Boolean": _write_boolean,
}
