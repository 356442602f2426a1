"""The gateway between MaintainX and Oracle Fusion Cloud Maintenance, whatever happens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.oracle.testing import Simulator, running_simulator
from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from tests.integration.gateway.machine import GatewayMachine, run_machine
from tests.integration.gateway.plants import OraclePlant, with_policies

MAPPING = Path(__file__).resolve().parents[3] / "config" / "mappings" / "oracle-maintenance.yaml"
FIELDS = ("WorkOrderDescription", "WorkOrderStatusCode", "WorkOrderPriority", "PlannedStartDate")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("etag", [True, False], ids=["etag", "no-etag"])
@pytest.mark.parametrize("policy", ["as shipped", "maintainx", "erp", "newest", "manual"])
def test_whatever_happens_both_sides_agree_or_a_person_was_asked(
    policy: str, etag: bool, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_ORACLE_GATEWAY", "user:password")
    shipped = load_model(MAPPING, MappingFile)
    mapping = with_policies(shipped, {} if policy == "as shipped" else dict.fromkeys(FIELDS, policy))  # type: ignore[arg-type]

    def make_plant() -> OraclePlant:
        site = f"gateway-{next(_numbers)}"
        base_url = simulator.add_tenant(site, "user", "password", assets=("2201", "2202"), etag=etag)
        settings = {
            "adapter": "oracle",
            "base_url": base_url,
            "credentials_secret": "oracle-gateway",
            "mapping": "oracle-maintenance",
            "oracle": {
                "organization_code": "M1",
                "timeout_s": 5.0,
                "settle_s": 5.0,
                "first_operation": {"fields": {"OperationName": "Work", "WorkCenterCode": "MECH"}},
            },
        }
        return OraclePlant(simulator, site, mapping, ErpConfig.model_validate(settings))

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

    Machine.make_plant = staticmethod(make_plant)
    run_machine(Machine)
