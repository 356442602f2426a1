"""The gateway between MaintainX and SAP S/4HANA, whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sap.testing import Simulator, running_simulator
from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from tests.integration.gateway.machine import GatewayMachine, run_machine
from tests.integration.gateway.plants import SapPlant, with_policies

MAPPING = Path(__file__).resolve().parents[3] / "config" / "mappings" / "sap-s4hana.yaml"
FIELDS = ("MaintenanceOrderDesc", "SystemStatus", "MaintPriority", "MaintOrdBasicStartDateTime")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("policy", ["as shipped", "maintainx", "erp", "newest", "manual"])
def test_whatever_happens_both_sides_agree_or_a_person_was_asked(
    policy: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_SAP_GATEWAY", "user:password")
    shipped = load_model(MAPPING, MappingFile)
    mapping = with_policies(shipped, {} if policy == "as shipped" else dict.fromkeys(FIELDS, policy))  # type: ignore[arg-type]

    def make_plant() -> SapPlant:
        site = f"gateway-{next(_numbers)}"
        base_url = simulator.add_tenant(
            site, "user:password", equipment={"2201": "Pump", "2202": "Fan"}, page_size=2, client="100"
        )
        settings = {
            "adapter": "sap",
            "base_url": base_url,
            "credentials_secret": "sap-gateway",
            "mapping": "sap-s4hana",
            "sap": {"client": "100", "timeout_s": 5.0, "settle_s": 5.0},
        }
        return SapPlant(simulator, site, mapping, ErpConfig.model_validate(settings))

    class Machine(GatewayMachine):
        erp_edits = {  # noqa: RUF012  # hypothesis makes an instance for every example
            "MaintenanceOrderDesc": ("Change seal", "Grease bearings"),
            "MaintPriority": ("1", "2", "3", "4"),
            "LongText": ("By hand",),
            "Equipment": ("2201", "2202"),
            "MaintOrdBasicStartDateTime": ("/Date(1790000000000+0000)/",),
            "MaintOrdBasicEndDateTime": ("/Date(1790000000000+0060)/",),
        }
        erp_statuses = ("REL", "PCNF", "CNF", "TECO", "CLSD", "NOEX", "DLFL")
        plain = ("MaintenanceOrderDesc", "MaintPriority")
        faults = ("outage", "throttle", "locked", "error_after", "drop_before", "drop_after", "session_expired")

    Machine.make_plant = staticmethod(make_plant)
    run_machine(Machine)
