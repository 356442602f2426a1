"""The gateway between MaintainX and the REST example, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.erp.testing import Simulator, running_simulator
from tests.fakes.sync_world import example_mapping
from tests.integration.gateway.machine import GatewayMachine, run_machine
from tests.integration.gateway.plants import REST_STATUSES, REST_VARIABLE, RestPlant, rest_plant, with_policies


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("policy", ["maintainx", "erp", "newest", "manual"])
def test_whatever_happens_both_sides_agree_or_a_person_was_asked(
    policy: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REST_VARIABLE, "token")

    def make_plant() -> RestPlant:
        names = ("shortText", "longText", "status", "priority", "equipment", "dueDate")
        mapping = with_policies(example_mapping(), dict.fromkeys(names, policy))  # type: ignore[arg-type]
        return rest_plant(simulator, mapping)

    class Machine(GatewayMachine):
        erp_edits = {  # noqa: RUF012  # hypothesis makes an instance for every example
            "shortText": ("Dichtung tauschen", "Lager fetten"),
            "longText": ("Leckage", ""),
            "priority": ("1", "2", "3", "4"),
            "equipment": ("2201", "2202"),
            "dueDate": ("2026-09-20", "2026-09-17"),
            "plant": ("2020",),
            "costCenter": ("4100",),
        }
        erp_statuses = REST_STATUSES
        plain = ("shortText", "longText", "priority", "equipment", "dueDate")
        faults = ("outage", "throttle", "error_after", "drop_before", "drop_after")

    Machine.make_plant = staticmethod(make_plant)
    run_machine(Machine)
