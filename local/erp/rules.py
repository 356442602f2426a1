"""What the simulated ERP accepts: a table of fields and their checks, and the order of statuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Body = Mapping[str, Any]
STATUSES = ("NEW", "IN_WORK", "WAITING", "COMPLETED", "CLOSED", "CANCELLED")


class Refusal(Exception):
    """A request that the ERP does not accept, as the HTTP status and the error object of its answer."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "field": field}}


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most `max_length` characters."""

    max_length: int

    def check(self, field: str, value: Any, _equipment: frozenset[str]) -> None:
        _must_be_text(field, value)
        if len(value) > self.max_length:
            message = f"{field} has {len(value)} characters, {self.max_length} are allowed"
            raise Refusal(422, "FIELD_TOO_LONG", message, field)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a fixed set of texts."""

    allowed: tuple[str, ...]

    def check(self, field: str, value: Any, _equipment: frozenset[str]) -> None:
        _must_be_text(field, value)
        if value not in self.allowed:
            raise Refusal(422, "UNKNOWN_VALUE", f"{field} {value!r} is none of {', '.join(self.allowed)}", field)


@dataclass(frozen=True, slots=True)
class Equipment:
    """A number of the tenant's equipment master data."""

    def check(self, field: str, value: Any, equipment: frozenset[str]) -> None:
        _must_be_text(field, value)
        if value not in equipment:
            raise Refusal(422, "UNKNOWN_EQUIPMENT", f"equipment {value!r} does not exist", field)


@dataclass(frozen=True, slots=True)
class IsoDate:
    """A day (`2026-09-16`) or a time with zone."""

    def check(self, field: str, value: Any, _equipment: frozenset[str]) -> None:
        _must_be_text(field, value)
        if not (_parses(date.fromisoformat, value) or _parses(_time_with_zone, value)):
            raise Refusal(422, "BAD_DATE", f"{field} {value!r} is neither a day nor a time with zone", field)


FIELDS: dict[str, Text | OneOf | Equipment | IsoDate] = {
    "externalReference": Text(40),
    "shortText": Text(40),
    "longText": Text(4000),
    "status": OneOf(STATUSES),
    "priority": OneOf(("1", "2", "3", "4")),
    "orderType": OneOf(("PM01", "PM02", "PM03")),
    "equipment": Equipment(),
    "plant": Text(4),
    "costCenter": Text(10),
    "dueDate": IsoDate(),
}
REQUIRED = ("shortText", "orderType")
NOT_EMPTY = (*REQUIRED, "status")


def new_order(body: Any, equipment: frozenset[str]) -> dict[str, Any]:
    """All fields of the order that `body` asks for. Raises Refusal."""
    checked = _checked(body, equipment)
    for field in REQUIRED:
        if field not in checked:
            raise Refusal(422, "FIELD_MISSING", f"{field} is required", field)
    order = {"status": "NEW", **checked}
    if order["status"] == "CLOSED":
        raise Refusal(422, "STATUS_ORDER", "an order cannot be created as CLOSED", "status")
    return {field: order.get(field) for field in FIELDS}


def changed_order(order: Body, body: Any, equipment: frozenset[str]) -> dict[str, Any]:
    """`order` with the changes that `body` asks for. Raises Refusal."""
    checked = _checked(body, equipment)
    if order["status"] == "CLOSED":
        raise Refusal(409, "ORDER_CLOSED", "a closed order cannot be changed")
    if checked.get("status") == "CLOSED" and order["status"] != "COMPLETED":
        raise Refusal(422, "STATUS_ORDER", f"an order that is {order['status']} cannot be closed", "status")
    reference = order["externalReference"]
    if reference is not None and checked.get("externalReference", reference) != reference:
        raise Refusal(422, "READ_ONLY", "externalReference cannot be changed once it is set", "externalReference")
    return {**order, **checked}


def replaced_order(order: Body, body: Any, equipment: frozenset[str]) -> dict[str, Any]:
    """`order` as `body` has it: what is not in `body` is emptied. Raises Refusal."""
    if not isinstance(body, dict):
        raise Refusal(400, "NOT_AN_OBJECT", "the body is not a JSON object")
    return changed_order(order, {**dict.fromkeys(FIELDS), **body}, equipment)


def _checked(body: Any, equipment: frozenset[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(400, "NOT_AN_OBJECT", "the body is not a JSON object")
    for field, value in body.items():
        if field not in FIELDS:
            raise Refusal(400, "UNKNOWN_FIELD", f"an order has no writable field {field!r}", field)
        if value is not None:
            FIELDS[field].check(field, value, equipment)
        elif field in NOT_EMPTY:
            raise Refusal(422, "FIELD_MISSING", f"{field} cannot be emptied", field)
    return body


def _must_be_text(field: str, value: Any) -> None:
    if not isinstance(value, str):
        raise Refusal(400, "WRONG_TYPE", f"{field} must be text, not {type(value).__name__}", field)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _time_with_zone(text: str) -> None:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("no time zone")
