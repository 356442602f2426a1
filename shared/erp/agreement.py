"""Whether a mapping file and an ERP fit together: what would fail in the night, found when a function starts. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Any

from shared.config.loading import Location
from shared.config.mappings import FieldRule, MappingFile, value_key
from shared.config.messages import did_you_mean
from shared.config.record_policies import Scalar
from shared.config.work_order_fields import READABLE, unknown_path
from shared.erp.base import ErpDescription, ErpField, StatusRules
from shared.lengths import Lengths, length_of

Fault = tuple[Location, str]

# Characters that what a rule sends may have; `moment` is a time as MaintainX writes it, with parts of a second.
_LONGEST = {"number as text": 16, "date": 10, "time": 20, "moment": 24, "boolean as text": 5}
_IN_QUOTES = ": put it in quotes"
# (what is sent, what the ERP takes) -> what to say in the rule.
_REMEDIES = {
    ("number", "text"): "say convert: text",
    ("boolean", "text"): "say convert: text",
    ("moment", "date"): "say convert: date",
    ("moment", "time"): "say convert: time",
    ("date", "time"): "say convert: time",
    ("time", "date"): "say convert: date",
}


def disagreements(mapping: MappingFile, erp: ErpDescription, reference_field: str | None) -> Iterator[Fault]:
    """Location in the mapping file and reason of everything that the ERP cannot hold, take or tell.

    reference_field: the ERP's field that carries our reference. Fields of which nothing is known are taken on trust.
    """
    for number, rule in enumerate(mapping.fields):
        where: Location = ("fields", number)
        yield from _of_maintainx_field(where, rule)
        if rule.erp == reference_field:
            yield (*where, "erp"), f"{rule.erp} carries the reference to the work order: no rule may write it"
            continue
        status = erp.status if erp.status is not None and erp.status.name == rule.erp else None
        field = (erp.fields or {}).get(rule.erp)
        if field is None and status is None and erp.fields is not None:
            yield (*where, "erp"), f"the ERP has no field {rule.erp}{did_you_mean(rule.erp, erp.fields)}"
            continue
        if status is not None:
            yield from _of_status(where, rule, status)
        if field is not None:
            yield from _of_field(where, rule, field, status, erp.lengths)
    for name, value in mapping.on_delete.set.items():
        yield from _of_values({("on_delete", "set", name): value}, name, erp)
    for name, values in mapping.on_new_in_erp.when.items():
        yield from _of_condition(("on_new_in_erp", "when", name), values, name, erp)


def _of_maintainx_field(where: Location, rule: FieldRule) -> Iterator[Fault]:
    if rule.maintainx is None:
        return
    if (reason := unknown_path(rule.maintainx)) is not None:
        yield (*where, "maintainx"), reason
    elif rule.convert in ("date", "time") and (kind := READABLE.get(rule.maintainx, "time")) != "time":
        yield (*where, "convert"), f"{rule.maintainx} is a {kind}, not a time"


def _of_status(where: Location, rule: FieldRule, status: StatusRules) -> Iterator[Fault]:
    if rule.direction != "to_maintainx":
        yield from _only(_sent_values(where, rule), status.writable, "cannot be brought to")
    if rule.travels_back:
        yield from _complete(where, rule, status.readable)


def _of_field(
    where: Location, rule: FieldRule, field: ErpField, status: StatusRules | None, lengths: Lengths
) -> Iterator[Fault]:
    if status is None and field.values is not None and rule.travels_back:
        yield from _complete(where, rule, sorted(field.values))
    if rule.direction == "to_maintainx":
        return
    if status is None or not status.separate:
        yield from _of_writing(where, rule, field)
    if status is None and field.values is not None:
        yield from _only(_sent_values(where, rule), field.values, "never is")
    if rule.values is None and rule.maintainx is not None:
        yield from _of_type(where, rule, field)
    yield from _of_scalars(_sent_values(where, rule), field, lengths)
    yield from _of_length(where, rule, field)


def _of_writing(where: Location, rule: FieldRule, field: ErpField) -> Iterator[Fault]:
    remedy = "; say direction: to_maintainx" if rule.travels_back else ""
    if not field.creatable:
        yield (*where, "erp"), f"{field.name} cannot be written when a record is made{remedy}"
    elif not field.updatable and not rule.once:
        yield (*where, "erp"), f"{field.name} cannot be changed once it is made: say once: true"


def _sent_values(where: Location, rule: FieldRule) -> dict[Location, Scalar]:
    """What the rule itself puts into the ERP's field, by its place."""
    sent: dict[Location, Scalar] = {(*where, "values", key): value for key, value in (rule.values or {}).items()}
    for key, value in (("constant", rule.constant), ("default", rule.default)):
        if value is not None:
            sent[(*where, key)] = value
    return sent


