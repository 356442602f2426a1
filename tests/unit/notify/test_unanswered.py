"""What services do with a message, over real sockets, and how many copies people then have."""

from __future__ import annotations

import smtplib
import socket
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
import requests
from apprise.plugins import NotifyBase

from shared.deadline import deadline
from shared.errors import BridgeError, PermanentError, RemoteUnavailable
from shared.notify.address import Delivery, parse_address
from shared.notify.messages import Notification
from shared.notify.sender import send_notification
from shared.state import Done
from tests.fakes.events import AT_UTC, make_event
from tests.fakes.notification_services import (
    Answer,
    chat,
    half,
    hangs_up,
    late,
    mail,
    replies,
    running,
    says,
    silent,
)
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines

TEXT = Notification("[Plant One] asset 7 is OFFLINE", "body", "failure")
REDELIVERIES = 5

SENT = ["done"]
REFUSED = ["RemoteUnavailable"] * (1 + REDELIVERIES)
SENT_TWICE = ["OutcomeUnknown", "NotificationUnconfirmed"]
SENT_AGAIN = ["OutcomeUnknown", "done"]


class Site:
    """Delivers one event as Pub/Sub does: until it is done with or dead."""

    def __init__(self) -> None:
        self.store = MemoryStateStore(clock=self._now)

    @staticmethod
    def _now() -> datetime:
        return AT_UTC

    def deliver(self, *urls: str, replay_id: str = "") -> str:
        try:
            return send_notification(make_event(), TEXT, urls, self.store, replay_id=replay_id).kind
        except BridgeError as error:
            self.is_dead = isinstance(error, PermanentError)
            return type(error).__name__

    def deliveries(self, *urls: str) -> list[str]:
        outcomes: list[str] = []
        self.is_dead = False
        while len(outcomes) <= REDELIVERIES and not self.is_dead and outcomes[-1:] != ["done"]:
            outcomes.append(self.deliver(*urls))
        return outcomes

    def claims(self) -> list[str]:
        holders = [claim.holder for claim in self.store.list_claims("plant-1", make_event().event_id)]
        return sorted(holder.outcome if isinstance(holder, Done) else "in progress" for holder in holders)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture(autouse=True)
def _apprise_waits_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apprise's own patience would not do for a service that answers late."""
    monkeypatch.setattr(NotifyBase, "socket_read_timeout", 0.1)


def test_message_is_repeated_by_what_became_of_it(logged: LogLines, subtests: pytest.Subtests) -> None:
    cases: list[tuple[list[Answer], str, list[str], int, list[str]]] = [
        ([says(200)], "", SENT, 1, ["done"]),
        ([says(307, "Location: /elsewhere\r\n"), says(200)], "", SENT, 2, ["done"]),
        ([late], "", SENT, 1, ["done"]),
        ([silent], "?rto=0.2", SENT_TWICE, 2, ["unknown", "unknown"]),
        ([hangs_up], "", SENT_TWICE, 2, ["unknown", "unknown"]),
        ([half], "", SENT_TWICE, 2, ["unknown", "unknown"]),
        ([says(504)], "", SENT_TWICE, 2, ["unknown", "unknown"]),
        ([hangs_up, says(200)], "", SENT_AGAIN, 2, ["done", "unknown"]),
        ([hangs_up, says(503), says(200)], "", ["OutcomeUnknown", "RemoteUnavailable", "done"], 3, ["done", "unknown"]),
        ([says(503), hangs_up, says(200)], "", ["RemoteUnavailable", *SENT_AGAIN], 3, ["done", "unknown"]),
        ([says(400)], "", REFUSED, 6, []),
        ([says(404)], "", REFUSED, 6, []),
        ([says(429)], "", REFUSED, 6, []),
        ([says(429, "Retry-After: 30\r\n")], "", ["RateLimited"] * 6, 6, []),
        ([says(500)], "", REFUSED, 6, []),
        ([says(502)], "", REFUSED, 6, []),
        ([says(503), says(503), says(200)], "", [*REFUSED[:2], "done"], 3, ["done"]),
    ]
    for answers, options, outcomes, copies, claims in cases:
        with subtests.test(answers=len(answers), options=options, outcomes=outcomes, claims=claims):
            site = Site()
            service = chat(answers[-1])
            service.answers = answers[:-1]
            with running(service):
                assert site.deliveries(f"json://user:token@127.0.0.1:{service.port}/token{options}") == outcomes
                assert (len(service.settled()), site.claims()) == (copies, claims)
            lines = logged()
            warned = [line for line in lines if "not confirmed" in line["message"]]
            assert len(warned) == claims.count("unknown")
            assert all(line["severity"] == "WARNING" and "event e1: line 1 (" in line["message"] for line in warned)
            assert "token" not in str(lines)


