"""Memory of a long list, and which rows count as seen."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, datetime, timedelta

import httpx
from hypothesis import given
from hypothesis import strategies as st

from shared.maintainx.client import MaintainXClient
from shared.maintainx.recent import Recent

PAGE_SIZE = 200
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


def crawl_peak_bytes(pages: int) -> int:
    """Most memory held at once while `pages` pages of work orders are read."""

    def answer(request: httpx.Request) -> httpx.Response:
        gc.collect()  # what is only waiting for the collector is not held
        page = int(request.url.params.get("cursor", "0"))
        first = 1 + page * PAGE_SIZE
        rows = [{"id": number, "title": "x" * 2_000} for number in range(first, first + PAGE_SIZE)]
        return httpx.Response(200, json={"workOrders": rows, "nextCursor": str(page + 1) if page + 1 < pages else None})

    client = MaintainXClient("https://maintainx.test/v1", lambda: "k", 1, transport=httpx.MockTransport(answer))
    gc.freeze()  # what other tests have left need not be looked through each time
    tracemalloc.start()
    try:
        assert sum(1 for _ in client.iter_work_orders(page_size=PAGE_SIZE)) == pages * PAGE_SIZE
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()


def test_crawl_of_10_000_work_orders_needs_no_more_memory_than_one_of_2_600() -> None:
    assert crawl_peak_bytes(50) < 1.2 * crawl_peak_bytes(13)


def test_row_is_news_once_and_again_only_if_newer() -> None:
    recent = Recent()
    assert recent.is_news(1, NOON)
    assert not recent.is_news(1, NOON)
    assert not recent.is_news(1, NOON - timedelta(seconds=1))
    assert not recent.is_news(1, None)
    assert recent.is_news(1, NOON + timedelta(seconds=1))


@given(ids=st.lists(st.integers(1, 30), max_size=200), size=st.integers(1, 10))
def test_row_among_the_last_ones_is_never_news(ids: list[int], size: int) -> None:
    recent = Recent(size)
    last: list[int] = []
    for record_id in ids:
        assert recent.is_news(record_id, NOON) == (record_id not in last)
        if record_id not in last:
            last = [*last, record_id][-size:]
