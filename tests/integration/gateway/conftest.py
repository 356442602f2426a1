"""Sites of each ERP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from local.erp import testing as rest
from local.oracle import testing as oracle
from local.sap import testing as sap
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from tests.integration.gateway import plants
from tests.integration.gateway.world import Plant

MAPPINGS = Path(__file__).resolve().parents[3] / "config" / "mappings"
MakePlant = Callable[[], Plant]


@cache
def _mapping(name: str) -> MappingFile:
    return plants.with_policies(load_model(MAPPINGS / f"{name}.yaml", MappingFile), {})


@pytest.fixture(params=["REST", "SAP", "Oracle"])
def make_plant(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePlant]:
    """A new tenant of each ERP's simulator."""
    monkeypatch.setenv(plants.REST_VARIABLE, "token")
    monkeypatch.setenv(plants.SAP_VARIABLE, "user:password")
    monkeypatch.setenv(plants.ORACLE_VARIABLE, "user:password")
    if request.param == "REST":
        with rest.running_simulator() as rest_simulator:
            yield lambda: plants.rest_plant(rest_simulator, _mapping("rest-example"))
    elif request.param == "SAP":
        with sap.running_simulator() as sap_simulator:
            yield lambda: plants.sap_plant(sap_simulator, _mapping("sap-s4hana"))
    else:
        with oracle.running_simulator() as oracle_simulator:
            yield lambda: plants.oracle_plant(oracle_simulator, _mapping("oracle-maintenance"))
