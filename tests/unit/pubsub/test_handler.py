"""What a function fed by push answers, and what is true of claim and dead letters when it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask, request

from shared.errors import (
    BrokerUnavailable,
    MappingError,
    PermanentError,
    RateLimited,
    RemoteUnavailable,
    StateUnavailable,
)
from shared.events import Event
from shared.outcomes import Outcome, dead, done, retry, skipped
from shared.pubsub.handler import CLAIM_TTL_S, pubsub_function
from shared.state import Acquired, Claim, ClaimKey, Done, InProgress
from tests.fakes.events import AT_UTC, make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines

Handle = Callable[[Event], Outcome]


class Bench:
    """One function, erp_push, with its broker, its state and its clock."""

    def __init__(self) -> None:
        self.broker = FakePublisher()
        self.now_utc = AT_UTC
        self.state = MemoryStateStore(clock=lambda: self.now_utc)
        self.handled: list[Event] = []
        self._flask = Flask("test")

    def push(self, handle: Handle, body: bytes | None = None, *, claims: bool = True, **pushed: Any) -> int:
        """Push an event (or `body`) to a function with this handler; its status."""

        def handler(event: Event) -> Outcome:
            self.handled.append(event)
            return handle(event)

        function = pubsub_function("erp_push", claims=(lambda: self.state) if claims else None, publisher=self.broker)
        data = push_body(make_event(), **pushed) if body is None else body
        with self._flask.test_request_context(method="POST", data=data, content_type="application/json"):
            return function(handler)(request._get_current_object())[1]  # type: ignore[attr-defined]  # werkzeug's proxy

    def claim(self, nonce: str = "") -> object:
        """What a later delivery of the event would meet."""
        found = self.state.claim(ClaimKey("plant-1", "e1", "erp_push", nonce), owner="test", lease_s=1)
        if isinstance(found, Acquired):
            self.state.release_claim(found.claim)
        return found

    def letters(self) -> list[dict[str, str]]:
        """Attributes of the dead letters."""
        assert all(message.topic == "erp-push-dead" for message in self.broker.published)
        return [message.attributes for message in self.broker.published]


@pytest.fixture
def bench(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("MAX_DELIVERY_ATTEMPTS", "5")
    monkeypatch.delenv("CLAIM_LEASE_S", raising=False)
    return Bench()


def raising(error: BaseException) -> Handle:
    def handle(event: Event) -> Outcome:
        raise error

    return handle


def returning(outcome: Outcome) -> Handle:
    def handle(event: Event) -> Outcome:
        return outcome

    return handle


ok = returning(done("created", erp_id="7"))


# What ends a message


@pytest.mark.parametrize("outcome", [done("created"), skipped("unchanged")])
@pytest.mark.parametrize("claims", [True, False])
def test_done_and_skipped_acknowledge(bench: Bench, outcome: Outcome, claims: bool) -> None:
    assert bench.push(returning(outcome), claims=claims) == 204
    assert bench.letters() == []
    if claims:
        found = bench.claim()
        assert isinstance(found, Done)
        assert (found.outcome, found.reason) == (outcome.kind, outcome.reason)


def test_duplicate_is_skipped_and_says_what_became_of_the_first(bench: Bench, logged: LogLines) -> None:
    assert bench.push(ok) == bench.push(ok, message_id="2") == 204
    assert len(bench.handled) == 1
    line = logged()[-1]
    assert (line["outcome"], line["reason"]) == ("skipped", "duplicate")
    assert line["detail"] == {"first_outcome": "done", "first_reason": "created"}


def test_claim_outlives_the_dead_letters(bench: Bench) -> None:
    bench.push(ok)
    bench.now_utc += timedelta(seconds=CLAIM_TTL_S - 1)
    assert isinstance(bench.claim(), Done)
    assert CLAIM_TTL_S > 14 * 86400


def test_replay_is_handled_again_and_its_own_duplicate_is_not(bench: Bench) -> None:
    bench.push(ok)
    assert bench.push(ok, attributes={"replay_id": "r1"}) == 204
    assert bench.push(ok, attributes={"replay_id": "r1"}) == 204
    assert bench.push(ok, attributes={"replay_id": "r2"}) == 204
    assert len(bench.handled) == 3


def test_without_claims_every_delivery_is_handled(bench: Bench) -> None:
    bench.push(ok, claims=False)
    bench.push(ok, claims=False)
    assert len(bench.handled) == 2


def test_same_event_of_another_site_or_function_is_no_duplicate(bench: Bench) -> None:
    bench.push(ok)
    bench.push(ok, body=push_body(make_event(site="plant-2")))
    assert len(bench.handled) == 2
    assert isinstance(bench.state.claim(ClaimKey("plant-1", "e1", "notify"), owner="n", lease_s=1), Acquired)


# What brings it back


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RemoteUnavailable("erp: 503"), 503),
        (BrokerUnavailable("events"), 503),
        (RateLimited("erp: 429", retry_after_s=7.0), 429),
        (RuntimeError("a fault of ours"), 503),
        (KeyError("title"), 503),
    ],
)
@pytest.mark.parametrize("claims", [True, False])
def test_error_that_may_pass_gives_the_message_back(bench: Bench, error: Exception, status: int, claims: bool) -> None:
    assert bench.push(raising(error), claims=claims) == status
    assert bench.letters() == []
    assert isinstance(bench.claim(), Acquired)
    assert bench.push(ok, claims=claims, attempt=2) == 204


def test_wish_of_the_other_side_is_in_the_log(bench: Bench, logged: LogLines) -> None:
    bench.push(raising(RateLimited("erp: 429", retry_after_s=7.0)))
    line = logged()[-1]
    assert (line["outcome"], line["reason"], line["retry_after_s"]) == ("retry", "RateLimited", 7.0)
    assert (line["severity"], line["detail"]) == ("WARNING", {"error": "erp: 429"})


def test_fault_of_ours_is_logged_with_its_traceback_and_the_event(bench: Bench, logged: LogLines) -> None:
    bench.push(raising(ZeroDivisionError("boom")))
    fault, outcome = logged()
    assert "ZeroDivisionError: boom" in fault["exc_info"]
    assert (fault["severity"], fault["event_id"], fault["site"]) == ("ERROR", "e1", "plant-1")
    assert (outcome["outcome"], outcome["reason"]) == ("retry", "ZeroDivisionError")


def test_event_that_another_instance_works_on_comes_again(bench: Bench) -> None:
    held = bench.state.claim(ClaimKey("plant-1", "e1", "erp_push"), owner="other", lease_s=60)
    assert isinstance(held, Acquired)
    assert bench.push(ok) == 503
    assert bench.handled == []
    bench.state.complete_claim(held.claim, outcome="done", reason="", ttl_s=60)
    assert bench.push(ok, attempt=2) == 204
    assert bench.handled == []


class Killed(BaseException):
    """The process is gone."""


def test_event_of_an_instance_that_died_in_the_handler_is_handled_after_its_lease(bench: Bench) -> None:
    with pytest.raises(Killed):
        bench.push(raising(Killed()))
    assert bench.push(ok, attempt=2) == 503
    bench.now_utc += timedelta(seconds=61)
    assert bench.push(ok, attempt=3) == 204
    assert isinstance(bench.claim(), Done)


def test_event_of_an_instance_that_died_before_noting_it_is_handled_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(claim: Claim, **_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(bench.state, "complete_claim", die)
        with pytest.raises(Killed):
            bench.push(ok)
    assert isinstance(bench.claim(), InProgress)
    bench.now_utc += timedelta(seconds=61)
    assert bench.push(ok, attempt=2) == 204
    assert len(bench.handled) == 2  # hence handlers must bear to be repeated


def test_lease_is_as_long_as_the_environment_says(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIM_LEASE_S", "300")
    with pytest.raises(Killed):
        bench.push(raising(Killed()))
    found = bench.claim()
    assert isinstance(found, InProgress)
    assert found.until_utc - bench.now_utc == timedelta(seconds=300)


# What is buried


@pytest.mark.parametrize("claims", [True, False])
def test_message_that_can_never_succeed_is_buried_at_once_with_its_reason(bench: Bench, claims: bool) -> None:
    assert bench.push(raising(MappingError("work order 9001001: priority 'URGENT'")), claims=claims) == 204
    (letter,) = bench.letters()
    assert letter["error_class"] == "MappingError"
    assert letter["error_message"] == "work order 9001001: priority 'URGENT'"
    assert (letter["function"], letter["attempt"], letter["message_id"]) == ("erp_push", "1", "1")
    assert (letter["event_id"], letter["site"], letter["type"]) == ("e1", "plant-1", "work_order.created")
    assert bench.broker.published[0].event == make_event()
    if claims:
        found = bench.claim()
        assert isinstance(found, Done)
        assert (found.outcome, found.reason) == ("dead", "MappingError")


def test_dead_outcome_is_buried_as_well(bench: Bench) -> None:
    assert bench.push(returning(dead("unsupported", work_order=1))) == 204
    assert bench.letters()[0]["error_class"] == "unsupported"


@pytest.mark.parametrize("data", [b"", b"not JSON", b"{}", b"[" * 100_000, b'{"event_id": "e1"}'])
def test_message_that_is_no_event_is_buried_and_never_handled(bench: Bench, data: bytes) -> None:
    assert bench.push(ok, body=push_body(data)) == 204
    assert bench.handled == []
    assert bench.letters()[0]["error_class"] == "MalformedEvent"
    assert bench.broker.published[0].data == data


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RemoteUnavailable("erp: 503"), "RemoteUnavailable"),
        (RateLimited("erp: 429", retry_after_s=7.0), "RateLimited"),
        (RuntimeError("boom"), "RuntimeError"),
    ],
)
@pytest.mark.parametrize("claims", [True, False])
def test_last_attempt_is_buried_with_the_real_reason_and_acknowledged(
    bench: Bench, error: Exception, reason: str, claims: bool
) -> None:
    assert bench.push(raising(error), attempt=4, claims=claims) in (429, 503)
    assert bench.letters() == []
    assert bench.push(raising(error), attempt=5, claims=claims) == 204
    (letter,) = bench.letters()
    assert (letter["error_class"], letter["error_message"], letter["attempt"]) == (reason, str(error), "5")
    assert letter["first_failed_at"] == "2026-09-14T12:00:01.500Z"
    if claims:
        assert isinstance(bench.claim(), Done)


def test_last_attempt_that_succeeds_is_not_buried(bench: Bench) -> None:
    assert bench.push(ok, attempt=5) == 204
    assert bench.letters() == []


@pytest.mark.parametrize("limit", ["0", None])
def test_without_a_limit_no_attempt_is_the_last(
    bench: Bench, limit: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit is None:
        monkeypatch.delenv("MAX_DELIVERY_ATTEMPTS")
    else:
        monkeypatch.setenv("MAX_DELIVERY_ATTEMPTS", limit)
    assert bench.push(raising(RemoteUnavailable("x")), attempt=99) == 503
    assert bench.letters() == []


def test_subscription_without_dead_letter_policy_has_no_last_attempt(bench: Bench) -> None:
    assert bench.push(raising(RemoteUnavailable("x")), attempt=None) == 503
    assert bench.letters() == []


@pytest.mark.parametrize("fault", [BrokerUnavailable("down"), ValueError("of the client itself")])
@pytest.mark.parametrize("attempt", [1, 5])
def test_what_cannot_be_buried_comes_again_and_may_be_claimed(bench: Bench, fault: Exception, attempt: int) -> None:
    bench.broker.fault = fault
    assert bench.push(raising(MappingError("no")), attempt=attempt) == 503
    assert isinstance(bench.claim(), Acquired)
    bench.broker.fault = None
    assert bench.push(raising(MappingError("no")), attempt=attempt) == 204
    assert len(bench.letters()) == 1


def test_event_in_progress_elsewhere_is_buried_on_the_last_attempt(bench: Bench) -> None:
    bench.state.claim(ClaimKey("plant-1", "e1", "erp_push"), owner="other", lease_s=60)
    assert bench.push(ok, attempt=5) == 204
    assert bench.letters()[0]["error_class"] == "in_progress_elsewhere"


# A state store that fails


class FailingStore(MemoryStateStore):
    """Raises `error` in the named call."""

    def __init__(self, call: str, error: Exception, clock: Callable[[], datetime]) -> None:
        super().__init__(clock=clock)
        setattr(self, call, self._fail)
        self._error = error

    def _fail(self, *_: object, **__: object) -> None:
        raise self._error


def test_store_that_does_not_answer_gives_the_message_back_unhandled(bench: Bench) -> None:
    bench.state = FailingStore("claim", StateUnavailable("claim: 503"), lambda: bench.now_utc)
    assert bench.push(ok) == 503
    assert bench.letters() == []
    assert bench.push(ok, attempt=5) == 204
    assert bench.letters()[0]["error_class"] == "StateUnavailable"
    assert bench.handled == []


def test_event_that_the_store_refuses_is_buried_and_not_lost(bench: Bench) -> None:
    bench.state = FailingStore("claim", PermanentError("the key is too long"), lambda: bench.now_utc)
    assert bench.push(ok) == 204
    assert bench.letters()[0]["error_message"] == "the key is too long"


@pytest.mark.parametrize("attempt", [1, 5])
def test_work_that_is_done_stays_done_if_it_cannot_be_noted(bench: Bench, attempt: int, logged: LogLines) -> None:
    bench.state = FailingStore("complete_claim", StateUnavailable("complete: 503"), lambda: bench.now_utc)
    assert bench.push(ok, attempt=attempt) == 204
    assert bench.letters() == []
    assert [line["severity"] for line in logged()] == ["WARNING", "INFO"]


def test_reason_is_not_hidden_by_a_claim_that_cannot_be_released(bench: Bench, logged: LogLines) -> None:
    bench.state = FailingStore("release_claim", StateUnavailable("release: 503"), lambda: bench.now_utc)
    assert bench.push(raising(RateLimited("erp: 429"))) == 429
    assert logged()[-1]["reason"] == "RateLimited"


# What is no push, and what the log says


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_push_is_refused_and_logged(bench: Bench, body: bytes, logged: LogLines) -> None:
    assert bench.push(ok, body=body) == 400
    (line,) = logged()
    assert line["severity"] == "ERROR"
    assert line["message"].startswith("refused: not a Pub/Sub push request")


def test_every_line_of_a_handler_carries_the_event(bench: Bench, logged: LogLines) -> None:
    bench.push(ok, attributes={"replay_id": "r1"})
    (line,) = logged()
    assert {key: line[key] for key in ("event_id", "site", "type", "resource_id", "message_id", "replay_id")} == {
        "event_id": "e1",
        "site": "plant-1",
        "type": "work_order.created",
        "resource_id": "9001001",
        "message_id": "1",
        "replay_id": "r1",
    }
    assert (line["function"], line["outcome"], line["reason"], line["attempt"]) == ("erp_push", "done", "created", 1)


@pytest.mark.parametrize("key", ["name", "message", "args", "msg", "module", "asctime"])
def test_detail_of_any_name_can_be_logged(bench: Bench, key: str, logged: LogLines) -> None:
    assert bench.push(returning(done("created", **{key: "x"}))) == 204
    assert logged()[-1]["detail"] == {key: "x"}


def test_trace_of_the_request_is_on_the_lines(bench: Bench, logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p1")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    function = pubsub_function("erp_push", publisher=bench.broker)(ok)
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    with Flask("test").test_request_context(method="POST", data=push_body(make_event()), headers=headers):
        function(request._get_current_object())  # type: ignore[attr-defined]  # werkzeug's proxy
    assert logged()[0]["logging.googleapis.com/trace"] == f"projects/p1/traces/{trace}"


def test_retry_outcome_is_given_back_like_an_error(bench: Bench) -> None:
    assert bench.push(returning(retry("not_yet", after_s=3.0))) == 503
    assert isinstance(bench.claim(), Acquired)
