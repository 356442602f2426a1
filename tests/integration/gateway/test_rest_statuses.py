"""Every status of MaintainX meets every status of the REST example, as its mapping has them.

SAP's and Oracle's tables are those of their adapters, since only they have steps of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.erp.testing import Simulator, running_simulator
from tests.fakes.sync_world import example_mapping
from tests.integration.gateway.plants import REST_STATUSES, REST_VARIABLE, rest_plant
from tests.integration.gateway.world import GatewayWorld

# What the work order becomes -> what the order becomes. A closed order takes no change.
BECOMES = {
    "OPEN": "NEW",
    "IN_PROGRESS": "IN_WORK",
    "ON_HOLD": "WAITING",
    "DONE": "COMPLETED",
    "CANCELED": "CANCELLED",
    "SKIPPED": "CANCELLED",
}
# What the order becomes -> what the work order does.
COMES_BACK = {
    "NEW": "OPEN",
    "IN_WORK": "IN_PROGRESS",
    "WAITING": "ON_HOLD",
    "COMPLETED": "DONE",
    "CLOSED": "DONE",
    "CANCELLED": "CANCELED",
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator() as running:
        yield running


@pytest.mark.parametrize("current", REST_STATUSES)
@pytest.mark.parametrize("wanted", BECOMES)
def test_every_status_of_maintainx_meets_every_status_of_the_erp(
    wanted: str, current: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REST_VARIABLE, "token")
    world = GatewayWorld(rest_plant(simulator, example_mapping()))
    number = world.create(title="Replace seal", assetId=2201)
    work_off(world)
    (order_id,) = world.plant.orders()
    for step in ("COMPLETED", "CLOSED") if current == "CLOSED" else (current,):
        world.plant.set_status(order_id, step)
    world.pull()
    work_off(world)
    assert world.work_orders[number]["status"] == COMES_BACK[current]
    world.change(number, status=wanted)
    work_off(world)
    record = world.record(number)
    assert record is not None
    closed = current == "CLOSED"
    assert world.erp.get(order_id).fields["status"] == ("CLOSED" if closed else BECOMES[wanted])
    assert list(record.conflicts) == (["status"] if closed and wanted != "DONE" else [])
    assert world.work_orders[number]["status"] == wanted


def work_off(world: GatewayWorld) -> None:
    """Deliver what waits."""
    waiting, world.queue = world.queue, []
    for event in waiting:
        assert world.handle(event) is not None
