"""Steps to a status, and what is known of writes that fail."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from shared.deadline import deadline
from shared.erp.sap.adapter import SapErp
from shared.errors import (
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    StatusNotPossible,
    VersionConflict,
)
from tests.unit.erp.sap.service import Answer, Sap, answer, one, token


def test_a_status_is_set_with_literals_in_the_query_and_no_body() -> None:
    sap = Sap(token(), answer(200, {"d": {"x": {"IsInvalid": False}}}))
    made = sap.erp().set_status("000004000123", "TECO", current="REL", version='W/"1"')
    assert sap.calls[1] == "POST /SetMaintOrdToTechCompleted"
    assert dict(sap.seen[1].url.params) == {
        "MaintenanceOrder": "'4000123'",
        "MainWrkCmpltdDateTimeIsUsed": "false",
        "MaintOrderReferenceDateTime": "datetimeoffset'2026-09-16T16:05:07Z'",
        "AssignedMaintNotifIsToBeClosed": "false",
    }
    assert sap.seen[1].content == b""
    assert (made.fields, made.version) == ({"SystemStatus": "TECO"}, None)


def test_a_status_that_holds_already_is_no_request(subtests: pytest.Subtests) -> None:
    for wanted, current in [("REL", "REL"), ("REL", "CNF"), ("TECO", "CLSD"), ("NOEX", "DLFL")]:
        with subtests.test(wanted=wanted, current=current):
            made = Sap().erp().set_status("4", wanted, current=current, version='W/"1"')
            assert (made.fields, made.version) == ({"SystemStatus": current}, 'W/"1"')


def test_a_status_without_a_way_to_it_is_no_request() -> None:
    with pytest.raises(StatusNotPossible):
        Sap().erp().set_status("4", "NOEX", current="CNF", version=None)


def test_what_an_order_was_before_is_read_where_only_sap_knows() -> None:
    sap = Sap(token(), answer(200), answer(200, one(SystemStatusText="CRTD")), answer(200))
    assert sap.erp().set_status("4000123", "REL", current="NOEX", version=None).fields == {"SystemStatus": "REL"}
    assert sap.calls[1:] == [
        "POST /ResetStatusFromDoNotExecute",
        "GET /MaintenanceOrder('4000123')",
        "POST /ReleaseMaintenanceOrder",
    ]
    assert sap.seen[2].url.params["$select"] == "MaintenanceOrder,SystemStatusText"


def _refused() -> httpx.Response:
    return answer(400, {"error": {"code": "IW/155", "message": {"value": "not allowed"}}})


def test_a_refused_step_from_another_status_than_supposed_is_a_conflict() -> None:
    with pytest.raises(VersionConflict, match=r"not CRTD any more.*not allowed"):
        Sap(token(), _refused(), answer(200, one(SystemStatusText="REL"))).erp().set_status(
            "4", "REL", current="CRTD", version=None
        )


def test_a_refused_step_from_the_status_supposed_is_final_and_says_why() -> None:
    with pytest.raises(RemoteRejected, match="IW/155: not allowed"):
        Sap(token(), _refused(), answer(200, one(SystemStatusText="CRTD"))).erp().set_status(
            "4", "REL", current="CRTD", version=None
        )


def test_a_second_step_that_fails_leaves_the_outcome_unknown(subtests: pytest.Subtests) -> None:
    cases: list[Answer] = [httpx.ConnectError("refused"), answer(429), answer(503, Retry_After="7"), answer(500)]
    for reply in cases:
        with subtests.test(reply=reply), pytest.raises(OutcomeUnknown, match=r"after a part was done|500"):
            Sap(token(), answer(200), reply).erp().set_status("4", "TECO", current="CRTD", version=None)


def test_an_order_that_is_gone_is_not_found() -> None:
    body = {"error": {"code": "/IWBEP/CM_MGW_RT/020", "message": {"value": "Resource not found"}}}
    with pytest.raises(RecordNotFound, match="Resource not found"):
        Sap(answer(404, body)).erp().get("4")
    with pytest.raises(RecordNotFound):
        Sap(token(), answer(404, body)).erp().set_status("4", "REL", current="CRTD", version=None)


WRITES: list[Callable[[SapErp], object]] = [
    lambda erp: erp.create({}, "r"),
    lambda erp: erp.update("5", {"MaintPriority": "1"}, 'W/"1"'),
    lambda erp: erp.set_status("5", "REL", current="CRTD", version=None),
]


def test_a_write_that_may_have_been_done_says_so(subtests: pytest.Subtests) -> None:
    replys: list[Answer] = [httpx.ReadTimeout("slow"), httpx.ReadError("cut"), answer(500), answer(502), answer(503)]
    for reply in replys:
        for write in WRITES:
            with subtests.test(reply=reply, write=write), pytest.raises(OutcomeUnknown):
                write(Sap(token(), reply).erp())


def test_a_write_that_was_not_taken_on_is_only_unavailable(subtests: pytest.Subtests) -> None:
    replys: list[tuple[Answer, type[RemoteUnavailable]]] = [
        (httpx.ConnectError("refused"), RemoteUnavailable),
        (answer(429, Retry_After="7"), RateLimited),
        (answer(503, Retry_After="7"), RemoteUnavailable),
        (answer(400, {"error": {"code": "IW/037", "message": {"value": "Order 5 is locked by user ADA"}}}), NotTakenOn),
    ]
    for reply, kind in replys:
        for write in WRITES:
            with subtests.test(reply=reply, write=write):
                with pytest.raises(kind) as caught:
                    write(Sap(token(), reply).erp())
                assert not isinstance(caught.value, OutcomeUnknown)


def test_a_write_for_which_no_time_is_left_is_not_sent(subtests: pytest.Subtests) -> None:
    for write in WRITES:
        with subtests.test(write=write), deadline(0), pytest.raises(NotTakenOn):
            write(Sap().erp())
