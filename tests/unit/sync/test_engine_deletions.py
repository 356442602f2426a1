"""The engine when a work order is deleted, or only not visible any more."""

from __future__ import annotations

import pytest

from shared.errors import (
    RecordNotVisible,
)
from tests.fakes.sync_world import (
    SITE,
    WORK_ORDER,
    Wire,
    World,
    event,
    work_order,
)


def test_a_deleted_work_order_cancels_its_order(linked: World) -> None:
    linked.delete()
    wire = Wire()
    outcome = linked.deliver(event("e2"), wire)
    assert (outcome.kind, outcome.reason) == ("done", "cancelled")
    assert linked.order().fields["status"] == "CANCELLED"
    assert linked.order().fields["shortText"] == "Replace seal on feed pump"
    assert (wire.count("maintainx"), wire.count("erp")) == (1, 1)
    assert linked.audited() == {"cancel": 1}
    assert linked.record().state == "deleted"


def test_a_work_order_with_a_time_of_deletion_counts_as_deleted(linked: World) -> None:
    linked.change(deletedAt="2026-09-15T00:00:00.000Z")
    assert linked.deliver(event("e2")).reason == "cancelled"


def test_a_work_order_that_is_only_not_visible_keeps_its_order(linked: World) -> None:
    del linked.work_orders[WORK_ORDER]
    wire = Wire()
    for _ in range(2):
        with pytest.raises(RecordNotVisible, match=f"{WORK_ORDER} of {SITE}"):
            linked.engine(wire).look_at(WORK_ORDER, event("e2"))
    assert (wire.count("erp"), linked.order().fields["status"]) == (0, "NEW")


def test_a_work_order_that_is_visible_again_goes_on_where_it_was(linked: World) -> None:
    hidden = linked.work_orders.pop(WORK_ORDER)
    with pytest.raises(RecordNotVisible):
        linked.engine(Wire()).look_at(WORK_ORDER, event("e2"))
    linked.work_orders[WORK_ORDER] = {**hidden, "title": "Replace both seals"}
    assert linked.deliver(event("e2")).reason == "updated"


@pytest.mark.parametrize("deliveries_before", [0, 1])
def test_an_event_of_before_the_deletion_that_comes_after_it_is_skipped(world: World, deliveries_before: int) -> None:
    for _ in range(deliveries_before):
        world.deliver()
    world.delete()
    world.deliver(event("deletion"))
    outcome = world.engine(Wire()).look_at(WORK_ORDER, event("late"))
    assert (outcome.kind, outcome.reason) == ("skipped", "gone")


def test_an_event_that_overtakes_the_deletion_waits_for_it(world: World) -> None:
    world.delete()
    with pytest.raises(RecordNotVisible):
        world.engine(Wire()).look_at(WORK_ORDER, event("e1"))
    world.deliver(event("deletion"))
    assert world.engine(Wire()).look_at(WORK_ORDER, event("e1")).reason == "gone"


def test_a_work_order_that_was_gone_before_we_looked_gets_an_order_if_it_comes_back(world: World) -> None:
    world.delete()
    world.deliver()
    world.work_orders[WORK_ORDER] = work_order()
    assert world.deliver(event("e2")).reason == "created"


def test_a_deletion_seen_twice_is_skipped_without_a_call_to_the_erp(linked: World) -> None:
    linked.delete()
    linked.deliver(event("e2"))
    wire = Wire()
    outcome = linked.deliver(event("e3"), wire)
    assert (outcome.kind, outcome.reason, wire.count("erp")) == ("skipped", "gone", 0)


def test_cancelling_wins_over_a_change_in_the_erp(linked: World) -> None:
    linked.edit_erp(status="IN_WORK", costCenter="4100")
    linked.delete()
    assert linked.deliver(event("e2")).reason == "cancelled"
    assert (linked.order().fields["status"], linked.order().fields["costCenter"]) == ("CANCELLED", "4100")


def test_a_work_order_that_is_back_after_all_brings_its_order_back(linked: World) -> None:
    linked.delete()
    linked.deliver(event("e2"))
    linked.work_orders[WORK_ORDER] = work_order()
    assert linked.deliver(event("e3")).reason == "updated"
    assert linked.order().fields["status"] == "NEW"


def test_ignoring_deletions_leaves_the_order_alone_and_says_so_in_the_audit_trail(linked: World) -> None:
    ignore = linked.mapping.on_delete.model_copy(update={"action": "ignore", "set": {}})
    linked.mapping = linked.mapping.model_copy(update={"on_delete": ignore})
    linked.delete()
    wire = Wire()
    outcome = linked.deliver(event("e2"), wire)
    assert (outcome.kind, outcome.reason, wire.count("erp")) == ("skipped", "gone", 0)
    assert linked.order().fields["status"] == "NEW"
    assert linked.audited() == {"keep": 1}


def test_a_work_order_that_was_gone_before_we_looked_is_skipped(world: World) -> None:
    world.delete()
    wire = Wire()
    outcome = world.deliver(wire=wire)
    assert (outcome.kind, outcome.reason, wire.count("erp")) == ("skipped", "gone", 0)
    assert (world.record().state, world.record().erp_id) == ("deleted", None)
    assert world.audited() == {}
