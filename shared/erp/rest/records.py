"""An ERP's JSON record as an ErpRecord: its id, reference, version, time, and the fields in their canonical forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from shared.config.erp_rest import RestErpConfig
from shared.erp.base import ErpRecord, UnreadableRecord
from shared.erp.rest import moments
from shared.errors import ConfigError, MalformedEvent
from shared.events import parse_utc


def record_of(rest: RestErpConfig, body: Any, response: httpx.Response | None) -> ErpRecord:
    """The record in `body`, which was read. response: the answer, if it is about this record alone.

    Raises ConfigError if it has no id, or a time of its last change that cannot be understood.
    """
    return _told(rest, _id_in(rest, body), body, response, _changed_at(rest, body))


def listed(rest: RestErpConfig, body: Any) -> ErpRecord:
    """A row of a list; UnreadableRecord if its time cannot be understood. ConfigError if it has no id."""
    erp_id = _id_in(rest, body)
    try:
        return record_of(rest, body, None)
    except ConfigError as error:
        return UnreadableRecord(erp_id, _reference_in(rest, body), {}, None, why=str(error))


def told_of(rest: RestErpConfig, erp_id: str, fields: Mapping[str, Any], response: httpx.Response) -> ErpRecord:
    """What the answer to a write tells of the record. The write is done, so nothing here may be an error."""
    try:
        changed_at = _changed_at(rest, fields)
    except ConfigError:
        changed_at = None
    return _told(rest, erp_id, fields, response, changed_at)


def _told(
    rest: RestErpConfig,
    erp_id: str,
    fields: Mapping[str, Any],
    response: httpx.Response | None,
    changed_at: datetime | None,
) -> ErpRecord:
    return ErpRecord(
        id=erp_id,
        reference=_reference_in(rest, fields),
        fields=canonical(rest, fields),
        version=_version(rest, fields, response),
        changed_at=changed_at,
    )


def _id_in(rest: RestErpConfig, body: Any) -> str:
    if not isinstance(body, dict) or body.get(rest.id_field) in (None, ""):
        raise ConfigError(f"erp: the answer is not a record with rest.id_field {rest.id_field!r}")
    return str(body[rest.id_field])


def _reference_in(rest: RestErpConfig, fields: Mapping[str, Any]) -> str | None:
    reference = fields.get(rest.reference_field)
    return None if reference is None else str(reference)


def _changed_at(rest: RestErpConfig, fields: Mapping[str, Any]) -> datetime | None:
    if rest.changed_field is None:
        return None
    return moments.read(fields.get(rest.changed_field), rest.changed_format, "rest.changed_field")


def canonical(rest: RestErpConfig, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, those in `rest.fields` in the form of their `ErpField.type`; what cannot be understood stays so."""
    described = rest.fields or {}
    return {
        name: value if value is None or name not in described else _FORMS[described[name].type](value)
        for name, value in fields.items()
    }


def id_in_location(rest: RestErpConfig, response: httpx.Response) -> str | None:
    """The id of the record that the Location header points at; None if that does not end as `record_path` does."""
    before, after = (re.escape(part) for part in rest.record_path.split("{id}", 1))
    found = re.search(f"{before}([^/]+?){after}/?$", urlsplit(response.headers.get("Location", "")).path)
    return unquote(found[1]) if found else None


def _version(rest: RestErpConfig, fields: Mapping[str, Any], response: httpx.Response | None) -> str | None:
    if rest.version_field is not None:
        version = fields.get(rest.version_field)
        return None if version is None else str(version)
    if rest.version_header is None or response is None:
        return None
    header: str | None = response.headers.get(rest.version_header)
    return header


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _boolean(value: Any) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else value
    except ValueError:
        return value


def _time(value: Any) -> Any:
    try:
        return moments.written(parse_utc(value), "iso")
    except MalformedEvent:
        return value


_FORMS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
}
