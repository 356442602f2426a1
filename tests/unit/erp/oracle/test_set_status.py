"""Status changes by several requests: which, with which version, and what it means when one fails."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from shared.errors import (
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
    StatusNotPossible,
    VersionConflict,
)
from tests.unit.erp.oracle.tenant import ROOT, Answer, answer, calls, erp, order, page

READ = "GET /maintenanceWorkOrders/5"
WRITE = "PATCH /maintenanceWorkOrders/5"
OPERATIONS = "GET /maintenanceWorkOrders/5/child/WorkOrderOperation"
ADD = "POST /maintenanceWorkOrders/5/child/WorkOrderOperation"
TRANSACT = "POST /maintenanceOperationTransactions"
FIRST = {"fields": {"OperationName": "Repair", "WorkCenterCode": "MECH"}}


def told(status: str, version: str | None = None) -> httpx.Response:
    headers = {} if version is None else {"ETag": version}
    return answer(200, order(WorkOrderId=5, WorkOrderStatusCode=status), **headers)


def operations(*numbers: Any) -> httpx.Response:
    return page(*({"WorkOrderOperationId": n, "OperationSequenceNumber": n} for n in numbers))


def test_a_status_that_is_written_is_one_call_with_the_version() -> None:
    seen: list[httpx.Request] = []
    made = erp(told("ORA_RELEASED", '"2"'), seen=seen)
    record = made.set_status("5", "ORA_RELEASED", current="ORA_UNRELEASED", version='"1"')
    assert (record.fields["WorkOrderStatusCode"], record.version) == ("ORA_RELEASED", '"2"')
    assert calls(seen) == [WRITE]
    assert json.loads(seen[0].read()) == {"WorkOrderStatusCode": "ORA_RELEASED"}
    assert seen[0].headers["If-Match"] == '"1"'


def test_each_step_uses_the_version_of_the_answer_before() -> None:
    seen: list[httpx.Request] = []
    made = erp(told("ORA_RELEASED", '"2"'), told("ORA_CANCELED", '"3"'), seen=seen)
    record = made.set_status("5", "ORA_CANCELED", current="ORA_ON_HOLD", version='"1"')
    assert (record.fields["WorkOrderStatusCode"], record.version) == ("ORA_CANCELED", '"3"')
    assert [request.headers["If-Match"] for request in seen] == ['"1"', '"2"']


def test_completing_reports_the_last_operation_and_looks() -> None:
    seen: list[httpx.Request] = []
    replies = [operations(10, "30", 20), told("ORA_RELEASED", '"1"'), answer(201, {}), told("ORA_COMPLETED", '"2"')]
    made = erp(*replies, seen=seen)
    record = made.set_status("5", "ORA_COMPLETED", current="ORA_RELEASED", version='"1"')
    assert (record.fields["WorkOrderStatusCode"], record.version) == ("ORA_COMPLETED", '"2"')
    assert calls(seen) == [OPERATIONS, READ, TRANSACT, READ]
    body = json.loads(seen[2].read())
    assert (body["SourceSystemCode"], body["SourceSystemType"]) == ("MAINTAINX", "EXTERNAL")
    detail = body["OperationTransactionDetail"][0]
    assert detail.pop("TransactionDate").endswith("+00:00")
    assert detail == {
        "OrganizationCode": "M1",
        "WorkOrderNumber": "mx:plant-1:9",
        "WoOperationSequenceNumber": 30,
        "FromDispatchState": "READY",
        "ToDispatchState": "COMPLETE",
        "TransactionQuantity": 1,
    }


def test_the_transaction_is_what_the_settings_say() -> None:
    seen: list[httpx.Request] = []
    completion = {
        "path": "/customTransactions",
        "body": {
            "order": "{work_order_id}",
            "lines": [{"n": "{operation_sequence}", "text": "op {operation_sequence}"}],
        },
    }
    replies = [operations(10), told("ORA_RELEASED"), answer(201), told("ORA_COMPLETED")]
    erp(*replies, seen=seen, completion=completion).set_status(
        "5", "ORA_COMPLETED", current="ORA_RELEASED", version=None
    )
    assert seen[2].url.path == f"{ROOT}/customTransactions"
    assert json.loads(seen[2].read()) == {"order": "5", "lines": [{"n": 10, "text": "op 10"}]}


def test_an_order_without_operation_gets_the_first_one_before_it_is_released() -> None:
    seen: list[httpx.Request] = []
    replies = [operations(), answer(201, {}), told("ORA_UNRELEASED", '"2"'), told("ORA_RELEASED", '"3"')]
    made = erp(*replies, seen=seen, first_operation=FIRST)
    record = made.set_status("5", "ORA_RELEASED", current="ORA_UNRELEASED", version='"1"')
    assert calls(seen) == [OPERATIONS, ADD, READ, WRITE]
    assert record.version == '"3"'
    assert seen[3].headers["If-Match"] == '"2"'  # the new operation may have moved the version


def test_an_order_with_operation_gets_none() -> None:
    seen: list[httpx.Request] = []
    made = erp(operations(20), told("ORA_RELEASED"), seen=seen, first_operation=FIRST)
    made.set_status("5", "ORA_RELEASED", current="ORA_ON_HOLD", version=None)
    assert calls(seen) == [OPERATIONS, WRITE]


def test_a_status_that_needs_no_operation_asks_for_none() -> None:
    seen: list[httpx.Request] = []
    erp(told("ORA_RELEASED"), told("ORA_CANCELED"), seen=seen, first_operation=FIRST).set_status(
        "5", "ORA_CANCELED", current="ORA_ON_HOLD", version=None
    )
    assert calls(seen) == [WRITE, WRITE]


def test_an_order_without_operation_cannot_be_completed_and_is_not_released_for_it() -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(StatusNotPossible, match="first_operation"):
        erp(operations(), seen=seen).set_status("5", "ORA_COMPLETED", current="ORA_UNRELEASED", version='"1"')
    assert calls(seen) == [OPERATIONS]


@pytest.mark.parametrize("current", ["ORA_CLOSED", "ORA_COMPLETED"])
def test_what_holds_already_sends_nothing(current: str) -> None:
    seen: list[httpx.Request] = []
    record = erp(seen=seen).set_status("5", "ORA_COMPLETED", current=current, version='"1"')
    assert (record.fields, record.version) == ({"WorkOrderStatusCode": current}, '"1"')
    assert seen == []


@pytest.mark.parametrize("current", ["M1_STRANGE", "", "released"])
def test_from_a_status_that_nobody_knows_nothing_is_possible(current: str) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(StatusNotPossible):
        erp(seen=seen).set_status("5", "ORA_RELEASED", current=current, version=None)
    assert seen == []


def test_an_order_that_was_changed_before_the_transaction_is_a_conflict() -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(VersionConflict):
        erp(operations(10), told("ORA_RELEASED", '"2"'), seen=seen).set_status(
            "5", "ORA_COMPLETED", current="ORA_RELEASED", version='"1"'
        )
    assert TRANSACT not in calls(seen)


def test_an_order_in_another_status_than_thought_gets_no_transaction() -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(VersionConflict, match="ORA_ON_HOLD, not ORA_RELEASED"):
        erp(operations(10), told("ORA_ON_HOLD"), seen=seen).set_status(
            "5", "ORA_COMPLETED", current="ORA_RELEASED", version=None
        )
    assert TRANSACT not in calls(seen)


def completing(*replies: Answer) -> None:
    made = erp(operations(10), told("ORA_RELEASED", '"1"'), *replies)
    made.set_status("5", "ORA_COMPLETED", current="ORA_RELEASED", version='"1"')


def test_a_transaction_that_oracle_does_not_carry_out_is_refused_with_its_words() -> None:
    detail = {"ErrorMessages": "The quantity is not ready."}
    with pytest.raises(RemoteRejected, match="quantity is not ready"):
        completing(answer(201, {"ErrorsExistFlag": "true", "OperationTransactionDetail": [detail]}))


def test_a_completed_order_that_cannot_be_read_back_is_not_reported_as_failed(subtests: pytest.Subtests) -> None:
    cases: list[Answer] = [answer(503, Retry_After="5"), answer(403), answer(200, []), httpx.ReadTimeout("slow")]
    for look in cases:
        with subtests.test(look=look), pytest.raises(OutcomeUnknown, match="completed, but not read back"):
            completing(answer(201, {}), look)


def test_a_transaction_after_which_the_order_is_not_completed_yet_is_looked_at_again() -> None:
    with pytest.raises(OutcomeUnknown, match="still ORA_RELEASED"):
        completing(answer(201, {}), told("ORA_RELEASED", '"1"'))


@pytest.mark.parametrize("reply", [answer(429, Retry_After="7"), answer(423), httpx.ConnectError("refused")], ids=str)
def test_a_step_that_fails_after_another_was_done_leaves_the_outcome_unknown(reply: Answer) -> None:
    with pytest.raises(OutcomeUnknown, match="ORA_RELEASED by now"):
        erp(told("ORA_RELEASED", '"2"'), reply).set_status("5", "ORA_CANCELED", current="ORA_ON_HOLD", version='"1"')


def test_how_long_oracle_wants_to_be_left_alone_is_kept() -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        erp(told("ORA_RELEASED"), answer(429, Retry_After="7")).set_status(
            "5", "ORA_CANCELED", current="ORA_ON_HOLD", version=None
        )
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("reply", "error"), [(answer(429), RateLimited), (answer(423), NotTakenOn), (answer(412), VersionConflict)]
)
def test_the_first_step_fails_as_any_write_does(reply: Answer, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        erp(reply).set_status("5", "ORA_CANCELED", current="ORA_ON_HOLD", version='"1"')
    assert not isinstance(caught.value, OutcomeUnknown)


def test_reading_the_operations_has_no_outcome_to_be_unknown() -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        erp(answer(500)).set_status("5", "ORA_COMPLETED", current="ORA_RELEASED", version='"1"')
    assert not isinstance(caught.value, OutcomeUnknown)
