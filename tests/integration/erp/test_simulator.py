"""The simulated ERP refuses what a real one refuses, and fails as a real one fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import loopback
from tests.integration.erp.conftest import ORDER, Plant


def created(plant: Plant, **fields: Any) -> httpx.Response:
    response = plant.request("POST", json={**ORDER, **fields})
    assert response.status_code == 201, response.text
    return response


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"title": "x"}, (400, "UNKNOWN_FIELD")),
        ({"id": "7"}, (400, "UNKNOWN_FIELD")),
        ({"shortText": 5}, (400, "WRONG_TYPE")),
        ({"shortText": "a" * 41}, (422, "FIELD_TOO_LONG")),
        ({"externalReference": "a" * 41}, (422, "FIELD_TOO_LONG")),
        ({"equipment": "9999"}, (422, "UNKNOWN_EQUIPMENT")),
        ({"status": "OPEN"}, (422, "UNKNOWN_VALUE")),
        ({"status": "CLOSED"}, (422, "STATUS_ORDER")),
        ({"priority": "0"}, (422, "UNKNOWN_VALUE")),
        ({"dueDate": "tomorrow"}, (422, "BAD_DATE")),
        ({"dueDate": "2026-09-16T16:00:00"}, (422, "BAD_DATE")),
        ({"orderType": None}, (422, "FIELD_MISSING")),
    ],
)
def test_a_bad_field_is_refused_at_create_and_at_change(
    plant: Plant, fields: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert code(plant.request("POST", json={**ORDER, **fields})) == refusal
    order = created(plant)
    change = plant.request(
        "PATCH", f"/orders/{order.json()['id']}", json=fields, headers={"If-Match": order.headers["ETag"]}
    )
    assert code(change) == refusal
    assert plant.counters() == {"creates": 1, f"refused_{refusal[0]}": 2}


def test_a_missing_required_field_is_refused(plant: Plant) -> None:
    assert code(plant.request("POST", json={"shortText": "x"})) == (422, "FIELD_MISSING")


def test_a_change_needs_the_latest_version(plant: Plant) -> None:
    order = created(plant)
    path, change = f"/orders/{order.json()['id']}", {"shortText": "new"}
    assert code(plant.request("PATCH", path, json=change)) == (428, "PRECONDITION_REQUIRED")
    first = plant.request("PATCH", path, json=change, headers={"If-Match": order.headers["ETag"]})
    assert first.status_code == 200
    assert first.headers["ETag"] != order.headers["ETag"]
    stale = plant.request("PATCH", path, json=change, headers={"If-Match": order.headers["ETag"]})
    assert code(stale) == (412, "VERSION_CONFLICT")
    assert plant.request("GET", path).headers["ETag"] == first.headers["ETag"]


def test_a_closed_order_cannot_be_changed_and_only_a_completed_one_closed(plant: Plant) -> None:
    order = created(plant).json()

    def set_status(status: str) -> httpx.Response:
        return plant.request("PATCH", f"/orders/{order['id']}", json={"status": status}, headers={"If-Match": "*"})

    assert code(set_status("CLOSED")) == (422, "STATUS_ORDER")
    assert set_status("COMPLETED").status_code == 200
    assert set_status("CLOSED").status_code == 200
    assert code(set_status("IN_WORK")) == (409, "ORDER_CLOSED")


def test_the_reference_cannot_be_changed(plant: Plant) -> None:
    order = created(plant, externalReference="mx:a:1").json()
    change = plant.request(
        "PATCH", f"/orders/{order['id']}", json={"externalReference": "b"}, headers={"If-Match": "*"}
    )
    assert code(change) == (422, "READ_ONLY")


def test_a_reference_used_twice_makes_two_orders_and_shows(plant: Plant) -> None:
    ids = [created(plant, externalReference="mx:a:1").json()["id"] for _ in range(2)]
    assert plant.simulator.dump(plant.name)["duplicates"] == {"mx:a:1": ids}


def test_the_list_is_filtered_and_paged(plant: Plant) -> None:
    ids = [created(plant, externalReference=f"mx:a:{number % 2}").json()["id"] for number in range(5)]
    page = plant.request("GET", params={"externalReference": "mx:a:0", "limit": 2}).json()
    assert [item["id"] for item in page["items"]] == [ids[0], ids[2]]
    assert page["hasMore"]
    rest = plant.request("GET", params={"externalReference": "mx:a:0", "limit": 2, "offset": 2}).json()
    assert ([item["id"] for item in rest["items"]], rest["hasMore"]) == ([ids[4]], False)
    assert len(plant.request("GET").json()["items"]) == 5


@pytest.mark.parametrize(
    "params", [{"reference": "x"}, {"limit": "0"}, {"limit": "201"}, {"offset": "-1"}, {"limit": "²"}]
)
def test_a_bad_query_is_refused(plant: Plant, params: dict[str, str]) -> None:
    assert plant.request("GET", params=params).status_code == 400


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic d3Jvbmc=", "token-1", "Bearer \xfc"])
def test_other_credentials_are_refused(plant: Plant, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")}
    response = loopback.get(f"{plant.simulator.base_url}/{plant.name}/orders", headers=headers)
    assert response.status_code == 401


def test_tenants_see_nothing_of_each_other(plant: Plant) -> None:
    order = created(plant).json()
    other = plant.simulator.add_tenant(f"{plant.name}-other", "token-2")
    headers = {"Authorization": "Bearer token-2"}
    assert loopback.get(f"{other}/orders", headers=headers).json()["items"] == []
    assert loopback.get(f"{other}/orders/{order['id']}", headers=headers).status_code == 404
    assert loopback.get(f"{plant.simulator.base_url}/nobody/orders", headers=headers).status_code == 404


@pytest.mark.parametrize(("kind", "status"), [("outage", 503), ("throttle", 429)])
def test_a_refusing_erp_names_the_time_to_come_back_and_does_nothing(plant: Plant, kind: str, status: int) -> None:
    plant.fault(kind, times=2, retry_after_s=7)
    for _ in range(2):
        response = plant.request("POST", json=ORDER)
        assert (response.status_code, response.headers["Retry-After"]) == (status, "7")
    assert plant.orders() == []
    assert plant.request("POST", json=ORDER).status_code == 201


def test_an_outage_lasts_until_it_is_cleared(plant: Plant) -> None:
    plant.fault("outage")
    assert [plant.request("GET").status_code for _ in range(3)] == [503, 503, 503]
    plant.simulator.clear_faults()
    assert plant.request("GET").status_code == 200


@pytest.mark.parametrize(("kind", "orders"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_is_really_dropped(plant: Plant, kind: str, orders: int) -> None:
    plant.fault(kind, times=1, methods=["POST"])
    assert plant.request("GET").status_code == 200
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        plant.request("POST", json=ORDER)
    assert len(plant.orders()) == orders
    assert plant.request("GET").status_code == 200


def test_an_error_after_the_work_leaves_the_work_done(plant: Plant) -> None:
    plant.fault("error_after", times=1)
    assert plant.request("POST", json=ORDER).status_code == 500
    assert len(plant.orders()) == 1


@pytest.mark.parametrize("kind", ["slow_before", "slow_after"])
def test_a_slow_answer_still_comes(plant: Plant, kind: str) -> None:
    plant.fault(kind, times=1, delay_s=0.05)
    assert plant.request("POST", json=ORDER).status_code == 201


def test_a_fault_that_does_not_exist_is_refused(plant: Plant) -> None:
    for wrong in ({"kind": "fire"}, {"kind": "outage", "often": 3}, {}):
        response = plant.simulator.http.post(f"{plant.simulator.base_url}/_sim/faults", json=wrong)
        assert response.status_code == 400


def test_a_person_s_edit_makes_a_new_version_under_the_same_rules(plant: Plant) -> None:
    order = created(plant)
    plant.simulator.edit(plant.name, order.json()["id"], priority="2")
    assert plant.request("GET", f"/orders/{order.json()['id']}").headers["ETag"] != order.headers["ETag"]
    with pytest.raises(httpx.HTTPStatusError):
        plant.simulator.edit(plant.name, order.json()["id"], priority="9")
    assert plant.counters()["user_edits"] == 1


def test_the_process_says_when_it_is_ready_and_stops_when_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.erp", "--port", "0", "--tenant", "plant-1=token"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[3])
    try:
        assert process.stdout is not None
        word, address = process.stdout.readline().split()
        assert word == "ready"
        response = loopback.get(f"http://{address}/plant-1/orders", headers={"Authorization": "Bearer token"})
        assert response.json()["items"] == []
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("dialect", "params"),
    [
        ({"paging": "none"}, {"offset": "0"}),
        ({"paging": "none"}, {"limit": "5"}),
        ({"paging": "page"}, {"offset": "0"}),
        ({"paging": "page"}, {"page": "0"}),
        ({"paging": "cursor"}, {"page": "1"}),
        ({"paging": "cursor"}, {"pageToken": "made up"}),
        ({"paging": "next_link"}, {"pageSize": "201"}),
        ({"changed": "iso"}, {"changedSince": "yesterday"}),
        ({"changed": "iso"}, {"changedSince": "2026-09-14T12:00:00"}),
        ({"changed": "epoch_s"}, {"changedSince": "2026-09-14T12:00:00Z"}),
        ({"changed": "filter"}, {"changedSince": "2026-09-14T12:00:00Z"}),
        ({"changed": "filter"}, {"$filter": "changedAt gt 2026-09-14T12:00:00Z"}),
        ({"changed": "iso"}, {"$filter": "changedAt ge 2026-09-14T12:00:00Z"}),
    ],
)
def test_each_dialect_refuses_what_belongs_to_another(
    plant: Plant, dialect: dict[str, Any], params: dict[str, str]
) -> None:
    plant.speak(**dialect)
    assert plant.request("GET", params=params).status_code == 400


def test_a_token_of_one_search_is_refused_in_another(plant: Plant) -> None:
    plant.speak(paging="cursor", page_size=1)
    for number in range(3):
        created(plant, externalReference=f"mx:a:{number % 2}")
    token = plant.request("GET").json()["cursor"]["next"]
    assert plant.request("GET", params={"pageToken": token}).status_code == 200
    other = {"pageToken": token, "externalReference": "mx:a:0"}
    assert code(plant.request("GET", params=other)) == (400, "BAD_PARAMETER")


def test_orders_that_changed_come_in_the_sequence_of_their_changes(plant: Plant) -> None:
    first, second = (created(plant).json() for _ in range(2))
    plant.simulator.edit(plant.name, first["id"], priority="2")
    changed = plant.request("GET", params={"changedSince": first["createdAt"]}).json()["items"]
    times = [order["changedAt"] for order in changed]
    assert (sorted(order["id"] for order in changed), times) == ([first["id"], second["id"]], sorted(times))
    last = plant.request("GET", params={"changedSince": times[-1]}).json()["items"]
    assert changed[-1] in last


def test_a_put_empties_what_it_does_not_name(plant: Plant) -> None:
    plant.speak(update="PUT")
    order = created(plant, priority="2").json()
    path, headers = f"/orders/{order['id']}", {"If-Match": "*"}
    assert code(plant.request("PUT", path, json={"priority": "1"}, headers=headers)) == (422, "FIELD_MISSING")
    whole = {**ORDER, "status": "NEW"}
    assert plant.request("PUT", path, json=whole, headers=headers).json()["priority"] is None
    assert code(plant.request("PATCH", path, json=whole, headers=headers)) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("dialect", [{"paging": "backwards"}, {"conflict": 400}, {"page_size": "5"}, {"colour": "red"}])
def test_a_dialect_that_does_not_exist_is_refused(plant: Plant, dialect: dict[str, Any]) -> None:
    url = f"{plant.simulator.base_url}/_sim/tenants/{plant.name}"
    assert plant.simulator.http.put(url, json={"token": "t", "dialect": dialect}).status_code == 400
