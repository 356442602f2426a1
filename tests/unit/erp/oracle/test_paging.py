"""Reading a collection whole, from servers that say odd things about how much is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.erp.oracle import OracleErp
from shared.errors import RemoteRejected, RemoteUnavailable
from shared.secrets import Secrets
from tests.unit.erp.oracle.tenant import answer, config, erp, order

SINCE = datetime(2026, 9, 16, 16, tzinfo=UTC)
DESCRIBE = {
    "Resources": {
        "maintenanceWorkOrders": {
            "attributes": [{"name": "LastUpdateDate", "type": "datetime", "queryable": True, "updatable": False}]
        }
    }
}


@given(
    count=st.integers(0, 30),
    limit=st.integers(1, 12),
    own_limit=st.integers(1, 12),
    more_is_wrong_when_full=st.booleans(),
)
def test_all_orders_come_once_in_sequence_whatever_the_pages_are(
    count: int, limit: int, own_limit: int, more_is_wrong_when_full: bool
) -> None:
    rows = [order(WorkOrderId=number) for number in range(count)]
    requests = []

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/describe"):
            return answer(200, DESCRIBE)
        requests.append(request)
        offset = int(request.url.params["offset"])
        size = min(int(request.url.params["limit"]), own_limit)
        items = rows[offset : offset + size]
        more = offset + len(items) < count
        if more_is_wrong_when_full and len(items) == limit:
            more = not more
        return answer(200, {"items": items, "count": len(items), "hasMore": more})

    made = OracleErp(config(page_limit=limit), Secrets(), transport=httpx.MockTransport(handle))
    assert [record.id for record in made.changed_since(SINCE)] == [str(number) for number in range(count)]
    assert all(request.url.params["orderBy"] == "WorkOrderId" for request in requests)
    assert all(request.url.params["onlyData"] == "true" for request in requests)
    assert len(requests) <= count // min(limit, own_limit) + 2


def test_an_order_that_moves_to_the_next_page_meanwhile_comes_once() -> None:
    pages = [
        answer(200, {"items": [order(WorkOrderId=1), order(WorkOrderId=2)], "hasMore": True}),
        answer(200, {"items": [order(WorkOrderId=2), order(WorkOrderId=3)], "hasMore": False}),
        answer(200, {"items": [], "hasMore": False}),
    ]
    found = erp(answer(200, DESCRIBE), *pages, page_limit=2).changed_since(SINCE)
    assert [record.id for record in found] == ["1", "2", "3"]


def test_an_empty_page_is_the_last_even_if_it_says_that_there_is_more() -> None:
    found = erp(answer(200, DESCRIBE), answer(200, {"items": [], "hasMore": True})).changed_since(SINCE)
    assert list(found) == []


@pytest.mark.parametrize("more", [True, False])
def test_a_server_that_ignores_the_offset_is_an_error_and_not_an_endless_loop(more: bool) -> None:
    seen: list[httpx.Request] = []
    pages = [answer(200, {"items": [order(WorkOrderId=1), order(WorkOrderId=2)], "hasMore": more}) for _ in range(9)]
    with pytest.raises(RemoteRejected, match="offset 2 shows nothing new"):
        list(erp(answer(200, DESCRIBE), *pages, seen=seen, page_limit=2).changed_since(SINCE))
    assert len(seen) == 3


def test_a_last_page_on_which_only_one_is_that_moved_there_is_no_error() -> None:
    pages = [
        answer(200, {"items": [order(WorkOrderId=1), order(WorkOrderId=2)], "hasMore": True}),
        answer(200, {"items": [order(WorkOrderId=2)], "hasMore": False}),
    ]
    found = erp(answer(200, DESCRIBE), *pages, page_limit=2).changed_since(SINCE)
    assert [record.id for record in found] == ["1", "2"]


def test_an_answer_that_is_no_list_of_orders_is_an_error_and_not_nothing_found(subtests: pytest.Subtests) -> None:
    cases: list[Any] = [{}, [], {"items": {}}, {"count": 0}, "x", None, {"items": ["x"]}, {"items": [{}]}]
    for body in cases:
        with subtests.test(body=body):
            with pytest.raises((RemoteRejected, RemoteUnavailable)):
                erp(answer(200, body)).find_by_reference("r")
            with pytest.raises((RemoteRejected, RemoteUnavailable)):
                list(erp(answer(200, DESCRIBE), answer(200, body)).changed_since(SINCE))
