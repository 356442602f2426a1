"""The ERP's value of a field as MaintainX takes it: the rules of a mapping file read backwards. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, value_key
from shared.config.work_order_fields import WRITABLE
from shared.erp.mapping import shown
from shared.errors import MalformedEvent, MappingError
from shared.events import format_utc, parse_utc
from shared.values import is_empty

# What a work order cannot be without.
_NEVER_EMPTY = frozenset({"title", "status", "priority", "type"})
# Of a day without a time of its own, and of a work order that had none before.
_NOON = time(12)


def maintainx_value_of(rule: FieldRule, value: Any, current: Any, zone: ZoneInfo) -> Any:
    """What MaintainX's field becomes when the ERP's is `value`; JSON scalar or None.

    current: what MaintainX has there now: a day from the ERP keeps its time of day. Raises MappingError, which names
    field and value, if the mapping has no answer.
    """
    path = str(rule.maintainx)
    if rule.values is not None or rule.back is not None:
        key = table_key(value)
        table = rule.maintainx_values
        if key in table:
            return table[key]
        if not is_empty(value) and rule.values is not None:
            raise _fault(rule, value, f"is neither in values nor in back ({', '.join(sorted(table))})")
    if is_empty(value):
        if path in _NEVER_EMPTY:
            raise _fault(rule, value, f"leaves MaintainX without {path}; say in back what it becomes ('': ...)")
        return None
    if rule.convert == "date":
        return _time_of_day(rule, value, current, zone)
    return _TYPES[WRITABLE.get(path, "text")](rule, value)


def table_key(value: Any) -> str:
    """How an ERP's value is looked up in `FieldRule.maintainx_values`."""
    return "" if is_empty(value) else value_key(value.rstrip() if isinstance(value, str) else value)


def nested(changes: Mapping[str, Any]) -> dict[str, Any]:
    """{`extraFields.Cost Center`: v} as the body that MaintainX takes."""
    body: dict[str, Any] = {}
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = body
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return body


def _time_of_day(rule: FieldRule, value: Any, current: Any, zone: ZoneInfo) -> str:
    try:
        clock = parse_utc(current).astimezone(zone).time()
    except (MalformedEvent, OverflowError):
        clock = _NOON
    try:
        return format_utc(datetime.combine(date.fromisoformat(str(value)), clock, zone))
    except (ValueError, OverflowError) as error:  # overflow: the first or last day of the calendar
        raise _fault(rule, value, "is not a day") from error


def _as_text(_rule: FieldRule, value: Any) -> str:
    return value.rstrip() if isinstance(value, str) else value_key(value)


def _as_number(rule: FieldRule, value: Any) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if text.isascii() and text.isdigit():
        return int(text)
    raise _fault(rule, value, "is not a number")


def _as_time(rule: FieldRule, value: Any) -> str:
    try:
        return format_utc(parse_utc(value))
    except MalformedEvent as error:
        raise _fault(rule, value, "is not a time with zone") from error


_TYPES = {"text": _as_text, "number": _as_number, "time": _as_time}


def _fault(rule: FieldRule, value: Any, reason: str) -> MappingError:
    return MappingError(f"{rule.erp} -> {rule.maintainx}: {shown(value)} {reason}")
