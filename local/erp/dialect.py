"""The ways in which a tenant's interface may differ from another's, as ERPs with REST interfaces do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

Paging = Literal["none", "next_link", "link_header", "offset", "page", "cursor"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One tenant's ways.

    paging: how lists come; page_size: what a page has if the client does not ask, and at most. envelope: dotted path
    of the list in the answer, "" for a bare list; record_envelope: the same of a single order. changed: how
    `changedSince` is written (`filter`: `$filter=changedAt ge TIME`), and orders' `changedAt` too. version: in the
    ETag, or in the field `rowVersion` and expected back in `X-Row-Version`; conflict: the status of a stale one.
    created: what the answer to a create tells. update: the method of an update; PUT replaces the whole order.
    key_header: takes the token in this header alone. idempotent: a create with an `Idempotency-Key` that was there
    before answers the first order.
    """

    paging: Paging = "offset"
    page_size: int = 200
    envelope: str = "items"
    record_envelope: str = ""
    changed: Literal["iso", "epoch_s", "epoch_ms", "filter"] = "iso"
    version: Literal["etag", "field"] = "etag"
    conflict: Literal[409, 412] = 412
    created: Literal["record", "location", "nothing"] = "record"
    update: Literal["PATCH", "PUT", "POST"] = "PATCH"
    key_header: str = ""
    idempotent: bool = False

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Dialect:
        """The dialect that a control request describes; TypeError or ValueError if it describes none."""
        dialect = cls(**body)
        hints = get_type_hints(cls)
        for field in fields(cls):
            value, allowed = getattr(dialect, field.name), get_args(hints[field.name])
            if (allowed and value not in allowed) or (not allowed and not isinstance(value, hints[field.name])):
                raise ValueError(f"{field.name} cannot be {value!r}")
        return dialect

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def wrapped(path: str, content: Any) -> dict[str, Any] | Any:
    """`content` inside the objects of a dotted path."""
    for name in reversed(path.split(".") if path else []):
        content = {name: content}
    return content
