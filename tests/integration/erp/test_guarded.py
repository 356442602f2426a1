"""The breaker before a simulated ERP that is down, over sockets."""

from __future__ import annotations

import pytest

from shared.breaker import FAILURES, PAUSE_S, Breaker
from shared.erp.guarded import GuardedErp
from shared.errors import BreakerOpen, RemoteUnavailable
from tests.integration.erp.conftest import ORDER, Plant

REFERENCE = "mx:plant-1:9001001"


def requests_left(plant: Plant) -> int:
    """How many more requests the fault will hit: what was asked of the ERP is counted there, not by us."""
    url = f"{plant.simulator.base_url}/_sim/faults"
    faults = plant.simulator.http.get(url).raise_for_status().json()
    left: int = (faults["faults"] if isinstance(faults, dict) else faults)[0]["times"]
    return left


def test_an_erp_that_is_down_is_left_alone_and_found_again(plant: Plant) -> None:
    now_s = [0.0]
    erp = GuardedErp(plant.adapter(), Breaker("erp", clock=lambda: now_s[0]), plant.name)
    plant.fault("outage", times=100)
    for _ in range(FAILURES):
        with pytest.raises(RemoteUnavailable, match="503"):
            erp.find_by_reference(REFERENCE)
    assert requests_left(plant) == 100 - FAILURES
    for _ in range(20):
        with pytest.raises(BreakerOpen):
            erp.create(ORDER, REFERENCE)
    assert requests_left(plant) == 100 - FAILURES
    now_s[0] += PAUSE_S
    with pytest.raises(RemoteUnavailable, match="503"):
        erp.create(ORDER, REFERENCE)
    with pytest.raises(BreakerOpen):
        erp.create(ORDER, REFERENCE)
    assert requests_left(plant) == 100 - FAILURES - 1
    plant.simulator.clear_faults()
    now_s[0] += 2 * PAUSE_S
    created = erp.create(ORDER, REFERENCE)
    assert erp.get(created.id).reference == REFERENCE
    assert len(plant.orders()) == 1
