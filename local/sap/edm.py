"""Values of the EDM types: as JSON of OData V2, as Python values inside, and plain for people.

Inside: str, bool, int, Decimal; DateTimeOffset as UTC datetime, DateTime as datetime without zone, Time as timedelta;
None for a date or time that is empty. Everything that SAP would not read raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from local.sap.fields import EdmType, Property

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # DateTime has no zone
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_JSON_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)


def length(text: str) -> int:
    """Characters as ABAP counts them, in UTF-16: most emoji are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def normal_text(text: str, made: Property) -> str:
    """`text` as SAP keeps it: without blanks at the end, in capitals or without leading zeros where so defined."""
    text = text.rstrip(" ")
    if made.form == "UpperCase":
        text = text.upper() if text.isascii() else "".join(_upper(character) for character in text)
    if made.alpha and text.isascii() and text.isdigit():
        text = text.lstrip("0") or "0"
    return text


def from_json(value: Any, made: Property) -> Any:
    """The value of a property in a request body; null is the initial value."""
    if value is None:
        return initial(made)
    return CODECS[made.type].read(value, made)


def to_json(value: Any, made: Property) -> Any:
    """The value as an answer shows it."""
    return CODECS[made.type].show(value, made)


def initial(made: Property) -> Any:
    """The value of a property that nobody has set."""
    if made.form == "NonNegative":
        return "0" * (made.max_length or 0)
    return CODECS[made.type].initial


def plain(value: Any) -> Any:
    """The value as the control plane shows it: times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Decimal | timedelta) else value


def parse_time(text: str) -> datetime:
    """`2026-01-01T00:00:00Z`, with whole seconds kept; ValueError without zone."""
    value = datetime.fromisoformat(text)
    if "T" not in text or value.tzinfo is None:
        raise ValueError("no point in time with zone")
    return value.astimezone(UTC).replace(microsecond=0)


def parse_day(text: str) -> datetime:
    """`2026-01-01T00:00:00`; ValueError with zone."""
    value = datetime.fromisoformat(text)
    if "T" not in text or value.tzinfo is not None:
        raise ValueError("no date and time without zone")
    return value.replace(microsecond=0)


def parse_duration(text: str) -> timedelta:
    """`PT06H00M00S`."""
    found = _DURATION.fullmatch(text)
    if not found or found.group(0) == "PT":
        raise ValueError("no time of the form PTnnHnnMnnS")
    hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _upper(character: str) -> str:
    # Like ABAP, which never makes two characters of one (ß).
    return upper if len(upper := character.upper()) == 1 else character


def _read_text(value: Any, made: Property) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {type(value).__name__}")  # noqa: TRY004  # as the module says
    if made.max_length is not None and length(value) > made.max_length:
        raise ValueError(f"has {length(value)} characters, {made.max_length} are allowed")
    text = normal_text(value, made)
    if made.form == "NonNegative":
        if text and not (text.isascii() and text.isdigit()):
            raise ValueError("must have digits only")
        text = text.zfill(made.max_length or 0)
    return text


def _ticks(value: Any, *, offset: bool) -> int:
    found = _JSON_DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found.group(2) and not offset):
        raise ValueError(f"must be of the form /Date(milliseconds{'+0000' if offset else ''})/")
    return int(found.group(1)) // 1000


def _read_time(value: Any, _made: Property) -> datetime:
    # The offset says in minutes which zone to show it in; the milliseconds are UTC with it as without.
    try:
        return _EPOCH_UTC + timedelta(seconds=_ticks(value, offset=True))
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _read_day(value: Any, made: Property) -> datetime:
    try:
        read = _EPOCH + timedelta(seconds=_ticks(value, offset=False))
    except OverflowError as error:
        raise ValueError("is out of range") from error
    return read.replace(hour=0, minute=0, second=0) if made.form == "Date" else read


def _read_clock(value: Any, _made: Property) -> timedelta:
    if not isinstance(value, str):
        raise ValueError("must be of the form PTnnHnnMnnS")  # noqa: TRY004  # as the module says
    return parse_duration(value)


def _read_decimal(value: Any, made: Property) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number as a string")
    whole, _, part = value.lstrip("-").partition(".")
    scale = made.scale or 0
    if len(part) > scale or len(whole.lstrip("0")) > (made.precision or 0) - scale:
        raise ValueError(f"must have at most {made.precision} digits, {scale} of them after the point")
    return Decimal(value)


def _read_int64(value: Any, _made: Property) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,19}", value) or int(value) not in _INT64:
        raise ValueError("must be a whole number as a string")
    return int(value)


def _read_whole(allowed: range) -> Callable[[Any, Property], int]:
    def read(value: Any, _made: Property) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
            raise ValueError(f"must be a whole number from {allowed.start} to {allowed.stop - 1}")
        return value

    return read


def _read_boolean(value: Any, _made: Property) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004  # as the module says
    return value


def _show_time(value: datetime | None, _made: Property) -> str | None:
    return None if value is None else f"/Date({(value - _EPOCH_UTC) // _SECOND * 1000}+0000)/"


def _show_day(value: datetime | None, _made: Property) -> str | None:
    return None if value is None else f"/Date({(value - _EPOCH) // _SECOND * 1000})/"


def _show_clock(value: timedelta | None, _made: Property) -> str | None:
    if value is None:
        return None
    seconds = value // _SECOND
    return f"PT{seconds // 3600:02}H{seconds // 60 % 60:02}M{seconds % 60:02}S"


def _show_same(value: Any, _made: Property) -> Any:
    return value


def _show_decimal(value: Decimal, made: Property) -> str:
    return f"{value:.{made.scale or 0}f}"


@dataclass(frozen=True, slots=True)
class Codec:
    """How one EDM type is read from and shown as JSON, and its initial value."""

    initial: Any
    read: Callable[[Any, Property], Any]
    show: Callable[[Any, Property], Any]


CODECS: dict[EdmType, Codec] = {
    "Edm.String": Codec("", _read_text, _show_same),
    "Edm.DateTimeOffset": Codec(None, _read_time, _show_time),
    "Edm.DateTime": Codec(None, _read_day, _show_day),
    "Edm.Time": Codec(None, _read_clock, _show_clock),
    "Edm.Decimal": Codec(Decimal(0), _read_decimal, _show_decimal),
    "Edm.Int64": Codec(0, _read_int64, lambda value, _made: str(value)),
    "Edm.Int32": Codec(0, _read_whole(_INT32), _show_same),
    "Edm.Byte": Codec(0, _read_whole(range(256)), _show_same),
    "Edm.Boolean": Codec(False, _read_boolean, _show_same),
}