def test_nothing_that_was_not_sent_is_taken_for_perhaps_sent(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as nobody, running(chat(hangs_up)) as no_tls, running(chat(silent)) as slow_tls:
        nobody.bind(("127.0.0.1", 0))
        resolve = socket.getaddrinfo

        def getaddrinfo(host: str, *args: Any, **options: Any) -> Any:
            if host == "no-such-host.invalid":
                raise socket.gaierror("by the test")
            return resolve(host, *args, **options)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        for url in (
            f"json://127.0.0.1:{nobody.getsockname()[1]}",
            "json://no-such-host.invalid",
            f"jsons://127.0.0.1:{no_tls.port}",
            f"jsons://127.0.0.1:{slow_tls.port}?cto=0.2",
            f"mailto://127.0.0.1:{nobody.getsockname()[1]}?from=a@example.com&to=b@example.com&mode=insecure",
        ):
            assert (url, site.deliveries(url)) == (url, REFUSED)
        assert (no_tls.settled(), slow_tls.settled(), site.claims()) == ([], [], [])


def test_second_copy_says_that_it_is_one(site: Site) -> None:
    with running(chat(hangs_up)) as service:
        site.deliveries(f"json://127.0.0.1:{service.port}")
        bodies = [body["message"] for _, body in service.settled()]
    assert bodies == ["body", "(Sent again: the service did not confirm it before.)\nbody"]


def test_target_that_has_the_message_does_not_get_it_again(site: Site) -> None:
    refused, unknown = ["RemoteUnavailable", "RemoteUnavailable", "done"], SENT_AGAIN
    for second, outcomes in ((says(503), refused), (hangs_up, unknown)):
        service = chat()
        service.answers = [says(200), *[second] * (len(outcomes) - 1)]
        with running(service):
            assert Site().deliveries(f"mmost://127.0.0.1:{service.port}/{'3' * 32}?to=one,two") == outcomes
            channels = [body["channel"] for _, body in service.settled()]
        assert channels == ["one", *["two"] * len(outcomes)]


def test_part_of_a_long_message_that_arrived_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store, long = MemoryStateStore(), Notification("title", "x" * 40_000, "info")
    service = chat()
    service.answers = [says(200), says(503), says(200)]
    with running(service):
        url = f"json://127.0.0.1:{service.port}?overflow=split"
        with pytest.raises(RemoteUnavailable):
            send_notification(make_event(), long, [url], store)
        monkeypatch.setattr("apprise.plugins.base._PIECE_DELIVERED", object())  # as in another process
        assert send_notification(make_event(), long, [url], store).kind == "done"
        first, *rest = [body["message"] for _, body in service.settled()]
    assert len(rest) == 2
    assert rest[0] == rest[1] != first


def test_proxy_that_does_not_open_the_way_has_sent_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for answer, options in ((says(503), ""), (says(407), ""), (says(504), ""), (hangs_up, ""), (silent, "?cto=0.2")):
        with running(chat(answer)) as proxy:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
            assert site.deliveries(f"jsons://service.invalid/token{options}") == REFUSED
            assert set(proxy.settled()) == {("service.invalid:443", None)}
        assert site.claims() == []


def test_mail_is_repeated_by_what_became_of_it(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Answer, str, list[str], int]] = [
        (replies(250), "to=one@example.com", SENT, 1),
        (replies(554), "to=one@example.com", REFUSED, 6),
        (hangs_up, "to=one@example.com", SENT_TWICE, 2),
        (replies(250), "to=nobody@example.com", REFUSED, 0),
        (replies(250), "to=one@example.com,nobody@example.com", REFUSED, 1),
        (replies(250), "to=one@example.com&cc=nobody@example.com", SENT_TWICE, 2),
    ]
    for answer, to, outcomes, copies in cases:
        with subtests.test(to=to, outcomes=outcomes, copies=copies):
            site = Site()
            with running(mail(answer)) as service:
                url = f"mailto://127.0.0.1:{service.port}?from=plant@example.com&mode=insecure&{to}"
                assert site.deliveries(url) == outcomes
                assert len(service.settled()) == copies


def test_only_a_person_has_it_sent_a_third_time(site: Site) -> None:
    with running(chat(hangs_up)) as service:
        url = f"json://127.0.0.1:{service.port}"
        assert site.deliveries(url) == SENT_TWICE
        assert [site.deliver(url) for _ in range(3)] == ["NotificationUnconfirmed"] * 3
        assert [site.deliver(url, replay_id="r1") for _ in range(3)] == ["NotificationUnconfirmed"] * 3
        service.answer = says(200)
        assert [site.deliver(url, replay_id="r2") for _ in range(3)] == ["done"] * 3
        assert len(service.settled()) == 4


