"""The simulated SAP fails as a real one fails, as often and where a test wants it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import loopback
from local.sap.testing import ControlRefused, Simulator
from tests.integration.sap.conftest import CREDENTIALS, ORDER, Plant, key, message


def test_an_outage_and_a_throttle_say_when_to_come_back_and_do_nothing(plant: Plant) -> None:
    plant.fault("outage", times=1, retry_after_s=7)
    plant.fault("throttle", times=1, as_date=True)
    plant.fault("outage", times=1, retry_after_s=None)
    outage = plant.request("GET")
    assert (outage.status_code, outage.headers["retry-after"]) == (503, "7")
    assert outage.headers["content-type"].startswith("text/html")
    throttle = plant.request("GET")
    assert throttle.status_code == 429
    assert parsedate_to_datetime(throttle.headers["retry-after"])
    assert "retry-after" not in plant.request("GET").headers
    assert plant.request("GET").status_code == 200
    assert plant.counters() == {"requests": 4, "refused_503": 2, "refused_429": 1, "searches": 1}


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_leaves_the_work_undone_or_done(plant: Plant, kind: str, done: int) -> None:
    token = plant.token()
    plant.fault(kind, times=1, methods=["POST"])
    with pytest.raises(httpx.TransportError):
        plant.http.post(f"{plant.service}/MaintenanceOrder", json=ORDER, headers={"X-CSRF-Token": token})
    assert len(plant.orders()) == done
    assert plant.simulator.log(plant.name)[-1]["fault"] == kind
    assert plant.simulator.log(plant.name)[-1]["status"] is None


def test_an_error_after_the_work_is_html_and_the_work_is_done(plant: Plant) -> None:
    plant.fault("error_after", times=1, methods=["POST"])
    response = plant.request("POST", json=ORDER)
    assert response.status_code == 500
    assert response.headers["content-type"].startswith("text/html")
    assert len(plant.orders()) == 1


def test_a_locked_order_refuses_writes_only(plant: Plant) -> None:
    order = plant.create()
    plant.fault("locked", times=2)
    expected = (400, f"Order {order['MaintenanceOrder']} is locked by user ADA")
    assert plant.request("GET", key(order)).status_code == 200
    changed = plant.request("PATCH", key(order), json={"MaintPriority": "1"}, headers={"If-Match": "*"})
    assert message(changed) == expected
    assert changed.json()["error"]["code"] == "IW/037"
    assert message(plant.call("ReleaseMaintenanceOrder", order["MaintenanceOrder"])) == expected
    assert plant.call("ReleaseMaintenanceOrder", order["MaintenanceOrder"]).status_code == 200


def test_a_fault_strikes_only_where_its_path_is(plant: Plant) -> None:
    order = plant.create()
    plant.fault("outage", path="ReleaseMaintenanceOrder")
    assert plant.request("GET", key(order)).status_code == 200
    assert plant.call("ReleaseMaintenanceOrder", order["MaintenanceOrder"]).status_code == 503
    assert plant.call("ReleaseMaintenanceOrder", order["MaintenanceOrder"]).status_code == 503
    plant.simulator.clear_faults()
    assert plant.call("ReleaseMaintenanceOrder", order["MaintenanceOrder"]).status_code == 200


def test_a_session_ends_just_before_the_write(plant: Plant) -> None:
    token = plant.token()
    plant.fault("session_expired", times=1, methods=["POST"])
    url, headers = f"{plant.service}/MaintenanceOrder", {"X-CSRF-Token": token}
    refused = plant.http.post(url, json=ORDER, headers=headers)
    assert (refused.status_code, refused.headers["x-csrf-token"]) == (403, "Required")
    assert plant.request("POST", json=ORDER).status_code == 201


def test_oauth_tokens_end_just_before_the_request(plant: Plant) -> None:
    url = f"{plant.simulator.base_url}/{plant.name}/sap/bc/sec/oauth2/token"
    token = loopback.post(url, data={"grant_type": "client_credentials"}, auth=CREDENTIALS).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    plant.fault("token_expired", times=1, methods=["GET"])
    assert loopback.get(f"{plant.service}/", headers=headers).status_code == 401


def test_a_slow_answer_comes_all_the_same(plant: Plant) -> None:
    plant.fault("slow_after", times=1, methods=["POST"], delay_s=0.01)
    assert plant.request("POST", json=ORDER).status_code == 201


def test_a_slow_write_takes_effect_when_nobody_waits_for_it_any_more(plant: Plant) -> None:
    headers = {"X-CSRF-Token": plant.token()}
    plant.fault("slow_before", times=1, methods=["POST"], delay_s=0.5)
    request = plant.http.build_request("POST", f"{plant.service}/MaintenanceOrder", json=ORDER, headers=headers)
    request.headers["Authorization"] = f"Basic {b64encode(':'.join(CREDENTIALS).encode()).decode()}"
    lines = [f"POST {request.url.raw_path.decode()} HTTP/1.1", *(f"{n}: {v}" for n, v in request.headers.items())]
    with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.content)
        while not any(entry["fault"] for entry in plant.simulator.log(plant.name)):
            time.sleep(0.01)  # pytest's own timeout ends this
    while not plant.orders():
        time.sleep(0.01)
    assert len(plant.orders()) == 1


def test_random_faults_are_the_same_for_the_same_seed(plant: Plant) -> None:
    def statuses(seed: int) -> list[int]:
        plant.simulator.clear_faults(plant.name)
        plant.fault("outage", probability=0.5, seed=seed)
        return [plant.request("GET").status_code for _ in range(30)]

    first = statuses(1)
    assert set(first) == {200, 503}
    assert statuses(1) == first != statuses(2)


def test_faults_of_one_tenant_spare_the_others(plant: Plant, simulator: Simulator) -> None:
    simulator.add_tenant("other", "a:b")
    simulator.fault("outage", tenant="other")
    assert plant.request("GET").status_code == 200
    other = f"{simulator.base_url}/other" + plant.service.partition(plant.name)[2]
    assert loopback.get(other, auth=("a", "b")).status_code == 503
    simulator.clear_faults("other")
    assert loopback.get(other, auth=("a", "b")).status_code == 200


def test_every_request_is_logged_with_its_outcome(plant: Plant) -> None:
    plant.request("GET", params={"$top": "1"})
    plant.request("GET", "/MaintenanceOrder('1')")
    entries = [(entry["method"], entry["query"], entry["status"]) for entry in plant.simulator.log(plant.name)]
    assert entries == [("GET", "$top=1", 200), ("GET", "", 404)]
    plant.simulator.clear_log(plant.name)
    assert (plant.simulator.log(plant.name), plant.counters()) == ([], {})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "tenants/x", {"nothing": 1}),
        ("PUT", "tenants/x", {"page_size": 0}),
        ("PUT", "tenants/x", {"next_links": "none"}),
        ("PUT", "tenants/x", {"users": 5}),
        ("POST", "faults", {"kind": "nothing"}),
        ("POST", "faults", {"kind": "outage", "nothing": 1}),
        ("GET", "tenants/nobody/dump", None),
    ],
)
def test_a_control_call_that_makes_no_sense_is_refused(
    simulator: Simulator, method: str, path: str, body: dict[str, Any] | None
) -> None:
    assert simulator.http.request(method, f"{simulator.base_url}/_sim/{path}", json=body).status_code in (400, 404)


def test_a_person_cannot_do_what_sap_does_not_allow(plant: Plant) -> None:
    number = plant.create()["MaintenanceOrder"]
    with pytest.raises(ControlRefused, match="not allowed in status CRTD"):
        plant.simulator.confirm(plant.name, number)
    with pytest.raises(ControlRefused, match="not updatable"):
        plant.simulator.edit(plant.name, number, MaintenanceOrderType="PM02")
    plant.simulator.set_status(plant.name, number, "CNF")
    with pytest.raises(ControlRefused, match="no steps lead"):
        plant.simulator.set_status(plant.name, number, "NOEX")


def test_it_runs_on_its_own_and_stops_on_sigterm() -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "local.sap", "--port", "0", "--tenant", "plant-1=erp:geheim"]
    process = subprocess.Popen(
        [*command, "--equipment", "plant-1=1,2"], cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("ready ").strip()
        url = f"http://{address}/plant-1/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002/"
        assert loopback.get(url, auth=CREDENTIALS).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
