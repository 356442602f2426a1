"""The gateway between MaintainX and Oracle Fusion Cloud Maintenance, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.oracle.testing import Simulator, running_simulator
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from tests.integration.gateway.machine import GatewayMachine, run_machine
from tests.integration.gateway.plants import ORACLE_VARIABLE, oracle_plant, with_policies

MAPPING = Path(__file__).resolve().parents[3] / "config" / "mappings" / "oracle-maintenance.yaml"
FIELDS = ("WorkOrderDescription", "WorkOrderStatusCode", "WorkOrderPriority", "PlannedStartDate")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("etag", [True, False], ids=["etag", "no-etag"])
@pytest.mark.parametrize("policy", ["as shipped", "maintainx", "erp", "newest", "manual"])
def test_whatever_happens_both_sides_agree_or_a_person_was_asked(
    policy: str, etag: bool, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ORACLE_VARIABLE, "user:password")
    shipped = load_model(MAPPING, MappingFile)
    mapping = with_policies(shipped, {} if policy == "as shipped" else dict.fromkeys(FIELDS, policy))  # type: ignore[arg-type]

    class Machine(GatewayMachine):
        erp_edits = {  # noqa: RUF012  # hypothesis makes an instance for every example
            "WorkOrderDescription": ("Change seal", "Grease bearings"),
            "WorkOrderPriority": (1, 2, 3, 4),
            "PlannedStartDate": ("2026-09-20T06:00:00+00:00", "2026-09-17T06:00:00+02:00"),
            "PlannedCompletionDate": ("2026-09-21T06:00:00+00:00",),
        }
        erp_statuses = ("ORA_RELEASED", "ORA_ON_HOLD", "ORA_COMPLETED", "ORA_CLOSED", "ORA_CANCELED")
        plain = ("WorkOrderDescription", "WorkOrderPriority")
        faults = ("outage", "throttle", "error_before", "error_after", "drop_before", "drop_after", "unauthorized")

    Machine.make_plant = staticmethod(lambda: oracle_plant(simulator, mapping, etag=etag))
    run_machine(Machine)
