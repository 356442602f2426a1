"""One side's record is gone: what becomes of the other's, by the mapping or by a person."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import RecordNotVisible
from shared.sync.conflicts import DELETION, ORPHAN
from shared.sync.merge import Side
from tests.fakes.erp import SeparateStatusErp
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event, work_order

PARK = {"action": "park", "set": {"status": "CANCELLED"}}


def linked_world(erp: Any = None, **keys: Any) -> World:
    """A world in which both sides are in step."""
    world = World(both_ways_mapping(**keys), **({"erp": erp} if erp else {}))
    world.deliver()
    world.published.clear()
    world.maintainx_writes.clear()
    return world


def deleted_world(erp: Any = None, **keys: Any) -> World:
    """A world in which the work order was deleted, and nobody looked yet."""
    world = linked_world(erp, **keys)
    world.delete()
    return world


def test_a_deletion_can_be_left_to_a_person() -> None:
    world = deleted_world(on_delete=PARK)
    outcome = world.deliver(event("deletion"))
    assert (outcome.kind, outcome.reason, outcome.detail["fields"]) == ("done", "parked", [DELETION])
    assert (world.order().fields["status"], world.audited()) == ("NEW", {"park": 1})
    (told,) = world.announced
    assert told.data["fields"][DELETION]["reason"] == "deleted"
    assert (world.deliver(event("again")).kind, len(world.announced)) == ("skipped", 1)
    assert world.engine(Wire()).look_at(WORK_ORDER, erp_event()).reason == "parked"


@pytest.mark.parametrize("erp", [None, SeparateStatusErp])
def test_a_deletion_that_a_person_confirms_cancels_the_order(erp: Any) -> None:
    world = deleted_world(erp, on_delete=PARK)
    world.deliver(event("deletion"))
    assert world.decide({DELETION: "maintainx"}).reason == "cancelled"
    assert world.order().fields["status"] == "CANCELLED"
    assert (world.record().state, world.record().conflicts) == ("deleted", {})
    assert world.audited() == {"park": 1, "cancel": 1}
    assert world.deliver(event("again")).reason == "gone"


def test_an_order_that_a_person_keeps_stays_as_it_is() -> None:
    world = deleted_world(on_delete=PARK)
    world.deliver(event("deletion"))
    outcome = world.decide({DELETION: "erp"})
    assert (outcome.kind, outcome.reason) == ("skipped", "gone")
    assert (world.order().fields["status"], world.audited()) == ("NEW", {"park": 1, "keep": 1})
    assert world.record().state == "deleted"


def test_a_work_order_that_is_back_before_a_person_decided_goes_on() -> None:
    world = deleted_world(on_delete=PARK)
    world.deliver(event("deletion"))
    world.work_orders[WORK_ORDER] = work_order(extraFields={"Order": world.order().id})
    assert world.deliver(event("e3")).reason == "in_step"
    assert world.record().conflicts == {}


def test_a_work_order_that_is_only_not_visible_is_not_taken_for_deleted() -> None:
    world = deleted_world(on_delete=PARK)
    with pytest.raises(RecordNotVisible):
        world.engine(Wire()).look_at(WORK_ORDER, erp_event())
    assert world.record().conflicts == {}


def test_ignoring_a_deletion_asks_the_erp_nothing() -> None:
    world = deleted_world(on_delete={"action": "ignore"})
    wire = Wire()
    assert world.deliver(event("deletion"), wire).reason == "gone"
    assert (wire.count("erp"), world.audited()) == (0, {"keep": 1})


@pytest.mark.parametrize("erp", [None, SeparateStatusErp])
def test_an_order_that_has_come_to_its_end_is_not_cancelled(erp: Any) -> None:
    world = linked_world(erp)
    world.edit_erp(status="COMPLETED")
    world.edit_erp(status="CLOSED")
    world.deliver(erp_event())
    world.delete()
    outcome = world.deliver(event("deletion"))
    assert (outcome.kind, outcome.reason, world.order().fields["status"]) == ("skipped", "gone", "CLOSED")
    assert world.published[-1]["action"] == "keep"
    assert world.record().state == "deleted"


def test_a_cancellation_for_which_the_erp_knows_no_way_is_for_a_person() -> None:
    world = linked_world(SeparateStatusErp)
    world.edit_erp(status="WAITING")
    world.deliver(erp_event())
    world.edit_erp(status="COMPLETED")
    world.deliver(erp_event("p2"))
    world.erp.STEPS = {**SeparateStatusErp.STEPS, "COMPLETED": ()}  # type: ignore[attr-defined]  # bent
    world.delete()
    assert world.deliver(event("deletion")).reason == "parked"
    assert world.record().conflicts[DELETION]["reason"] == "status_not_possible"
    assert world.decide({DELETION: "maintainx"}).reason == "parked"  # as before
    assert world.decide({DELETION: "erp"}).reason == "gone"
    assert (world.order().fields["status"], world.record().state) == ("COMPLETED", "deleted")


def test_an_order_that_is_gone_too_needs_nothing() -> None:
    world = deleted_world()
    world.delete_in_erp()
    outcome = world.deliver(event("deletion"))
    assert (outcome.kind, outcome.reason, world.audited()) == ("skipped", "gone", {"orphan": 1})
    assert world.record().state == "deleted"


def gone_world(**keys: Any) -> World:
    """A world whose order is gone from the ERP, and nobody looked yet."""
    world = linked_world(**keys)
    world.delete_in_erp()
    return world


def test_a_work_order_can_be_cancelled_with_its_order() -> None:
    world = gone_world(on_erp_delete="cancel")
    outcome = world.deliver(erp_event())
    assert (outcome.kind, outcome.reason) == ("done", "orphaned")
    assert world.maintainx_writes == [{"status": "CANCELED"}]
    assert world.audited() == {"orphan": 1, "cancel": 1}
    entry = world.published[-1]
    assert (entry["direction"], entry["before"], entry["after"]) == (
        "erp_to_maintainx",
        {"status": "OPEN"},
        {"status": "CANCELED"},
    )


def test_a_work_order_that_came_to_its_end_is_not_cancelled(subtests: pytest.Subtests) -> None:
    for status in ["DONE", "CANCELED", "SKIPPED"]:
        with subtests.test(status=status):
            world = gone_world(on_erp_delete="cancel")
            world.change(status=status)
            assert world.deliver(erp_event()).reason == "orphaned"
            assert world.work_orders[WORK_ORDER]["status"] == status


def test_ignoring_that_an_order_is_gone_is_noted() -> None:
    world = gone_world(on_erp_delete="ignore")
    assert world.deliver(erp_event()).reason == "orphaned"
    assert (world.maintainx_writes, world.audited()) == ([], {"orphan": 1})


@pytest.mark.parametrize("action", ["cancel", "ignore"])
def test_an_orphan_stays_one_and_costs_the_erp_nothing(action: str) -> None:
    world = gone_world(on_erp_delete=action)
    world.deliver(erp_event())
    world.change(title="Replace both seals")
    for about in (event("e2"), erp_event("p2")):
        wire = Wire()
        outcome = world.deliver(about, wire)
        assert (outcome.kind, outcome.reason, wire.count("erp")) == ("skipped", "orphaned", 0)
    assert (world.record().state, world.tenant.orders) == ("orphaned", {})
    world.delete()
    assert world.deliver(event("deletion")).reason == "gone"


def test_that_an_order_is_gone_is_seen_by_a_write_too() -> None:
    world = gone_world(on_erp_delete="ignore")
    world.change(title="Replace both seals")
    wire = Wire()
    assert world.deliver(event("e2"), wire).reason == "orphaned"
    assert [name for name in wire.calls if name.startswith("erp")] == ["erp.update", "erp.get", "erp.find_by_reference"]


@pytest.fixture
def parked() -> World:
    """A world whose order is gone, with the question what to do parked."""
    world = gone_world(on_erp_delete="park")
    outcome = world.deliver(erp_event())
    assert (outcome.kind, outcome.reason, outcome.detail["fields"]) == ("done", "parked", [ORPHAN])
    return world


def test_people_are_asked_once_what_to_do_without_the_order(parked: World) -> None:
    for about in (event("e2"), erp_event("p2")):
        assert parked.deliver(about).kind == "skipped"
    (told,) = parked.announced
    assert told.data["fields"][ORPHAN].items() >= {"reason": "gone", "erp": "40000001"}.items()
    assert (parked.audited(), parked.maintainx_writes) == ({"park": 1}, [])


def test_a_person_can_have_the_order_made_anew(parked: World) -> None:
    parked.change(title="Replace both seals")
    outcome = parked.decide({ORPHAN: "maintainx"})
    assert (outcome.kind, outcome.reason) == ("done", "created")
    assert parked.order().fields["shortText"] == "Replace both seals"
    assert (parked.record().state, parked.record().conflicts) == ("linked", {})
    assert parked.record().erp_id == parked.order().id
    assert parked.deliver(event("e3")).reason == "unchanged"


def test_an_order_that_somebody_made_anew_with_our_reference_is_taken(parked: World) -> None:
    parked.erp.create({"shortText": "By hand", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    order = parked.tenant.orders.pop("40000001")
    order.id = "40000077"
    parked.tenant.orders[order.id] = order
    outcome = parked.decide({ORPHAN: "maintainx"})
    assert (outcome.kind, outcome.reason, parked.record().erp_id) == ("done", "adopted", "40000077")
    assert parked.order().fields["shortText"] == "Replace seal on feed pump"


def test_a_person_can_have_the_work_order_cancelled(parked: World) -> None:
    outcome = parked.decide({ORPHAN: "erp"})
    assert (outcome.kind, outcome.reason) == ("done", "orphaned")
    assert parked.work_orders[WORK_ORDER]["status"] == "CANCELED"
    assert (parked.record().state, parked.record().conflicts) == ("orphaned", {})


@pytest.mark.parametrize("side", ["maintainx", "erp"])
def test_an_order_that_is_back_makes_the_question_void(parked: World, side: Side) -> None:
    parked.note_choice({ORPHAN: side})
    wanted = {name: value for name, value in parked.wanted().items() if name != "id"}
    parked.erp.create(wanted, parked.record().reference)
    assert parked.order().id == "40000001"
    assert parked.deliver(erp_event("p2")).reason == "in_step"
    assert (parked.record().state, parked.record().conflicts) == ("linked", {})
