"""Pages, shapes and sequences of the simulated Oracle's collections."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.oracle.conftest import OPERATION, ORDERS, Plant


def made(plant: Plant, count: int) -> list[int]:
    return [plant.create(WorkOrderPriority=number % 2).json()["WorkOrderId"] for number in range(count)]


def paged(plant: Plant, limit: int, **params: Any) -> list[int]:
    found: list[int] = []
    while True:
        page = plant.get(limit=limit, offset=len(found), onlyData="true", **params).json()
        found += [item["WorkOrderId"] for item in page["items"]]
        if not page["hasMore"]:
            return found


def test_a_page_has_25_rows_unless_told_and_counts_all_only_if_asked(plant: Plant) -> None:
    made(plant, 27)
    page = plant.get().json()
    assert {key: page[key] for key in ("count", "hasMore", "limit", "offset")} == {
        "count": 25,
        "hasMore": True,
        "limit": 25,
        "offset": 0,
    }
    assert "totalResults" not in page
    rest = plant.get(offset=25, totalResults="true").json()
    assert (rest["count"], rest["hasMore"], rest["totalResults"]) == (2, False, 27)


def test_no_page_is_longer_than_499(plant: Plant) -> None:
    assert plant.get(limit=100_000).json()["limit"] == 499


def test_paging_in_the_order_of_the_key_finds_every_order_once(plant: Plant) -> None:
    ids = made(plant, 11)
    assert paged(plant, 3, orderBy="WorkOrderId") == ids
    assert paged(plant, 3, orderBy="WorkOrderId:desc") == ids[::-1]
    assert paged(plant, 4, orderBy="WorkOrderPriority:desc,WorkOrderId:asc") == ids[1::2] + ids[::2]


def test_paging_without_an_order_loses_rows(plant: Plant) -> None:
    ids = made(plant, 11)
    assert len(set(paged(plant, 3))) < len(ids)
    assert len(set(paged(plant, 3, orderBy="WorkOrderPriority"))) < len(ids)
    assert sorted(paged(plant, 25)) == ids


def test_empty_values_come_last(plant: Plant) -> None:
    empty = plant.create().json()["WorkOrderId"]
    filled = plant.create(WorkOrderPriority=1).json()["WorkOrderId"]
    assert paged(plant, 5, orderBy="WorkOrderPriority") == [filled, empty]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "²"},
        {"offset": "-1"},
        {"orderBy": "WorkOrderName"},
        {"orderBy": "WorkOrderStatus"},
        {"orderBy": "WorkOrderId:down"},
        {"fields": "WorkOrderName"},
        {"fields": "Other:WorkOrderId"},
        {"expand": "WorkOrderAsset"},
        {"onlyData": "yes"},
        {"totalResults": "1"},
        {"$filter": "WorkOrderId eq 1"},
        {"finder": "PrimaryKey"},
    ],
)
def test_a_bad_parameter_is_refused(plant: Plant, params: dict[str, Any]) -> None:
    assert plant.get(**params).status_code == 400


def test_links_carry_the_change_indicator_that_the_etag_is_made_of(plant: Plant) -> None:
    etag = plant.create().headers["ETag"]
    [item] = plant.get().json()["items"]
    own = next(link for link in item["links"] if link["rel"] == "self")
    assert f'"{own["properties"]["changeIndicator"]}"' == etag
    assert plant.simulator.http.get(own["href"], auth=("integration", "password-1")).headers["ETag"] == etag
    [item] = plant.get(onlyData="true").json()["items"]
    assert "links" not in item


def test_fields_trims_the_items_and_outdoes_expand(plant: Plant) -> None:
    plant.create(WorkOrderOperation=[OPERATION])
    [item] = plant.get(fields="WorkOrderId,WorkOrderNumber", expand="WorkOrderOperation").json()["items"]
    assert set(item) == {"WorkOrderId", "WorkOrderNumber", "links"}
    text = "WorkOrderId;WorkOrderOperation:OperationName"
    [item] = plant.get(fields=text, onlyData="true").json()["items"]
    assert set(item) == {"WorkOrderId", "WorkOrderOperation"}
    assert item["WorkOrderOperation"]["items"] == [{"OperationName": "Work"}]


@pytest.mark.parametrize("framework", [1, 2])
def test_expanded_children_are_an_array_before_version_3(plant: Plant, framework: int) -> None:
    plant.create(WorkOrderOperation=[OPERATION])
    [item] = plant.get(framework=framework, expand="WorkOrderOperation").json()["items"]
    assert [child["OperationSequenceNumber"] for child in item["WorkOrderOperation"]] == [10]


@pytest.mark.parametrize("framework", [3, 4])
def test_expanded_children_are_a_collection_from_version_3_on(plant: Plant, framework: int) -> None:
    operations = [{**OPERATION, "OperationSequenceNumber": number} for number in range(1, 28)]
    order_id = plant.create(WorkOrderOperation=operations).json()["WorkOrderId"]
    item = plant.get(f"{ORDERS}/{order_id}", framework=framework, expand="WorkOrderOperation").json()
    children = item["WorkOrderOperation"]
    assert (children["count"], children["hasMore"], children["limit"]) == (25, True, 25)
    path = f"{ORDERS}/{order_id}/child/WorkOrderOperation"
    rest = plant.get(path, framework=framework, offset=25, orderBy="OperationSequenceNumber").json()
    assert [child["OperationSequenceNumber"] for child in rest["items"]] == [26, 27]


def test_describe_tells_every_attribute_that_an_order_has(plant: Plant) -> None:
    resource = plant.get(f"{ORDERS}/describe").json()["Resources"]["maintenanceWorkOrders"]
    told = {attribute["name"]: attribute for attribute in resource["attributes"]}
    assert set(told) == set(plant.create().json()) - {"links"}
    number, actual = told["WorkOrderNumber"], told["ActualStartDate"]
    assert (number["type"], number["maxLength"], number["queryable"], number["updatable"]) == (
        "string",
        120,
        True,
        False,
    )
    assert (number["allowChanges"], actual["allowChanges"], actual["updatable"]) == ("insert", "never", False)
    assert told["WorkOrderDescription"]["updatable"]
    assert not told["WorkOrderStatus"]["queryable"]
    assert "OperationName" in {one["name"] for one in resource["children"]["WorkOrderOperation"]["attributes"]}
    assert plant.counters()["describes"] == 1


def test_a_tenant_may_not_have_the_time_of_the_last_change(plant: Plant) -> None:
    assert plant.get(q="LastUpdateDate >= '2020-01-01'").status_code == 200
    plant.simulator.set(plant.name, last_update_date=False)
    assert "LastUpdateDate" not in plant.create().json()
    unknown: list[dict[str, Any]] = [
        {"q": "LastUpdateDate >= '2020-01-01'"},
        {"orderBy": "LastUpdateDate"},
        {"fields": "LastUpdateDate"},
    ]
    for params in unknown:
        assert plant.get(**params).status_code == 400
    told = plant.get(f"{ORDERS}/describe").json()["Resources"]["maintenanceWorkOrders"]["attributes"]
    assert "LastUpdateDate" not in {attribute["name"] for attribute in told}


def test_changes_are_found_by_the_time_of_the_last_one(plant: Plant) -> None:
    times = [f"2026-04-01T0{hour}:00:00+00:00" for hour in (6, 7, 8)]
    plant.simulator.set_clock(plant.name, times[0])
    first, second = made(plant, 2)
    plant.simulator.set_clock(plant.name, times[1])
    plant.patch(first, WorkOrderPriority=5)
    found = plant.get(q=f"LastUpdateDate >= '{times[1]}'").json()["items"]
    assert [(item["WorkOrderId"], item["LastUpdateDate"]) for item in found] == [(first, times[1])]
    plant.simulator.set_clock(plant.name, times[2])
    plant.simulator.edit(plant.name, second, WorkOrderPriority=6)
    assert plant.get(q=f"LastUpdateDate > '{times[1]}'").json()["items"][0]["WorkOrderId"] == second