def test_replay_reaches_nobody_whom_an_earlier_replay_reached(site: Site) -> None:
    with running(chat(hangs_up)) as a, running(chat(hangs_up)) as b:
        urls = [f"json://127.0.0.1:{service.port}" for service in (a, b)]
        assert site.deliveries(*urls) == SENT_TWICE
        a.answer = says(200)
        assert site.deliver(*urls, replay_id="r1") == "NotificationUnconfirmed"
        b.answer = says(200)
        assert site.deliver(*urls, replay_id="r2") == "done"
        assert [len(service.settled()) for service in (a, b)] == [3, 4]


def test_target_that_one_replay_reached_is_spared_by_the_next(site: Site) -> None:
    for second, outcome in ((says(503), "RemoteUnavailable"), (hangs_up, "NotificationUnconfirmed")):
        site, service = Site(), chat(hangs_up)
        with running(service):
            url = f"mmost://127.0.0.1:{service.port}/{'3' * 32}?to=one,two"
            assert site.deliveries(url) == SENT_TWICE
            service.answers, service.answer = [says(200), second], says(200)
            assert site.deliver(url, replay_id="r1") == outcome
            assert site.deliver(url, replay_id="r2") == "done"
            channels = [body["channel"] for _, body in service.settled()]
        assert channels[-3:] == ["one", "two", "two"]
        assert channels.count("one") == 3


def test_refused_replay_is_made_again_and_one_in_doubt_is_not(site: Site) -> None:
    with running(chat(hangs_up)) as service:
        url = f"json://127.0.0.1:{service.port}"
        assert site.deliveries(url) == SENT_TWICE
        service.answers = [says(503), hangs_up]
        outcomes = [site.deliver(url, replay_id="two words") for _ in range(4)]
        assert outcomes == ["RemoteUnavailable", *["NotificationUnconfirmed"] * 3]
        assert len(service.settled()) == 4


def test_patience_ends_with_the_deadline_whatever_the_url_says() -> None:
    with running(chat(silent)) as service, running(mail(silent)) as mails:
        for url in (
            f"mailto://127.0.0.1:{mails.port}?from=a@example.com&to=b@example.com&mode=insecure&cto=600",
            f"json://127.0.0.1:{service.port}?rto=600",
        ):
            address = parse_address(url)
            assert address is not None
            with deadline(0.0):
                assert address.send(TEXT, without=frozenset()).outcome == "refused"
            assert service.connections == 0
            with deadline(1.0):
                assert address.send(TEXT, without=frozenset()).outcome != "sent"


def test_mail_server_has_the_time_that_cto_says_whatever_rto_does(monkeypatch: pytest.MonkeyPatch) -> None:
    waits_s: list[float] = []

    def connect(smtp: smtplib.SMTP, *_: object) -> None:
        waits_s.append(smtp.timeout)
        raise OSError("by the test")

    monkeypatch.setattr(smtplib.SMTP, "connect", connect)
    for options in ("", "&rto=33", "&cto=44"):
        address = parse_address(f"mailto://127.0.0.1?from=a@example.com&to=b@example.com{options}")
        assert address is not None
        address.send(TEXT, without=frozenset())
    assert waits_s == [15, 15, 44]


def test_mail_server_without_a_greeting_is_left_when_the_deadline_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.setblocking(False)
        query = "from=a@example.com&to=b@example.com&mode=insecure&cto=600"
        address = parse_address(f"mailto://127.0.0.1:{mute.getsockname()[1]}?{query}")
        assert address is not None
        with deadline(0.0):
            assert address.send(TEXT, without=frozenset()).outcome == "refused"
        with pytest.raises(BlockingIOError):
            mute.accept()  # nobody called
        with deadline(0.2):
            assert address.send(TEXT, without=frozenset()).outcome == "refused"


def test_plugin_that_raises_is_a_refusal_and_its_words_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(**_text: object) -> bool:
        raise UnicodeEncodeError("latin-1", "token", 0, 1, "token")

    address = parse_address("json://user:token@127.0.0.1:1")
    assert address is not None
    monkeypatch.setattr(vars(address)["_service"], "notify", raises)
    assert address.send(TEXT, without=frozenset()) == Delivery("refused", "UnicodeEncodeError")


def test_failure_is_in_doubt_where_nobody_can_listen() -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = parse_address(f"irc://127.0.0.1:{nobody.getsockname()[1]}/#plant")
        assert address is not None
        assert address.send(TEXT, without=frozenset()).outcome == "unknown"


def test_other_requests_of_the_process_are_left_alone() -> None:
    with running(chat()) as service, deadline(0.0):
        assert requests.post(f"http://127.0.0.1:{service.port}/", json={}, timeout=60).ok
        service.settled()
