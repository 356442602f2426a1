"""What a function fed by push answers, which deliveries it handles, and what its log lines say."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from flask import Flask, request

from shared.deadline import remaining_s
from shared.errors import (
    BrokerUnavailable,
    RateLimited,
    RemoteUnavailable,
)
from shared.events import Event
from shared.outcomes import Outcome, done, retry, skipped
from shared.pubsub.handler import CLAIM_TTL_S, pubsub_function, replay_id
from shared.state import Acquired, Claim, ClaimKey, Done, InProgress
from tests.fakes.events import make_event, push_body
from tests.unit.conftest import LogLines
from tests.unit.pubsub.handler_bench import Bench, Killed, ok, raising, returning

# What ends a message


def test_done_and_skipped_acknowledge(bench: Bench, subtests: pytest.Subtests) -> None:
    for claims in [True, False]:
        for outcome in [done("created"), skipped("unchanged")]:
            with subtests.test(claims=claims, outcome=outcome):
                bench = Bench()  # on which nothing has happened
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


def test_error_that_may_pass_gives_the_message_back(bench: Bench, subtests: pytest.Subtests) -> None:
    errors: list[tuple[Exception, int]] = [
        (RemoteUnavailable("erp: 503"), 503),
        (BrokerUnavailable("events"), 503),
        (RateLimited("erp: 429", retry_after_s=7.0), 429),
        (RuntimeError("a fault of ours"), 503),
        (KeyError("title"), 503),
    ]
    for claims in [True, False]:
        for error, status in errors:
            with subtests.test(claims=claims, error=error):
                bench = Bench()  # on which nothing has happened
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


@pytest.mark.parametrize("claims", [True, False])
def test_handler_has_the_time_that_the_environment_gives(
    bench: Bench, claims: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_s: list[float] = []

    def handle(_: Event) -> Outcome:
        left_s.append(remaining_s())
        return done("created")

    bench.push(handle, claims=claims)
    monkeypatch.setenv("HANDLER_DEADLINE_S", "7")
    bench.push(handle, claims=claims, attributes={"replay_id": "r1"})
    assert 7 < left_s[0] <= 50
    assert 0 < left_s[1] <= 7
    assert remaining_s() == math.inf


@pytest.mark.parametrize("claims", [True, False])
def test_handler_can_know_the_replay_that_brings_the_event(bench: Bench, claims: bool) -> None:
    known: list[str] = []

    def handle(_: Event) -> Outcome:
        known.append(replay_id())
        raise ZeroDivisionError

    bench.push(handle, claims=claims, attributes={"replay_id": "r1"})
    bench.push(handle, claims=claims)
    assert (known, replay_id()) == (["r1", ""], "")


# What is no push, and what the log says


def test_what_is_no_push_is_refused_and_logged(bench: Bench, logged: LogLines, subtests: pytest.Subtests) -> None:
    for body in [b"", b"{}", b"\xff", b"[" * 100_000]:
        with subtests.test(body=body):
            bench = Bench()  # on which nothing has happened
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


def test_detail_of_any_name_can_be_logged(bench: Bench, logged: LogLines, subtests: pytest.Subtests) -> None:
    for key in ["name", "message", "args", "msg", "module", "asctime"]:
        with subtests.test(key=key):
            bench = Bench()  # on which nothing has happened
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
