"""Creates and updates: what is sent, what the answer means, and what a lost answer means."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import httpx
import pytest

from shared.deadline import deadline
from shared.erp.base import ErpAdapter
from shared.erp.oracle import OracleErp
from shared.errors import (
    AuthenticationFailed,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
)
from tests.unit.erp.oracle.tenant import Answer, answer, calls, erp, order, page

REFERENCE = "mx:plant-1:9"
CREATE = "POST /maintenanceWorkOrders"
SEARCH = "GET /maintenanceWorkOrders"
UPDATE = "PATCH /maintenanceWorkOrders/5"


def test_a_new_order_is_unreleased_in_the_organization_under_the_reference() -> None:
    seen: list[httpx.Request] = []
    made: ErpAdapter = erp(answer(201, order(), ETag='"1"'), seen=seen)
    created = made.create({"WorkOrderDescription": "Seal", "PlannedStartDate": "2026-09-16T16:00:00Z"}, REFERENCE)
    assert json.loads(seen[0].read()) == {
        "OrganizationCode": "M1",
        "WorkOrderDescription": "Seal",
        "PlannedStartDate": "2026-09-16T16:00:00+00:00",
        "WorkOrderNumber": REFERENCE,
        "WorkOrderStatusCode": "ORA_UNRELEASED",
    }
    assert (created.id, created.reference, created.version) == ("300000010000001", REFERENCE, '"1"')
    assert created.fields["WorkOrderStatusCode"] == "ORA_UNRELEASED"
    assert calls(seen) == [CREATE]


def test_every_request_says_the_framework_version() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(201, order()), answer(200, order()), page(), answer(200, order()), seen=seen, framework_version=7)
    made.create({}, REFERENCE)
    made.get("5")
    made.find_by_reference(REFERENCE)
    made.update("5", {"WorkOrderPriority": 1}, None)
    assert [request.headers["REST-Framework-Version"] for request in seen] == ["7"] * 4


def test_the_first_operation_goes_along_where_the_tenant_takes_it() -> None:
    seen: list[httpx.Request] = []
    operation = {"fields": {"OperationName": "Repair", "WorkCenterCode": "MECH"}, "with_create": True}
    erp(answer(201, order()), seen=seen, first_operation=operation).create({}, REFERENCE)
    assert json.loads(seen[0].read())["WorkOrderOperation"] == [
        {
            "OperationSequenceNumber": 10,
            "CountPointOperationFlag": True,
            "AutoTransactFlag": False,
            "OperationName": "Repair",
            "WorkCenterCode": "MECH",
        }
    ]


def test_a_create_that_is_refused_as_the_number_exists_finds_that_order(subtests: pytest.Subtests) -> None:
    for status in [400, 409, 422]:
        with subtests.test(status=status):
            seen: list[httpx.Request] = []
            refusal = answer(status, {"o:errorDetails": [{"detail": "The work order number already exists."}]})
            found = erp(refusal, page(order()), seen=seen).create({}, REFERENCE)
            assert (found.id, found.reference, found.version) == ("300000010000001", REFERENCE, None)
            assert calls(seen) == [CREATE, SEARCH]


def test_a_create_that_is_refused_for_another_reason_says_it() -> None:
    refusal = answer(400, {"o:errorDetails": [{"detail": "The asset isn't valid.", "o:errorPath": "/AssetNumber"}]})
    with pytest.raises(RemoteRejected, match=r"asset isn't valid. \(/AssetNumber\)"):
        erp(refusal, page()).create({}, REFERENCE)


def test_a_refused_create_that_cannot_be_searched_for_is_tried_again() -> None:
    with pytest.raises(RateLimited):
        erp(answer(400), answer(429)).create({}, REFERENCE)


@pytest.mark.parametrize("status", [401, 403])
def test_a_create_without_the_right_is_not_searched_for(status: int) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(RemoteRejected):
        erp(answer(status), seen=seen).create({}, REFERENCE)
    assert calls(seen) == [CREATE]


def test_a_created_order_that_is_not_in_the_answer_is_searched_for() -> None:
    assert erp(answer(201), page(order())).create({}, REFERENCE).id == "300000010000001"


def test_a_created_order_that_cannot_be_read_back_is_not_reported_as_failed(subtests: pytest.Subtests) -> None:
    for search in [page(), answer(503), answer(200, {})]:
        with subtests.test(search=search), pytest.raises(OutcomeUnknown, match="was accepted"):
            erp(answer(201), search).create({}, REFERENCE)


def test_an_update_sends_the_version_and_answers_the_next_one() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(200, order(WorkOrderPriority="2"), ETag='"8"'), seen=seen)
    updated = made.update("5", {"WorkOrderPriority": 2}, '"7"')
    assert (updated.fields["WorkOrderPriority"], updated.version) == (2, '"8"')
    assert seen[0].headers["If-Match"] == '"7"'
    assert calls(seen) == [UPDATE]


def test_a_tenant_without_versions_gets_no_if_match() -> None:
    seen: list[httpx.Request] = []
    made = erp(answer(200, order()), answer(200, order()), seen=seen)
    assert made.get("5").version is None
    assert made.update("5", {"WorkOrderPriority": 2}, None).version is None
    assert "If-Match" not in seen[1].headers


def test_an_update_answered_without_body_tells_no_field() -> None:
    updated = erp(answer(204)).update("5", {"WorkOrderDescription": "x"}, '"7"')
    assert (updated.id, updated.fields, updated.version) == ("5", {}, None)


def test_links_and_children_are_no_fields() -> None:
    row = order(links=[{"rel": "self", "properties": {"changeIndicator": "A9"}}], WorkOrderOperation={"items": []})
    record = erp(answer(200, row)).get("5")
    assert not {"links", "WorkOrderOperation"} & record.fields.keys()
    assert record.version == '"A9"'


def test_an_id_is_quoted_in_the_path() -> None:
    seen: list[httpx.Request] = []
    erp(answer(200, order()), seen=seen).get("a/../b")
    assert seen[0].url.raw_path.split(b"?")[0].endswith(b"/maintenanceWorkOrders/a%2F..%2Fb")


UNKNOWN: list[Answer] = [
    answer(500),
    answer(502),
    answer(503),
    httpx.ReadTimeout("slow"),
    httpx.WriteError("reset"),
    httpx.RemoteProtocolError("closed"),
]
REFUSED: list[Answer] = [
    answer(503, Retry_After="5"),
    answer(429),
    answer(423),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
]
WRITES: dict[str, Callable[[OracleErp], object]] = {
    "create": lambda e: e.create({}, REFERENCE),
    "update": lambda e: e.update("5", {"WorkOrderPriority": 1}, '"1"'),
    "set_status": lambda e: e.set_status("5", "ORA_RELEASED", current="ORA_UNRELEASED", version='"1"'),
}


def test_a_write_that_may_have_been_done_says_so(subtests: pytest.Subtests) -> None:
    for reply, (name, write) in itertools.product(UNKNOWN, WRITES.items()):
        with subtests.test(name, reply=reply), pytest.raises(OutcomeUnknown):
            write(erp(reply))


def test_a_write_that_was_not_taken_on_is_only_unavailable(subtests: pytest.Subtests) -> None:
    for reply, (name, write) in itertools.product(REFUSED, WRITES.items()):
        with subtests.test(name, reply=reply), pytest.raises(RemoteUnavailable) as caught:
            write(erp(reply))
        assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_for_which_no_time_is_left_is_not_sent(write: Callable[[OracleErp], object]) -> None:
    seen: list[httpx.Request] = []
    with deadline(0), pytest.raises(NotTakenOn):
        write(erp(answer(201), seen=seen))
    assert seen == []


def test_refused_credentials_are_told_apart() -> None:
    with pytest.raises(AuthenticationFailed):
        erp(answer(401)).get("5")
