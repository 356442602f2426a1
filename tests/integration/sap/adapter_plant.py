"""SAP adapters for a tenant of the simulator, with the tenant's credentials as their secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.config.erp import ErpConfig
from shared.erp.sap.adapter import SapErp
from shared.secrets import Secrets
from tests.integration.sap.conftest import CREDENTIALS, EQUIPMENT, Plant

SECRET = "sap-test"
VARIABLE = "SECRET_SAP_TEST"
REFERENCE = "mx:plant-1:9001001"
FIELDS: dict[str, Any] = {
    "MaintenanceOrderType": "PM01",
    "MaintenancePlanningPlant": "1010",
    "MaintenanceOrderDesc": "Replace seal",
    "MainWorkCenter": "MECH01",
    "MaintPriority": "2",
    "Equipment": next(iter(EQUIPMENT)),
    "MaintOrdBasicStartDateTime": "2026-09-16T16:00:00Z",
    "LatestAcceptableCompletionDate": "2026-09-30",
    "LongText": "At the pump\nMind the valve",
}


@dataclass(frozen=True)
class SapPlant:
    """The tenant and what an adapter does to it."""

    plant: Plant
    adapters: list[SapErp] = field(default_factory=list)

    def erp(self, **sap: Any) -> SapErp:
        """An adapter with these settings; closed after the test."""
        settings = {
            "adapter": "sap",
            "base_url": f"{self.plant.simulator.base_url}/{self.plant.name}",
            "credentials_secret": SECRET,
            "mapping": "x",
            "sap": sap,
        }
        self.adapters.append(SapErp(ErpConfig.model_validate(settings), Secrets()))
        return self.adapters[-1]

    def forget(self) -> None:
        """Forget the requests so far."""
        self.plant.simulator.clear_log(self.plant.name)

    def calls(self) -> list[str]:
        """Method and last part of the path of the requests so far, without keys."""
        log = self.plant.simulator.log(self.plant.name)
        return [f"{one['method']} {one['path'].rpartition('/')[2].partition('(')[0]}" for one in log]

    def order(self, number: str) -> dict[str, Any]:
        """The order as the simulator has it."""
        return next(order for order in self.plant.orders() if order["MaintenanceOrder"] == number)


@contextmanager
def adapters(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    """The tenant for adapters, whose credentials are in the environment."""
    monkeypatch.setenv(VARIABLE, ":".join(CREDENTIALS))
    made = SapPlant(plant)
    yield made
    for adapter in made.adapters:
        adapter.close()
