"""Our envelope of one thing that happened, its identity and its form on the wire.

The wire form (Pub/Sub message data) is the JSON object of the fields of `Event`, times as ISO 8601 UTC with `Z`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from shared.errors import MalformedEvent

Source = Literal["webhook", "gateway", "poll", "sensor", "sync", "operator"]

# Far more than any sender nests, far less than Python can write again or BigQuery takes (500).
MAX_DEPTH = 100
_RECORD_ID = re.compile(r"[0-9]{1,18}")
_TEXT_FIELDS = ("event_id", "site", "type", "resource", "resource_id", "source")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, whoever told us.

    event_id: SHA-256 hex, equal for equal deliveries (`event_identity`). site: id of the site in sites.yaml.
    type: canonical dotted name such as `work_order.completed`. resource: its first part; resource_id: the id in
    MaintainX as text, "" if the event is about no single record. origin: the sender's own name of the type
    (`WORK_ORDER_STATUS_CHANGE`). data: the sender's payload, unchanged.
    """

    event_id: str
    site: str
    type: str
    resource: str
    resource_id: str
    occurred_at: datetime
    received_at: datetime
    source: Source
    origin: str
    data: dict[str, Any]

    @property
    def record_id(self) -> int | None:
        """`resource_id` as the number that MaintainX's API takes; None if it is none."""
        return int(self.resource_id) if _RECORD_ID.fullmatch(self.resource_id) else None

    def to_json(self) -> bytes:
        """The wire form. Plain ASCII: JSON may escape halves of characters that UTF-8 cannot write."""
        return _ENCODER.encode(
            {
                "event_id": self.event_id,
                "site": self.site,
                "type": self.type,
                "resource": self.resource,
                "resource_id": self.resource_id,
                "occurred_at": format_utc(self.occurred_at),
                "received_at": format_utc(self.received_at),
                "source": self.source,
                "origin": self.origin,
                "data": self.data,
            }
        ).encode()

    def attributes(self) -> dict[str, str]:
        """Message attributes: what filters, logs and the operator need without opening the data."""
        return {
            "event_id": self.event_id,
            "site": self.site,
            "type": self.type,
            "resource": self.resource,
            "resource_id": self.resource_id,
            "source": self.source,
            "origin": self.origin,
        }

    @classmethod
    def from_json(cls, raw: bytes) -> Event:
        """Parse the wire form; MalformedEvent says which field is wrong."""
        body = parse_object(raw, max_depth=MAX_DEPTH + 1)  # the envelope is a level of its own
        for field in _TEXT_FIELDS:
            if not isinstance(body.get(field), str):
                raise MalformedEvent(f"event field {field!r} is missing or not text")
        if body["source"] not in get_args(Source):
            raise MalformedEvent(f"event field 'source' is {body['source']!r}")
        data = body.get("data")
        if not isinstance(data, dict):
            raise MalformedEvent("event field 'data' is missing or not an object")
        return cls(
            **{field: body[field] for field in _TEXT_FIELDS},
            occurred_at=parse_utc(body.get("occurred_at"), field="occurred_at"),
            received_at=parse_utc(body.get("received_at"), field="received_at"),
            origin=str(body.get("origin", "")),
            data=data,
        )


def parse_object(raw: bytes, *, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """The JSON object in `raw`; MalformedEvent for anything else.

    Stricter than Python: NaN, Infinity, numbers too large for a float and nesting of more than `max_depth` levels are
    refused, since no other reader of the event (BigQuery, an ERP) takes them.
    """
    try:
        body = _DECODER.decode(raw.decode(json.detect_encoding(raw), "surrogatepass"))  # as json.loads does
    except (ValueError, RecursionError) as error:
        raise MalformedEvent(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise MalformedEvent("not a JSON object")
    # Most bodies have too few brackets to be deep, and are not walked through.
    if raw.count(b"[") + raw.count(b"{") > max_depth and _is_deeper(body, max_depth):
        raise MalformedEvent(f"nested more than {max_depth} levels deep")
    return body


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a finite number")
    return number


# Made once: json.loads and json.dumps make one at each call that says anything but the default.
_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def event_identity(site: str, origin: str, raw_body: bytes) -> str:
    """The event id of a delivery: SHA-256 (hex) of site, the sender's type and the raw body.

    MaintainX sends no delivery id (its contract, section 11.2), so the same delivery twice must give the same id by
    its content. Neither site nor type can contain the separating newline.
    """
    return hashlib.sha256(f"{site}\n{origin}\n".encode() + raw_body).hexdigest()


def format_utc(moment: datetime) -> str:
    """`2026-09-14T12:00:00.000Z`: the form that MaintainX uses. `moment` must carry a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be written as UTC")
    utc = moment.astimezone(UTC)
    fields = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond // 1000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % fields  # noqa: UP031  # half the time of isoformat or an f-string


def parse_utc(text: object, *, field: str = "time") -> datetime:
    """An ISO 8601 time with zone as UTC; MalformedEvent for anything else."""
    if not isinstance(text, str):
        raise MalformedEvent(f"{field} is missing or not text")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise MalformedEvent(f"{field} has no time zone: {text!r}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # overflow: the first or last day of the calendar, with an offset
        raise MalformedEvent(f"{field} is not an ISO 8601 time: {text[:40]!r}") from error


def dig(data: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path such as `newWorkOrder.priority`; None where the path ends early."""
    value: Any = data
    for key in path.split("."):
        # The first is what it nearly always is, and takes a tenth of the time to find out.
        if not (isinstance(value, dict) or isinstance(value, Mapping)) or key not in value:  # noqa: SIM101
            return None
        value = value[key]
    return value
