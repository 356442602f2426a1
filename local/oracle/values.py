"""Values as clients send them, checked and brought into the one form that is kept and answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local.oracle.attributes import Attribute, Attributes, Changes, Type
from local.oracle.refusals import Refusal, refused_attribute


def checked_body(attributes: Attributes, body: Any, allowed: frozenset[Changes]) -> dict[str, Any]:
    """The attributes in a request's body in their kept form. Refusal 400 for the first that is not acceptable."""
    if not isinstance(body, dict):
        raise Refusal(400, "NOT_AN_OBJECT", "The request body isn't a JSON object.")
    checked = {}
    for name, value in body.items():
        attribute = attributes.get(name)
        if attribute is None:
            raise refused_attribute(name, "UNKNOWN_ATTRIBUTE", f"The attribute {name} doesn't exist.")
        if attribute.changes not in allowed:
            raise refused_attribute(name, "READ_ONLY", f"The attribute {name} can't be set or updated.")
        checked[name] = checked_value(attribute, value)
    return checked


def checked_value(attribute: Attribute, value: Any) -> Any:
    """The value in its kept form; None stays None. Refusal 400 if it is of the wrong type or too long."""
    if value is None:
        if attribute.mandatory:
            raise refused_attribute(attribute.name, "MANDATORY", f"The attribute {attribute.name} can't be empty.")
        return None
    try:
        kept = _READ[attribute.type](value)
    except (TypeError, ValueError, OverflowError):
        detail = f"The value of the attribute {attribute.name} isn't valid."
        raise refused_attribute(attribute.name, "BAD_VALUE", detail) from None
    if attribute.max_length is not None and len(kept) > attribute.max_length:
        detail = f"The value of the attribute {attribute.name} is longer than {attribute.max_length} characters."
        raise refused_attribute(attribute.name, "TOO_LONG", detail)
    return kept


def time_text(moment: datetime) -> str:
    """A time as Oracle writes it: UTC, whole seconds, with offset. Texts of this form sort as the times do."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def read_time(text: Any, *, day_will_do: bool = False) -> str:
    """A time with offset (or, if that will do, a day: its start in UTC) in the kept form; ValueError else."""
    if not isinstance(text, str):
        raise TypeError
    moment = datetime.fromisoformat(text)
    if len(text) == len("2026-04-01") and day_will_do:
        moment = moment.replace(tzinfo=UTC)
    if moment.tzinfo is None:
        raise ValueError
    return time_text(moment)


def read_number(value: Any) -> int | float:
    """A number, or the text of one: a live client sends `"1"`. ValueError or TypeError else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    return int(number) if number == int(number) else number


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_READ: dict[Type, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": read_number,
    "boolean": _boolean,
    "datetime": read_time,
}
