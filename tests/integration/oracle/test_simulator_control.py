"""Faults, the request log, and what people do in the simulated Oracle."""

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
from tests.integration.oracle.conftest import ORDER, ORDERS, RESOURCES, Plant


@pytest.mark.parametrize(("kind", "status"), [("outage", 503), ("throttle", 429)])
def test_a_refusing_oracle_names_the_time_to_come_back_and_does_nothing(plant: Plant, kind: str, status: int) -> None:
    plant.fault(kind, times=2, retry_after_s=7)
    for _ in range(2):
        response = plant.request("POST", json=ORDER)
        assert (response.status_code, response.headers["Retry-After"]) == (status, "7")
        assert response.headers["Content-Type"].startswith("text/html")
    assert plant.orders() == []
    assert plant.request("POST", json=ORDER).status_code == 201


@pytest.mark.parametrize(("kind", "status"), [("unauthorized", 401), ("error_before", 500)])
def test_a_fault_may_strike_once_before_the_work(plant: Plant, kind: str, status: int) -> None:
    plant.fault(kind, times=1)
    assert [plant.request("POST", json=ORDER).status_code for _ in range(2)] == [status, 201]
    assert len(plant.orders()) == 1


@pytest.mark.parametrize(("kind", "orders"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_is_really_dropped(plant: Plant, kind: str, orders: int) -> None:
    plant.fault(kind, times=1, methods=["POST"])
    assert plant.get().status_code == 200
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        plant.request("POST", json=ORDER)
    assert len(plant.orders()) == orders
    assert plant.get().status_code == 200


def test_an_error_after_the_work_leaves_the_work_done(plant: Plant) -> None:
    plant.fault("error_after", times=1)
    assert plant.request("POST", json=ORDER).status_code == 500
    assert len(plant.orders()) == 1
    assert [(entry["status"], entry["fault"]) for entry in plant.simulator.log(plant.name)] == [(201, "error_after")]


@pytest.mark.parametrize("kind", ["slow_before", "slow_after"])
def test_a_slow_answer_still_comes(plant: Plant, kind: str) -> None:
    plant.fault(kind, times=1, delay_s=0.05)
    assert plant.request("POST", json=ORDER).status_code == 201


def test_a_fault_can_be_narrowed_to_a_path(plant: Plant) -> None:
    plant.fault("outage", path="/maintenanceOperationTransactions")
    assert plant.get().status_code == 200
    assert plant.transact("x").status_code == 503
    plant.simulator.clear_faults(plant.name)
    assert plant.transact("x").status_code == 201


def test_the_token_endpoint_suffers_faults_too(plant: Plant) -> None:
    plant.fault("outage", path="/oauth2/")
    assert plant.simulator.http.post(plant.simulator.token_url(plant.name)).status_code == 503


def test_a_fault_or_setting_that_does_not_exist_is_refused(plant: Plant) -> None:
    control = f"{plant.simulator.base_url}/_sim"
    for wrong in ({"kind": "fire"}, {"kind": "outage", "often": 3}, {}):
        assert plant.simulator.http.post(f"{control}/faults", json=wrong).status_code == 400
    bad: list[dict[str, Any]] = [
        {"colour": "red"},
        {"etag": 1},
        {"assets": "A1"},
        {"user_statuses": {"A": "B"}},
        {"user": ""},
    ]
    for settings in bad:
        assert plant.simulator.http.put(f"{control}/tenants/{plant.name}", json=settings).status_code == 400
    assert plant.simulator.http.put(f"{control}/tenants/new", json={}).status_code == 400
    assert plant.simulator.http.get(f"{control}/tenants/new/dump").status_code == 404


def test_requests_are_counted_and_logged_without_credentials(plant: Plant) -> None:
    order_id = plant.create().json()["WorkOrderId"]
    plant.get(q="WorkOrderId>1")
    plant.get(f"{ORDERS}/{order_id}")
    plant.patch(order_id, {"If-Match": "*"}, WorkOrderPriority=1)
    plant.get(f"{ORDERS}/7")
    assert plant.counters() == {"creates": 1, "searches": 1, "reads": 1, "updates": 1, "refused_404": 1}
    log = plant.simulator.log(plant.name)
    assert [(entry["method"], entry["status"]) for entry in log] == [
        ("POST", 201),
        ("GET", 200),
        ("GET", 200),
        ("PATCH", 200),
        ("GET", 404),
    ]
    assert (log[0]["body"], log[3]["body"]) == (ORDER, {"WorkOrderPriority": 1})
    assert log[3]["headers"]["If-Match"] == "*"
    assert "authorization" not in str(log).lower()
    plant.simulator.clear_log(plant.name)
    assert (plant.simulator.log(plant.name), plant.counters()) == ([], {})


def test_people_make_change_and_lose_orders(plant: Plant) -> None:
    order = plant.simulator.create(plant.name, **ORDER)
    order_id = order["WorkOrderId"]
    etag = plant.get(f"{ORDERS}/{order_id}").headers["ETag"]
    assert etag == order["etag"]
    plant.simulator.edit(plant.name, order_id, WorkOrderPriority=2)
    assert plant.get(f"{ORDERS}/{order_id}").headers["ETag"] != etag
    with pytest.raises(httpx.HTTPStatusError):
        plant.simulator.edit(plant.name, order_id, ActualStartDate="2026-04-01T06:00:00+00:00")
    plant.simulator.delete(plant.name, order_id)
    assert plant.get(f"{ORDERS}/{order_id}").status_code == 404
    assert plant.create().json()["WorkOrderId"] != order_id
    counters = plant.counters()
    assert (counters["user_creates"], counters["user_edits"], counters["user_deletes"]) == (1, 1, 1)


def test_the_process_says_when_it_is_ready_and_stops_when_told() -> None:
    command = [sys.executable, "-m", "local.oracle", "--port", "0", "--tenant", "plant-1=u:p", "--asset", "PUMP-0042"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[3])
    try:
        assert process.stdout is not None
        word, address = process.stdout.readline().split()
        assert word == "ready"
        response = loopback.post(f"http://{address}/plant-1{RESOURCES}{ORDERS}", json=ORDER, auth=("u", "p"))
        assert response.status_code == 201
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
