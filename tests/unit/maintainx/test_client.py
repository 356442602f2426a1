"""The client against answers made up one by one: errors, keys, waits, odd bodies. No network, no real sleep."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stamina

from shared.deadline import deadline
from shared.errors import (
    AuthenticationFailed,
    NotTakenOn,
    PermissionDenied,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    ServerFailed,
)
from shared.maintainx.client import MaintainXClient
from shared.maintainx.pacing import Pacer
from shared.maintainx.queries import AssetFilter, WorkOrderFilter
from tests.fakes.clock import Clock

Answer = httpx.Response | Exception
WORK_ORDER = {"workOrder": {"id": 7, "title": "x"}}


@pytest.fixture(autouse=True)
def _no_backoff() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Remote:
    """Answers requests from a list, the last one for ever, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = itertools.chain(answers, itertools.repeat(answers[-1]))
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        # A fresh copy: httpx closes an answer once it is read.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def client(remote: Remote, *, key: str = "k1", refresh_key: Callable[[], str] | None = None) -> MaintainXClient:
    return MaintainXClient(
        "https://maintainx.test/v1/",
        lambda: key,
        4242,
        refresh_key=refresh_key,
        transport=httpx.MockTransport(remote),
        max_wait_s=0.5,
    )


def ok(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body, headers=headers)


def test_key_and_organization_are_sent_always() -> None:
    remote = Remote(ok(WORK_ORDER))
    assert client(remote).get_work_order(7).title == "x"
    (request,) = remote.requests
    assert str(request.url) == "https://maintainx.test/v1/workorders/7"
    assert request.headers["authorization"] == "Bearer k1"
    assert request.headers["x-organization-id"] == "4242"


def test_refusal_is_one_call_and_an_error_of_our_tree(subtests: pytest.Subtests) -> None:
    cases: list[tuple[int, Any, type[RemoteRejected]]] = [
        (400, {"error": "'foo' is not a valid query parameter"}, RemoteRejected),
        (400, {"errors": [{"error": "must be <= 200", "fieldPath": "limit"}]}, RemoteRejected),
        (401, {"error": "Unauthorized"}, AuthenticationFailed),
        (403, {"errors": [{"error": "User don't have the right permissions"}]}, PermissionDenied),
        (404, {"error": "Work Order Not Found"}, RecordNotFound),
    ]
    for status, body, error in cases:
        with subtests.test(status=status, body=body, error=error):
            remote = Remote(httpx.Response(status, json=body))
            with pytest.raises(error) as caught:
                client(remote).get_work_order(7)
            assert caught.value.status == status
            assert "MaintainX: GET /v1/workorders/7" in str(caught.value)
            assert len(remote.requests) == 1


def test_read_is_tried_again_when_maintainx_fails(subtests: pytest.Subtests) -> None:
    cases: list[Answer] = [
        httpx.Response(503),
        httpx.Response(500, text="<html>"),
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
    ]
    for failure in cases:
        with subtests.test(failure=failure):
            remote = Remote(failure, failure, ok(WORK_ORDER))
            assert client(remote).get_work_order(7).id == 7
            assert len(remote.requests) == 3


def test_read_gives_up_after_its_tries() -> None:
    remote = Remote(httpx.Response(503))
    with pytest.raises(RemoteUnavailable):
        client(remote).get_work_order(7)
    assert len(remote.requests) == 3  # as set for tests


def test_write_is_never_sent_twice_after_a_failure() -> None:
    for failure in (httpx.Response(503), httpx.ReadTimeout("x")):
        remote = Remote(failure)
        with pytest.raises(RemoteUnavailable):
            client(remote).create_work_order({"title": "x"})
        assert len(remote.requests) == 1


def test_new_key_is_fetched_once_after_a_401() -> None:
    remote = Remote(httpx.Response(401), ok(WORK_ORDER))
    assert client(remote, refresh_key=lambda: "k2").get_work_order(7).id == 7
    assert [request.headers["authorization"] for request in remote.requests] == ["Bearer k1", "Bearer k2"]


@pytest.mark.parametrize(("fresh", "calls"), [("k1", 1), ("k2", 2)])
def test_401_with_the_key_as_it_is_now_is_final(fresh: str, calls: int) -> None:
    remote = Remote(httpx.Response(401))
    with pytest.raises(AuthenticationFailed):
        client(remote, refresh_key=lambda: fresh).get_work_order(7)
    assert len(remote.requests) == calls


