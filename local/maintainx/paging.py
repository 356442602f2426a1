"""Sorting, cursors and the envelope of lists.

Work orders page by key (a row that moves behind the cursor is not seen twice or missed); everything else pages by an
offset hidden in the cursor, so rows that change while a client pages move between its pages. Source: MaintainX REST
API v1, "Pagination".
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from local.maintainx.problems import plain
from local.maintainx.queries import DEFAULT_LIMIT
from local.maintainx.store import Record

Key = tuple[bool, Any, int]


def keyset_page(rows: Iterable[Record], query: dict[str, Any], sort: str) -> tuple[list[Record], str | None]:
    """One page and the cursor of the next; `sort` as in the query, rows without the attribute last."""
    field, descending = sort.lstrip("-"), sort.startswith("-")
    keyed = sorted(((_key(row, field, descending), row) for row in rows), key=_first, reverse=descending)
    if "cursor" in query:
        after = _decode(query["cursor"], list)
        if len(after) != 3:
            raise plain(400, "Invalid cursor")
        last: Key = (after[0], after[1], after[2])
        keyed = [pair for pair in keyed if (pair[0] < last if descending else pair[0] > last)]
    limit = query.get("limit", DEFAULT_LIMIT)
    page = keyed[:limit]
    return [row for _, row in page], _encode(list(page[-1][0])) if len(keyed) > limit else None


def offset_page(rows: Iterable[Record], query: dict[str, Any], sort: str) -> tuple[list[Record], str | None]:
    """As `keyset_page`, by position: what a client sees twice or never if rows move is MaintainX's own behaviour."""
    field, descending = sort.lstrip("-"), sort.startswith("-")
    ordered = sorted(rows, key=lambda row: _key(row, field, descending), reverse=descending)
    start = _decode(query["cursor"], int) if "cursor" in query else 0
    end = start + query.get("limit", DEFAULT_LIMIT)
    return ordered[start:end], _encode(end) if len(ordered) > end else None


def envelope(plural: str, path: str, query_items: list[tuple[str, str]], rows: list[Record], cursor: str | None) -> Any:
    """The body of a list answer; the URL of the next page repeats the filters."""
    next_url = None
    if cursor is not None:
        items = [item for item in query_items if item[0] != "cursor"] + [("cursor", cursor)]
        next_url = f"{path}?{urlencode(items)}"
    return {plural: rows, "nextCursor": cursor, "nextPageUrl": next_url}


def _key(row: Record, field: str, descending: bool) -> Key:
    value = row.get(field)
    return ((value is None) != descending, "" if value is None else value, row["id"])


def _first(pair: tuple[Key, Record]) -> Key:
    return pair[0]


def _encode(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def _decode(cursor: str, expected: type) -> Any:
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        raise plain(400, "Invalid cursor") from error
    if not isinstance(position, expected):
        raise plain(400, "Invalid cursor")
    return position
