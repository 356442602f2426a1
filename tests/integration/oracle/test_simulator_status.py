"""Which status may follow which in the simulated Oracle, and how an order is completed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.oracle.conftest import OPERATION, ORDERS, Plant, refusal

STATUSES = ("ORA_UNRELEASED", "ORA_RELEASED", "ORA_ON_HOLD", "ORA_COMPLETED", "ORA_CLOSED", "ORA_CANCELED")
ALLOWED = {
    "ORA_UNRELEASED": {"ORA_UNRELEASED", "ORA_RELEASED", "ORA_ON_HOLD", "ORA_CLOSED", "ORA_CANCELED"},
    "ORA_RELEASED": {"ORA_UNRELEASED", "ORA_RELEASED", "ORA_ON_HOLD", "ORA_CLOSED", "ORA_CANCELED"},
    "ORA_ON_HOLD": {"ORA_UNRELEASED", "ORA_RELEASED", "ORA_ON_HOLD", "ORA_CLOSED"},
    "ORA_COMPLETED": {"ORA_COMPLETED", "ORA_CLOSED"},
    "ORA_CLOSED": set(),
    "ORA_CANCELED": set(),
}


def failed(response: httpx.Response) -> str:
    """Why a transaction was not done; the answer is that of a success nevertheless."""
    body = response.json()
    assert (response.status_code, body["ErrorsExistFlag"]) == (201, "true")
    [detail] = body["OperationTransactionDetail"]
    return str(detail["ErrorMessageNames"]).removeprefix("SIM-")


@pytest.mark.parametrize("current", STATUSES)
def test_a_write_of_the_status_follows_the_table(plant: Plant, current: str) -> None:
    for wanted in STATUSES:
        item = plant.in_status(current)
        response = plant.patch(item["WorkOrderId"], WorkOrderStatusCode=wanted)
        expected = (200, wanted) if wanted in ALLOWED[current] else (400, current)
        assert (response.status_code, status(plant, item)) == expected, (current, wanted, response.text)


def status(plant: Plant, item: dict[str, Any]) -> str:
    return str(plant.simulator.order(plant.name, item["WorkOrderId"])["WorkOrderStatusCode"])


def test_an_order_with_transactions_cannot_be_unreleased(plant: Plant) -> None:
    operations = [OPERATION, {**OPERATION, "OperationSequenceNumber": 20}]
    item = plant.create(WorkOrderOperation=operations, WorkOrderStatusCode="ORA_RELEASED").json()
    plant.transact(item["WorkOrderNumber"])
    for _ in range(2):
        response = plant.patch(item["WorkOrderId"], WorkOrderStatusCode="ORA_UNRELEASED")
        assert refusal(response) == (400, "STATUS_TRANSACTIONS")
        plant.patch(item["WorkOrderId"], WorkOrderStatusCode="ORA_ON_HOLD")


def test_the_last_operation_completes_the_order(plant: Plant) -> None:
    operations = [OPERATION, {**OPERATION, "OperationSequenceNumber": 20}]
    item = plant.create(WorkOrderOperation=operations, WorkOrderStatusCode="ORA_RELEASED").json()
    assert item["ReleasedDate"] is not None
    first = plant.transact(item["WorkOrderNumber"], TransactionDate="2026-04-01T06:00:00+00:00")
    assert (first.status_code, first.json()["ErrorsExistFlag"]) == (201, "false")
    between = plant.get(f"{ORDERS}/{item['WorkOrderId']}")
    assert between.json()["ActualStartDate"] == "2026-04-01T06:00:00+00:00"
    assert (between.json()["WorkOrderStatusCode"], between.json()["ActualCompletionDate"]) == ("ORA_RELEASED", None)
    plant.transact(item["WorkOrderNumber"], 20, TransactionDate="2026-04-01T09:00:00+00:00")
    after = plant.get(f"{ORDERS}/{item['WorkOrderId']}")
    assert (after.json()["WorkOrderStatusCode"], after.json()["WorkOrderStatus"]) == ("ORA_COMPLETED", "Completed")
    assert after.json()["ActualStartDate"] == "2026-04-01T06:00:00+00:00"
    assert after.json()["ActualCompletionDate"] == "2026-04-01T09:00:00+00:00"
    assert after.headers["ETag"] != between.headers["ETag"]
    assert plant.counters()["transactions"] == 2


@pytest.mark.parametrize(
    ("sequence", "attributes", "code"),
    [
        (20, {}, "OPERATION_SEQUENCE"),
        (30, {}, "NO_OPERATION"),
        (10, {"WorkOrderNumber": "none"}, "NO_ORDER"),
        (10, {"OrganizationCode": "M9"}, "NO_ORDER"),
        (10, {"ToDispatchState": "SCRAP"}, "DISPATCH_STATE"),
        (10, {"FromDispatchState": "COMPLETE", "ToDispatchState": "READY"}, "NOT_COMPLETE"),
    ],
)
def test_a_transaction_against_the_rules_fails_inside_a_success(
    plant: Plant, sequence: int, attributes: dict[str, Any], code: str
) -> None:
    operations = [OPERATION, {**OPERATION, "OperationSequenceNumber": 20}]
    item = plant.create(WorkOrderOperation=operations, WorkOrderStatusCode="ORA_RELEASED").json()
    number = attributes.pop("WorkOrderNumber", item["WorkOrderNumber"])
    assert failed(plant.transact(number, sequence, **attributes)) == code
    assert (plant.counters()["refused_transactions"], status(plant, item)) == (1, "ORA_RELEASED")


@pytest.mark.parametrize("current", ["ORA_UNRELEASED", "ORA_ON_HOLD", "ORA_COMPLETED", "ORA_CLOSED", "ORA_CANCELED"])
def test_only_a_released_order_takes_transactions(plant: Plant, current: str) -> None:
    item = plant.in_status(current)
    assert failed(plant.transact(item["WorkOrderNumber"])) == "NOT_RELEASED"
    assert status(plant, item) == current


def test_an_order_without_operations_cannot_be_completed(plant: Plant) -> None:
    item = plant.create().json()
    plant.patch(item["WorkOrderId"], WorkOrderStatusCode="ORA_RELEASED")
    assert failed(plant.transact(item["WorkOrderNumber"])) == "NO_OPERATION"


@pytest.mark.parametrize(
    "wrong",
    [
        {"FromDispatchState": None},
        {"TransactionTypeCode": "ORA_COMPLETE"},
        {"TransactionQuantity": "many"},
        {"TransactionDate": "2026-04-01T06:00:00"},
    ],
)
def test_a_transaction_that_is_malformed_is_refused(plant: Plant, wrong: dict[str, Any]) -> None:
    item = plant.in_status("ORA_RELEASED")
    assert plant.transact(item["WorkOrderNumber"], **wrong).status_code == 400
    assert plant.request("POST", "/maintenanceOperationTransactions", json={}).status_code == 400
    assert plant.get("/maintenanceOperationTransactions").status_code == 405


def test_operations_out_of_sequence_and_those_that_are_no_count_points(plant: Plant) -> None:
    operations = [{**OPERATION, "CountPointOperationFlag": False}, {**OPERATION, "OperationSequenceNumber": 20}]
    item = plant.create(WorkOrderOperation=operations, WorkOrderStatusCode="ORA_RELEASED").json()
    plant.transact(item["WorkOrderNumber"], 20)
    assert status(plant, item) == "ORA_COMPLETED"
    operations = [OPERATION, {**OPERATION, "OperationSequenceNumber": 20}]
    free = {"AllowOutOfSequenceOperationCompletionFlag": True, "WorkOrderStatusCode": "ORA_RELEASED"}
    item = plant.create(WorkOrderOperation=operations, **free).json()
    plant.transact(item["WorkOrderNumber"], 20)
    assert status(plant, item) == "ORA_RELEASED"
    plant.transact(item["WorkOrderNumber"], 10)
    assert status(plant, item) == "ORA_COMPLETED"


def test_a_reversed_transaction_releases_the_order_again(plant: Plant) -> None:
    item = plant.in_status("ORA_COMPLETED")
    back: dict[str, Any] = {"FromDispatchState": "COMPLETE", "ToDispatchState": "READY"}
    assert plant.transact(item["WorkOrderNumber"], **back).json()["ErrorsExistFlag"] == "false"
    order = plant.simulator.order(plant.name, item["WorkOrderId"])
    assert (order["WorkOrderStatusCode"], order["ActualStartDate"], order["ActualCompletionDate"]) == (
        "ORA_RELEASED",
        None,
        None,
    )


@pytest.mark.parametrize("current", ["ORA_CLOSED", "ORA_CANCELED"])
def test_a_final_order_takes_no_change(plant: Plant, current: str) -> None:
    order_id = plant.in_status(current)["WorkOrderId"]
    changes: list[dict[str, Any]] = [{"WorkOrderDescription": "x"}, {"WorkOrderStatusCode": current}]
    for attributes in changes:
        assert refusal(plant.patch(order_id, **attributes)) == (400, "ORDER_DONE")
    assert refusal(plant.add_operation(order_id, OperationSequenceNumber=20)) == (400, "ORDER_DONE")


def test_a_completed_order_takes_text_and_priority_but_no_dates(plant: Plant) -> None:
    order_id = plant.in_status("ORA_COMPLETED")["WorkOrderId"]
    assert plant.patch(order_id, WorkOrderDescription="x", WorkOrderPriority=3).status_code == 200
    for name in ("PlannedStartDate", "PlannedCompletionDate"):
        dates: dict[str, Any] = {name: "2026-04-01T06:00:00+00:00"}
        response = plant.patch(order_id, **dates)
        assert refusal(response) == (400, "NOT_IN_STATUS")
    assert refusal(plant.add_operation(order_id, OperationSequenceNumber=20)) == (400, "ORDER_DONE")


def test_some_attributes_can_be_written_only_before_the_release(plant: Plant) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    assert plant.patch(order_id, WarrantyRepairFlag=True).status_code == 200
    plant.patch(order_id, WorkOrderStatusCode="ORA_RELEASED")
    assert refusal(plant.patch(order_id, WarrantyRepairFlag=False)) == (400, "NOT_IN_STATUS")


def test_a_tenant_may_demand_an_operation_for_the_release(plant: Plant) -> None:
    plant.simulator.set(plant.name, release_needs_operation=True)
    order_id = plant.create().json()["WorkOrderId"]
    assert refusal(plant.patch(order_id, WorkOrderStatusCode="ORA_RELEASED")) == (400, "NO_OPERATIONS")
    plant.add_operation(order_id)
    assert plant.patch(order_id, WorkOrderStatusCode="ORA_RELEASED").status_code == 200


def test_a_status_of_the_tenant_s_own_behaves_as_the_one_it_belongs_to(plant: Plant) -> None:
    plant.simulator.set(plant.name, user_statuses={"WAIT_PARTS": "ORA_ON_HOLD"})
    item = plant.in_status("ORA_RELEASED")
    changed = plant.patch(item["WorkOrderId"], WorkOrderStatusCode="WAIT_PARTS")
    assert (changed.status_code, changed.json()["WorkOrderStatusId"]) == (200, 3)
    assert refusal(plant.patch(item["WorkOrderId"], WorkOrderStatusCode="ORA_CANCELED")) == (400, "STATUS_ORDER")
    assert plant.patch(item["WorkOrderId"], WorkOrderStatusCode="ORA_RELEASED").status_code == 200


@pytest.mark.parametrize("operations", [[], [OPERATION, {**OPERATION, "OperationSequenceNumber": 20}]])
def test_a_person_can_complete_a_released_order_and_reopen_it(plant: Plant, operations: list[dict[str, Any]]) -> None:
    item = plant.create(WorkOrderOperation=operations).json()
    with pytest.raises(httpx.HTTPStatusError):
        plant.simulator.set_status(plant.name, item["WorkOrderId"], "ORA_COMPLETED")
    for code in ("ORA_RELEASED", "ORA_COMPLETED"):
        plant.simulator.set_status(plant.name, item["WorkOrderId"], code)
    done = plant.get(f"{ORDERS}/{item['WorkOrderId']}", expand="WorkOrderOperation").json()
    assert (done["WorkOrderStatusCode"], done["ActualCompletionDate"] is None) == ("ORA_COMPLETED", False)
    assert all(operation["ActualCompletionDate"] for operation in done["WorkOrderOperation"]["items"])
    plant.simulator.set_status(plant.name, item["WorkOrderId"], "ORA_RELEASED")
    again = plant.simulator.order(plant.name, item["WorkOrderId"])
    assert (again["WorkOrderStatusCode"], again["ActualCompletionDate"]) == ("ORA_RELEASED", None)
    assert plant.counters()["user_edits"] == 3
