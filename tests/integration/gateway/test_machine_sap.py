"""The gateway between MaintainX and SAP S/4HANA, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sap.testing import Simulator, running_simulator
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from tests.integration.gateway.machine import GatewayMachine, run_machine
from tests.integration.gateway.plants import SAP_VARIABLE, sap_plant, with_policies

MAPPING = Path(__file__).resolve().parents[3] / "config" / "mappings" / "sap-s4hana.yaml"
FIELDS = ("MaintenanceOrderDesc", "SystemStatus", "MaintPriority", "MaintOrdBasicStartDateTime")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("policy", ["as shipped", "maintainx", "erp", "newest", "manual"])
def test_whatever_happens_both_sides_agree_or_a_person_was_asked(
    policy: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SAP_VARIABLE, "user:password")
    shipped = load_model(MAPPING, MappingFile)
    mapping = with_policies(shipped, {} if policy == "as shipped" else dict.fromkeys(FIELDS, policy))  # type: ignore[arg-type]

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

    Machine.make_plant = staticmethod(lambda: sap_plant(simulator, mapping))
    run_machine(Machine)
