"""What the simulated Oracle takes as a new work order and as a change of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.oracle.conftest import OPERATION, ORDER, ORDERS, Plant, refusal


def test_a_new_order_comes_back_whole_with_etag_and_location(plant: Plant) -> None:
    response = plant.create(
        WorkOrderNumber="CMMS-1", WorkOrderPriority="1", PlannedStartDate="2026-04-01T08:00:00.9+02:00"
    )
    item = response.json()
    expected = {
        **ORDER,
        "WorkOrderNumber": "CMMS-1",
        "WorkOrderPriority": 1,
        "WorkOrderStatusCode": "ORA_UNRELEASED",
        "WorkOrderStatus": "Unreleased",
        "WorkOrderType": "Corrective",
        "PlannedStartDate": "2026-04-01T06:00:00+00:00",
        "ActualStartDate": None,
    }
    assert {name: item[name] for name in expected} == expected
    assert response.headers["Location"].endswith(f"{ORDERS}/{item['WorkOrderId']}")
    again = plant.get(f"{ORDERS}/{item['WorkOrderId']}")
    assert (again.json(), again.headers["ETag"]) == (item, response.headers["ETag"])


@pytest.mark.parametrize(
    ("attributes", "code", "path"),
    [
        ({"WorkOrderName": "x"}, "UNKNOWN_ATTRIBUTE", "/WorkOrderName"),
        ({"WorkOrderId": 5}, "READ_ONLY", "/WorkOrderId"),
        ({"ActualStartDate": "2026-04-01T06:00:00+00:00"}, "READ_ONLY", "/ActualStartDate"),
        ({"ActualCompletionDate": None}, "READ_ONLY", "/ActualCompletionDate"),
        ({"WorkOrderStatus": "Released"}, "READ_ONLY", "/WorkOrderStatus"),
        ({"LastUpdateDate": "2026-04-01T06:00:00+00:00"}, "READ_ONLY", "/LastUpdateDate"),
        ({"WorkOrderDescription": "x" * 241}, "TOO_LONG", "/WorkOrderDescription"),
        ({"WorkOrderNumber": "x" * 121}, "TOO_LONG", "/WorkOrderNumber"),
        ({"WorkOrderDescription": 5}, "BAD_VALUE", "/WorkOrderDescription"),
        ({"WorkOrderPriority": "high"}, "BAD_VALUE", "/WorkOrderPriority"),
        ({"WorkOrderPriority": True}, "BAD_VALUE", "/WorkOrderPriority"),
        ({"WarrantyRepairFlag": "true"}, "BAD_VALUE", "/WarrantyRepairFlag"),
        ({"PlannedStartDate": "2026-04-01"}, "BAD_VALUE", "/PlannedStartDate"),
        ({"PlannedStartDate": "2026-04-01T06:00:00"}, "BAD_VALUE", "/PlannedStartDate"),
        ({"PlannedStartDate": 1775023200}, "BAD_VALUE", "/PlannedStartDate"),
        ({"WorkOrderTypeCode": "URGENT"}, "BAD_VALUE", "/WorkOrderTypeCode"),
        ({"WorkOrderTypeCode": None}, "MANDATORY", "/WorkOrderTypeCode"),
        ({"WorkOrderSubTypeCode": "URGENT"}, "BAD_VALUE", "/WorkOrderSubTypeCode"),
        ({"AssetNumber": "NONE"}, "BAD_VALUE", "/AssetNumber"),
        ({"AssetId": 7}, "BAD_VALUE", "/AssetNumber"),
        ({"OrganizationCode": "M9"}, "BAD_VALUE", "/OrganizationCode"),
        ({"WorkOrderStatusCode": "RELEASED"}, "UNKNOWN_STATUS", "/WorkOrderStatusCode"),
        ({"WorkOrderStatusCode": "ORA_RELEASED"}, "STATUS_ORDER", "/WorkOrderStatusCode"),
        ({"WorkOrderStatusCode": "ORA_COMPLETED"}, "STATUS_ORDER", "/WorkOrderStatusCode"),
        ({"WorkOrderOperation": {}}, "BAD_VALUE", "/WorkOrderOperation"),
    ],
)
def test_a_bad_attribute_is_refused_at_the_create(
    plant: Plant, attributes: dict[str, Any], code: str, path: str
) -> None:
    response = plant.request("POST", json={**ORDER, **attributes})
    assert refusal(response) == (400, code)
    assert response.json()["o:errorDetails"][0]["o:errorPath"] == path
    assert plant.orders() == []
    assert plant.counters() == {"refused_400": 1}


@pytest.mark.parametrize("name", ["OrganizationCode", "AssetNumber", "WorkOrderTypeCode"])
def test_organization_asset_and_type_are_needed(plant: Plant, name: str) -> None:
    body = {key: value for key, value in ORDER.items() if key != name}
    assert refusal(plant.request("POST", json=body)) == (400, "MANDATORY")


def test_organization_and_asset_may_be_named_by_their_ids(plant: Plant) -> None:
    known = plant.create().json()
    body = {"OrganizationId": known["OrganizationId"], "AssetId": known["AssetId"], "WorkOrderTypeCode": "PREVENTIVE"}
    item = plant.request("POST", json=body).json()
    assert (item["OrganizationCode"], item["AssetNumber"]) == ("M1", "PUMP-0042")
    assert refusal(plant.request("POST", json={**body, "AssetId": 7})) == (400, "BAD_VALUE")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("application/vnd.oracle.adf.resourceitem+json", 201),
        ("text/plain", 415),
        ("application/vnd.oracle.adf.action+json", 415),
        ("", 415),
    ],
)
def test_a_body_needs_its_media_type(plant: Plant, content_type: str, status: int) -> None:
    response = plant.request("POST", content=json.dumps(ORDER), headers={"Content-Type": content_type})
    assert response.status_code == status


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"'])
def test_a_body_that_is_no_object_is_refused(plant: Plant, content: str) -> None:
    response = plant.request("POST", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 400


def test_a_number_is_taken_once_in_an_organization(plant: Plant) -> None:
    plant.simulator.set(plant.name, organizations=["M2"])
    plant.create(WorkOrderNumber="CMMS-1")
    twice = plant.request("POST", json={**ORDER, "WorkOrderNumber": "CMMS-1"})
    assert refusal(twice) == (400, "DUPLICATE_NUMBER")
    plant.create(WorkOrderNumber="CMMS-1", OrganizationCode="M2")
    ids = [order["WorkOrderId"] for order in plant.orders()]
    assert plant.simulator.duplicates(plant.name) == {"CMMS-1": ids}
    assert len(ids) == 2


def test_orders_without_a_number_get_one_of_their_own(plant: Plant) -> None:
    first = plant.create().json()["WorkOrderNumber"]
    taken = f"M1-{int(first.removeprefix('M1-')) + 1}"
    plant.create(WorkOrderNumber=taken)
    numbers = {first, taken, *(plant.create().json()["WorkOrderNumber"] for _ in range(3))}
    assert len(numbers) == 5


def test_an_upsert_changes_the_order_of_that_number_or_makes_it(plant: Plant) -> None:
    def upsert(**attributes: Any) -> tuple[int, int]:
        body = {**ORDER, "WorkOrderNumber": "CMMS-1", **attributes}
        response = plant.request("POST", json=body, headers={"Upsert-Mode": "true"})
        return response.status_code, response.json().get("WorkOrderId", 0)

    created, order_id = upsert()
    assert (created, upsert(WorkOrderDescription="new")) == (201, (200, order_id))
    assert plant.orders()[0]["WorkOrderDescription"] == "new"
    assert upsert(AssetNumber="FAN-7") == (400, 0)
    assert plant.counters() == {"creates": 1, "updates": 1, "refused_400": 1}


def test_a_change_with_an_old_etag_is_answered_with_the_order_as_it_is(plant: Plant) -> None:
    response = plant.create()
    order_id, old = response.json()["WorkOrderId"], {"If-Match": response.headers["ETag"]}
    changed = plant.patch(order_id, old, WorkOrderDescription="first")
    assert changed.status_code == 200
    stale = plant.patch(order_id, old, WorkOrderDescription="second")
    assert (stale.status_code, stale.headers["ETag"]) == (412, changed.headers["ETag"])
    assert stale.json()["WorkOrderDescription"] == "first"
    assert plant.patch(order_id, {"If-Match": "*"}, WorkOrderDescription="third").status_code == 200
    assert plant.patch(order_id, WorkOrderDescription="fourth").status_code == 200
    assert plant.counters() == {"creates": 1, "updates": 3, "refused_412": 1}


def test_a_tenant_may_have_no_etags(plant: Plant) -> None:
    plant.simulator.set(plant.name, etag=False)
    response = plant.create()
    order_id = response.json()["WorkOrderId"]
    assert "ETag" not in response.headers
    assert "ETag" not in plant.get(f"{ORDERS}/{order_id}").headers
    assert "properties" not in plant.get().json()["items"][0]["links"][0]
    assert plant.patch(order_id, {"If-Match": '"old"'}, WorkOrderDescription="x").status_code == 200


def test_an_order_that_the_client_has_is_not_sent_again(plant: Plant) -> None:
    response = plant.create()
    path, known = f"{ORDERS}/{response.json()['WorkOrderId']}", {"If-None-Match": response.headers["ETag"]}
    assert plant.request("GET", path, headers=known).status_code == 304
    plant.patch(response.json()["WorkOrderId"], WorkOrderDescription="x")
    assert plant.request("GET", path, headers=known).status_code == 200


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"WorkOrderNumber": "other"}, "READ_ONLY"),
        ({"AssetNumber": "FAN-7"}, "READ_ONLY"),
        ({"OrganizationCode": "M1"}, "READ_ONLY"),
        ({"WorkOrderName": "x"}, "UNKNOWN_ATTRIBUTE"),
        ({"WorkOrderTypeCode": None}, "MANDATORY"),
        ({"WorkOrderDescription": "x" * 241}, "TOO_LONG"),
        ({"PlannedCompletionDate": "tomorrow"}, "BAD_VALUE"),
    ],
)
def test_a_bad_attribute_is_refused_at_the_change_and_nothing_is_written(
    plant: Plant, attributes: dict[str, Any], code: str
) -> None:
    before = plant.create().json()
    response = plant.patch(before["WorkOrderId"], WorkOrderPriority=9, **attributes)
    assert refusal(response) == (400, code)
    assert plant.get(f"{ORDERS}/{before['WorkOrderId']}").json() == before


def test_an_attribute_can_be_emptied(plant: Plant) -> None:
    item = plant.create(PlannedStartDate="2026-04-01T06:00:00+00:00").json()
    changed = plant.patch(item["WorkOrderId"], PlannedStartDate=None, WorkOrderDescription=None).json()
    assert (changed["PlannedStartDate"], changed["WorkOrderDescription"]) == (None, None)


def test_operations_have_rules_of_their_own(plant: Plant) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    response = plant.add_operation(order_id)
    operation = response.json()
    path = f"{ORDERS}/{order_id}/child/WorkOrderOperation/{operation['WoOperationId']}"
    assert (response.status_code, response.headers["Location"].endswith(path)) == (201, True)
    for attributes, code in (
        ({}, "DUPLICATE_SEQUENCE"),
        ({"OperationSequenceNumber": 0}, "BAD_SEQUENCE"),
        ({"OperationSequenceNumber": 20, "WorkCenterCode": None}, "MANDATORY"),
        ({"OperationSequenceNumber": 20, "WoOperationId": 5}, "READ_ONLY"),
        ({"OperationSequenceNumber": 20, "Name": "x"}, "UNKNOWN_ATTRIBUTE"),
    ):
        assert refusal(plant.add_operation(order_id, **attributes)) == (400, code)
    changed = plant.request(
        "PATCH", path, json={"OperationName": "New"}, headers={"If-Match": response.headers["ETag"]}
    )
    assert (changed.status_code, changed.json()["OperationName"]) == (200, "New")
    stale = plant.request("PATCH", path, json={"OperationName": "X"}, headers={"If-Match": response.headers["ETag"]})
    assert (stale.status_code, stale.json()["OperationName"]) == (412, "New")
    assert refusal(plant.request("PATCH", path, json={"OperationSequenceNumber": 5})) == (400, "READ_ONLY")
    assert plant.get(path).json() == changed.json()
    assert plant.request("DELETE", path).status_code == 204
    assert plant.get(path).status_code == 404


def test_operations_name_known_master_data_if_the_tenant_has_any(plant: Plant) -> None:
    plant.simulator.set(plant.name, standard_operations=["INSPECT"], work_centers=["MAIN"])
    order_id = plant.create(WorkOrderOperation=[OPERATION]).json()["WorkOrderId"]
    standard = {"OperationSequenceNumber": 20, "OperationName": None, "WorkCenterCode": None}
    assert plant.add_operation(order_id, **standard, StandardOperationCode="INSPECT").status_code == 201
    for wrong in ({"StandardOperationCode": "PAINT"}, {"WorkCenterCode": "ATTIC"}):
        assert refusal(plant.add_operation(order_id, OperationSequenceNumber=30, **wrong)) == (400, "BAD_VALUE")
