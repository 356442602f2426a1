"""A work order as ERP fields: pure functions over a mapping file's rules. The way back is in `mapping_back`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, MappingFile, value_key
from shared.errors import MalformedEvent, MappingError
from shared.events import dig, parse_utc
from shared.lengths import Lengths, cut, length_of

_SHOWN = 80


class Mapped(NamedTuple):
    """One field of a work order: MaintainX's own value, and what the ERP is to get. JSON scalars or None."""

    maintainx: Any
    sent: Any


def map_work_order(mapping: MappingFile, work_order: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """ERP field -> value for every rule, JSON scalars or None; see `read_work_order`."""
    return {field: mapped.sent for field, mapped in read_work_order(mapping, work_order, zone).items()}


def read_work_order(mapping: MappingFile, work_order: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Mapped]:
    """ERP field -> its value on both sides, for every rule.

    work_order: as MaintainX's API answers it (`GET /workorders/{id}`). zone: the site's, which decides the day of a
    time. Raises MappingError, which names work order, field and value, if a rule has no answer for a value. Halves of
    characters, which JSON can carry and UTF-8 cannot, become U+FFFD.
    """
    rules = {rule.erp: rule for rule in mapping.fields}
    try:
        values = {name: _mapped(rule, work_order, zone, mapping.counts) for name, rule in rules.items()}
        for name, rule in rules.items():
            if rule.overflow_to is not None and _is_too_long(rule, values[name].maintainx, mapping.counts):
                other = rules[rule.overflow_to]
                values[other.erp] = _with_overflow(other, values[name].maintainx, values[other.erp], mapping.counts)
    except MappingError as error:
        raise MappingError(f"work order {work_order.get('id')}: {error}") from error.__cause__
    return values


def maintainx_value(rule: FieldRule, work_order: Mapping[str, Any]) -> Any:
    """MaintainX's own value of a rule's field; None for a constant. MappingError if it is not a single finite value."""
    if rule.maintainx is None:
        return None
    value = dig(work_order, rule.maintainx)
    if isinstance(value, list | Mapping):
        raise _fault(rule, value, "is not a single value")
    if isinstance(value, float) and not math.isfinite(value):
        raise _fault(rule, value, "is not a finite number")
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _mapped(rule: FieldRule, work_order: Mapping[str, Any], zone: ZoneInfo, lengths: Lengths) -> Mapped:
    if rule.maintainx is None:
        return Mapped(None, rule.constant)
    value = maintainx_value(rule, work_order)
    return Mapped(value, rule.default if value is None else _sent(rule, value, zone, lengths))


def _sent(rule: FieldRule, value: Any, zone: ZoneInfo, lengths: Lengths) -> Any:
    if rule.convert is not None:
        value = _CONVERSIONS[rule.convert](rule, value, zone)
    if rule.values is not None:
        key = value_key(value)
        if key not in rule.values:
            raise _fault(rule, value, f"is not in values ({', '.join(sorted(rule.values))})")
        value = rule.values[key]
    return _fitted(rule, value, lengths)


def _fitted(rule: FieldRule, value: Any, lengths: Lengths) -> Any:
    if rule.max_length is None or not _is_too_long(rule, value, lengths):
        return value
    if rule.on_too_long == "reject":
        raise _fault(rule, value, f"has {length_of(value, lengths)} {_UNITS[lengths]}, {rule.max_length} fit")
    # ERPs drop blanks at the end; a text that comes back must be equal.
    return cut(value, rule.max_length, lengths).rstrip()


def _is_too_long(rule: FieldRule, value: Any, lengths: Lengths) -> bool:
    return rule.max_length is not None and isinstance(value, str) and length_of(value, lengths) > rule.max_length


def _with_overflow(rule: FieldRule, text: str, own: Mapped, lengths: Lengths) -> Mapped:
    """The field that takes what another one has no room for: that one's whole text first."""
    return Mapped(own.maintainx, _fitted(rule, f"{text}\n{own.sent}" if own.sent else text, lengths))


def _as_text(_rule: FieldRule, value: Any, _zone: ZoneInfo) -> str:
    return value_key(value)


def _as_date(rule: FieldRule, value: Any, zone: ZoneInfo) -> str:
    try:
        return parse_utc(value).astimezone(zone).date().isoformat()
    except (MalformedEvent, OverflowError) as error:
        raise _fault(rule, value, "is not a time with zone") from error


def _as_time(rule: FieldRule, value: Any, _zone: ZoneInfo) -> str:
    try:
        return parse_utc(value).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    except MalformedEvent as error:
        raise _fault(rule, value, "is not a time with zone") from error


def _fault(rule: FieldRule, value: Any, reason: str) -> MappingError:
    return MappingError(f"{rule.maintainx} -> {rule.erp}: {shown(value)} {reason}")


def shown(value: Any) -> str:
    """A value in an error message, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_UNITS: dict[Lengths, str] = {"characters": "characters", "utf16": "UTF-16 code units", "bytes": "bytes"}
_CONVERSIONS = {"text": _as_text, "date": _as_date, "time": _as_time}
