"""Each ERP's adapter shows whose a record is, so that another one under our number is left alone."""

from __future__ import annotations

from dataclasses import replace

from shared.state import SyncRecord
from shared.sync.conflicts import STRANGER
from tests.integration.gateway.conftest import MakePlant
from tests.integration.gateway.world import GatewayWorld


def known(world: GatewayWorld, number: int) -> SyncRecord:
    record = world.record(number)
    assert record is not None
    return record


def work_off(world: GatewayWorld) -> None:
    while world.queue:
        assert world.handle(world.queue.pop(0)) is not None


def test_record_with_another_reference_is_left_alone(make_plant: MakePlant) -> None:
    """As after a restore: our order is lost, and its number is that of another work order's."""
    world = GatewayWorld(make_plant())
    lost = world.create(title="Replace seal", priority="HIGH", assetId=2201)
    other = world.create(title="Grease bearings", priority="LOW", assetId=2202)
    work_off(world)
    lost_id, other_id = (known(world, number).erp_id or "" for number in (lost, other))
    world.plant.lose(lost_id)
    locked = world.state.lock_record(known(world, lost).key, owner="restore", lease_s=60)
    assert locked is not None
    restored = replace(known(world, lost), erp_id=other_id, erp_version=None)
    world.state.unlock_record(world.state.save_record(locked, restored))
    before = world.erp.get(other_id)
    world.change(lost, title="Replace both seals")
    work_off(world)
    world.pull()
    work_off(world)
    assert list(known(world, lost).conflicts) == [STRANGER]
    assert world.erp.get(other_id) == before
    assert (len(world.announced), world.maintainx_writes) == (1, [])
