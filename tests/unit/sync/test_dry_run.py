"""A dry run takes the steps that a run would take, and writes nothing anywhere."""

from __future__ import annotations

import copy

import pytest

from shared.errors import RecordNotVisible
from shared.state import RecordKey
from shared.sync.dry_run import dry_run
from shared.sync.lease import leased
from shared.sync.pair import Pair, Rules
from shared.sync.parts import SyncParts
from shared.sync.perform import Performer
from shared.sync.plan import Planned
from shared.sync.reconcile import run
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, both_ways_mapping, erp_event
from tests.unit.sync.situations import SITUATIONS

KEY = RecordKey(SITE, "work_order", WORK_ORDER)
WRITES = (
    "create",
    "update",
    "set_status",
    "change_work_order",
    "put_memo",
    "save_record",
    "lock_record",
    "publish",
    "claim",
)


def really(parts: SyncParts) -> list[Planned]:
    """The steps of a run on the event that a dry run supposes."""
    rules = Rules(parts.site, parts.zone, parts.mapping, parts.erp.description.status)
    with leased(parts, KEY, "test") as lease:
        record = lease.found or parts.new_record(KEY)
        pair = Pair(rules=rules, event=erp_event(), record=record, is_new=lease.found is None)
        return list(run(Performer(parts, lease), pair))


def named(steps: list[Planned]) -> list[tuple[str, dict[str, object], str]]:
    found = [(type(each.step).__name__, dict(getattr(each.step, "after", {})), each.rule.when) for each in steps]
    made = next((number for number, (name, _, _) in enumerate(found) if name == "CreateErp"), None)
    # What the ERP alone decides of a new record, such as its number, nobody can imagine.
    return found if made is None else [each for each in found[: made + 1] if each[0].endswith("Erp")]


def test_it_is_what_a_run_does_in_every_situation(subtests: pytest.Subtests) -> None:
    for name, situation in SITUATIONS.items():
        with subtests.test(name):
            world = situation.world()
            wire = Wire()
            if WORK_ORDER not in world.work_orders and not world.record().conflicts:  # nothing told of the deletion
                with pytest.raises(RecordNotVisible):
                    list(dry_run(world.engine(wire), KEY, world.now))
                continue
            before = copy.deepcopy(world.tenant.orders), copy.deepcopy(world.work_orders), len(world.published)
            dry = list(dry_run(world.engine(wire), KEY, world.now))
            assert (world.tenant.orders, world.work_orders, len(world.published)) == before
            assert not [call for call in wire.calls if call.partition(".")[2] in WRITES]
            done = really(world.engine(Wire()))
            assert named(dry) == named(done)
            assert dry[-1].step.outcome.reason == done[-1].step.outcome.reason  # type: ignore[union-attr]


def test_an_import_that_is_under_way_can_be_looked_at() -> None:
    world = World(both_ways_mapping(on_new_in_erp={"action": "create"}))
    world.deliver()
    assert [type(each.step).__name__ for each in dry_run(world.engine(Wire()), KEY, world.now)][-1] == "Finish"
