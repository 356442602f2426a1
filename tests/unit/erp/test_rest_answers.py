"""The REST adapter with ERPs that answer in other ways than the simulator: each answer is a thing real ones do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

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
    StatusNotPossible,
    VersionConflict,
)
from tests.unit.erp.rest_answers import Answer, answer, erp


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
        "answers": "stored",
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


def test_a_created_record_that_cannot_be_read_back_is_not_reported_as_failed(subtests: pytest.Subtests) -> None:
    for search in [answer(200, {"items": []}), answer(503), answer(200, {"rows": []})]:
        with subtests.test(search=search), pytest.raises(OutcomeUnknown, match="was accepted"):
            erp(answer(201), search).create({}, "r")


def test_a_write_tells_what_its_answer_shows_as_stored_and_nothing_that_was_sent(subtests: pytest.Subtests) -> None:
    row = {"id": "5", "externalReference": "r", "shortText": "X"}
    cases: list[tuple[Answer, dict[str, Any]]] = [
        (answer(204, ETag='"8"'), {}),
        (answer(200, ETag='"8"'), {}),
        (answer(200, row, ETag='"8"'), row),
        (answer(200, {"success": False}, ETag='"8"'), {}),
        (answer(200, {"d": row}, ETag='"8"'), {}),
        (answer(200, [row], ETag='"8"'), {}),
        (answer(200, "done", ETag='"8"'), {}),
    ]
    for (reply, shown), stored in itertools.product(cases, (True, False)):
        with subtests.test(reply=reply, stored=stored):
            known = erp(reply, answers="stored" if stored else "unknown").update("5", {"shortText": "x"}, '"7"')
            assert (known.id, known.fields, known.version) == ("5", shown if stored else {}, '"8"')


def test_a_success_that_is_no_json_says_nothing(subtests: pytest.Subtests) -> None:
    page = httpx.Response(200, text="<html>Please log in</html>")
    for name, write in WRITES.items():
        with subtests.test(name), pytest.raises(OutcomeUnknown, match="not JSON"):
            write(erp(page))
    with pytest.raises(RemoteUnavailable, match="not JSON"):
        erp(page).get("5")


def test_an_update_answered_without_version_tells_none() -> None:
    assert erp(answer(204)).update("5", {"shortText": "x"}, '"7"').version is None


def test_an_erp_without_versions_gets_no_if_match() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(200, {"id": "5"}, ETag="7"), answer(204), seen=seen, version_header=None)
    assert made.get("5").version is None
    made.update("5", {"a": 1}, None)
    assert "If-Match" not in seen[1].headers


def test_a_search_answer_without_the_list_is_an_error_and_not_nothing_found(subtests: pytest.Subtests) -> None:
    for body in [{"items": {}}, {"rows": []}, "text", 5, None, []]:
        with subtests.test(body=body), pytest.raises((ConfigError, RemoteUnavailable)):
            erp(answer(200, body)).find_by_reference("r")


def test_an_erp_that_ignores_the_search_parameter_is_found_out() -> None:
    rows = [{"id": "1", "externalReference": "other"}, {"id": "2", "externalReference": None}]
    with pytest.raises(ConfigError, match="reference_parameter"):
        erp(answer(200, {"items": rows})).find_by_reference("r")


def test_a_record_without_id_is_a_fault_of_the_configuration(subtests: pytest.Subtests) -> None:
    for body in [{"number": 5}, {"id": None}, [], "x"]:
        with subtests.test(body=body), pytest.raises(ConfigError, match="id_field"):
            erp(answer(200, body)).get("5")


def test_each_answer_becomes_its_error(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Answer, type[Exception]]] = [
        (answer(404), RecordNotFound),
        (answer(403), PermissionDenied),
        (answer(412), VersionConflict),
        (answer(428), RemoteRejected),
        (answer(409), RemoteRejected),
        (answer(422, {"error": "x"}), RemoteRejected),
        (answer(301, Location="http://elsewhere.test"), RemoteRejected),
        (answer(429, Retry_After="3"), RateLimited),
    ]
    for reply, error in cases:
        with subtests.test(reply=reply), pytest.raises(error):
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
WRITES: dict[str, Callable[[RestErp], object]] = {
    "create": lambda e: e.create({}, "r"),
    "update": lambda e: e.update("5", {"a": 1}, '"1"'),
}


def test_a_write_that_may_have_been_done_says_so(subtests: pytest.Subtests) -> None:
    for reply, (name, write) in itertools.product(UNKNOWN, WRITES.items()):
        with subtests.test(name, reply=reply), pytest.raises(OutcomeUnknown):
            write(erp(reply))


def test_a_write_that_the_erp_does_not_implement_was_never_done(subtests: pytest.Subtests) -> None:
    for status, (name, write) in itertools.product((501, 505), WRITES.items()):
        with subtests.test(name, status=status), pytest.raises(RemoteRejected):
            write(erp(answer(status, {"error": "not implemented"})))


def test_a_write_that_was_not_taken_on_is_only_unavailable(subtests: pytest.Subtests) -> None:
    for reply, (name, write) in itertools.product(REFUSED, WRITES.items()):
        with subtests.test(name, reply=reply), pytest.raises(RemoteUnavailable) as caught:
            write(erp(reply, busy_statuses=[409]))
        assert not isinstance(caught.value, OutcomeUnknown)


def test_a_read_has_no_outcome_to_be_unknown(subtests: pytest.Subtests) -> None:
    for reply in [*UNKNOWN, *REFUSED]:
        with subtests.test(reply=reply):
            with pytest.raises(RemoteUnavailable) as caught:
                erp(reply, busy_statuses=[409]).get("5")
            assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_for_which_no_time_is_left_is_not_sent_and_not_unknown(write: Callable[[RestErp], object]) -> None:
    seen: list[httpx.Request] = []
    with deadline(0), pytest.raises(NotTakenOn):
        write(erp(answer(201), seen=seen))
    assert seen == []


def test_the_id_of_a_new_record_is_in_its_location(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        ("/orders/{id}", "/api/orders/4%2F7", "4/7"),
        ("/orders/{id}", "https://erp.test/api/orders/47?x=1", "47"),
        ("/workorders({id})", "https://erp.test/api/data/workorders(0f-1)", "0f-1"),
        ("/orders/{id}/header", "/api/orders/47/header/", "47"),
    ]
    for record_path, location, erp_id in cases:
        with subtests.test(record_path=record_path, location=location, erp_id=erp_id):
            replies = answer(201, Location=location), answer(200, {"id": erp_id, "externalReference": "r"})
            assert erp(*replies, record_path=record_path).create({}, "r").id == erp_id


def test_a_location_of_another_form_is_followed_by_a_search() -> None:
    row = {"id": "5", "externalReference": "r"}
    assert erp(answer(201, Location="/queue/77"), answer(200, {"items": [row]})).create({}, "r").id == "5"


def test_a_create_sent_twice_carries_the_same_key_and_another_record_another_one() -> None:
    seen: list[httpx.Request] = []
    made = erp(*(answer(201, {"id": number}) for number in range(1, 4)), seen=seen, idempotency_header="X-Once")
    for reference in ("r", "r", "s"):
        made.create({}, reference)
    first, again, other = (request.headers["X-Once"] for request in seen)
    assert first == again != other


def test_a_create_of_another_day_carries_another_key() -> None:
    """Else an ERP that remembers keys would answer the record of before, which was deleted and is made anew."""
    seen: list[httpx.Request] = []
    now = datetime(2026, 9, 14, 23, 59, tzinfo=timezone(timedelta(hours=-2)))  # 01:59 on the 15th
    made = erp(*(answer(201, {"id": number}) for number in range(3)), seen=seen, clock=lambda: now)
    made.create({}, "r")
    now = datetime(2026, 9, 15, 23, 59, tzinfo=UTC)
    made.create({}, "r")
    now = datetime(2026, 9, 16, 0, 1, tzinfo=UTC)
    made.create({}, "r")
    first, again, later = (request.headers["Idempotency-Key"] for request in seen)
    assert first == again != later


def test_headers_of_an_update_are_sent_with_updates_alone() -> None:
    seen: list[httpx.Request] = []
    settings: dict[str, Any] = {
        "update_method": "POST",
        "update_headers": {"x-method-override": "PATCH"},
        "match_header": "X-Version",
    }
    made = erp(answer(201, {"id": 1}), answer(204), seen=seen, **settings)
    made.create({}, "r")
    made.update("1", {"a": 1}, "7")
    assert "x-method-override" not in seen[0].headers
    assert (seen[1].method, seen[1].headers["x-method-override"], seen[1].headers["X-Version"]) == (
        "POST",
        "PATCH",
        "7",
    )


def test_a_conflict_by_another_status_counts_only_where_a_version_was_sent() -> None:
    with pytest.raises(VersionConflict):
        erp(answer(409), conflict_statuses=[409]).update("5", {}, "7")
    with pytest.raises(RemoteRejected):
        erp(answer(409), conflict_statuses=[409]).update("5", {}, None)
    with pytest.raises(RemoteRejected):
        erp(answer(409), conflict_statuses=[409]).create({}, "r")


FIELDS = {
    "equipment": {"type": "text"},
    "hours": {"type": "number"},
    "urgent": {"type": "boolean"},
    "day": {"type": "date"},
    "begin": {"type": "time"},
}


def test_described_fields_are_read_in_one_form_whatever_the_erp_writes() -> None:
    row = {
        "id": 5,
        "equipment": 2201,
        "hours": "2.5",
        "urgent": "TRUE",
        "day": "2026-09-16T00:00:00+02:00",
        "begin": "2026-09-16T18:00:00.120+02:00",
        "other": 7,
    }
    fields = erp(answer(200, row), fields=FIELDS).get("5").fields
    assert fields == {
        "id": 5,
        "equipment": "2201",
        "hours": 2.5,
        "urgent": True,
        "day": "2026-09-16",
        "begin": "2026-09-16T16:00:00Z",
        "other": 7,
    }


def test_a_value_that_is_not_of_its_type_stays_as_it_is(subtests: pytest.Subtests) -> None:
    cases: list[object] = [None, "", "later", [], {}]
    for value in cases:
        with subtests.test(value=value):
            row = {"id": 5, **dict.fromkeys(FIELDS, value)}
            assert erp(answer(200, row), fields=FIELDS).get("5").fields == row


STATUS = {"field": "state", "readable": ["NEW", "DONE", "CLOSED"], "writable": ["NEW", "DONE"], "final": ["CLOSED"]}


def test_a_status_is_written_as_the_field_that_it_is() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(204), seen=seen, status=STATUS)
    assert made.set_status("5", "DONE", current="NEW", version="7").id == "5"
    assert seen[0].read() == b'{"state":"DONE"}'


def test_a_status_that_cannot_be_reached_is_not_asked_for(subtests: pytest.Subtests) -> None:
    for current, status in [("CLOSED", "DONE"), ("NEW", "CLOSED"), ("NEW", "OPEN")]:
        with subtests.test(current=current, status=status):
            with pytest.raises(StatusNotPossible):
                erp(status=STATUS).set_status("5", status, current=current, version=None)
            with pytest.raises(StatusNotPossible):
                erp().set_status("5", "DONE", current="NEW", version=None)


def test_what_is_wrong_is_read_from_the_paths_or_told_as_it_is(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, str]] = [
        ({"error": {"code": "0x1", "message": "no such plant"}}, "0x1: no such plant"),
        ({"o:errorDetails": [{"detail": "a"}, {"detail": "b"}]}, "a: b"),
        ({"odd": 1}, '{"odd":1}'),
        ("text", '"text"'),
        ({"error": {"code": None, "message": ["x"]}}, '{"error":{"code":null,"message":["x"]}}'),
    ]
    for body, said in cases:
        with subtests.test(body=body):
            paths = ["error.code", "error.message", "o:errorDetails.detail"]
            with pytest.raises(RemoteRejected) as caught:
                erp(answer(422, body), error_paths=paths).get("5")
            assert str(caught.value) == f"erp: GET /api/orders/5: 422 {said}"


def test_a_page_that_is_no_json_keeps_its_text() -> None:
    with pytest.raises(RemoteRejected, match="422 <html>no</html>"):
        erp(httpx.Response(422, text="<html>no</html>"), error_paths=["error"]).get("5")
