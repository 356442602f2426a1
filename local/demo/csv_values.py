"""Dates and amounts as people's spreadsheets write them; what 01/02/2024 and 1.234 mean is decided for a whole file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

# SAP writes 9999-12-31 for "no end"; shifted to the present it would leave the calendar.
_YEARS = range(1970, 2101)
_MAX_AMOUNT = 1_000_000_000
_POINT_AMOUNT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_COMMA_AMOUNT = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}\b")
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d")
_TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")


@dataclass(frozen=True, slots=True)
class Conventions:
    """How one file writes what can be read in two ways."""

    day_first: bool
    decimal_comma: bool


def conventions(dates: Iterable[str], amounts: Iterable[str], separator: str) -> Conventions:
    """What most of the cells that can be read in one way only speak for.

    Without such cells 01/02/2024 is the second of January, and a comma is a decimal comma where `;` parts the columns.
    Where a comma parts the columns, it is never a decimal comma.
    """
    slashed = [(int(match[1]), int(match[2])) for text in dates if (match := _SLASHED.match(text))]
    day_first = sum((first > 12) - (second > 12) for first, second in slashed)
    comma = sum(bool(_COMMA_AMOUNT.fullmatch(text)) - bool(_POINT_AMOUNT.fullmatch(text)) for text in amounts)
    return Conventions(day_first > 0, separator != "," and (comma > 0 or (comma == 0 and separator == ";")))


def to_moment(text: str, how: Conventions) -> datetime:
    """The moment; without a zone in the text, in UTC. Raises ValueError that goes on after the column's name."""
    moment = _iso(text) or _spelt(text, how)
    if moment is None:
        raise ValueError(f"is not a date: {shown(text)}")
    if moment.year not in _YEARS:
        raise ValueError(f"is outside the years {_YEARS[0]} to {_YEARS[-1]}: {shown(text)}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_cents(text: str, how: Conventions) -> int:
    """The amount in cents. Raises ValueError that goes on after the column's name."""
    group, point, form, example = (
        (".", ",", _COMMA_AMOUNT, "1.234,50") if how.decimal_comma else (",", ".", _POINT_AMOUNT, "1,234.50")
    )
    if not form.fullmatch(text):  # in a file with decimal points also of "12,50", which must not become 1,250
        raise ValueError(f"is not a number such as {example}: {shown(text)}")
    amount = Decimal(text.replace(group, "").replace(point, "."))
    if amount < 0:
        raise ValueError(f"is negative: {shown(text)}")
    if amount > _MAX_AMOUNT:
        raise ValueError(f"is more than {_MAX_AMOUNT:,}: {shown(text)}")
    return round(amount * 100)


def shown(text: str) -> str:
    """The text in quotes, shortened so that a message stays a line."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _spelt(text: str, how: Conventions) -> datetime | None:
    """A date in one of `_DATES` or with slashes; after a blank or a comma a time in one of `_TIMES` may follow."""
    date, *rest = re.split(r",?\s+", text, maxsplit=1)
    day = _first_fit(date, (*_DATES, "%d/%m/%Y" if how.day_first else "%m/%d/%Y"))
    if day is None or not rest:
        return day
    time = _first_fit(rest[0], _TIMES)
    return datetime.combine(day, time.time(), tzinfo=UTC) if time else None


def _first_fit(text: str, forms: Iterable[str]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
