"""Lists of orders: which parameters a dialect knows, what they search, and how the answer is cut into pages."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from starlette.datastructures import URL, QueryParams

from local.erp.dialect import Dialect, wrapped
from local.erp.rules import Refusal
from local.erp.store import Order, Tenant

_DEFAULT_LIMIT = 50
_REFERENCE, _SINCE, _FILTER = "externalReference", "changedSince", "$filter"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Slice(NamedTuple):
    """What a page has: orders from `begin` on, at most `limit`; how the answer tells of itself and of the next one."""

    begin: int
    limit: int


class Listing(NamedTuple):
    """A page as it is answered."""

    body: Any
    headers: dict[str, str]


def listing(tenant: Tenant, url: URL, query: QueryParams) -> Listing:
    """The page that `query` asks for. Raises Refusal 400 for any parameter that the tenant's dialect does not know."""
    dialect = tenant.dialect
    known = {_REFERENCE, _FILTER if dialect.changed == "filter" else _SINCE, *_PARAMETERS[dialect.paging]}
    if unknown := set(query) - known:
        raise Refusal(400, "UNKNOWN_PARAMETER", f"unknown query parameter {', '.join(sorted(unknown))}")
    found = _searched(tenant, query)
    begin, limit = _SLICES[dialect.paging](query, dialect, len(found))
    page = [tenant.shown(order) for order in found[begin : begin + limit]]
    end = begin + limit
    told, headers = _TOLD[dialect.paging](url, query, Slice(begin, limit), end, end < len(found))
    if not dialect.envelope:
        return Listing(page, headers)
    return Listing({**wrapped(dialect.envelope, page), **told}, headers)


def _searched(tenant: Tenant, query: QueryParams) -> list[Order]:
    """By reference and by time: changed at or after it, in the sequence of their last changes."""
    found = list(tenant.search(query.get(_REFERENCE)))
    since = _since(tenant.dialect, query)
    if since is None:
        return found
    return sorted((o for o in found if _moment(o.changed_at) >= since), key=lambda o: (o.changed_at, o.id))


def _since(dialect: Dialect, query: QueryParams) -> datetime | None:
    if dialect.changed == "filter":
        text = query.get(_FILTER)
        match = re.fullmatch(r"changedAt ge (\S+)", text or "")
        if text is not None and match is None:
            raise Refusal(400, "BAD_PARAMETER", "$filter must be: changedAt ge TIME")
        text = match[1] if match else None
    else:
        text = query.get(_SINCE)
    return None if text is None else _parsed(dialect, text)


def _parsed(dialect: Dialect, text: str) -> datetime:
    try:
        if dialect.changed in ("iso", "filter"):
            return _moment(text)
        unit = timedelta(seconds=1) if dialect.changed == "epoch_s" else timedelta(milliseconds=1)
        return _EPOCH + int(text) * unit
    except (ValueError, OverflowError) as error:
        raise Refusal(400, "BAD_PARAMETER", f"{text[:40]!r} is no time for this interface") from error


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def _all(_query: QueryParams, _dialect: Dialect, count: int) -> Slice:
    return Slice(0, count)


def _by_offset(query: QueryParams, dialect: Dialect, _count: int) -> Slice:
    return Slice(_number(query, "offset", 0, 0, 10**9), _limit(query, "limit", dialect))


def _by_page(query: QueryParams, dialect: Dialect, _count: int) -> Slice:
    limit = _limit(query, "pageSize", dialect)
    return Slice((_number(query, "page", 1, 1, 10**6) - 1) * limit, limit)


def _by_token(query: QueryParams, dialect: Dialect, _count: int) -> Slice:
    """A token carries the search it belongs to, and is refused with any other."""
    limit = _limit(query, "pageSize", dialect)
    if "pageToken" not in query:
        return Slice(0, limit)
    try:
        begin, search = json.loads(base64.urlsafe_b64decode(query["pageToken"]))
    except ValueError as error:
        raise Refusal(400, "BAD_PARAMETER", "pageToken is none of ours") from error
    if search != _search_of(query):
        raise Refusal(400, "BAD_PARAMETER", "pageToken belongs to another search")
    return Slice(begin, limit)


def _token(query: QueryParams, end: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([end, _search_of(query)]).encode()).decode()


def _search_of(query: QueryParams) -> list[list[str]]:
    return sorted([name, value] for name, value in query.items() if name != "pageToken")


def _next_url(url: URL, query: QueryParams, end: int) -> str:
    return str(url.include_query_params(pageToken=_token(query, end)))


def _limit(query: QueryParams, name: str, dialect: Dialect) -> int:
    return _number(query, name, min(_DEFAULT_LIMIT, dialect.page_size), 1, dialect.page_size)


def _number(query: QueryParams, name: str, default: int, low: int, high: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Refusal(400, "BAD_PARAMETER", f"{name} must be a number from {low} to {high}")
    return int(text)


Told = tuple[dict[str, Any], dict[str, str]]


def _tell_nothing(_url: URL, _query: QueryParams, _slice: Slice, _end: int, _more: bool) -> Told:
    return {}, {}


def _tell_offset(_url: URL, _query: QueryParams, part: Slice, _end: int, more: bool) -> Told:
    return {"offset": part.begin, "limit": part.limit, "hasMore": more}, {}


def _tell_link(url: URL, query: QueryParams, _slice: Slice, end: int, more: bool) -> Told:
    return ({"nextLink": _next_url(url, query, end)} if more else {}), {}


def _tell_header(url: URL, query: QueryParams, _slice: Slice, end: int, more: bool) -> Told:
    return {}, ({"Link": f'<{_next_url(url, query, end)}>; rel="next"'} if more else {})


def _tell_cursor(_url: URL, query: QueryParams, _slice: Slice, end: int, more: bool) -> Told:
    return {"cursor": {"next": _token(query, end) if more else None}}, {}


_PARAMETERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "offset": ("offset", "limit"),
    "page": ("page", "pageSize"),
    "next_link": ("pageSize", "pageToken"),
    "link_header": ("pageSize", "pageToken"),
    "cursor": ("pageSize", "pageToken"),
}
_SLICES: dict[str, Callable[[QueryParams, Dialect, int], Slice]] = {
    "none": _all,
    "offset": _by_offset,
    "page": _by_page,
    "next_link": _by_token,
    "link_header": _by_token,
    "cursor": _by_token,
}
_TOLD: dict[str, Callable[[URL, QueryParams, Slice, int, bool], Told]] = {
    "none": _tell_nothing,
    "offset": _tell_offset,
    "page": _tell_nothing,
    "next_link": _tell_link,
    "link_header": _tell_header,
    "cursor": _tell_cursor,
}