def test_429_that_lasts_is_handed_on_with_the_wait_that_maintainx_asks_for() -> None:
    remote = Remote(httpx.Response(429, headers={"X-Rate-Limit-Reset": "42", "X-Rate-Limit-Remaining": "0"}))
    maintainx = client(remote)
    with pytest.raises(RateLimited) as caught:
        maintainx.get_work_order(7)
    assert caught.value.retry_after_s == pytest.approx(42, abs=1)
    with pytest.raises(RateLimited):
        maintainx.get_work_order(7)
    assert len(remote.requests) == 1, "no call is spent while the window is known to be closed"


@pytest.mark.parametrize("header", ["X-Rate-Limit-Reset", "Retry-After"])
def test_short_429_is_waited_for_even_by_a_write(header: str) -> None:
    remote = Remote(httpx.Response(429, headers={header: "0"}), ok({"id": 9}))
    assert client(remote).create_work_order({"title": "x"}) == 9
    assert len(remote.requests) == 2


def test_429_again_and_again_is_handed_on_in_the_end() -> None:
    remote = Remote(httpx.Response(429, headers={"X-Rate-Limit-Reset": "0"}))
    with pytest.raises(RateLimited) as caught:
        client(remote).get_work_order(7)
    assert caught.value.retry_after_s is not None
    assert len(remote.requests) == 4


def test_429_without_any_hint_is_handed_on() -> None:
    remote = Remote(httpx.Response(429))
    with pytest.raises(RateLimited) as caught:
        client(remote).get_work_order(7)
    assert caught.value.retry_after_s is None
    assert len(remote.requests) == 1


NOT_THE_WINDOW = {"X-Rate-Limit-Remaining": "60", "X-Rate-Limit-Reset": "40"}


def test_429_of_a_limit_that_the_headers_do_not_tell_of_holds_back_this_call_alone() -> None:
    refused = httpx.Response(429, headers=NOT_THE_WINDOW, json={"error": "Please retry in 10 seconds"})
    remote = Remote(refused, ok(WORK_ORDER))
    maintainx = client(remote)
    with pytest.raises(RateLimited) as caught:
        maintainx.create_work_order({"title": "x"})
    assert (type(caught.value), caught.value.retry_after_s) == (RateLimited, 10.0)
    assert maintainx.get_work_order(7).id == 7
    assert len(remote.requests) == 2, "neither sent again at once nor waited for"


def test_429_that_opens_after_the_deadline_is_handed_on_at_once() -> None:
    remote = Remote(httpx.Response(429, headers={"X-Rate-Limit-Reset": "30", "X-Rate-Limit-Remaining": "0"}))
    maintainx = MaintainXClient(
        "https://maintainx.test", lambda: "k", 1, transport=httpx.MockTransport(remote), max_wait_s=60.0
    )
    with deadline(20.0), pytest.raises(RateLimited) as caught:
        maintainx.get_work_order(7)
    assert caught.value.retry_after_s == pytest.approx(30, abs=5)
    assert len(remote.requests) == 1


def test_no_further_try_begins_that_the_deadline_would_cut_off() -> None:
    for left_s, tries in ((2.5, 1), (60.0, 3)):
        remote = Remote(httpx.Response(500))
        with deadline(left_s), pytest.raises(ServerFailed):
            client(remote).get_work_order(7)
        assert len(remote.requests) == tries


def test_no_answer_is_waited_for_longer_than_the_deadline() -> None:
    remote = Remote(ok(WORK_ORDER))
    with deadline(4.0):
        client(remote).get_work_order(7)
    limits_s = remote.requests[0].extensions["timeout"]
    assert set(limits_s) == {"connect", "read", "write", "pool"}
    assert all(limit_s <= 4.0 for limit_s in limits_s.values())
    with deadline(0.0), pytest.raises(NotTakenOn):
        client(remote).create_work_order({"title": "x"})
    assert len(remote.requests) == 1


def test_answer_without_json_object_is_a_failure_of_the_remote_side(subtests: pytest.Subtests) -> None:
    for body in ["", "<html>", "[]", "null"]:
        with subtests.test(body=body), pytest.raises(RemoteUnavailable):
            client(Remote(httpx.Response(200, text=body))).get_work_order(7)


def test_answer_that_is_no_work_order_is_rejected(subtests: pytest.Subtests) -> None:
    cases: list[Any] = [{}, {"workOrder": None}, {"workOrder": {"title": "x"}}, {"workOrder": []}]
    for body in cases:
        with subtests.test(body=body), pytest.raises(RemoteRejected):
            client(Remote(ok(body))).get_work_order(7)


def test_id_that_is_no_number_never_reaches_a_path(subtests: pytest.Subtests) -> None:
    for work_order_id in ["", "7/../../users", "7?x=1", "-1", "٧", "seven"]:
        with subtests.test(work_order_id=work_order_id):
            remote = Remote(ok(WORK_ORDER))
            with pytest.raises(RecordNotFound):
                client(remote).get_work_order(work_order_id)
            assert remote.requests == []


