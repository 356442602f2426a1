"""The Oracle simulator behind a socket, with an empty tenant and adapters to it for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.oracle.testing import Simulator, running_simulator
from shared.config.erp import ErpConfig
from shared.erp.base import ErpRecord
from shared.erp.oracle import OracleErp
from shared.secrets import Secrets

SECRET = "oracle-test"  # the secret's name
VARIABLE = "SECRET_ORACLE_TEST"
ORDER = {
    "AssetNumber": "PUMP-0042",
    "WorkOrderDescription": "Replace mechanical seal",
    "WorkOrderTypeCode": "CORRECTIVE",
    "WorkOrderPriority": 1,
    "PlannedStartDate": "2026-09-16T16:00:00Z",
}
FIRST_OPERATION = {"fields": {"OperationName": "Maintenance", "WorkCenterCode": "MECH"}}
REFERENCE = "mx:plant-1:9001001"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class OraclePlant:
    """One tenant of the simulator, as itself and through the adapter."""

    simulator: Simulator
    name: str
    adapters: list[OracleErp] = field(default_factory=list)

    def adapter(self, **oracle: Any) -> OracleErp:
        """An adapter to this tenant, organization M1; closed after the test."""
        settings = {
            "adapter": "oracle",
            "base_url": f"{self.simulator.base_url}/{self.name}",
            "credentials_secret": SECRET,
            "mapping": "oracle-example",
            "oracle": {"organization_code": "M1", **oracle},
        }
        self.adapters.append(OracleErp(ErpConfig.model_validate(settings), Secrets()))
        return self.adapters[-1]

    def calls(self) -> list[str]:
        """Method and resource of each request since `forget`, ids left out: `PATCH maintenanceWorkOrders/_`."""
        return [f"{entry['method']} {_resource(entry['path'])}" for entry in self.simulator.log(self.name)]

    def forget(self) -> None:
        """Begin the log of requests anew."""
        self.simulator.clear_log(self.name)

    def order_in(self, erp: OracleErp, status: str) -> ErpRecord:
        """An order with one operation in this status, brought there by people in Oracle, as the adapter reads it."""
        made = self.simulator.create(self.name, **ORDER, OrganizationCode="M1", WorkOrderOperation=[_OPERATION])
        for code in WAYS[status]:
            self.simulator.set_status(self.name, made["WorkOrderId"], code)
        return erp.get(str(made["WorkOrderId"]))

    def status(self, erp_id: str) -> str:
        """The order's status in Oracle."""
        return str(self.simulator.order(self.name, erp_id)["WorkOrderStatusCode"])


_OPERATION = {"OperationSequenceNumber": 10, "OperationName": "Repair", "WorkCenterCode": "MECH"}
WAYS: dict[str, tuple[str, ...]] = {
    "ORA_UNRELEASED": (),
    "ORA_RELEASED": ("ORA_RELEASED",),
    "ORA_ON_HOLD": ("ORA_ON_HOLD",),
    "ORA_COMPLETED": ("ORA_RELEASED", "ORA_COMPLETED"),
    "ORA_CLOSED": ("ORA_RELEASED", "ORA_COMPLETED", "ORA_CLOSED"),
    "ORA_CANCELED": ("ORA_CANCELED",),
}
"""How a person brings a new order into each status."""


def _resource(path: str) -> str:
    parts = path.split("/11.13.18.05/")[-1].split("/")
    return "/".join("_" if part.isdigit() else part for part in parts)


@pytest.fixture(scope="module", name="oracle")
def running_oracle() -> Iterator[Simulator]:
    """The simulator for the tests of one file."""
    with running_simulator() as running:
        yield running


@pytest.fixture(name="oracle_plant")
def empty_plant(oracle: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[OraclePlant]:
    """A tenant without orders whose user and password are in the environment, as the adapter's secret."""
    made = OraclePlant(oracle, f"adapter-{next(_numbers)}")
    oracle.add_tenant(made.name, "bridge", "pw-1", organizations=("M1", "M2"), assets=("PUMP-0042", "PUMP-0043"))
    monkeypatch.setenv(VARIABLE, "bridge:pw-1")
    yield made
    oracle.clear_faults(made.name)
    for adapter in made.adapters:
        adapter.close()
