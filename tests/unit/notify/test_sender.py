"""Sending to a site's addresses: each once, failures told, tokens never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from apprise import NotifyType

from shared.errors import NotificationRejected, RecordBusy, RemoteUnavailable, StateUnavailable
from shared.notify.messages import Notification
from shared.notify.sender import parse_address, send_notification
from shared.outcomes import Outcome
from tests.fakes.events import AT_UTC, make_event
from tests.fakes.state import MemoryStateStore

TEXT = Notification("[Plant One] asset 7 is OFFLINE", "body", "failure")


class Address:
    """An address that keeps what it is sent."""

    def __init__(self, url: str, bench: Bench) -> None:
        self._url = url
        self._bench = bench

    def notify(self, *, title: str, body: str, notify_type: NotifyType) -> bool:
        if self._url in self._bench.killing:
            raise Killed
        if self._url in self._bench.raising:
            raise UnicodeEncodeError("latin-1", self._url, 0, 1, self._url)
        if self._url in self._bench.refusing:
            return False
        self._bench.sent.append((self._url, title, body, notify_type))
        return True


class Killed(BaseException):
    """The process is gone."""


class Bench:
    """The addresses `a`, `b`, ... and what they got; a URL that begins with `?` means nothing."""

    def __init__(self) -> None:
        self.now_utc = AT_UTC
        self.store = MemoryStateStore(clock=lambda: self.now_utc)
        self.sent: list[tuple[str, str, str, NotifyType]] = []
        self.refusing: set[str] = set()
        self.killing: set[str] = set()
        self.raising: set[str] = set()

    def send(self, *urls: str, event_id: str = "e1") -> Outcome:
        def parse(url: str) -> Address | None:
            return None if url.startswith("?") else Address(url, self)

        return send_notification(make_event(event_id=event_id), TEXT, urls, self.store, parse=parse)

    def reached(self) -> list[str]:
        return [url for url, *_ in self.sent]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_every_address_gets_the_text_once(bench: Bench) -> None:
    outcome = bench.send("a", "b", "a")
    assert bench.sent == [(url, TEXT.title, TEXT.body, NotifyType.FAILURE) for url in ("a", "b")]
    assert (outcome.kind, outcome.reason, outcome.detail) == ("done", "sent", {"sent": 2, "sent_before": 1})


def test_plugin_that_raises_is_an_address_that_refuses_and_its_words_are_not_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.raising.add("slack://token")
    with pytest.raises(RemoteUnavailable, match=r"lines \[1\]") as caught:
        bench.send("slack://token", "b")
    assert bench.reached() == ["b"]
    assert caplog.messages == ["the address on line 1: its plugin raised UnicodeEncodeError"]
    assert "token" not in caplog.text + str(caught.value)
    bench.raising.clear()
    assert bench.send("slack://token", "b").detail == {"sent": 1, "sent_before": 1}


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
    with pytest.raises(RemoteUnavailable, match=r"site plant-1: addresses on lines \[2\]"):
        bench.send("a", "b", "c")
    assert bench.reached() == ["a", "c"]
    bench.refusing = set()
    assert bench.send("a", "b", "c").detail == {"sent": 1, "sent_before": 2}
    assert bench.reached() == ["a", "c", "b"]


def test_address_that_means_nothing_is_told_after_all_others_have_it(bench: Bench) -> None:
    with pytest.raises(NotificationRejected, match=r"lines \[1, 3\]"):
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
    with pytest.raises(RecordBusy, match=r"lines \[2\]"):
        bench.send("a", "b")
    bench.now_utc += timedelta(seconds=61)
    assert bench.send("a", "b").detail == {"sent": 1, "sent_before": 1}
    assert bench.reached() == ["a", "b"]


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


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("json://127.0.0.1:8000/path", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", True),
        ("mailto://user:pass@example.com", True),
        ("nowhere://x", False),
        ("", False),
        ("slack://", False),
        ("just some text", False),
    ],
)
def test_apprise_understands(url: str, understood: bool) -> None:
    assert (parse_address(url) is not None) is understood
