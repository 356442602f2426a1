"""Sending to a site's addresses: each once, failures told, tokens never."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from shared.deadline import deadline, remaining_s
from shared.errors import (
    NotificationRejected,
    NotificationUnconfirmed,
    OutcomeUnknown,
    RecordBusy,
    RemoteUnavailable,
    StateUnavailable,
)
from shared.notify.address import Delivery, parse_address
from shared.notify.messages import Notification
from shared.notify.sender import send_notification
from shared.outcomes import Outcome
from tests.fakes.events import AT_UTC, make_event
from tests.fakes.state import MemoryStateStore

TEXT = Notification("[Plant One] asset 7 is OFFLINE", "body", "failure")


class Address:
    """An address that keeps what it is sent."""

    def __init__(self, url: str, bench: Bench) -> None:
        self._url = url
        self._bench = bench

    def send(self, text: Notification, *, without: frozenset[str]) -> Delivery:
        assert not without
        self._bench.given_s.append(remaining_s())
        self._bench.clock_s += self._bench.takes_s
        if self._url in self._bench.killing:
            raise Killed
        if self._url in self._bench.refusing:
            return Delivery("refused", "answered 503")
        self._bench.sent.append((self._url, text))
        return Delivery("unknown", "ReadTimeout") if self._url in self._bench.silent else Delivery("sent")


class Killed(BaseException):
    """The process is gone."""


class Bench:
    """The addresses `a`, `b`, ... and what they got; a URL that begins with `?` means nothing."""

    def __init__(self) -> None:
        self.now_utc = AT_UTC
        self.store = MemoryStateStore(clock=lambda: self.now_utc)
        self.sent: list[tuple[str, Notification]] = []
        self.refusing: set[str] = set()
        self.silent: set[str] = set()
        self.killing: set[str] = set()
        self.clock_s = 0.0
        self.takes_s = 0.0
        self.given_s: list[float] = []

    def send(self, *urls: str, event_id: str = "e1", replay_id: str = "") -> Outcome:
        def parse(url: str) -> Address | None:
            return None if url.startswith("?") else Address(url, self)

        event = make_event(event_id=event_id)
        return send_notification(event, TEXT, urls, self.store, replay_id=replay_id, parse=parse)

    def reached(self) -> list[str]:
        return [url for url, _ in self.sent]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_address_gets_the_text_once(bench: Bench) -> None:
    outcome = bench.send("a", "b", "a")
    assert bench.sent == [("a", TEXT), ("b", TEXT)]
    assert (outcome.kind, outcome.reason, outcome.detail) == ("done", "sent", {"sent": 2, "sent_before": 1})


def test_another_event_is_another_notification(bench: Bench) -> None:
    bench.send("a")
    bench.send("a", event_id="e2")
    assert bench.reached() == ["a", "a"]


def test_repetition_sends_nothing(bench: Bench) -> None:
    bench.send("a", "b")
    assert bench.send("a", "b").detail == {"sent": 0, "sent_before": 2}
    assert len(bench.sent) == 2


def test_retry_after_a_partial_failure_repeats_only_what_failed(bench: Bench) -> None:
    bench.refusing = {"b"}
    with pytest.raises(RemoteUnavailable, match=r"^site plant-1, .* did not arrive at line 2 \(answered 503\)$"):
        bench.send("a", "b", "c")
    assert bench.reached() == ["a", "c"]
    bench.refusing = set()
    assert bench.send("a", "b", "c").detail == {"sent": 1, "sent_before": 2}
    assert bench.reached() == ["a", "c", "b"]


def test_address_that_means_nothing_is_told_after_all_others_have_it(bench: Bench) -> None:
    with pytest.raises(NotificationRejected, match=r"does not understand line 1, line 3$"):
        bench.send("?one", "a", "?two")
    assert bench.reached() == ["a"]
    with pytest.raises(NotificationRejected):
        bench.send("?one", "a")
    assert bench.reached() == ["a"]


def test_failure_that_may_pass_comes_before_one_that_cannot(bench: Bench) -> None:
    bench.refusing = {"a"}
    with pytest.raises(RemoteUnavailable):
        bench.send("?one", "a")


def test_notification_that_died_on_its_way_is_not_taken_for_sent(bench: Bench) -> None:
    bench.killing = {"b"}
    with pytest.raises(Killed):
        bench.send("a", "b")
    bench.killing = set()
    with pytest.raises(RecordBusy, match=r"not finished with line 2$"):
        bench.send("a", "b")
    bench.now_utc += timedelta(seconds=61)
    assert bench.send("a", "b").detail == {"sent": 1, "sent_before": 1}
    assert bench.reached() == ["a", "b"]
    assert "Sent again" in bench.sent[-1][1].body


def test_notification_over_which_two_processes_died_is_not_sent_a_third_time(bench: Bench) -> None:
    bench.killing = {"a"}
    for _ in range(2):
        with pytest.raises(Killed):
            bench.send("a")
        bench.now_utc += timedelta(seconds=61)
    with pytest.raises(NotificationUnconfirmed, match=r"unless it is replayed, at line 1$"):
        bench.send("a")
    assert len(bench.given_s) == 2


def test_replay_over_which_a_process_died_is_not_made_again_but_another_is(bench: Bench) -> None:
    bench.killing = {"a"}
    for _ in range(2):  # the second is found to have died only by the replay, which is not to be charged with it
        with pytest.raises(Killed):
            bench.send("a")
        bench.now_utc += timedelta(seconds=61)
    with pytest.raises(Killed):
        bench.send("a", replay_id="r1")
    bench.now_utc += timedelta(seconds=61)
    bench.killing = set()
    for _ in range(2):
        with pytest.raises(NotificationUnconfirmed):
            bench.send("a", replay_id="r1")
    assert bench.reached() == []
    assert [bench.send("a", replay_id="r2").detail["sent"] for _ in range(2)] == [1, 0]


def test_address_in_doubt_waits_for_no_other_and_is_sent_to_twice_at_most(bench: Bench) -> None:
    bench.silent, bench.refusing = {"a"}, {"b"}
    for _ in range(4):
        with pytest.raises(RemoteUnavailable, match=r"did not arrive at line 2 .*; it may have arrived, .* at line 1"):
            bench.send("a", "b")
    bench.refusing = set()
    with pytest.raises(NotificationUnconfirmed):
        bench.send("a", "b")
    assert bench.reached() == ["a", "a", "b"]
    with pytest.raises(OutcomeUnknown):
        bench.send("a", event_id="e2")


def test_addresses_share_the_time_and_none_starts_without(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.deadline.time", SimpleNamespace(monotonic=lambda: bench.clock_s))
    with deadline(65.0):
        bench.send("a", "b", "c")  # all at once: what one does not need is left for the others
    assert bench.given_s == [20.0, 30.0, 60.0]
    bench.given_s, bench.takes_s = [], 20.0
    with deadline(65.0):
        bench.send("a", "b", "c", event_id="e2")
    assert bench.given_s == [20.0, 20.0, 20.0]
    bench.takes_s = 61.0
    with deadline(65.0), pytest.raises(RemoteUnavailable, match=r"did not arrive at line 2 \(no time was left\)$"):
        bench.send("a", "b", event_id="e3")
    bench.takes_s = 0.0
    assert bench.send("a", "b", event_id="e3").detail == {"sent": 1, "sent_before": 1}


def test_state_that_does_not_answer_sends_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StateUnavailable("claim: 503")

    monkeypatch.setattr(bench.store, "claim", fail)
    with pytest.raises(StateUnavailable):
        bench.send("a")
    assert bench.sent == []


def test_no_address_at_all_is_done_with_nothing_sent(bench: Bench) -> None:
    assert bench.send().detail == {"sent": 0, "sent_before": 0}


def test_no_message_holds_an_address(bench: Bench) -> None:
    bench.refusing = {"slack://token"}
    for urls in (["slack://token"], ["?slack://token"]):
        with pytest.raises((RemoteUnavailable, NotificationRejected)) as caught:
            bench.send(*urls)
        assert "token" not in str(caught.value)


def test_apprise_understands(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, bool]] = [
        ("json://127.0.0.1:8000/path", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", True),
        ("mailto://user:pass@example.com", True),
        ("nowhere://x", False),
        ("", False),
        ("slack://", False),
        ("just some text", False),
    ]
    for url, understood in cases:
        with subtests.test(url=url):
            assert (parse_address(url) is not None) is understood
