"""What people do between two steps of ours: nobody's edit may be lost, and nothing be taken for what it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.erp import ErpRecord
from shared.errors import (
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    TransientError,
)
from shared.outcomes import Outcome
from tests.fakes.erp import SeparateStatusErp
from tests.fakes.sync_world import SITE, WORK_ORDER, Meeting, Wire, World, both_ways_mapping, erp_event, event


def linked(world: World) -> World:
    world.deliver()
    world.wait(600)
    world.published.clear()
    return world


def until_done(world: World, about: Any) -> Outcome:
    for _ in range(5):
        try:
            return world.deliver(about)
        except TransientError:
            world.wait(120)
    raise AssertionError("it never ended")


def test_the_same_value_set_by_hand_does_not_prove_that_a_lost_write_was_done() -> None:
    world = linked(World(both_ways_mapping()))
    world.change(title="Replace both seals", priority="LOW")

    def lost(*_: Any, **__: Any) -> ErpRecord:
        raise OutcomeUnknown("cut off before it arrived")

    real, world.erp.update = world.erp.update, lost  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        world.deliver(event("e2"))
    world.erp.update = real  # type: ignore[method-assign]
    world.edit_erp(priority="3")  # which LOW is in the ERP
    world.wait(120)
    until_done(world, event("e2"))
    assert world.order().fields["shortText"] == "Replace both seals"
    assert world.work_orders[WORK_ORDER]["title"] == "Replace both seals"


def test_our_own_first_write_does_not_decide_what_is_newest_for_the_second() -> None:
    mapping = both_ways_mapping(status={"policy": "newest"})
    world = World(mapping)
    world.erp = SeparateStatusErp(world.tenant, clock=lambda: world.now)
    linked(world)
    world.edit_erp(status="IN_WORK")
    world.wait(60)
    world.change(title="Replace both seals", status="DONE")  # later, so this is the newest
    real = world.erp.set_status

    def busy(*_: Any, **__: Any) -> ErpRecord:
        raise RateLimited("not now")

    world.erp.set_status = busy  # type: ignore[method-assign]
    world.wait(60)
    with pytest.raises(RateLimited):
        world.deliver(event("e2"))
    assert world.order().fields["shortText"] == "Replace both seals"  # and so the ERP's record is newer than both
    world.erp.set_status = real  # type: ignore[method-assign]
    world.wait(120)
    until_done(world, event("e2"))
    assert (world.order().fields["status"], world.work_orders[WORK_ORDER]["status"]) == ("COMPLETED", "DONE")
    assert world.record().choices == {}


def test_an_erp_that_answers_404_to_everything_has_not_lost_its_orders() -> None:
    world = linked(World(both_ways_mapping()))

    def not_found(*_: Any, **__: Any) -> Any:
        raise RecordNotFound("no service found", status=404)

    world.erp.get = world.erp.find_by_reference = not_found  # type: ignore[method-assign]
    with pytest.raises(RemoteUnavailable, match="404 to a search"):
        world.deliver(erp_event())
    assert (world.record().state, world.record().conflicts) == ("linked", {})
    assert world.work_orders[WORK_ORDER]["status"] == "OPEN"


def test_a_404_to_a_change_of_status_is_a_refusal_and_not_a_lost_order() -> None:
    world = World(both_ways_mapping())
    world.erp = SeparateStatusErp(world.tenant, clock=lambda: world.now)
    linked(world)

    def no_function(*_: Any, **__: Any) -> ErpRecord:
        raise RecordNotFound("Resource not found for the segment", status=404)

    world.erp.set_status = no_function  # type: ignore[method-assign]
    world.change(status="DONE")
    assert world.deliver(event("e2")).detail["fields"] == ["status"]
    assert world.record().conflicts["status"]["reason"] == "status_not_possible"
    assert (world.record().state, world.record().erp_id) == ("linked", world.order().id)


@pytest.mark.parametrize("field", ["title", "extraFields"])
def test_an_edit_in_maintainx_while_the_erp_is_read_is_seen_and_not_overwritten(field: str) -> None:
    world = linked(World(both_ways_mapping()))
    edit: dict[str, Any] = {"title": "By the technician"} if field == "title" else {"extraFields": {"Shift": "B"}}

    def technician() -> None:
        world.wait(1)
        world.change(**edit)

    world.edit_erp(priority="3", shortText="Planner's title")
    world.deliver(erp_event(), Meeting("erp.get", technician, after=True))
    order = world.work_orders[WORK_ORDER]
    assert order["priority"] == "LOW"
    if field == "title":
        assert (order["title"], world.order().fields["shortText"]) == ("By the technician", "By the technician")
    else:
        assert (order["extraFields"]["Shift"], order["title"]) == ("B", "Planner's title")


def test_an_edit_in_maintainx_just_before_our_write_is_left_for_catch_up_to_find() -> None:
    world = linked(World(both_ways_mapping()))
    world.edit_erp(priority="3")

    def technician() -> None:
        world.wait(1)
        world.change(description="Leak at both ends")

    world.deliver(erp_event(), Meeting("maintainx.change_work_order", technician))
    record = world.record()
    assert record.maintainx_updated_at is None
    world.deliver(event("caught up"))
    assert world.order().fields["longText"] == "Leak at both ends"


def test_a_create_that_is_answered_with_an_older_record_is_brought_in_step() -> None:
    world = World(both_ways_mapping())
    body = {"shortText": "Old title", "orderType": "PM01", "externalReference": f"mx:{SITE}:{WORK_ORDER}"}
    order = world.tenant.create(body)
    answered = world.erp.get(order.id)

    def finds_nothing(reference: str) -> None:  # its list lags behind
        return None

    def answers_again(fields: Mapping[str, Any], reference: str) -> ErpRecord:
        return answered

    world.erp.find_by_reference = finds_nothing  # type: ignore[method-assign]
    world.erp.create = answers_again  # type: ignore[method-assign]
    assert world.deliver().reason == "created"
    assert world.order().fields.items() >= {k: v for k, v in world.wanted().items() if k != "id"}.items()


def test_a_404_while_the_search_still_has_the_record_loses_no_agreement() -> None:
    world = linked(World(both_ways_mapping(priority={"policy": "erp"})))
    world.change(priority="LOW")
    real = world.erp.get

    def restarting(erp_id: str) -> ErpRecord:
        raise RecordNotFound("no route", status=404)

    world.erp.get = restarting  # type: ignore[method-assign]
    with pytest.raises(RemoteUnavailable, match="still has"):
        world.deliver(erp_event())
    world.erp.get = real  # type: ignore[method-assign]
    assert world.deliver(erp_event()).reason == "updated"
    assert (world.order().fields["priority"], world.work_orders[WORK_ORDER]["priority"]) == ("3", "LOW")


def test_what_was_newest_stays_so_while_the_erp_refuses_it() -> None:
    world = linked(World(both_ways_mapping(dueDate={"policy": "newest"})))
    world.edit_erp(dueDate="2026-09-20")
    world.wait(60)
    world.change(dueDate="2026-09-25T16:00:00.000Z", title="Replace both seals")
    real = world.erp.update

    def refuses(erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        if "dueDate" in changes:
            raise RemoteRejected("no capacity on that day", status=422)
        return real(erp_id, changes, version)

    world.erp.update = refuses  # type: ignore[method-assign]
    world.wait(60)
    world.deliver(event("e2"))
    world.wait(60)
    assert world.deliver(erp_event("again")).reason == "parked"
    assert world.work_orders[WORK_ORDER]["dueDate"] == "2026-09-25T16:00:00.000Z"
    assert list(world.record().conflicts) == ["dueDate"]


def test_a_new_order_that_is_released_at_once_gets_its_status_by_steps_only() -> None:
    world = World(both_ways_mapping())
    world.erp = SeparateStatusErp(world.tenant, clock=lambda: world.now)
    real = world.erp.create

    def releases(fields: Mapping[str, Any], reference: str) -> ErpRecord:
        made = real(fields, reference)
        world.erp.set_status(made.id, "IN_WORK", current="NEW", version=None)
        return world.erp.get(made.id)

    world.erp.create = releases  # type: ignore[method-assign]
    world.change(status="DONE")
    wire = Wire()
    assert world.deliver(wire=wire).reason == "created"
    assert [name for name in wire.calls if name.startswith("erp.")] == [
        "erp.find_by_reference",
        "erp.create",
        "erp.set_status",
    ]
    assert world.order().fields["status"] == "COMPLETED"


def test_a_title_that_goes_back_while_we_write_does_not_hide_what_the_erp_changed() -> None:
    world = linked(World(both_ways_mapping()))
    locked = world.state.lock_record(world.record().key, owner="test", lease_s=60)
    assert locked is not None
    world.state.save_record(locked, replace(world.record(), erp_version=None))
    before = world.work_orders[WORK_ORDER]["title"]
    world.edit_erp(priority="3")
    world.change(title="Replace both seals")

    def goes_back() -> None:
        world.wait(1)
        world.change(title=before)

    world.deliver(event("e2"), Meeting("erp.update", goes_back, after=True))
    assert world.work_orders[WORK_ORDER]["priority"] == "LOW"
    assert world.order().fields["shortText"] == before


def test_a_work_order_that_is_finished_meanwhile_is_not_cancelled_for_its_lost_order() -> None:
    world = linked(World(both_ways_mapping(on_erp_delete="cancel")))
    world.delete_in_erp()

    def technician() -> None:
        world.wait(1)
        world.change(status="DONE")

    world.deliver(erp_event(), Meeting("erp.find_by_reference", technician, after=True))
    assert world.work_orders[WORK_ORDER]["status"] == "DONE"
    assert world.audited()["orphan"] == 1


def test_a_search_that_lags_behind_a_deletion_is_asked_again_and_is_no_dead_letter() -> None:
    world = World(both_ways_mapping())
    order = world.erp.create({"shortText": "By hand", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    real = world.erp.find_by_reference
    lagging = replace(order, version=None)

    def still_finds(reference: str) -> ErpRecord:
        return lagging

    world.tenant.orders.clear()
    world.erp.find_by_reference = still_finds  # type: ignore[method-assign]
    with pytest.raises(RemoteUnavailable, match="does not show"):
        world.deliver()
    world.erp.find_by_reference = real  # type: ignore[method-assign]
    assert world.deliver().reason == "created"
