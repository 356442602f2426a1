"""Speaking HTTP: every failure, over a real socket or not, is an error of our tree."""

from __future__ import annotations

import errno
import math
import socket
import threading
import traceback
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.erp import ErpConfig
from shared.deadline import deadline
from shared.erp.connection import ErpConnection
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    NotTakenOn,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    UnsendableRequest,
    VersionConflict,
)
from shared.http import open_client, retry_after_s, send
from shared.http_words import CREDENTIALS_HEADER, without_credentials
from shared.secrets import Secrets


def answering(status: int, *, text: str = "", headers: dict[str, str] | None = None) -> httpx.Client:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text, headers=headers))
    return httpx.Client(transport=transport, base_url="https://erp.example.com")


def test_success_is_returned(subtests: pytest.Subtests) -> None:
    for status in [200, 201, 202, 204]:
        with subtests.test(status=status):
            assert send(answering(status), "GET", "/orders", system="erp").status_code == status


def test_every_status_becomes_its_error(subtests: pytest.Subtests) -> None:
    cases: list[tuple[int, type[BridgeError]]] = [
        (301, RemoteRejected),
        (304, RemoteRejected),
        (400, RemoteRejected),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, RecordNotFound),
        (408, RemoteUnavailable),
        (409, RemoteRejected),
        (412, VersionConflict),
        (422, RemoteRejected),
        (423, NotTakenOn),
        (425, NotTakenOn),
        (429, RateLimited),
        (500, RemoteUnavailable),
        (501, RemoteRejected),
        (502, RemoteUnavailable),
        (503, RemoteUnavailable),
        (504, RemoteUnavailable),
        (505, RemoteRejected),
        (507, RemoteUnavailable),
        (599, RemoteUnavailable),
    ]
    for status, error in cases:
        with subtests.test(status=status):
            with pytest.raises(BridgeError) as caught:
                send(answering(status), "POST", "/orders", system="erp")
            assert type(caught.value) is error
            if isinstance(caught.value, RemoteRejected):
                assert caught.value.status == status


def test_message_names_system_request_and_answer_but_not_the_query() -> None:
    client = answering(422, text="title:\n  too   long " + "x" * 1000)
    with pytest.raises(RemoteRejected) as caught:
        send(client, "POST", "/orders", system="erp", params={"key": "a-secret"}, headers={"Authorization": "a-secret"})
    message = str(caught.value)
    assert message.startswith("erp: POST /orders: 422 title: too long x")
    assert len(message) < 400
    assert "a-secret" not in message


