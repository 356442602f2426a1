"""The simulated SAP moves an order through its statuses in the order that SAP demands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sap.functions import FUNCTIONS
from local.sap.status import CODES, STEPS, Status, way_to
from tests.integration.sap.conftest import Plant, key, message

_RELEASE = "ReleaseMaintenanceOrder"
_COMPLETE = "SetMaintOrdToTechCompleted"
_CLOSE = "SetMaintOrderStatusToClosed"
_REFUSE = "SetMaintOrderToDoNotExecute"
_FLAG = "SetMaintOrdStsToMrkdForDeltn"
_UNCOMPLETE = "ResetMaintOrdStsTechCompleted"
_REOPEN = "ResetMaintOrderStatusClosed"
_UNREFUSE = "ResetStatusFromDoNotExecute"
_UNFLAG = "ResetMaintOrdStsMrkdForDeltn"

# status -> function -> status after; every function that is not listed is refused
_TABLE: dict[str, dict[str, str]] = {
    "CRTD": {_RELEASE: "REL", _REFUSE: "NOEX", _FLAG: "DLFL"},
    "REL": {_COMPLETE: "TECO", _REFUSE: "NOEX", _FLAG: "DLFL"},
    "PCNF": {_COMPLETE: "TECO", _FLAG: "DLFL"},
    "CNF": {_COMPLETE: "TECO", _FLAG: "DLFL"},
    "TECO": {_UNCOMPLETE: "REL", _CLOSE: "CLSD", _FLAG: "DLFL"},
    "CLSD": {_REOPEN: "TECO", _FLAG: "DLFL"},
    "NOEX": {_UNREFUSE: "CRTD", _FLAG: "DLFL"},
    "DLFL": {_UNFLAG: "CRTD"},
}


@pytest.mark.parametrize("start", CODES)
def test_only_the_functions_that_fit_the_status_are_taken(plant: Plant, start: str) -> None:
    for function in FUNCTIONS:
        number = plant.create()["MaintenanceOrder"]
        plant.simulator.set_status(plant.name, number, start)
        response = plant.call(function, number)
        code = next(order["status"] for order in plant.orders() if order["MaintenanceOrder"] == number)
        if function in _TABLE[start]:
            assert response.status_code == 200
            assert response.json() == {"d": {function: {"IsInvalid": False}}}
            assert "etag" not in response.headers
            assert code == _TABLE[start][function]
        else:
            assert message(response)[0] == 400
            assert f"is not allowed in status {start}" in message(response)[1]
            assert code == start


@pytest.mark.parametrize("code", CODES)
def test_completed_closed_refused_and_flagged_orders_take_no_change(plant: Plant, code: str) -> None:
    order = plant.create()
    plant.simulator.set_status(plant.name, order["MaintenanceOrder"], code)
    changed = plant.request("PATCH", key(order), json={"MaintPriority": "1"}, headers={"If-Match": "*"})
    text = plant.request("POST", f"{key(order)}/to_MaintenanceOrderLongText", json={"TextObjectType": "KOPF"})
    expected = (400, 400) if code in ("TECO", "CLSD", "NOEX", "DLFL") else (204, 201)
    assert (changed.status_code, text.status_code) == expected


def test_the_status_line_has_cells_of_five_and_ends_after_forty_characters(plant: Plant) -> None:
    plant.configure(noise=("GMPS", "JBFI", "MANC", "PRC", "SETC", "TTJL", "XXXX"))
    order = plant.create()
    plant.simulator.set_status(plant.name, order["MaintenanceOrder"], "CNF")
    assert plant.read(key(order))["SystemStatusText"] == "REL  CNF  GMPS JBFI MANC PRC  SETC TTJL"
    plant.simulator.set_status(plant.name, order["MaintenanceOrder"], "DLFL")
    assert plant.read(key(order))["SystemStatusText"].split()[:3] == ["REL", "CNF", "DLFL"]


@pytest.mark.parametrize("moves", [True, False])
def test_a_function_makes_a_new_version_and_moves_the_last_change_if_so_set(plant: Plant, moves: bool) -> None:
    plant.configure(status_moves_last_change=moves)
    order = plant.create()
    assert plant.call(_RELEASE, order["MaintenanceOrder"]).status_code == 200
    released = plant.read(key(order))
    assert released["__metadata"]["etag"] != order["__metadata"]["etag"]
    assert (released["LastChangeDateTime"] is not None) == moves


def test_completing_keeps_the_reference_time(plant: Plant) -> None:
    order = plant.create()
    number = order["MaintenanceOrder"]
    plant.call(_RELEASE, number)
    response = plant.call(
        _COMPLETE,
        number,
        MaintOrderReferenceDateTime="datetimeoffset'2026-04-01T10:00:00Z'",
        MainWrkCmpltdDateTimeIsUsed="true",
        AssignedMaintNotifIsToBeClosed="false",
    )
    assert response.status_code == 200
    found = plant.read(key(order))
    expected = "/Date(1775037600000+0000)/"
    assert (found["MaintOrderReferenceDateTime"], found["MainWorkCompletedDateTime"]) == (expected, expected)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "MaintenanceOrder=",
        "MaintenanceOrder=''",
        "MaintenanceOrder=4000000",
        "MaintenanceOrder='4000000'&Other='1'",
        "MaintenanceOrder='4000000'&MaintenanceOrder='4000000'",
        "MaintenanceOrder='4000000'&MaintOrderReferenceDateTime='2026-04-01T10:00:00Z'",
        "MaintenanceOrder='4000000'&MaintOrderReferenceDateTime=datetime'2026-04-01T10:00:00'",
        "MaintenanceOrder='4000000'&MainWrkCmpltdDateTimeIsUsed='true'",
        "MaintenanceOrder='0000000004000000'",
    ],
)
def test_bad_parameters_of_a_function_are_refused(plant: Plant, query: str) -> None:
    plant.simulator.set_status(plant.name, plant.create()["MaintenanceOrder"], "REL")
    assert plant.request("POST", f"/{_COMPLETE}?{query}").status_code == 400
    assert plant.orders()[0]["status"] == "REL"


def test_a_function_on_an_order_that_does_not_exist_is_not_found(plant: Plant) -> None:
    assert plant.call(_RELEASE, "1").status_code == 404


def test_a_parameter_that_an_older_system_does_not_know_is_refused(plant: Plant) -> None:
    plant.configure(missing=["MainWrkCmpltdDateTimeIsUsed", "MaintOrderCreationDateTime"])
    order = plant.create()
    assert "MaintOrderCreationDateTime" not in order
    plant.call(_RELEASE, order["MaintenanceOrder"])
    assert plant.call(_COMPLETE, order["MaintenanceOrder"], MainWrkCmpltdDateTimeIsUsed="false").status_code == 400
    assert plant.call(_COMPLETE, order["MaintenanceOrder"]).status_code == 200
    metadata = plant.request("GET", "/$metadata").text
    assert "MainWrkCmpltdDateTimeIsUsed" not in metadata
    assert "MaintOrderCreationDateTime" not in metadata


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12), st.sampled_from(CODES))
def test_the_way_to_a_status_leads_there(steps: list[str], code: str) -> None:
    status = Status()
    for name in steps:
        status = STEPS[name].result(status) if STEPS[name].possible(status) else status
    try:
        way = way_to(status, code)
    except ValueError:
        assert status.confirmed or code == "CRTD"  # what was confirmed or released cannot be taken back
        return
    for name in way:
        assert STEPS[name].possible(status)
        status = STEPS[name].result(status)
    assert status.code == code
