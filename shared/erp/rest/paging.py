"""Goes through a list that comes in pages, in whichever way the ERP gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urljoin

import httpx

from shared.config.erp_rest import PagingConfig, RestErpConfig
from shared.erp.connection import json_of
from shared.erp.rest.paths import at
from shared.errors import ConfigError

# Far more than any list that is asked for has; an ERP that makes up pages without end is left there.
MAX_PAGES = 10_000


class Ask(NamedTuple):
    """A request for one page.

    url: relative to the ERP's base URL, or absolute. position: number of the record, or of the page, it begins with.
    """

    url: str
    params: tuple[tuple[str, str], ...]
    position: int = 0


class Page(NamedTuple):
    """One page: what was asked, the answer, its JSON and the list in it."""

    ask: Ask
    response: httpx.Response
    body: Any
    items: list[Any]


Read = Callable[[Ask], httpx.Response]
Next = Callable[[RestErpConfig, PagingConfig, Page], Ask | None]


def pages(read: Read, rest: RestErpConfig, query: tuple[tuple[str, str], ...]) -> Iterator[list[Any]]:
    """The pages of the collection, searched by `query`, one request each, as they are consumed.

    Raises ConfigError if an answer has no list, or if the ERP does not get on: a next page that was there already, the
    same page again, or more than MAX_PAGES.
    """
    paging = rest.paging or _NO_PAGES
    sized = () if paging.size_parameter is None else ((paging.size_parameter, str(paging.size)),)
    query = (*rest.parameters.items(), *rest.list_parameters.items(), *query, *sized)
    ask: Ask | None = _FIRST.get(paging.style, _plain)(paging, rest.collection_path, query)
    asked: set[Ask] = set()
    before: list[Any] = []
    while ask is not None:
        if ask in asked or len(asked) == MAX_PAGES:
            raise ConfigError(f"erp: GET {rest.collection_path}: rest.paging {paging.style} comes to no end")
        asked.add(ask)
        page = _page(read, rest, ask)
        if page.items and page.items == before:
            raise ConfigError(f"erp: GET {rest.collection_path}: rest.paging {paging.style} gives one page twice")
        yield page.items
        before, ask = page.items, _NEXT[paging.style](rest, paging, page)


def _page(read: Read, rest: RestErpConfig, ask: Ask) -> Page:
    response = read(ask)
    body = json_of(response)
    items = body if rest.collection_key is None else at(body, rest.collection_key)
    if not isinstance(items, list):
        raise ConfigError(f"erp: GET {rest.collection_path}: no list at rest.collection_key {rest.collection_key!r}")
    return Page(ask, response, body, items)


def _plain(_paging: PagingConfig, url: str, query: tuple[tuple[str, str], ...]) -> Ask:
    return Ask(url, query)


def _counted(paging: PagingConfig, url: str, query: tuple[tuple[str, str], ...]) -> Ask:
    count = 0 if paging.style == "offset" else paging.first
    return Ask(url, (*query, (str(paging.parameter), str(count))), count)


def _none(_rest: RestErpConfig, _paging: PagingConfig, _page: Page) -> None:
    return None


def _linked(rest: RestErpConfig, paging: PagingConfig, page: Page) -> Ask | None:
    """The link's host does not count: proxies are rarely in it, and our credentials stay with `base_url`."""
    link = page.response.links.get("next", {}).get("url") if paging.next is None else at(page.body, paging.next)
    if link is None or link == "":
        return None
    try:
        here = page.response.request.url
        return Ask(str(here.copy_with(raw_path=httpx.URL(urljoin(str(here), link)).raw_path)), ())
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise ConfigError(f"erp: GET {rest.collection_path}: rest.paging.next is no address") from error


def _by_cursor(_rest: RestErpConfig, paging: PagingConfig, page: Page) -> Ask | None:
    cursor = at(page.body, str(paging.next))
    if cursor is None or cursor == "" or _is_last(paging, page):
        return None
    return _with(page.ask, paging, str(cursor), 0)


def _after_offset(_rest: RestErpConfig, paging: PagingConfig, page: Page) -> Ask | None:
    if not page.items or _is_last(paging, page):
        return None
    count = page.ask.position + len(page.items)
    return _with(page.ask, paging, str(count), count)


def _after_page(_rest: RestErpConfig, paging: PagingConfig, page: Page) -> Ask | None:
    if not page.items or _is_last(paging, page):
        return None
    return _with(page.ask, paging, str(page.ask.position + 1), page.ask.position + 1)


def _is_last(paging: PagingConfig, page: Page) -> bool:
    """A page that is not full says nothing: ERPs give fewer than they are asked for."""
    return paging.more is not None and at(page.body, paging.more) is False


def _with(ask: Ask, paging: PagingConfig, value: str, count: int) -> Ask:
    others = tuple(pair for pair in ask.params if pair[0] != paging.parameter)
    return Ask(ask.url, (*others, (str(paging.parameter), value)), count)


_NO_PAGES = PagingConfig()
_FIRST = {"offset": _counted, "page": _counted}
_NEXT: dict[str, Next] = {
    "none": _none,
    "next_link": _linked,
    "offset": _after_offset,
    "page": _after_page,
    "cursor": _by_cursor,
}
