"""Times as an ERP with a REST interface writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import ConfigError, MalformedEvent
from shared.events import parse_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(moment: datetime, form: str) -> str:
    """`moment` as a search parameter, not later than it is: parts of a second are dropped where they have no place."""
    return _WRITTEN[form](moment.astimezone(UTC))


def read(value: Any, form: str, where: str) -> datetime | None:
    """The time that a record has; None for none. ConfigError, naming `where`, for anything else."""
    if value is None or value == "":
        return None
    try:
        return parse_utc(value) if form == "iso" else _EPOCH + timedelta(seconds=float(value) / _PARTS[form])
    except (MalformedEvent, ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"erp: {where}: {str(value)[:40]!r} is not a time ({form})") from error


def _iso(moment: datetime) -> str:
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _seconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(seconds=1))


def _milliseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(milliseconds=1))


_WRITTEN: dict[str, Callable[[datetime], str]] = {"iso": _iso, "epoch_s": _seconds, "epoch_ms": _milliseconds}
_PARTS = {"epoch_s": 1, "epoch_ms": 1000}
