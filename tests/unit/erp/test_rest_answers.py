"""The REST adapter with ERPs that answer in other ways than the simulator: each answer is a thing real ones do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.config.erp import ErpConfig
from shared.deadline import deadline
from shared.erp.rest import RestErp
from shared.errors import (
    ConfigError,
    NotTakenOn,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)
from shared.secrets import Secrets

Answer = httpx.Response | Exception


def erp(*answers: Answer, seen: list[httpx.Request] | None = None, **rest: Any) -> RestErp:
    """An adapter whose ERP gives these answers, one after the other."""
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    settings = {"adapter": "rest", "base_url": "http://erp.test/api", "mapping": "x", "rest": {"auth": "none", **rest}}
    return RestErp(ErpConfig.model_validate(settings), Secrets(), transport=httpx.MockTransport(handle))


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named) if body is None else httpx.Response(status, json=body, headers=named)


def test_paths_keys_and_field_names_are_those_of_the_configuration() -> None:
    seen: list[httpx.Request] = []
    names: dict[str, Any] = {
        "collection_path": "/os/wo",
        "record_path": "/os/wo({id})",
        "collection_key": None,
        "id_field": "wonum",
        "reference_field": "extref",
        "reference_parameter": "q",
        "version_header": "X-Rowstamp",
    }
    row = {"wonum": 17, "extref": "mx:a:1"}
    made = erp(
        answer(201, row, X_Rowstamp="9"), answer(200, [row]), answer(200, row, X_Rowstamp="9"), seen=seen, **names
    )
    created = made.create({"description": "x"}, "mx:a:1")
    assert (created.id, created.reference, created.version) == ("17", "mx:a:1", "9")
    found = made.find_by_reference("mx:a:1")
    assert found is not None
    assert (found.id, found.version) == ("17", None)
    made.get("a/b")
    assert [request.url.raw_path for request in seen] == [
        b"/api/os/wo",
        b"/api/os/wo?q=mx%3Aa%3A1",
        b"/api/os/wo(a%2Fb)",
    ]
    assert seen[0].read() == b'{"description":"x","extref":"mx:a:1"}'


def test_a_created_record_that_is_not_in_the_answer_is_searched_for() -> None:
    row = {"id": "5", "externalReference": "r"}
    assert erp(answer(201), answer(200, {"items": [row]})).create({}, "r").id == "5"


@pytest.mark.parametrize("search", [answer(200, {"items": []}), answer(503), answer(200, {"rows": []})])
def test_a_created_record_that_cannot_be_read_back_is_not_reported_as_failed(search: Answer) -> None:
    with pytest.raises(OutcomeUnknown, match="was accepted"):
        erp(answer(201), search).create({}, "r")


def test_an_update_answered_without_body_tells_the_new_version() -> None:
    updated = erp(answer(204, ETag='"8"')).update("5", {"shortText": "x"}, '"7"')
    assert (updated.id, updated.fields, updated.version) == ("5", {"shortText": "x"}, '"8"')


def test_an_update_answered_without_version_tells_none() -> None:
    assert erp(answer(204)).update("5", {"shortText": "x"}, '"7"').version is None


def test_an_erp_without_versions_gets_no_if_match() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(200, {"id": "5"}, ETag="7"), answer(204), seen=seen, version_header=None)
    assert made.get("5").version is None
    made.update("5", {"a": 1}, None)
    assert "If-Match" not in seen[1].headers


@pytest.mark.parametrize("body", [{"items": {}}, {"rows": []}, "text", 5, None, []])
def test_a_search_answer_without_the_list_is_an_error_and_not_nothing_found(body: Any) -> None:
    with pytest.raises((ConfigError, RemoteRejected)):
        erp(answer(200, body)).find_by_reference("r")


def test_an_erp_that_ignores_the_search_parameter_is_found_out() -> None:
    rows = [{"id": "1", "externalReference": "other"}, {"id": "2", "externalReference": None}]
    with pytest.raises(ConfigError, match="reference_parameter"):
        erp(answer(200, {"items": rows})).find_by_reference("r")


@pytest.mark.parametrize("body", [{"number": 5}, {"id": None}, [], "x"])
def test_a_record_without_id_is_a_fault_of_the_configuration(body: Any) -> None:
    with pytest.raises(ConfigError, match="id_field"):
        erp(answer(200, body)).get("5")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(404), RecordNotFound),
        (answer(403), PermissionDenied),
        (answer(412), VersionConflict),
        (answer(428), RemoteRejected),
        (answer(409), RemoteRejected),
        (answer(422, {"error": "x"}), RemoteRejected),
        (answer(301, Location="http://elsewhere.test"), RemoteRejected),
        (answer(429, Retry_After="3"), RateLimited),
        (httpx.Response(200, text="<html>maintenance</html>"), RemoteRejected),
    ],
)
def test_each_answer_becomes_its_error(reply: Answer, error: type[Exception]) -> None:
    with pytest.raises(error):
        erp(reply).get("5")


UNKNOWN: list[Answer] = [
    answer(500),
    answer(502),
    answer(504),
    answer(500, Retry_After="5"),  # some gateways add it to whatever fails
    answer(502, Retry_After="5"),
    answer(504, Retry_After="5"),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed"),
]
REFUSED: list[Answer] = [
    answer(503, Retry_After="5"),
    answer(429),
    answer(423),
    answer(425),
    answer(409, {"error": "order is locked by user"}),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
]
WRITES: list[Callable[[RestErp], object]] = [lambda e: e.create({}, "r"), lambda e: e.update("5", {"a": 1}, '"1"')]


@pytest.mark.parametrize("write", WRITES, ids=["create", "update"])
@pytest.mark.parametrize("reply", UNKNOWN, ids=str)
def test_a_write_that_may_have_been_done_says_so(reply: Answer, write: Callable[[RestErp], object]) -> None:
    with pytest.raises(OutcomeUnknown):
        write(erp(reply))


@pytest.mark.parametrize("write", WRITES, ids=["create", "update"])
@pytest.mark.parametrize("reply", REFUSED, ids=str)
def test_a_write_that_was_not_taken_on_is_only_unavailable(reply: Answer, write: Callable[[RestErp], object]) -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        write(erp(reply, busy_statuses=[409]))
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("reply", [*UNKNOWN, *REFUSED], ids=str)
def test_a_read_has_no_outcome_to_be_unknown(reply: Answer) -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        erp(reply, busy_statuses=[409]).get("5")
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("write", WRITES, ids=["create", "update"])
def test_a_write_for_which_no_time_is_left_is_not_sent_and_not_unknown(write: Callable[[RestErp], object]) -> None:
    seen: list[httpx.Request] = []
    with deadline(0), pytest.raises(NotTakenOn):
        write(erp(answer(201), seen=seen))
    assert seen == []
