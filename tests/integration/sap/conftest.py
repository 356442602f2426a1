"""The SAP simulator behind a socket, with an empty tenant for each test and a client that speaks its protocol."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local import loopback
from local.sap.testing import SERVICE_PATH, Simulator, running_simulator

CREDENTIALS = ("erp", "geheim")
ORDER = {"MaintenanceOrderType": "PM01", "MaintenancePlanningPlant": "1010", "MaintenanceOrderDesc": "Replace seal"}
EQUIPMENT = {"10000045": "Pump 45", "10000046": "Pump 46"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Plant:
    """One tenant of the simulator and a session with it: cookies, CSRF token, JSON."""

    simulator: Simulator
    name: str
    http: httpx.Client

    @property
    def service(self) -> str:
        """Address of the service."""
        return f"{self.simulator.base_url}/{self.name}{SERVICE_PATH}"

    def request(self, method: str, path: str = "/MaintenanceOrder", **options: Any) -> httpx.Response:
        """A request as a well-behaved client sends it; a write fetches a token first."""
        headers = dict(options.pop("headers", {}))
        if method not in ("GET", "HEAD"):
            headers = {"X-CSRF-Token": self.token(), **headers}
        return self.http.request(method, self.service + path, headers=headers, **options)

    def token(self) -> str:
        """A CSRF token of the client's session."""
        return self.http.head(self.service + "/", headers={"X-CSRF-Token": "Fetch"}).headers["x-csrf-token"]

    def create(self, **fields: Any) -> dict[str, Any]:
        """A new order; the answer's entity."""
        response = self.request("POST", json={**ORDER, **fields})
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()["d"]
        return created

    def read(self, path: str, **options: Any) -> dict[str, Any]:
        """What a GET has under `d`."""
        response = self.request("GET", path, **options)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()["d"]
        return found

    def etag(self, path: str) -> str:
        return self.request("GET", path).headers["etag"]

    def call(self, function: str, order_id: str, **parameters: str) -> httpx.Response:
        """A function import; parameters as literals."""
        return self.request("POST", f"/{function}", params={"MaintenanceOrder": f"'{order_id}'", **parameters})

    def orders(self) -> list[dict[str, Any]]:
        return self.simulator.orders(self.name)

    def counters(self) -> dict[str, int]:
        return self.simulator.counters(self.name)

    def fault(self, kind: str, **settings: Any) -> None:
        self.simulator.fault(kind, tenant=self.name, **settings)

    def configure(self, **settings: Any) -> None:
        self.simulator.add_tenant(self.name, **settings)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.fixture
def plant(simulator: Simulator) -> Iterator[Plant]:
    """A tenant without orders that knows the equipment in EQUIPMENT."""
    name = f"plant-{next(_numbers)}"
    simulator.add_tenant(name, ":".join(CREDENTIALS), equipment=EQUIPMENT)
    with loopback.client(auth=CREDENTIALS, headers={"Accept": "application/json"}, timeout=30) as http:
        yield Plant(simulator, name, http)
    simulator.clear_faults(name)


def message(response: httpx.Response) -> tuple[int, str]:
    """Status and message of a refusal."""
    return response.status_code, response.json()["error"]["message"]["value"]


def parsed(xml: str) -> ET.Element:
    """The root of an XML document; fails if it is none."""
    return ET.fromstring(xml)  # noqa: S314  # our own simulator's answer


def key(order: dict[str, Any]) -> str:
    """The path of an order."""
    return f"/MaintenanceOrder('{order['MaintenanceOrder']}')"


def text_key(order: dict[str, Any], language: str = "EN") -> str:
    """The path of an order's long text."""
    number = order["MaintenanceOrder"]
    return f"/MaintenanceOrderLongText(MaintenanceOrder='{number}',TextObjectType='KOPF',Language='{language}')"