def test_filters_go_with_every_page_and_arrays_are_repeated() -> None:
    remote = Remote(
        ok({"workOrders": [{"id": 1}], "nextCursor": "a/b="}),
        ok({"workOrders": [{"id": 2}], "nextCursor": None}),
    )
    wanted = WorkOrderFilter(
        statuses=("OPEN", "ON_HOLD"), updated_from=datetime(2026, 9, 14, 12, tzinfo=UTC), sort="updatedAt"
    )
    rows = list(client(remote).iter_work_orders(wanted, expand=("asset", "assignees"), page_size=50))
    assert [row.id for row in rows] == [1, 2]
    first, second = (request.url.params.multi_items() for request in remote.requests)
    assert first == [
        ("statuses", "OPEN"),
        ("statuses", "ON_HOLD"),
        ("updatedAt[gte]", "2026-09-14T12:00:00.000Z"),
        ("show_upcoming", "true"),
        ("sort", "updatedAt"),
        ("expand", "asset"),
        ("expand", "assignees"),
        ("limit", "50"),
    ]
    assert second == [*first, ("cursor", "a/b=")]


def test_canceled_and_skipped_are_asked_for_separately() -> None:
    queries = WorkOrderFilter(statuses=("DONE", "CANCELED", "SKIPPED"), include_upcoming=False).queries()
    assert queries == ((("statuses", "DONE"), ("statuses", "CANCELED")), (("statuses", "SKIPPED"),))


def test_custom_field_named_like_a_parameter_gets_its_suffix() -> None:
    wanted = AssetFilter(custom_fields=(("limit", ("ten",)), ("Industry", ("A", "B"))))
    assert wanted.params() == (("limit__c", "ten"), ("Industry", "A"), ("Industry", "B"))


def test_row_that_moves_while_paging_comes_again_only_if_it_is_newer() -> None:
    old = {"id": 1, "updatedAt": "2026-09-14T12:00:00.000Z"}
    new = {"id": 1, "updatedAt": "2026-09-14T12:00:01.000Z"}
    remote = Remote(
        ok({"workOrders": [old, {"id": 2}], "nextCursor": "c1"}),
        ok({"workOrders": [old, {"id": 2}, new], "nextCursor": "c2"}),
        ok({"workOrders": [old, new], "nextCursor": None}),
    )
    rows = [(row.id, row.wire().get("updatedAt")) for row in client(remote).iter_work_orders()]
    assert rows == [(1, old["updatedAt"]), (2, None), (1, new["updatedAt"])]


def test_asset_that_moves_between_offset_pages_comes_once() -> None:
    remote = Remote(
        ok({"assets": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "nextCursor": "c"}),
        ok({"assets": [{"id": 2, "name": "b"}, {"id": 3, "name": "c"}]}),
    )
    assert [asset.id for asset in client(remote).iter_assets()] == [1, 2, 3]


def test_cursor_that_stands_still_does_not_loop_for_ever() -> None:
    remote = Remote(ok({"workOrders": [{"id": 1}], "nextCursor": "same"}))
    with pytest.raises(RemoteRejected):
        list(client(remote).iter_work_orders())
    assert len(remote.requests) == 2


def test_pacer_waits_for_the_window_when_nothing_remains() -> None:
    clock = Clock()
    pacer = Pacer(20.0, clock=clock, sleep=clock.sleep)
    pacer.note(None, ok({}, **{"X-Rate-Limit-Remaining": "1", "X-Rate-Limit-Reset": "9"}))
    pacer.enter()
    assert clock.slept_s == []
    pacer.note(None, ok({}, **{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "9"}))
    pacer.enter()
    pacer.enter()
    assert clock.slept_s == [pytest.approx(9.1)]


def test_pacer_refuses_to_wait_longer_than_it_may() -> None:
    clock = Clock()
    pacer = Pacer(5.0, clock=clock, sleep=clock.sleep)
    pacer.note(None, ok({}, **{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "60"}))
    with pytest.raises(RateLimited) as caught:
        pacer.enter()
    assert caught.value.retry_after_s == pytest.approx(60.1)
    assert clock.slept_s == []


def test_pacer_ignores_headers_that_are_no_seconds(subtests: pytest.Subtests) -> None:
    for reset in ["", "soon", "nan", "-5", "1789387200"]:
        with subtests.test(reset=reset):
            clock = Clock()
            pacer = Pacer(5.0, clock=clock, sleep=clock.sleep)
            pacer.note(None, ok({}, **{"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": reset}))
            pacer.enter()
            assert clock.slept_s == []
