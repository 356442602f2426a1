"""The simulated SAP takes the orders that a real one takes, keeps them as it does, and refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.sap.conftest import ORDER, Plant, key, message, text_key

_START = "/Date(1775000000000+0000)/"
_ANY = {"If-Match": "*"}


def test_a_new_order_has_a_number_a_status_and_no_last_change(plant: Plant) -> None:
    response = plant.request("POST", json={**ORDER, "MaintOrdBasicStartDateTime": _START})
    order = response.json()["d"]
    number = order["MaintenanceOrder"]
    assert response.headers["location"] == f"{plant.service}/MaintenanceOrder('{number}')"
    assert response.headers["etag"] == order["__metadata"]["etag"]
    assert order["__metadata"]["uri"] == response.headers["location"]
    assert order["SystemStatusText"] == "CRTD NMAT PRC  SETC"
    assert order["LastChangeDateTime"] is None
    assert order["MaintOrderCreationDateTime"].endswith("000+0000)/")
    assert order["CreatedByUser"] == "ERP"
    assert (order["Equipment"], order["LatestAcceptableCompletionDate"]) == ("", None)
    assert order["MaintOrdBasicStartDateTime"] == _START
    assert order["MaintOrdBasicStartDate"] == "/Date(1774915200000)/"
    assert order["MaintOrdBasicStartTime"] == "PT23H33M20S"
    assert order["to_MaintenanceOrderOperation"]["__deferred"]["uri"].endswith("/to_MaintenanceOrderOperation")
    assert order == plant.read(key(order))
    assert order == plant.read(f"/MaintenanceOrder(MaintenanceOrder='{number.zfill(12)}')")


@pytest.mark.parametrize(
    "fields",
    [
        {"Title": "x"},
        {"MaintenanceOrderDesc": 5},
        {"MaintenanceOrderDesc": "a" * 41},
        {"MaintenanceOrderDesc": "🔧" * 21},
        {"MaintPriority": 1},
        {"MaintPriority": "12"},
        {"ReferenceElement": "a" * 41},
        {"Equipment": "4711"},
        {"SystemStatusText": "REL"},
        {"LastChangeDateTime": _START},
        {"MaintOrdBasicStartDate": "/Date(1774915200000)/"},
        {"MaintOrdBasicStartDateTime": "2026-04-01T00:00:00Z"},
        {"MaintOrdBasicStartDateTime": 1775000000000},
        {"MaintOrdBasicStartDateTime": "/Date(999999999999999+0000)/"},
        {"LatestAcceptableCompletionDate": "2026-04-01"},
        {"LatestAcceptableCompletionDate": _START},
        {"MaintenanceOrder": "77"},
    ],
)
def test_a_bad_field_is_refused_at_create_and_at_change(plant: Plant, fields: dict[str, Any]) -> None:
    order = plant.create()
    assert message(plant.request("POST", json={**ORDER, **fields}))[0] == 400
    assert message(plant.request("PATCH", key(order), json=fields, headers=_ANY))[0] == 400
    assert plant.read(key(order)) == order
    assert plant.counters()["refused_400"] == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"MaintenanceOrderType": "PM02"},
        {"MaintenancePlanningPlant": "1020"},
        {"to_MaintenanceOrderLongText": []},
    ],
)
def test_what_is_fixed_at_the_create_cannot_be_changed(plant: Plant, fields: dict[str, Any]) -> None:
    order = plant.create()
    assert plant.request("PATCH", key(order), json=fields, headers=_ANY).status_code == 400


@pytest.mark.parametrize("missing", ["MaintenanceOrderType", "MaintenancePlanningPlant"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_order_needs_a_type_and_a_planning_plant(plant: Plant, missing: str, value: str | None) -> None:
    assert plant.request("POST", json={**ORDER, missing: value}).status_code == 400
    assert plant.orders() == []


def test_values_are_refused_that_customizing_does_not_allow(plant: Plant) -> None:
    plant.configure(allowed={"MaintenanceOrderType": ["PM01"], "MaintPriority": ["1", "2"]})
    assert plant.request("POST", json={**ORDER, "MaintenanceOrderType": "ZZ"}).status_code == 400
    assert plant.request("POST", json={**ORDER, "MaintPriority": "3"}).status_code == 400
    plant.create(MaintPriority="2")
    plant.create(MaintPriority="")


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("MaintenanceOrderDesc", "Größe 5  ", "Größe 5"),
        ("MaintenanceOrderDesc", "🔧" * 20, "🔧" * 20),
        ("ReferenceElement", "mx:plant-a:1", "MX:PLANT-A:1"),
        ("ReferenceElement", "straße", "STRAßE"),
        ("MaintObjectFreeDefinedAttrib", "abc", "ABC"),
        ("FunctionalLocation", "Line-1", "Line-1"),
        ("Equipment", "000000000010000045", "10000045"),
        ("Equipment", None, ""),
        ("LatestAcceptableCompletionDate", "/Date(1775000000000)/", "/Date(1774915200000)/"),
        ("LatestAcceptableCompletionDate", None, None),
        ("MaintOrdBasicEndDateTime", "/Date(1775000000999)/", _START),
        ("MaintOrdBasicEndDateTime", "/Date(1775000000000+0120)/", _START),
        ("MaintOrdBasicEndDateTime", "/Date(-1500+0000)/", "/Date(-2000+0000)/"),
    ],
)
def test_values_are_kept_as_sap_keeps_them(plant: Plant, name: str, given: Any, kept: Any) -> None:
    order = plant.create(**{name: given})
    assert order[name] == kept
    assert plant.request("PATCH", key(order), json={name: given}, headers=_ANY).status_code == 204
    assert plant.read(key(order))[name] == kept


def test_the_name_of_the_equipment_is_shown(plant: Plant) -> None:
    order = plant.create(Equipment="10000045")
    shown = [order[name] for name in ("EquipmentName", "TechnicalObject", "TechObjIsEquipOrFuncnlLoc")]
    assert shown == ["Pump 45", "10000045", "EAMS_EQUI"]


@pytest.mark.parametrize(("method", "headers"), [("PATCH", {}), ("MERGE", {}), ("POST", {"X-HTTP-Method": "MERGE"})])
def test_a_change_needs_the_latest_version_and_answers_nothing_but_the_new_one(
    plant: Plant, method: str, headers: dict[str, str]
) -> None:
    order = plant.create(MaintPriority="3")
    path, change, etag = key(order), {"MaintPriority": "1"}, order["__metadata"]["etag"]
    assert message(plant.request(method, path, json=change, headers=headers))[0] == 428
    first = plant.request(method, path, json=change, headers={**headers, "If-Match": etag})
    assert (first.status_code, first.content) == (204, b"")
    assert message(plant.request(method, path, json=change, headers={**headers, "If-Match": etag}))[0] == 412
    changed = plant.read(path)
    assert changed["__metadata"]["etag"] == first.headers["etag"] == plant.etag(path) != etag
    assert (changed["MaintPriority"], changed["MaintenanceOrderDesc"]) == ("1", "Replace seal")
    assert changed["LastChangeDateTime"].endswith("000+0000)/")
    assert changed["LastChangeByUser"] == "ERP"
    assert plant.request(method, path, json=change, headers={**headers, "If-Match": "*"}).status_code == 204
    assert {**plant.counters(), "requests": 0, "token_fetches": 0, "service_documents": 0} == {
        "requests": 0,
        "token_fetches": 0,
        "service_documents": 0,
        "creates": 1,
        "reads": 2,
        "updates": 2,
        "refused_428": 1,
        "refused_412": 1,
    }


def test_a_reference_used_twice_makes_two_orders_and_shows(plant: Plant) -> None:
    ids = [plant.create(ReferenceElement="MX:A:1")["MaintenanceOrder"] for _ in range(2)]
    plant.create()
    plant.create()
    assert plant.simulator.duplicates(plant.name) == {"MX:A:1": ids}


def test_an_order_is_created_with_its_operations_and_texts(plant: Plant) -> None:
    order = plant.create(
        to_MaintenanceOrderOperation=[
            {
                "MaintenanceOrderOperation": "0010",
                "OperationDescription": "Swap seal",
                "MaintOrdOperationWorkDuration": "2.5",
                "MaintOrdOpWorkDurationUnit": "H",
                "NumberOfCapacities": 2,
            },
            {"OperationDescription": "Test run"},
        ],
        to_MaintenanceOrderLongText={"results": [{"TextObjectType": "KOPF", "MaintenanceOrderLongText": "CMMS 42\n"}]},
    )
    number = order["MaintenanceOrder"]
    operations = order["to_MaintenanceOrderOperation"]["results"]
    assert [operation["MaintenanceOrderOperation"] for operation in operations] == ["0010", "0020"]
    assert operations[0]["MaintOrdOperationWorkDuration"] == "2.5"
    assert operations[0]["MaintenanceOrder"] == number
    assert operations[0]["SystemStatusText"] == "CRTD"
    (text,) = order["to_MaintenanceOrderLongText"]["results"]
    assert (text["Language"], text["MaintenanceOrderLongText"]) == ("EN", "CMMS 42\n")
    assert order["OrderHasLongText"] is True
    assert plant.read(text_key(order)) == text
    assert plant.read(f"{key(order)}/to_MaintenanceOrderOperation")["results"] == operations


@pytest.mark.parametrize(
    "nested",
    [
        {"to_MaintenanceOrderLongText": "text"},
        {"to_MaintenanceOrderLongText": [{"MaintenanceOrderLongText": "x"}]},
        {"to_MaintenanceOrderLongText": [{"TextObjectType": "NOPE", "MaintenanceOrderLongText": "x"}]},
        {"to_MaintenanceOrderLongText": [{"TextObjectType": "KOPF"}, {"TextObjectType": "KOPF"}]},
        {"to_MaintenanceOrderOperation": [{"MaintOrdOperationWorkDuration": 2.5}]},
        {"to_MaintenanceOrderOperation": [{"MaintOrdOperationWorkDuration": "2.55"}]},
        {"to_MaintenanceOrderOperation": [{"NumberOfCapacities": "2"}]},
        {"to_MaintenanceOrderOperation": [{"OperationPersonResponsible": "ADA"}]},
    ],
)
def test_an_order_with_a_bad_child_is_not_created_at_all(plant: Plant, nested: dict[str, Any]) -> None:
    assert plant.request("POST", json={**ORDER, **nested}).status_code == 400
    assert plant.orders() == []


def test_a_text_is_added_changed_and_deleted_by_version(plant: Plant) -> None:
    order = plant.create()
    collection, body = f"{key(order)}/to_MaintenanceOrderLongText", {"TextObjectType": "KOPF", "Language": "EN"}
    added = plant.request("POST", collection, json={**body, "MaintenanceOrderLongText": "one"})
    assert added.status_code == 201
    assert plant.request("POST", collection, json=body).status_code == 400
    assert plant.etag(key(order)) != order["__metadata"]["etag"]
    path, change = text_key(order), {"MaintenanceOrderLongText": "two"}
    assert plant.request("PATCH", path, json=change).status_code == 428
    etag = added.headers["etag"]
    assert etag == plant.etag(path) != plant.etag(key(order))
    assert plant.request("PATCH", path, json=change, headers={"If-Match": etag}).status_code == 204
    assert plant.request("PATCH", path, json=change, headers={"If-Match": etag}).status_code == 412
    assert plant.read(path)["MaintenanceOrderLongText"] == "two"
    assert plant.request("PATCH", path, json={"Language": "DE"}, headers=_ANY).status_code == 400
    assert plant.request("DELETE", path).status_code == 428
    assert plant.request("DELETE", path, headers={"If-Match": plant.etag(path)}).status_code == 204
    assert plant.request("GET", path).status_code == 404
    assert plant.read(key(order))["OrderHasLongText"] is False


def test_an_operation_is_added_and_changed(plant: Plant) -> None:
    order = plant.create()
    collection = f"{key(order)}/to_MaintenanceOrderOperation"
    added = plant.request("POST", collection, json={"MaintenanceOrderOperation": "20", "WorkCenter": "mech"})
    operation = added.json()["d"]
    assert (operation["MaintenanceOrderOperation"], operation["WorkCenter"]) == ("0020", "MECH")
    path = (
        f"/MaintenanceOrderOperation(MaintenanceOrder='{order['MaintenanceOrder']}',"
        "MaintenanceOrderOperation='0020',MaintenanceOrderSubOperation='')"
    )
    change = {"MaintOrdOperationWorkDuration": "1.0", "MaintOrdOpWorkDurationUnit": "H"}
    assert plant.request("PATCH", path, json=change, headers={"If-Match": added.headers["etag"]}).status_code == 204
    assert plant.read(path)["MaintOrdOperationWorkDuration"] == "1.0"
    assert plant.request("PATCH", path, json={"ActualWorkQuantity": "1.000"}, headers=_ANY).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["(4000000)", "('4000000',x='1')", "(Number='1')", "(MaintenanceOrder='1',MaintenanceOrder='2',X='3')", "(null)"],
)
def test_a_malformed_key_is_refused(plant: Plant, path: str) -> None:
    assert plant.request("GET", f"/MaintenanceOrder{path}").status_code == 400


def test_a_person_makes_changes_confirms_and_archives_orders_by_the_same_rules(plant: Plant) -> None:
    simulator, name = plant.simulator, plant.name
    made = simulator.create(name, **ORDER, MaintOrdBasicStartDateTime="2026-04-01T08:00:00+02:00")
    number = made["MaintenanceOrder"]
    assert made["MaintOrdBasicStartDateTime"] == "2026-04-01T06:00:00Z"
    before = plant.etag(f"/MaintenanceOrder('{number}')")
    edited = simulator.edit(name, number, LatestAcceptableCompletionDate="2026-05-01", MaintPriority="1")
    assert edited["LatestAcceptableCompletionDate"] == "2026-05-01T00:00:00"
    assert edited["LastChangeByUser"] == "ADA"
    assert plant.etag(f"/MaintenanceOrder('{number}')") not in (before, "")
    assert simulator.write_long_text(name, number, "one")["long_texts"][0]["MaintenanceOrderLongText"] == "one"
    assert simulator.write_long_text(name, number, "two")["long_texts"][0]["MaintenanceOrderLongText"] == "two"
    assert simulator.set_status(name, number, "REL")["status"] == "REL"
    assert simulator.confirm(name, number)["status"] == "PCNF"
    assert simulator.confirm(name, number, final=True)["status"] == "CNF"
    simulator.delete(name, number)
    assert plant.request("GET", f"/MaintenanceOrder('{number}')").status_code == 404
    assert plant.create()["MaintenanceOrder"] != number


def test_another_clock_is_seen_in_the_times(plant: Plant) -> None:
    first = plant.create()["MaintOrderCreationDateTime"]
    plant.configure(clock_offset_s=7200)
    later = plant.create()["MaintOrderCreationDateTime"]
    assert 7200 <= (int(later[6:-10]) - int(first[6:-10])) < 7200 + 600