def _of_values(sent: dict[Location, Scalar], name: str, erp: ErpDescription) -> Iterator[Fault]:
    """Values for the field `name` outside its rule, which says all else that is wrong with the field."""
    field = (erp.fields or {}).get(name)
    if erp.status is not None and erp.status.name == name:
        yield from _only(sent, erp.status.writable, "cannot be brought to")
    elif field is not None and field.values is not None:
        yield from _only(sent, field.values, "never is")
    elif field is not None and not field.updatable:
        yield from ((place, f"{name} cannot be changed once it is made") for place in sent)
    if field is not None:
        yield from _of_scalars(sent, field, erp.lengths)


def _of_condition(where: Location, values: Sequence[Scalar], name: str, erp: ErpDescription) -> Iterator[Fault]:
    """Values that are waited for, but never come."""
    field = (erp.fields or {}).get(name)
    is_status = erp.status is not None and erp.status.name == name
    known = erp.status.readable if is_status and erp.status is not None else None if field is None else field.values
    for number, key in enumerate(map(value_key, values)):
        if known is not None and key and key not in known:  # "" is an empty field
            yield (*where, number), f"{name} never is {key}{did_you_mean(key, known)}"


def _only(sent: dict[Location, Scalar], allowed: Collection[str], cannot: str) -> Iterator[Fault]:
    for place, value in sent.items():
        if value not in allowed:
            remedy = _IN_QUOTES if value_key(value) in allowed else ""
            yield place, f"the ERP {cannot} {value!r}, only {', '.join(sorted(allowed))}{remedy}"


def _complete(where: Location, rule: FieldRule, readable: Collection[str]) -> Iterator[Fault]:
    """What the ERP may answer must have a MaintainX value, and nothing else needs one."""
    if rule.values is None and rule.back is None:
        return
    for key in rule.back or {}:
        if key and key not in readable:
            yield (*where, "back", key), f"the ERP never is {key}{did_you_mean(key, readable)}"
    if missing := [name for name in readable if name not in rule.maintainx_values]:
        yield (*where, "back"), f"the ERP may be {', '.join(missing)}: say what that is in MaintainX"


def _of_type(where: Location, rule: FieldRule, field: ErpField) -> Iterator[Fault]:
    kind = _kind(rule)
    if kind is None or kind == field.type or (field.type == "text" and kind in ("date", "time", "moment")):
        return
    remedy = _REMEDIES.get((kind, field.type), "list the values")
    kind = "time" if kind == "moment" else kind
    yield (*where, "convert"), f"{rule.maintainx} is a {kind}, {field.name} takes a {field.type}: {remedy}"


def _kind(rule: FieldRule) -> str | None:
    """What the rule sends if it has no table; None if nobody knows."""
    if rule.convert is not None:
        return rule.convert
    kind = READABLE.get(str(rule.maintainx))
    return "moment" if kind == "time" else kind


def _of_scalars(sent: dict[Location, Scalar], field: ErpField, lengths: Lengths) -> Iterator[Fault]:
    for place, value in sent.items():
        if not _TYPES[field.type](value):
            remedy = "" if isinstance(value, str) or field.type != "text" else _IN_QUOTES
            yield place, f"{field.name} takes a {field.type}, and {value!r} is none{remedy}"
        elif field.max_length is not None and isinstance(value, str) and length_of(value, lengths) > field.max_length:
            yield place, f"{value!r} is longer than the {field.max_length} characters of {field.name}"


def _of_length(where: Location, rule: FieldRule, field: ErpField) -> Iterator[Fault]:
    room = field.max_length
    if room is None or field.type != "text":
        return
    if rule.max_length is not None:
        if rule.max_length > room:
            yield (*where, "max_length"), f"{rule.max_length} is more than the {room} characters of {field.name}"
    elif rule.maintainx is not None and rule.values is None and _longest(rule) > room:
        yield (*where, "max_length"), f"{field.name} has room for {room} characters: give max_length: {room}"


def _longest(rule: FieldRule) -> float:
    """How many characters the rule may send."""
    kind = _kind(rule)
    if kind == "text":
        kind = f"{READABLE.get(str(rule.maintainx))} as text"
    return _LONGEST.get(str(kind), math.inf)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None


_TYPES: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "time": _is_time,
}
