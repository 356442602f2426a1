"""Which writes are sent again after a failure, what their failures are called, and faults with the path of a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stamina
from pydantic import ValidationError

from shared.errors import (
    Fault,
    NetworkFailed,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    ServerFailed,
    ValidationFailed,
)
from shared.maintainx.api.meters import NewReading
from shared.maintainx.client import MaintainXClient
from shared.maintainx.queries import UserFilter, WorkOrderFilter
from tests.unit.maintainx.test_client import Answer, Remote, client, ok

WORK_ORDER = {"workOrder": {"id": 7, "title": "x"}}


@pytest.fixture(autouse=True)
def _no_backoff() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def test_creation_whose_answer_is_lost_is_unknown_and_not_sent_again(subtests: pytest.Subtests) -> None:
    cases: list[Answer] = [httpx.Response(502), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
    for lost in cases:
        with subtests.test(lost=lost):
            creations: tuple[Callable[[MaintainXClient], object], ...] = (
                lambda maintainx: maintainx.create_work_order({"title": "x"}),
                lambda maintainx: maintainx.create_work_request({"title": "x"}),
                lambda maintainx: maintainx.add_comment(7, "x"),
                lambda maintainx: maintainx.set_asset_status(7, {"status": "ONLINE"}),
                lambda maintainx: maintainx.add_meter_readings([NewReading(1, 2.5)]),
                lambda maintainx: maintainx.create_subscription("NEW_PART", "https://hooks.example.com/x"),
            )
            for create in creations:
                remote = Remote(lost)
                with pytest.raises(OutcomeUnknown):
                    create(client(remote))
                assert len(remote.requests) == 1


def test_creation_whose_answer_cannot_be_read_is_unknown(subtests: pytest.Subtests) -> None:
    for body in [httpx.Response(200, text="<html>"), ok([]), ok({}), ok({"id": "x"})]:
        with subtests.test(body=body):
            remote = Remote(body)
            with pytest.raises(OutcomeUnknown):
                client(remote).create_work_order({"title": "x"})
            assert len(remote.requests) == 1


def test_creation_that_never_left_is_sent_again(subtests: pytest.Subtests) -> None:
    cases: list[Exception] = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
    for not_sent in cases:
        with subtests.test(not_sent=not_sent):
            remote = Remote(not_sent, ok({"id": 9}))
            assert client(remote).create_work_order({"title": "x"}) == 9
            with pytest.raises(NetworkFailed) as caught:
                client(Remote(not_sent)).create_work_order({"title": "x"})
            assert not isinstance(caught.value, OutcomeUnknown)


def test_creation_that_is_put_off_in_so_many_words_was_not_done() -> None:
    with pytest.raises(ServerFailed) as caught:
        client(Remote(httpx.Response(503, headers={"Retry-After": "30"}))).create_work_order({"title": "x"})
    assert caught.value.retry_after_s == 30.0
    assert not isinstance(caught.value, OutcomeUnknown)
    for status in (423, 425):
        with pytest.raises(NotTakenOn):
            client(Remote(httpx.Response(status))).create_work_order({"title": "x"})


def test_retry_after_of_other_failures_does_not_say_that_a_creation_was_not_done(subtests: pytest.Subtests) -> None:
    for status in [408, 500, 502, 504, 507]:
        with subtests.test(status=status):
            remote = Remote(httpx.Response(status, headers={"Retry-After": "30"}))
            with pytest.raises(OutcomeUnknown) as caught:
                client(remote).create_work_order({"title": "x"})
            assert caught.value.retry_after_s is None
            assert len(remote.requests) == 1


@pytest.mark.parametrize("lost", [httpx.Response(500), httpx.ReadTimeout("x")])
def test_change_is_sent_again(lost: Answer) -> None:
    remote = Remote(lost, lost, ok(WORK_ORDER))
    assert client(remote).set_work_order_status(7, "DONE").id == 7
    assert [request.content for request in remote.requests] == [b'{"status":"DONE"}'] * 3


def test_deletion_that_was_done_but_not_answered_is_no_error() -> None:
    remote = Remote(httpx.ReadTimeout("x"), httpx.Response(404, json={"error": "subscription Not Found"}))
    client(remote).delete_subscription(7)
    assert len(remote.requests) == 2


def test_deletion_of_what_is_not_there_is_told() -> None:
    with pytest.raises(RecordNotFound):
        client(Remote(httpx.Response(404))).delete_subscription(7)


def test_server_and_network_are_told_apart() -> None:
    with pytest.raises(ServerFailed):
        client(Remote(httpx.Response(503))).get_work_order(7)
    with pytest.raises(NetworkFailed):
        client(Remote(httpx.ReadTimeout("x"))).get_work_order(7)


SHAPE_B = {"errors": [{"error": "Invalid", "fieldPath": "assignees.0.type", "fieldValue": "BOSS"}, {"error": "No"}]}


def test_validation_failure_says_what_and_where(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, list[Fault]]] = [
        ({"error": "'foo' is not a valid query parameter"}, [Fault("'foo' is not a valid query parameter")]),
        (SHAPE_B, [Fault("Invalid", "assignees.0.type"), Fault("No")]),
        ({"errors": [{"error": 7}, "x", None]}, []),
        ({"errors": "all wrong"}, []),
        ({"error": None}, []),
        (["x"], []),
        ("x", []),
    ]
    for body, faults in cases:
        with subtests.test(body=body):
            with pytest.raises(ValidationFailed) as caught:
                client(Remote(httpx.Response(400, json=body))).create_work_order({"title": "x"})
            assert list(caught.value.faults) == faults
            assert (caught.value.status, caught.value.transient) == (400, False)


def test_validation_failure_without_json_has_no_faults() -> None:
    with pytest.raises(ValidationFailed) as caught:
        client(Remote(httpx.Response(400, text="<html>"))).get_work_order(7)
    assert caught.value.faults == ()


def test_upload_too_large_and_other_refusals_are_just_rejected() -> None:
    with pytest.raises(RemoteRejected) as caught:
        client(Remote(httpx.Response(413, json={"error": "x"}))).get_work_order(7)
    assert not isinstance(caught.value, ValidationFailed)


def test_gate_refuses_before_anything_is_sent() -> None:
    class Closed:
        def enter(self) -> None:
            raise RateLimited("closed", retry_after_s=30.0)

        def note(self, _permit: None, _response: httpx.Response) -> None:
            raise AssertionError("nothing was sent")

        def blocked_s(self) -> float:
            return 0.0

    remote = Remote(ok(WORK_ORDER))
    maintainx = MaintainXClient(
        "https://maintainx.test", lambda: "k", 1, transport=httpx.MockTransport(remote), gate=Closed()
    )
    with pytest.raises(RateLimited):
        maintainx.get_work_order(7)
    assert remote.requests == []


@pytest.mark.parametrize("count", [0, 101])
def test_batch_of_readings_has_a_size(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        client(Remote(ok([]))).add_meter_readings([NewReading(1, 1.0)] * count)


def test_readings_carry_their_time_in_utc() -> None:
    remote = Remote(httpx.Response(201, json=[{"meterId": 1, "value": 2.5, "createdAt": "2026-09-14T12:00:00.000Z"}]))
    (reading,) = client(remote).add_meter_readings([NewReading(1, 2.5, datetime(2026, 9, 14, 12, tzinfo=UTC))])
    assert (reading.meter_id, reading.value) == (1, 2.5)
    assert remote.requests[0].content == b'[{"meterId":1,"value":2.5,"readingDate":"2026-09-14T12:00:00.000Z"}]'


def test_filter_that_maintainx_would_refuse_cannot_be_made(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {"status": ("OPEN",)},
        {"statuses": ("CLOSED",)},
        {"sort": "id"},
        {"assets": (0,)},
        {"assets": ("pump",)},
        {"title": ""},
        {"updated_from": datetime(2026, 1, 1)},  # noqa: DTZ001  # the point of the test
    ]
    for wrong in cases:
        with subtests.test(wrong=wrong), pytest.raises(ValidationError):
            WorkOrderFilter(**wrong)


@pytest.mark.parametrize("page_size", [0, 201])
def test_page_size_that_maintainx_would_refuse_is_not_sent(page_size: int) -> None:
    remote = Remote(ok({"users": []}))
    with pytest.raises(ValueError, match="1 to 200"):
        list(client(remote).iter_users(UserFilter(), page_size=page_size))
    assert remote.requests == []
