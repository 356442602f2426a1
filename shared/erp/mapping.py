"""A work order as ERP fields: pure functions over a mapping file's rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, MappingFile, value_key
from shared.errors import MalformedEvent, MappingError
from shared.events import dig, parse_utc

_SHOWN = 80


def map_work_order(mapping: MappingFile, work_order: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """ERP field -> value for every rule, JSON scalars or None.

    work_order: as MaintainX's API answers it (`GET /workorders/{id}`). zone: the site's, which decides the day of a
    time. Raises MappingError, which names work order, field and value, if a rule has no answer for a value. Halves of
    characters, which JSON can carry and UTF-8 cannot, become U+FFFD.
    """
    try:
        return {rule.erp: _value(rule, work_order, zone) for rule in mapping.fields}
    except MappingError as error:
        raise MappingError(f"work order {work_order.get('id')}: {error}") from error.__cause__


def _value(rule: FieldRule, work_order: Mapping[str, Any], zone: ZoneInfo) -> Any:
    if rule.maintainx is None:
        return rule.constant
    value = dig(work_order, rule.maintainx)
    if value is None:
        return rule.default
    if isinstance(value, list | Mapping):
        raise _fault(rule, value, "is not a single value")
    if isinstance(value, float) and not math.isfinite(value):
        raise _fault(rule, value, "is not a finite number")
    if isinstance(value, str):
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if rule.convert is not None:
        value = _CONVERSIONS[rule.convert](rule, value, zone)
    if rule.values is not None:
        key = value_key(value)
        if key not in rule.values:
            raise _fault(rule, value, f"is not in values ({', '.join(sorted(rule.values))})")
        value = rule.values[key]
    return _fitted(rule, value)


def _fitted(rule: FieldRule, value: Any) -> Any:
    if rule.max_length is None or not isinstance(value, str) or len(value) <= rule.max_length:
        return value
    if rule.on_too_long == "reject":
        raise _fault(rule, value, f"has {len(value)} characters, {rule.max_length} fit")
    return value[: rule.max_length].rstrip()  # ERPs drop blanks at the end; a text that comes back must be equal


def _as_text(_rule: FieldRule, value: Any, _zone: ZoneInfo) -> str:
    return value_key(value)


def _as_date(rule: FieldRule, value: Any, zone: ZoneInfo) -> str:
    try:
        return parse_utc(value).astimezone(zone).date().isoformat()
    except (MalformedEvent, OverflowError) as error:
        raise _fault(rule, value, "is not a time with zone") from error


def _fault(rule: FieldRule, value: Any, reason: str) -> MappingError:
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + "…"
    return MappingError(f"{rule.maintainx} -> {rule.erp}: {shown} {reason}")


_CONVERSIONS = {"text": _as_text, "date": _as_date}
