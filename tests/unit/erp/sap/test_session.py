"""The CSRF token: when it is asked for, that it stays with its cookies, and what its refusal leads to."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from shared.errors import OutcomeUnknown, PermissionDenied, RecordNotFound, RemoteUnavailable
from tests.unit.erp.sap.service import PATH, TOKEN, Sap, answer, many, one, sap_erp, token, token_refused


def _sent_token(request: httpx.Request) -> tuple[str | None, str | None]:
    return request.headers.get("x-csrf-token"), request.headers.get("cookie")


def test_the_first_read_brings_the_token_of_the_next_write() -> None:
    found = httpx.Response(200, json=many(), headers=TOKEN)
    sap = Sap(found, answer(201, one()), answer(200, one()))
    erp = sap.erp()
    assert erp.find_by_reference("mx:a:1") is None
    erp.create({}, "mx:a:1")
    erp.get("4000123")
    assert sap.calls == ["GET /MaintenanceOrder", "POST /MaintenanceOrder", "GET /MaintenanceOrder('4000123')"]
    assert [_sent_token(request) for request in sap.seen] == [
        ("Fetch", None),
        ("t1", "sap-XSRF_S4H_100=c1"),
        (None, "sap-XSRF_S4H_100=c1"),
    ]


def test_reads_ask_for_a_token_until_one_comes() -> None:
    sap = Sap(answer(404), answer(200, one()), httpx.Response(200, json=one(), headers=TOKEN), answer(200, one()))
    erp = sap.erp()
    with pytest.raises(RecordNotFound):
        erp.get("4000123")
    for _ in range(3):
        erp.get("4000123")
    assert [_sent_token(request)[0] for request in sap.seen] == ["Fetch", "Fetch", "Fetch", None]


def test_a_write_without_a_token_asks_for_one_first() -> None:
    sap = Sap(token(), answer(204, etag='W/"2"'))
    sap.erp().update("4000123", {"MaintPriority": "1"}, 'W/"1"')
    assert sap.calls == ["HEAD /", "PATCH /MaintenanceOrder('4000123')"]
    assert _sent_token(sap.seen[1]) == ("t1", "sap-XSRF_S4H_100=c1")


def test_a_refused_token_is_replaced_once_and_the_write_repeated() -> None:
    renewed = httpx.Response(200, headers={"x-csrf-token": "t2", "set-cookie": "SAP_SESSIONID_S4H_100=c2; path=/"})
    sap = Sap(token(), token_refused(), renewed, answer(204, etag='W/"2"'))
    assert sap.erp().update("4000123", {"MaintPriority": "1"}, 'W/"1"').version == 'W/"2"'
    assert sap.calls == ["HEAD /", "PATCH /MaintenanceOrder('4000123')", "HEAD /", "PATCH /MaintenanceOrder('4000123')"]
    assert sap.seen[1].content == sap.seen[3].content
    assert _sent_token(sap.seen[3]) == ("t2", "sap-XSRF_S4H_100=c1; SAP_SESSIONID_S4H_100=c2")


def test_a_token_that_is_refused_twice_is_no_loop() -> None:
    sap = Sap(token(), token_refused(), token(), token_refused())
    with pytest.raises(PermissionDenied, match="CSRF token validation failed"):
        sap.erp().update("4000123", {"MaintPriority": "1"}, None)


def test_a_403_that_does_not_ask_for_a_token_is_a_missing_permission() -> None:
    sap = Sap(token(), httpx.Response(403, text="No authorization for order type PM01"))
    with pytest.raises(PermissionDenied, match="No authorization"):
        sap.erp().create({}, "mx:a:1")
    assert len(sap.seen) == 2


def test_a_refused_token_is_known_by_its_words_where_the_header_was_taken_away() -> None:
    refused = httpx.Response(403, text="CSRF token validation failed")
    sap = Sap(token(), refused, token(), answer(204, etag='W/"2"'))
    assert sap.erp().update("4000123", {"MaintPriority": "1"}, 'W/"1"').id == "4000123"
    assert len(sap.calls) == 4


def test_no_token_outlives_a_403_that_may_have_been_about_it() -> None:
    sap = Sap(token(), httpx.Response(403, text="Forbidden"), token(), answer(204, etag='W/"2"'))
    erp = sap.erp()
    with pytest.raises(PermissionDenied):
        erp.update("4000123", {"MaintPriority": "1"}, 'W/"1"')
    erp.update("4000123", {"MaintPriority": "1"}, 'W/"1"')
    assert sap.calls == ["HEAD /", "PATCH /MaintenanceOrder('4000123')"] * 2


def test_a_token_that_cannot_be_fetched_leaves_nothing_unknown() -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        Sap(httpx.ReadTimeout("slow")).erp().create({}, "mx:a:1")
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_sap_without_tokens_is_written_without() -> None:
    sap = Sap(answer(200), answer(204), answer(204))
    erp = sap.erp()
    erp.update("4000123", {"MaintPriority": "1"}, None)
    erp.update("4000123", {"MaintPriority": "2"}, None)
    assert sap.calls[0] == "HEAD /"
    assert [_sent_token(request)[0] for request in sap.seen[1:]] == [None, None]
    assert len(sap.seen) == 3


def test_the_token_stays_with_its_cookies_whatever_session_a_later_answer_begins() -> None:
    other = {"set-cookie": "sap-XSRF_S4H_100=c9; path=/"}
    sap = Sap(token(), answer(204), httpx.Response(200, json=one(), headers=other), answer(204))
    erp = sap.erp()
    erp.update("4000123", {"MaintPriority": "1"}, None)
    erp.get("4000123")
    erp.update("4000123", {"MaintPriority": "2"}, None)
    assert _sent_token(sap.seen[3]) == ("t1", "sap-XSRF_S4H_100=c1")


class _Sessions:
    """A SAP in which every token belongs to one cookie, and which ends all sessions when told to."""

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.made = 0
        self.valid: set[tuple[str, str]] = set()
        self.refused = self.asked = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        with self.mutex:
            if request.headers.get("x-csrf-token") == "Fetch":
                self.asked += 1
                self.made += 1
                name = f"c{self.made}"
                self.valid.add((name, f"t{self.made}"))
                headers = {"x-csrf-token": f"t{self.made}", "set-cookie": f"SAP_SESSIONID={name}; path=/"}
                return httpx.Response(200, json=one(), headers=headers)
            if request.method == "GET":
                return httpx.Response(200, json=one())
            cookie = request.headers.get("cookie", "").removeprefix("SAP_SESSIONID=")
            if (cookie, request.headers.get("x-csrf-token", "")) not in self.valid:
                self.refused += 1
                return token_refused()
            return httpx.Response(204, headers={"etag": 'W/"2"'})

    def end(self) -> None:
        with self.mutex:
            self.valid.clear()


def _together(count: int, act: Callable[[], object]) -> list[Exception]:
    """What went wrong when so many threads did it at the same time."""
    faults: list[Exception] = []
    gate = threading.Barrier(count)

    def run() -> None:
        gate.wait()
        try:
            act()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return faults


def test_threads_share_one_token_and_renew_it_once_when_it_ends() -> None:
    sessions = _Sessions()
    erp = sap_erp(sessions.handle)

    def work() -> None:
        erp.get("4000123")
        erp.update("4000123", {"MaintPriority": "1"}, None)

    assert _together(8, work) == []
    assert sessions.asked == 1
    sessions.end()
    assert _together(8, lambda: erp.update("4000123", {"MaintPriority": "2"}, None)) == []
    assert sessions.asked == 2


def test_logon_headers_go_with_every_request() -> None:
    sap = Sap(token(), answer(204))
    sap.erp(client="100").update("4000123", {"MaintPriority": "1"}, None)
    assert [request.headers["sap-client"] for request in sap.seen] == ["100", "100"]
    assert [request.headers["sap-language"] for request in sap.seen] == ["EN", "EN"]
    assert sap.seen[0].url.path == PATH + "/"