@pytest.mark.parametrize(
    ("base_url", "place"),
    [
        ("http://127.0.0.1:1", "127.0.0.1:1/orders"),
        ("https://erp.example.com", "erp.example.com:443/orders"),
        ("http://erp.example.com/plant", "erp.example.com:80/plant/orders"),
        ("https://user:a-secret@erp.example.com", "erp.example.com:443/orders"),
        ("http://[::1]:8080", "[::1]:8080/orders"),
    ],
)
def test_without_an_answer_the_message_names_host_and_port_but_no_credentials(base_url: str, place: str) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("of a-secret") from ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    client = httpx.Client(transport=httpx.MockTransport(refuse), base_url=base_url)
    with client, pytest.raises(RemoteUnavailable) as caught:
        send(client, "GET", "/orders", system="erp", params={"key": "a-secret"})
    assert str(caught.value) == f"erp: GET {place}: ConnectError: Connection refused"


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """Answers one request with these bytes and closes the connection."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def test_broken_answer_is_remote_unavailable(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, bytes]] = [
        ("hangs up", b""),
        ("half a head", b"HTTP/1.1 200 OK\r\n"),
        ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off"),
        ("garbled body", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip"),
    ]
    for case, answer in cases:
        with (
            subtests.test(case=case),
            raw_server(answer) as url,
            httpx.Client() as client,
            pytest.raises(RemoteUnavailable, match="erp: GET"),
        ):
            send(client, "GET", url, system="erp", timeout=5)


def test_of_a_librarys_words_only_those_about_the_network_are_told(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, bytes, str]] = [
        ("hangs up", b"", "RemoteProtocolError: Server disconnected without sending a response"),
        (
            "half a body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
            "RemoteProtocolError: peer closed connection without sending complete message body "
            "(received 7 bytes, expected 100)",
        ),
        ("echo where it does not belong", b"HTTP/1.1 200 OK\r\nA B: Bearer a-secret\r\n\r\n", "RemoteProtocolError"),
    ]
    for case, answer, words in cases:
        with subtests.test(case=case):
            with raw_server(answer) as url, httpx.Client() as client, pytest.raises(RemoteUnavailable) as caught:
                send(client, "GET", url, system="erp", timeout=5)
            assert str(caught.value).endswith(f"/: {words}")
            assert str(caught.value.__cause__) == words.partition(": ")[2]


UNSENDABLE: list[dict[str, Any]] = [
    {"headers": {"Authorization": "Bearer a-secret\nb"}},
    {"headers": {"Authorization": "Bearer a-secret\u200b"}},
    {"headers": {"Authorization": "a-secret "}},
    {"headers": {"a-secret b": "c"}},
    {"json": {"a-secret": math.nan}},
    {"json": {"a-secret": "\ud800"}},
    {"json": {"a-secret": object()}},
    {"params": {"a": "a-secret\ud800"}},
    {"url": "/orders\n?a-secret"},
    {"url": "http://a-secret@a..b/orders"},
    {"url": "ftp://a-secret@host/orders"},
]


def test_request_that_is_not_legal_is_a_permanent_error_that_does_not_quote_it() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        here = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for odd in UNSENDABLE:
            options = {"url": "/orders", **odd}
            with open_client(base_url=here) as client, pytest.raises(UnsendableRequest) as caught:
                send(client, "POST", system="erp", **options)
            assert "a-secret" not in "".join(traceback.format_exception(caught.value)), odd
            assert str(caught.value).startswith("erp: POST "), odd
            assert "nothing was sent" in str(caught.value), odd


SENT: list[tuple[bytes, dict[str, Any]]] = [
    (b"HTTP/1.1 302 Found\r\nLocation: mailto:0\r\nContent-Length: 0\r\n\r\n", {}),
    (b"HTTP/1.1 302 Found\r\nLocation: //xn--\r\nContent-Length: 0\r\n\r\n", {}),
    (b"HTTP/1.1 302 Found\r\nLocation: :http://]a\r\nContent-Length: 0\r\n\r\n", {}),
    (b"", {"content": b"abc", "headers": {"Content-Length": "10"}}),
]


def test_request_is_not_called_unsent_once_any_of_it_was_sent() -> None:
    for answer, options in SENT:
        with raw_server(answer) as url, open_client() as client, pytest.raises(RemoteUnavailable) as caught:
            send(client, "POST", url, system="erp", timeout=5, **options)
        assert str(caught.value).endswith("after the request was sent"), answer
        assert type(caught.value.__cause__) is httpx.ProtocolError, answer


def test_write_after_which_an_odd_redirect_comes_may_have_been_done() -> None:
    settings = {"adapter": "rest", "mapping": "m", "rest": {"auth": "none"}}
    with raw_server(SENT[0][0]) as url:
        connection = ErpConnection(ErpConfig.model_validate({**settings, "base_url": url}), Secrets())
        with closing(connection), pytest.raises(OutcomeUnknown, match="InvalidURL"):
            connection.write("POST", "/orders")


@pytest.mark.parametrize(
    ("variable", "proxy"), [("HTTPS_PROXY", "http://user:a-sec/ret@proxy:1"), ("ALL_PROXY", "foo://user:a-sec@proxy")]
)
def test_client_that_cannot_be_made_is_a_permanent_error_without_its_settings(
    variable: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for direct in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(direct, raising=False)
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(UnsendableRequest, match="PROXY") as caught:
        open_client()
    assert "a-sec" not in "".join(traceback.format_exception(caught.value))


def test_credentials_that_an_answer_quotes_are_taken_out() -> None:
    def quote(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, text=f"no {request.headers.raw} nor {request.headers.get('X-Key')}: a")

    carried = {"Authorization": "Bearer a-token", "X-CSRF-Token": "csrf-1", "Cookie": "sid=session", "X-Key": "a-key"}
    client = httpx.Client(transport=httpx.MockTransport(quote), base_url="https://erp.example.com")
    with pytest.raises(PermissionDenied) as caught:
        send(client, "GET", "/", system="erp", headers=carried, extensions={CREDENTIALS_HEADER: "X-Key"})
    for secret in ("a-token", "csrf-1", "session", "a-key"):
        assert secret not in str(caught.value)
    assert str(caught.value).startswith("erp: GET /: 403 no [(b'Host'")


def test_part_of_credentials_that_an_answer_quotes_is_taken_out() -> None:
    basic = {"Authorization": f"Basic {b64encode(b'someone:pass-word').decode()}"}
    for carried, said, told in (
        (basic, "no someone:pass-word", "no [our credentials]"),
        (basic, "someone has another password than pass-word", "someone has another password than [our credentials]"),
        ({"Authorization": "Basic a"}, "Basic", "Basic"),
        ({"Authorization": "Basic /////"}, "Basic", "Basic"),
        (
            {"Cookie": "a=true; sid=session-1; t=token123=="},
            "session-1, token123==, true",
            "[our credentials], [our credentials], true",
        ),
    ):
        request = httpx.Request("GET", "https://erp.example.com", headers=carried)
        assert without_credentials(said, request) == told


def test_nobody_there_and_no_answer_in_time_are_remote_unavailable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener, httpx.Client() as client:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(RemoteUnavailable, match="ReadTimeout"):
            send(client, "GET", url, system="erp", timeout=0.05)
        listener.close()
        with pytest.raises(RemoteUnavailable, match="ConnectError"):
            send(client, "GET", url, system="erp", timeout=5)


def test_statuses_that_this_system_uses_for_busy_may_pass() -> None:
    with pytest.raises(NotTakenOn, match="409 order is locked"):
        send(answering(409, text="order is locked"), "PATCH", "/orders/1", system="erp", refused_for_now={409})


def test_nothing_is_sent_after_the_deadline() -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    client = httpx.Client(transport=httpx.MockTransport(handle))
    with deadline(0), pytest.raises(NotTakenOn, match="no time is left"):
        send(client, "POST", "https://erp.example.com/orders", system="erp")


@pytest.mark.parametrize(
    ("left_s", "timeout", "most_s"), [(5.0, 20.0, 5.0), (20.0, 5.0, 5.0), (5.0, None, 5.0), (math.inf, 7.0, 7.0)]
)
def test_every_phase_ends_with_the_deadline(left_s: float, timeout: float | None, most_s: float) -> None:
    seen: list[dict[str, float]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(204)

    client = httpx.Client(transport=httpx.MockTransport(handle), timeout=timeout)
    with deadline(left_s):
        send(client, "GET", "https://erp.example.com/", system="erp")
    assert all(0 < phase_s <= most_s for phase_s in seen[0].values())
    assert most_s - seen[0]["read"] < 5


@contextmanager
def dripping_server() -> Iterator[str]:
    """Answers one request with a body that never ends, a byte at a time, until the client hangs up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
                while True:
                    connection.sendall(b"x")
                    pause.wait(0.005)

        pause = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def test_answer_that_drips_without_end_is_given_up_at_the_deadline() -> None:
    give_up = pytest.raises(RemoteUnavailable, match="ReadTimeout")
    with dripping_server() as url, httpx.Client(timeout=60) as client, deadline(0.2), give_up:
        send(client, "GET", url, system="erp")


