"""The simulated Oracle behind a socket, with an empty tenant for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.oracle.testing import Simulator, running_simulator

USER, PASSWORD = "integration", "password-1"
CLIENT_ID, CLIENT_SECRET, SCOPE = "client-1", "client-secret-1", "urn:opc:resource:consumer::all"
ORGANIZATION, ASSET = "M1", "PUMP-0042"
ORDER = {
    "OrganizationCode": ORGANIZATION,
    "AssetNumber": ASSET,
    "WorkOrderTypeCode": "CORRECTIVE",
    "WorkOrderDescription": "Replace mechanical seal",
}
OPERATION = {"OperationSequenceNumber": 10, "OperationName": "Work", "WorkCenterCode": "MAIN"}
RESOURCES = "/fscmRestApi/resources/11.13.18.05"
ORDERS = "/maintenanceWorkOrders"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Plant:
    """One tenant of the simulator."""

    simulator: Simulator
    name: str

    @property
    def base_url(self) -> str:
        return f"{self.simulator.base_url}/{self.name}"

    def request(self, method: str, path: str = ORDERS, framework: int | None = 4, **options: Any) -> httpx.Response:
        """A request with the tenant's user, as any client would send it; framework None: without that header."""
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        if framework is not None:
            headers["REST-Framework-Version"] = str(framework)
        options.setdefault("auth", (USER, PASSWORD))
        return self.simulator.http.request(
            method, f"{self.base_url}{options.pop('resources', RESOURCES)}{path}", headers=headers, **options
        )

    def get(self, path: str = ORDERS, framework: int | None = 4, **params: Any) -> httpx.Response:
        """A GET with these query parameters."""
        return self.request("GET", path, framework, params=params)

    def create(self, **attributes: Any) -> httpx.Response:
        """A new work order, which must be accepted."""
        response = self.request("POST", json={**ORDER, **attributes})
        assert response.status_code == 201, response.text
        return response

    def patch(self, order_id: int, headers: dict[str, str] | None = None, **attributes: Any) -> httpx.Response:
        """A change of a work order."""
        return self.request("PATCH", f"{ORDERS}/{order_id}", json=attributes, headers=headers or {})

    def add_operation(self, order_id: int, **attributes: Any) -> httpx.Response:
        """A new operation of a work order."""
        return self.request("POST", f"{ORDERS}/{order_id}/child/WorkOrderOperation", json={**OPERATION, **attributes})

    def transact(self, number: str, sequence: int = 10, **attributes: Any) -> httpx.Response:
        """The report that an operation is complete."""
        detail = {
            "OrganizationCode": ORGANIZATION,
            "WorkOrderNumber": number,
            "WoOperationSequenceNumber": sequence,
            "FromDispatchState": "READY",
            "ToDispatchState": "COMPLETE",
            **attributes,
        }
        body = {"SourceSystemCode": "CMMS", "SourceSystemType": "EXTERNAL", "OperationTransactionDetail": [detail]}
        return self.request("POST", "/maintenanceOperationTransactions", json=body)

    def in_status(self, code: str) -> dict[str, Any]:
        """A work order with one operation that was brought to a status as documented."""
        item: dict[str, Any] = self.create(WorkOrderOperation=[OPERATION]).json()
        steps = {
            "ORA_UNRELEASED": [],
            "ORA_RELEASED": ["ORA_RELEASED"],
            "ORA_ON_HOLD": ["ORA_ON_HOLD"],
            "ORA_COMPLETED": ["ORA_RELEASED"],
            "ORA_CLOSED": ["ORA_CLOSED"],
            "ORA_CANCELED": ["ORA_CANCELED"],
        }
        for step in steps[code]:
            assert self.patch(item["WorkOrderId"], WorkOrderStatusCode=step).status_code == 200
        if code == "ORA_COMPLETED":
            assert self.transact(item["WorkOrderNumber"]).json()["ErrorsExistFlag"] == "false"
        found: dict[str, Any] = self.get(f"{ORDERS}/{item['WorkOrderId']}").json()
        assert found["WorkOrderStatusCode"] == code
        return found

    def orders(self) -> list[dict[str, Any]]:
        return self.simulator.orders(self.name)

    def counters(self) -> dict[str, int]:
        return self.simulator.counters(self.name)

    def fault(self, kind: str, **settings: Any) -> None:
        self.simulator.fault(kind, tenant=self.name, **settings)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a structured error."""
    return response.status_code, response.json()["o:errorDetails"][0]["o:errorCode"].removeprefix("SIM-")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def plant(simulator: Simulator) -> Iterator[Plant]:
    """A tenant without orders, with one organization and two assets."""
    name = f"plant-{next(_numbers)}"
    simulator.add_tenant(
        name,
        USER,
        PASSWORD,
        organizations=(ORGANIZATION,),
        assets=(ASSET, "FAN-7"),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        scope=SCOPE,
    )
    yield Plant(simulator, name)
    simulator.clear_faults()
