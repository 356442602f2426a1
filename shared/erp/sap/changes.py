"""The orders that were created or changed since a moment, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from shared.erp.sap.fields import CHANGED_AT, CREATED_AT, KEY
from shared.erp.sap.odata import Entity, etag_of, time_literal
from shared.erp.sap.values import time_of

Ask = Callable[[dict[str, str]], Iterator[Entity]]
"""The orders that a query finds, over all the pages that SAP makes of them."""


def changed_since(ask: Ask, since: datetime, page_size: int) -> Iterator[Entity]:
    """Each state of an order once. since: UTC.

    Two searches, as an order that was never changed has no time of change, and each must have an order by one time:
    the next page begins at the last time of the one before. Counting instead ($skip) would lose an order whenever one
    that was read already is changed meanwhile, and so moves to the end.
    """
    seen: set[tuple[object, str | None]] = set()
    for name in (CHANGED_AT, CREATED_AT):
        for order in _by_time(ask, name, since.replace(microsecond=0), page_size):
            state = (order.get(KEY), etag_of(order))
            if state[1] is None or state not in seen:
                seen.add(state)
                yield order


def _by_time(ask: Ask, name: str, since: datetime, page_size: int) -> Iterator[Entity]:
    limit = page_size
    while True:
        count, latest = 0, since
        query = {"$filter": f"{name} ge {time_literal(since)}", "$orderby": f"{name},{KEY}", "$top": str(limit)}
        for order in ask(query):
            count, latest = count + 1, max(latest, time_of(order.get(name)) or latest)
            yield order
        if count < limit:
            return
        # More orders than a page has of one second (a mass change): only a longer page gets past them.
        limit = page_size if latest > since else limit * 2
        since = latest
