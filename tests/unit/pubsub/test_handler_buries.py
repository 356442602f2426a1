"""Which messages a function fed by push buries, with which reason, and what it does when its state store fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from shared.errors import (
    AuthenticationFailed,
    BrokerUnavailable,
    MappingError,
    PermanentError,
    PermissionDenied,
    RateLimited,
    RecordBusy,
    RecordNotVisible,
    RemoteUnavailable,
    SecretMissing,
    StateUnavailable,
)
from shared.outcomes import dead
from shared.state import Acquired, ClaimKey, Done
from tests.fakes.events import make_event, push_body
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines
from tests.unit.pubsub.handler_bench import Bench, ok, raising, returning

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


def test_message_that_is_no_event_is_buried_and_never_handled(bench: Bench, subtests: pytest.Subtests) -> None:
    for data in [b"", b"not JSON", b"{}", b"[" * 100_000, b'{"event_id": "e1"}']:
        with subtests.test(data=data):
            bench = Bench()  # on which nothing has happened
            assert bench.push(ok, body=push_body(data)) == 204
            assert bench.handled == []
            assert bench.letters()[0]["error_class"] == "MalformedEvent"
            assert bench.broker.published[0].data == data


def test_last_attempt_is_buried_with_the_real_reason_and_acknowledged(bench: Bench, subtests: pytest.Subtests) -> None:
    errors: list[tuple[Exception, str]] = [
        (RemoteUnavailable("erp: 503"), "RemoteUnavailable"),
        (RateLimited("erp: 429", retry_after_s=7.0), "RateLimited"),
        (RuntimeError("boom"), "RuntimeError"),
    ]
    for claims in [True, False]:
        for error, reason in errors:
            with subtests.test(claims=claims, error=error):
                bench = Bench()  # on which nothing has happened
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


def test_what_cannot_be_buried_comes_again_and_may_be_claimed(bench: Bench, subtests: pytest.Subtests) -> None:
    for attempt in [1, 5]:
        for fault in [BrokerUnavailable("down"), ValueError("of the client itself")]:
            with subtests.test(attempt=attempt, fault=fault):
                bench = Bench()  # on which nothing has happened
                bench.broker.fault = fault
                assert bench.push(raising(MappingError("no")), attempt=attempt) == 503
                assert isinstance(bench.claim(), Acquired)
                bench.broker.fault = None
                assert bench.push(raising(MappingError("no")), attempt=attempt) == 204
                assert len(bench.letters()) == 1


def test_event_in_progress_elsewhere_is_never_buried(bench: Bench) -> None:
    bench.state.claim(ClaimKey("plant-1", "e1", "erp_push"), owner="other", lease_s=60)
    assert bench.push(ok, attempt=5) == 503
    assert bench.letters() == []


@pytest.mark.parametrize("claims", [True, False])
def test_event_about_a_record_that_another_works_on_is_never_buried(bench: Bench, claims: bool) -> None:
    assert bench.push(raising(RecordBusy("work order 9001001")), attempt=5, claims=claims) == 503
    assert bench.letters() == []
    assert isinstance(bench.claim(), Acquired)


def test_key_that_is_refused_buries_nothing_before_the_last_attempt(
    bench: Bench, logged: LogLines, subtests: pytest.Subtests
) -> None:
    errors: list[PermanentError] = [
        AuthenticationFailed("erp: 401", status=401),
        PermissionDenied("erp: 403", status=403),
        SecretMissing("s"),
    ]
    for claims in [True, False]:
        for error in errors:
            with subtests.test(claims=claims, error=error):
                bench = Bench()  # on which nothing has happened
                logged()  # nor logged
                assert bench.push(raising(error), attempt=4, claims=claims) == 503
                assert bench.letters() == []
                assert logged()[0]["severity"] == "ERROR"
                assert bench.push(raising(error), attempt=5, claims=claims) == 204
                assert bench.letters()[0]["error_class"] == type(error).__name__


def test_record_that_stays_invisible_is_buried_on_the_last_attempt(bench: Bench) -> None:
    assert bench.push(raising(RecordNotVisible("work order 9001001")), attempt=4) == 503
    assert bench.push(raising(RecordNotVisible("work order 9001001")), attempt=5) == 204
    assert bench.letters()[0]["error_class"] == "RecordNotVisible"


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
