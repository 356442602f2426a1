"""Dates and amounts as people's programs write them; what 01/02/2024 and 1.234 mean is decided for a whole file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

# Before and after these, programs mean "no date": SAP's 9999-12-31, Excel's 1899-12-30.
_YEARS = range(1950, 2101)
_MAX_AMOUNT = 1_000_000_000
_POINT_AMOUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?")
_COMMA_AMOUNT = re.compile(r"(\d+|\d{1,3}(\.\d{3})+)?(,\d+)?")
_CURRENCY = re.compile(
    r"\bus\$|[$€£¥₹]|\b(usd|eur|gbp|chf|cad|aud|inr|jpy|cny|sek|nok|dkk|pln|czk|brl|mxn)\b", re.IGNORECASE
)
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})(?!\d)")
_NO_DATE = re.compile(r"[0.\-/: ]*")
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_DAY_FIRST, _MONTH_FIRST = ("%d/%m/%Y", "%d/%m/%y"), ("%m/%d/%Y", "%m/%d/%y")
_TIMES = ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S.%f")
_EXCEL_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001  # days in a sheet have no zone
_SERIAL = re.compile(r"\d{5}([.,]\d+)?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner",
            "feb february februar",
            "mar march mär märz mrz maerz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
_NAMED = re.compile(
    r"(?P<first>\d{1,2}|[^\W\d]+)[\s.\-/]+(?P<second>\d{1,2}|[^\W\d]+)(?:st|nd|rd|th)?[\s.,\-/]+(?P<year>\d{4}|\d{2})(?!\d)"
)
_ZONE_WORD = re.compile(r"\s*\b(UTC|GMT|Z)$")


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
    bare = [_bare(text)[0] for text in amounts]
    comma = sum(bool(_COMMA_AMOUNT.fullmatch(text)) - bool(_POINT_AMOUNT.fullmatch(text)) for text in bare)
    return Conventions(day_first > 0, separator != "," and (comma > 0 or (comma == 0 and separator == ";")))


@lru_cache(maxsize=65_536)
def to_moment(text: str, how: Conventions) -> datetime | None:
    """The moment, with a zone only if the text names one; None for what means "no date".

    Raises ValueError that goes on after the column's name.
    """
    if _NO_DATE.fullmatch(text):
        return None
    moment = _iso(text) or _spelt(text, how) or _serial(text)
    if moment is None:
        raise ValueError(f"is not a date: {shown(text)}")
    return moment if moment.year in _YEARS else None


def to_cents(text: str, how: Conventions) -> int:
    """The amount in cents, with its sign; currency signs do not matter.

    Raises ValueError that goes on after the column's name.
    """
    group, point, form, example = (
        (".", ",", _COMMA_AMOUNT, "1.234,50") if how.decimal_comma else (",", ".", _POINT_AMOUNT, "1,234.50")
    )
    bare, negative = _bare(text)
    if not bare or not form.fullmatch(bare):  # in a file with decimal points also of "12,50", which is not 1,250
        raise ValueError(f"is not a number such as {example}: {shown(text)}")
    amount = Decimal(bare.replace(group, "").replace(point, "."))
    if amount > _MAX_AMOUNT:
        raise ValueError(f"is more than {_MAX_AMOUNT:,}: {shown(text)}")
    return round(amount * 100) * (-1 if negative else 1)


def shown(text: str) -> str:
    """The text in quotes, shortened so that a message stays a line."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _bare(text: str) -> tuple[str, bool]:
    """An amount without currency and sign, and whether it is negative: -1, 1- (SAP) and (1) (accountants) are."""
    bare = re.sub(r"\s", "", _CURRENCY.sub("", text)).replace("'", "").replace("−", "-")
    negative = bare.startswith("-") or bare.endswith("-") or (bare.startswith("(") and bare.endswith(")"))
    return bare.strip("+-()"), negative


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _spelt(text: str, how: Conventions) -> datetime | None:
    """A date as people write it; after a blank or a comma a time may follow."""
    named = _NAMED.match(text)
    if named is not None and (day := _named_day(named)) is not None:
        rest = text[named.end() :]
    else:
        first, _, rest = re.sub(r",?\s+", " ", text).partition(" ")
        date = first.replace("-", "/") if _SLASHED.fullmatch(first) else first
        day = _first_fit(date, (*_DATES, *(_DAY_FIRST + _MONTH_FIRST if how.day_first else _MONTH_FIRST + _DAY_FIRST)))
    rest = _ZONE_WORD.sub("", rest.strip(" ,")).removeprefix("at ").upper()
    if day is None or not rest:
        return day
    clock = _first_fit(re.sub(r"(?<=\d)(?=[AP]M)", " ", rest.replace(".M.", "M").replace(" UHR", "")), _TIMES)
    return datetime.combine(day, clock.time()) if clock else None


def _named_day(match: re.Match[str]) -> datetime | None:
    """The day of `Feb 27, 2024` or `27. Februar 2024`; None if there is no month's name in it."""
    first, second = match["first"].lower(), match["second"].lower()
    if first.isdigit() == second.isdigit():
        return None
    month, day = (_MONTHS.get(second), first) if first.isdigit() else (_MONTHS.get(first), second)
    year = int(match["year"])
    year += 0 if year > 99 else 1900 if year > 68 else 2000
    return _first_fit(f"{year}-{month}-{day}", ("%Y-%m-%d",)) if month else None


def _serial(text: str) -> datetime | None:
    """A day as Excel counts them, with the time as its fraction."""
    if not _SERIAL.fullmatch(text):
        return None
    moment = _EXCEL_DAY_0 + timedelta(days=float(text.replace(",", ".")))
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _first_fit(text: str, forms: Iterable[str]) -> datetime | None:
    for form in forms:
        if (moment := _fit(text, form)) is not None:
            return moment
    return None


def _fit(text: str, form: str, read: Callable[[str, str], datetime] = datetime.strptime) -> datetime | None:
    try:
        return read(text, form)
    except ValueError:
        return None