def test_retry_after_means_nothing_with_other_failures(subtests: pytest.Subtests) -> None:
    for status in [500, 502, 504]:
        with subtests.test(status=status):
            with pytest.raises(RemoteUnavailable) as caught:
                send(answering(status, headers={"Retry-After": "7"}), "GET", "/", system="erp")
            assert caught.value.retry_after_s is None


@pytest.mark.parametrize("status", [429, 503])
def test_wish_of_the_other_side_is_on_the_error(status: int) -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        send(answering(status, headers={"Retry-After": "7"}), "GET", "/", system="erp")
    assert caught.value.retry_after_s == 7.0


def seconds_of(value: str) -> float | None:
    return retry_after_s(httpx.Response(429, headers={"Retry-After": value}))


def test_retry_after_as_a_date_is_seconds_from_now() -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = seconds_of(in_an_hour)
    assert found is not None
    assert 3000 < found <= 3600
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_odd_retry_after_is_none(subtests: pytest.Subtests) -> None:
    cases: list[str] = [
        "",
        "soon",
        "-1",
        "1.5",
        "²",
        "1e9",
        "9" * 400,
        "Wed, 99 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00",
        "Wed, 21 Oct 2015 07:28:00 +999999999999",
    ]
    for value in cases:
        with subtests.test(value=value):
            assert retry_after_s(httpx.Response(429, headers=[(b"Retry-After", value.encode())])) is None
            assert retry_after_s(httpx.Response(429)) is None


@given(st.binary(max_size=60) | st.from_regex(r"(Mon, )?\d+ (Jan|Oct) \d+ \d+:\d+:\d+ (GMT|[+-]\d+)").map(str.encode))
def test_any_retry_after_is_seconds_or_none(value: bytes) -> None:
    found = retry_after_s(httpx.Response(429, headers=[(b"Retry-After", value)]))
    assert found is None or found >= 0
