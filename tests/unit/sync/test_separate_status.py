"""An ERP whose status only steps of its own change: when they are taken, and what happens if none leads there."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from shared.errors import OutcomeUnknown, VersionConflict
from tests.fakes.erp import SeparateStatusErp
from tests.fakes.sync_world import WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event
from tests.unit.sync.situations import QuietStatusErp, assert_in_step


def new_world(erp: type[SeparateStatusErp] = SeparateStatusErp, **keys: Any) -> World:
    return World(both_ways_mapping(without=("id",), **keys), erp=erp)


def linked_world(erp: type[SeparateStatusErp] = SeparateStatusErp, **keys: Any) -> World:
    """A world in which both sides are in step, and a minute has passed."""
    world = new_world(erp, **keys)
    world.deliver()
    world.wait(60)
    world.published.clear()
    world.tenant.counters.clear()
    return world


def erp_calls(wire: Wire) -> list[str]:
    return [name for name in wire.calls if name.startswith("erp")]


def status_of(world: World) -> str:
    return str(world.order().fields["status"])


def test_a_new_order_is_made_first_and_then_brought_to_its_status() -> None:
    world, wire = new_world(), Wire()
    world.change(status="DONE")
    outcome = world.deliver(wire=wire)
    assert (outcome.reason, outcome.detail["fields"]) == ("created", ["status"])
    assert erp_calls(wire) == ["erp.find_by_reference", "erp.create", "erp.set_status"]
    assert status_of(world) == "COMPLETED"
    create, status = world.published
    assert (create["action"], create["agreed"]["status"]) == ("create", "NEW")
    assert "status" not in create["after"]
    assert (status["action"], status["before"], status["after"]) == (
        "status",
        {"status": "NEW"},
        {"status": "COMPLETED"},
    )
    assert world.deliver(event("echo")).reason == "unchanged"


def test_a_new_order_that_is_in_its_status_already_needs_no_step() -> None:
    world, wire = new_world(), Wire()
    world.deliver(wire=wire)
    assert erp_calls(wire) == ["erp.find_by_reference", "erp.create"]
    assert world.audited() == {"create": 1}


def test_a_new_order_that_cannot_be_brought_to_its_status_is_made_and_the_status_parked() -> None:
    world = new_world()
    world.erp.STEPS = {**SeparateStatusErp.STEPS, "NEW": ()}  # type: ignore[attr-defined]  # bent
    world.change(status="DONE")
    outcome = world.deliver()
    assert (outcome.reason, outcome.detail["parked"]) == ("created", ["status"])
    kept = world.record().conflicts["status"]
    assert (kept["reason"], kept["maintainx"], kept["erp"]) == ("status_not_possible", "DONE", "NEW")
    assert kept["detail"] == "no steps lead from NEW to COMPLETED"
    assert world.audited() == {"create": 1, "park": 1}
    assert (world.deliver(event("e2")).kind, len(world.announced)) == ("skipped", 1)


@pytest.mark.parametrize("erp", [SeparateStatusErp, QuietStatusErp])
def test_fields_are_written_first_and_the_status_after_them(erp: type[SeparateStatusErp]) -> None:
    world = linked_world(erp)
    world.change(title="Replace both seals", status="IN_PROGRESS")
    wire = Wire()
    assert world.deliver(event("e2"), wire).detail["fields"] == ["shortText", "status"]
    assert erp_calls(wire) == ["erp.update", "erp.set_status"]
    assert [entry["action"] for entry in world.published] == ["update", "status"]
    assert world.deliver(event("echo")).reason == "unchanged"
    assert world.deliver(erp_event()).reason == "in_step"


def test_where_a_status_tells_no_version_the_next_write_looks_first() -> None:
    world = linked_world(QuietStatusErp)
    world.change(status="IN_PROGRESS")
    world.deliver(event("e2"))
    assert world.record().erp_version is None
    wire = Wire()
    assert world.deliver(event("echo"), wire).reason == "unchanged"
    assert erp_calls(wire) == []
    world.change(title="Replace both seals")
    wire = Wire()
    world.deliver(event("e3"), wire)
    assert erp_calls(wire) == ["erp.get", "erp.update"]


def test_a_status_of_the_erp_is_pulled() -> None:
    world = linked_world()
    world.edit_erp(status="WAITING")
    assert world.deliver(erp_event()).reason == "pulled"
    assert world.work_orders[WORK_ORDER]["status"] == "ON_HOLD"


def test_a_status_to_which_no_steps_lead_is_parked_and_the_fields_are_written() -> None:
    world = linked_world()
    world.edit_erp(status="COMPLETED")
    world.deliver(erp_event())
    world.erp.STEPS = {**SeparateStatusErp.STEPS, "COMPLETED": ()}  # type: ignore[attr-defined]  # bent
    world.change(status="OPEN", title="Replace both seals")
    outcome = world.deliver(event("e2"))
    assert (outcome.reason, outcome.detail["fields"], outcome.detail["parked"]) == (
        "updated",
        ["shortText"],
        ["status"],
    )
    assert (status_of(world), world.record().intent) == ("COMPLETED", None)


@pytest.mark.parametrize(("side", "maintainx", "erp"), [("erp", "DONE", "COMPLETED"), ("maintainx", "OPEN", "NEW")])
def test_a_status_that_was_not_possible_can_be_decided(side: Any, maintainx: str, erp: str) -> None:
    world = linked_world()
    world.edit_erp(status="COMPLETED")
    world.deliver(erp_event())
    world.erp.STEPS = {**SeparateStatusErp.STEPS, "COMPLETED": ()}  # type: ignore[attr-defined]  # bent
    world.change(status="OPEN")
    assert world.deliver(event("e2")).reason == "parked"
    # Somebody has made a way meanwhile.
    world.erp.STEPS = {**SeparateStatusErp.STEPS, "COMPLETED": ("NEW",)}  # type: ignore[attr-defined]  # bent
    world.decide({"status": side})
    assert (world.work_orders[WORK_ORDER]["status"], status_of(world)) == (maintainx, erp)
    assert world.record().conflicts == {}
    assert world.deliver(erp_event("p9")).reason == "in_step"


def test_a_status_that_holds_in_the_erp_s_is_not_written() -> None:
    world = linked_world()
    world.edit_erp(status="COMPLETED")
    world.edit_erp(status="CLOSED")
    world.change(status="DONE")
    assert world.deliver(erp_event()).reason == "in_step"
    assert world.tenant.counters["walks"] == 0
    assert world.published[-1]["agreed"] == {"status": "CLOSED"}
    assert world.deliver(event("echo")).reason == "unchanged"


def test_a_cancelled_order_is_opened_before_its_fields_are_written() -> None:
    world = linked_world()
    world.edit_erp(status="CANCELLED")
    world.deliver(erp_event())
    world.change(status="OPEN", title="Replace both seals")
    wire = Wire()
    assert world.deliver(event("e2"), wire).detail["fields"] == ["shortText", "status"]
    assert erp_calls(wire) == ["erp.set_status", "erp.update"]


def test_a_closed_order_takes_neither_status_nor_fields() -> None:
    world = linked_world()
    world.edit_erp(status="COMPLETED")
    world.edit_erp(status="CLOSED")
    world.deliver(erp_event())
    world.change(status="OPEN", title="Replace both seals")
    outcome = world.deliver(event("e2"))
    assert (outcome.reason, outcome.detail["fields"]) == ("parked", ["shortText", "status"])
    reasons = {name: each["reason"] for name, each in world.record().conflicts.items()}
    assert reasons == {"shortText": "erp_is_final", "status": "status_not_possible"}


def test_cancelling_writes_the_fields_first_and_then_the_status() -> None:
    on_delete = {"action": "cancel", "set": {"status": "CANCELLED", "shortText": "cancelled"}}
    world = linked_world(on_delete=on_delete)
    world.delete()
    wire = Wire()
    assert world.deliver(event("deletion"), wire).reason == "cancelled"
    assert erp_calls(wire) == ["erp.update", "erp.set_status"]
    assert (status_of(world), world.order().fields["shortText"]) == ("CANCELLED", "cancelled")
    assert world.audited() == {"cancel": 2}


def test_steps_that_were_cut_off_are_our_own_and_no_change_of_the_erp(subtests: pytest.Subtests) -> None:
    for steps in [0, 1]:
        for policy in ["maintainx", "erp", "newest", "manual"]:
            for erp in [SeparateStatusErp, QuietStatusErp]:
                with subtests.test(steps=steps, policy=policy, erp=erp):
                    world = new_world(erp, status={"policy": policy})
                    world.deliver()
                    world.wait(60)
                    world.change(status="DONE")
                    separate = world.erp
                    assert isinstance(separate, SeparateStatusErp)
                    separate.fails_after = steps
                    with pytest.raises(OutcomeUnknown):
                        world.deliver(event("e2"))
                    assert status_of(world) == ("NEW", "IN_WORK")[steps]
                    assert world.deliver(erp_event()).reason == "updated"
                    assert (world.work_orders[WORK_ORDER]["status"], status_of(world)) == ("DONE", "COMPLETED")
                    afters = [entry["after"] for entry in world.published if entry["action"] == "status"]
                    assert afters == [{"status": "IN_WORK"}] * steps + [{"status": "COMPLETED"}]
                    assert_in_step(world)


@pytest.mark.parametrize("erp", [SeparateStatusErp, QuietStatusErp])
def test_steps_of_a_new_order_that_were_cut_off_are_gone_on_with(erp: type[SeparateStatusErp]) -> None:
    world = new_world(erp, status={"policy": "erp"})
    separate = world.erp
    assert isinstance(separate, SeparateStatusErp)
    separate.fails_after = 1
    world.change(status="DONE")
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    assert world.deliver().kind == "done"
    assert status_of(world) == "COMPLETED"
    assert_in_step(world)


def test_an_order_that_others_keep_moving_is_given_back() -> None:
    world = linked_world()
    world.change(status="DONE")
    step = world.erp.set_status

    def contested(*arguments: Any, **keys: Any) -> Any:
        world.edit_erp(costCenter=str(world.order().version))
        return step(*arguments, **keys)

    world.erp.set_status = contested  # type: ignore[method-assign]  # bent
    with pytest.raises(VersionConflict):
        world.deliver(event("e2"))
    del world.erp.set_status
    assert world.deliver(event("e2")).kind == "done"
    assert status_of(world) == "COMPLETED"


def test_a_new_order_is_released_although_what_it_is_means_the_same(subtests: pytest.Subtests) -> None:
    """As SAP's CRTD: open to MaintainX, but nobody may work on it. Also if nobody saw that the order was made."""
    values = {"OPEN": "IN_WORK", "IN_PROGRESS": "IN_WORK", "ON_HOLD": "WAITING", "DONE": "COMPLETED"}
    values |= {"CANCELED": "CANCELLED", "SKIPPED": "CANCELLED"}
    back = {"NEW": "OPEN", "IN_WORK": "IN_PROGRESS", "CLOSED": "DONE", "CANCELLED": "CANCELED"}
    for answered in (True, False):
        with subtests.test(answered=answered), pytest.MonkeyPatch.context() as patch:
            world = World(both_ways_mapping(status={"values": values, "back": back}), erp=SeparateStatusErp)
            if not answered:
                real = world.erp.create

                def unanswered(fields: Any, reference: str, real: Any = real) -> NoReturn:
                    real(fields, reference)
                    raise OutcomeUnknown("no answer")

                patch.setattr(world.erp, "create", unanswered)
                with pytest.raises(OutcomeUnknown):
                    world.deliver()
            world.redeliver_after_crash()
            assert world.order().fields["status"] == "IN_WORK"
            assert world.deliver(event("e2")).kind == "skipped"
