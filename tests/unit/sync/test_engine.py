"""The engine: what it does in each situation, and how many calls it needs for it; the way back is in test_both_ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.deadline import remaining_s
from shared.errors import (
    DuplicateRecord,
    LeaseLost,
    MappingError,
    OutcomeUnknown,
    RateLimited,
    RecordBusy,
    RecordNotVisible,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)
from shared.state import RecordKey
from shared.sync.engine import LEASE_S
from tests.fakes.sync_world import (
    SITE,
    WORK_ORDER,
    Killed,
    Wire,
    World,
    both_ways_mapping,
    erp_event,
    event,
    work_order,
)


def _raises(error: BaseException) -> Callable[..., Any]:
    def call(*_arguments: object) -> Any:
        raise error

    return call


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def linked(world: World) -> World:
    """A world in which the work order has its order already."""
    assert world.deliver().reason == "created"
    world.tenant.counters.clear()
    world.published.clear()
    return world


def test_a_new_work_order_is_created_with_two_calls_to_the_erp(world: World) -> None:
    wire = Wire()
    outcome = world.deliver(wire=wire)
    assert (outcome.kind, outcome.reason) == ("done", "created")
    assert [name for name in wire.calls if name.startswith(("maintainx", "erp"))] == [
        "maintainx.get_work_order",
        "erp.find_by_reference",
        "erp.create",
    ]
    assert world.order().fields.items() >= world.wanted().items()
    assert world.order().fields["externalReference"] == f"mx:{SITE}:{WORK_ORDER}"


def test_our_own_write_coming_back_costs_one_read_and_no_call_to_the_erp(linked: World) -> None:
    wire = Wire()
    outcome = linked.deliver(event("echo"), wire)
    assert (outcome.kind, outcome.reason) == ("skipped", "unchanged")
    assert (wire.count("maintainx"), wire.count("erp"), wire.count("audit")) == (1, 0, 0)


def test_a_change_is_written_with_one_call_to_the_erp_and_touches_no_other_field(linked: World) -> None:
    linked.change(title="Replace both seals")
    wire = Wire()
    outcome = linked.deliver(event("e2"), wire)
    assert (outcome.kind, outcome.reason) == ("done", "updated")
    assert outcome.detail["fields"] == ["shortText"]
    assert (wire.count("maintainx"), wire.count("erp")) == (1, 1)
    assert linked.order().fields.items() >= linked.wanted().items()
    (entry,) = linked.published
    assert (entry["before"], entry["after"]) == (
        {"shortText": "Replace seal on feed pump"},
        {"shortText": "Replace both seals"},
    )


def test_the_audit_entry_says_who_when_what_and_between_which_versions(linked: World) -> None:
    linked.change(status="DONE")
    before = linked.record().erp_version
    linked.wait(90)
    linked.deliver(event("e2", userId=81))
    (entry,) = linked.published
    assert entry["actor"] == "maintainx user 81"
    assert entry["at"] == "2026-09-14T12:01:30.000Z"
    assert (entry["event_id"], entry["site"], entry["direction"]) == ("e2", SITE, "maintainx_to_erp")
    assert (entry["kind"], entry["maintainx_id"], entry["erp_id"]) == ("work_order", WORK_ORDER, linked.order().id)
    assert (entry["version_before"], entry["version_after"]) == (before, linked.record().erp_version)


def test_a_change_in_the_erp_to_another_field_is_merged(linked: World) -> None:
    linked.edit_erp(priority="3", costCenter="4100")
    linked.change(title="Replace both seals")
    wire = Wire()
    outcome = linked.deliver(event("e2"), wire)
    assert (outcome.kind, outcome.reason) == ("done", "merged")
    assert (outcome.detail["fields"], outcome.detail["pulled"]) == (["shortText"], ["priority"])
    assert linked.order().fields["shortText"] == "Replace both seals"
    assert linked.work_orders[WORK_ORDER]["priority"] == "LOW"
    assert linked.order().fields["costCenter"] == "4100"  # which the mapping does not know
    assert [name for name in wire.calls if name.startswith(("erp", "maintainx"))] == [
        "maintainx.get_work_order",
        "erp.update",
        "maintainx.get_work_order",
        "erp.get",
        "erp.update",
        "maintainx.get_work_order",
        "maintainx.change_work_order",
    ]


def test_constants_and_fields_of_one_direction_are_put_back() -> None:
    linked = World(both_ways_mapping(without=("id",)))
    linked.deliver()
    linked.published.clear()
    linked.edit_erp(plant="2020", longText="Planner's text")
    outcome = linked.deliver(erp_event())
    assert (outcome.kind, outcome.reason, outcome.detail["fields"]) == ("done", "updated", ["longText", "plant"])
    assert linked.order().fields.items() >= linked.wanted().items()
    assert linked.audited() == {"update": 1}
    assert linked.deliver(erp_event("p2")).reason == "in_step"


def test_a_constant_is_put_back_with_the_next_change_too(linked: World) -> None:
    linked.edit_erp(plant="2020")
    linked.change(title="Replace both seals")
    assert linked.deliver(event("e2")).detail["fields"] == ["plant", "shortText"]
    assert linked.order().fields["plant"] == "1010"


def test_a_conflict_goes_to_maintainx_where_the_mapping_says_so(linked: World) -> None:
    linked.edit_erp(shortText="Planner's title")
    linked.change(title="Technician's title")
    assert linked.deliver(event("e2")).reason == "updated"
    assert linked.order().fields["shortText"] == "Technician's title"
    (entry,) = linked.published
    assert entry["policy"] == {"shortText": "maintainx"}
    assert entry["before"] == {"shortText": "Planner's title"}


def test_a_conflict_goes_to_the_erp_where_the_mapping_says_so(linked: World) -> None:
    linked.edit_erp(priority="2")
    linked.change(priority="LOW", title="Replace both seals")
    assert linked.deliver(event("e2")).reason == "merged"
    assert (linked.order().fields["priority"], linked.order().fields["shortText"]) == ("2", "Replace both seals")
    assert linked.work_orders[WORK_ORDER]["priority"] == "MEDIUM"
    to_erp, to_maintainx = linked.published
    assert (to_erp["after"], to_erp["policy"]) == ({"shortText": "Replace both seals"}, {})
    assert to_maintainx["direction"] == "erp_to_maintainx"
    assert (to_maintainx["before"], to_maintainx["after"]) == ({"priority": "LOW"}, {"priority": "MEDIUM"})
    assert (to_maintainx["policy"], to_maintainx["rejected"]) == ({"priority": "erp"}, {"priority": "3"})


def test_a_conflict_that_the_erp_wins_altogether_writes_only_maintainx(linked: World) -> None:
    linked.edit_erp(priority="2")
    linked.change(priority="LOW")
    outcome = linked.deliver(event("e2"))
    assert (outcome.kind, outcome.reason) == ("done", "pulled")
    assert linked.audited() == {"update": 1}
    assert linked.tenant.counters["updates"] == 0  # it was refused for its version, and then not needed any more


def test_a_conflict_is_decided_once(linked: World) -> None:
    linked.edit_erp(priority="2")
    linked.change(priority="LOW", title="Replace both seals")
    linked.deliver(event("e2"))
    assert linked.deliver(event("e3")).reason == "unchanged"
    linked.change(title="Replace all seals")
    assert linked.deliver(event("e4")).detail["fields"] == ["shortText"]
    assert linked.order().fields["priority"] == "2"


def test_a_record_that_others_keep_changing_is_given_back_after_three_tries(linked: World) -> None:
    linked.change(title="Replace both seals")
    update = linked.erp.update

    def contested(erp_id: str, changes: Mapping[str, Any], version: str | None) -> object:
        linked.edit_erp(costCenter=str(linked.order().version))
        return update(erp_id, changes, version)

    linked.erp.update = contested  # type: ignore[assignment,method-assign]  # the fake is bent for one test
    wire = Wire()
    with pytest.raises(VersionConflict):
        linked.deliver(event("e2"), wire)
    assert wire.calls.count("erp.update") == 3
    del linked.erp.update  # and straightened
    assert linked.deliver(event("e2")).reason == "updated"


def test_an_order_that_is_there_already_is_adopted_and_not_created_again(world: World) -> None:
    reference = f"mx:{SITE}:{WORK_ORDER}"
    world.erp.create({"shortText": "By hand", "orderType": "PM01", "plant": "2020"}, reference)
    outcome = world.deliver()
    assert (outcome.kind, outcome.reason) == ("done", "adopted")
    assert world.tenant.counters["creates"] == 1
    assert world.order().fields["shortText"] == world.wanted()["shortText"]
    assert world.audited() == {"adopt": 1, "update": 1}
    adopt, update = world.published
    assert adopt["agreed"] == {"status": "NEW", "orderType": "PM01"}  # what both had already
    assert update["after"].keys() == {"shortText", "longText", "priority", "equipment", "dueDate", "plant"}
    assert world.deliver(event("echo")).reason == "unchanged"


def test_adopting_takes_the_erp_s_value_where_the_erp_wins(world: World) -> None:
    body = {
        "shortText": "By hand",
        "orderType": "PM01",
        "priority": "4",
        "externalReference": f"mx:{SITE}:{WORK_ORDER}",
    }
    world.tenant.create(body)
    assert world.deliver().reason == "adopted"
    assert (world.order().fields["priority"], world.work_orders[WORK_ORDER]["priority"]) == ("4", "NONE")
    assert world.audited() == {"adopt": 1, "update": 2}
    assert world.published[-1]["rejected"] == {"priority": "1"}


def test_adopting_an_order_that_is_in_step_writes_nothing(world: World) -> None:
    world.erp.create(world.wanted(), f"mx:{SITE}:{WORK_ORDER}")
    assert world.deliver().reason == "adopted"
    assert world.audited() == {"adopt": 1}
    assert world.published[0]["agreed"] == world.wanted()
    assert world.tenant.counters["updates"] == 0


def test_two_orders_with_one_reference_are_an_error_that_names_both(world: World) -> None:
    for _ in range(2):
        world.erp.create({"shortText": "Twin", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    with pytest.raises(DuplicateRecord, match=r"40000001.*40000002"):
        world.deliver()


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


def test_a_status_that_is_not_sent_gets_no_order(world: World) -> None:
    world.change(status="SKIPPED")
    outcome = world.deliver()
    assert (outcome.kind, outcome.reason) == ("skipped", "status_not_sent")
    assert not world.tenant.orders


def test_an_order_that_exists_follows_into_a_status_that_is_not_sent(linked: World) -> None:
    linked.change(status="SKIPPED")
    assert linked.deliver(event("e2")).reason == "updated"
    assert linked.order().fields["status"] == "CANCELLED"


def test_a_value_without_mapping_is_an_error_and_leaves_no_lease(linked: World) -> None:
    linked.change(type="INSPECTION")
    with pytest.raises(MappingError, match="type"):
        linked.deliver(event("e2"))
    linked.change(type="OTHER")
    assert linked.deliver(event("e2")).reason == "updated"


def test_a_record_under_lease_elsewhere_is_busy(linked: World) -> None:
    locked = linked.state.lock_record(RecordKey(SITE, "work_order", WORK_ORDER), owner="other", lease_s=60)
    assert locked is not None
    wire = Wire()
    with pytest.raises(RecordBusy):
        linked.deliver(event("e2"), wire)
    assert (wire.count("maintainx"), wire.count("erp")) == (0, 0)
    linked.state.unlock_record(locked)
    assert linked.deliver(event("e2")).reason == "unchanged"


def test_what_the_erp_refuses_is_raised_and_can_be_delivered_again_at_once(world: World) -> None:
    world.change(assetId=9999)
    with pytest.raises(RemoteRejected, match="9999"):
        world.deliver()
    world.change(assetId=2202)
    assert world.deliver().reason == "created"
    assert world.tenant.counters["creates"] == 1


def test_a_create_that_the_erp_did_not_take_on_is_tried_again_at_once(world: World) -> None:
    create = world.erp.create
    world.erp.create = _raises(RateLimited("slow down", retry_after_s=1.0))  # type: ignore[method-assign]  # bent
    with pytest.raises(RateLimited):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    assert world.deliver().reason == "created"


def test_an_unanswered_create_is_not_repeated_while_it_may_still_take_effect(world: World) -> None:
    create, settle_s = world.erp.create, world.erp.settle_s
    world.erp.create = _raises(OutcomeUnknown("no answer"))  # type: ignore[method-assign]  # bent
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.wait(settle_s - 1)
    with pytest.raises(RemoteUnavailable, match="may still take effect") as caught:
        world.deliver()
    assert caught.value.retry_after_s == pytest.approx(1.0)
    assert not world.tenant.orders

    world.erp.create(world.wanted(), world.record().reference)  # now it does
    assert world.deliver().reason == "created"
    assert world.tenant.counters["creates"] == 1
    assert world.audited() == {"create": 1}


def test_settling_begins_when_the_answer_is_given_up_and_not_when_the_create_began(world: World) -> None:
    create = world.erp.create

    def unanswered(fields: Mapping[str, Any], reference: str) -> Any:
        world.wait(20)
        raise OutcomeUnknown("no answer in 20 s")

    world.erp.create = unanswered  # type: ignore[method-assign]  # bent
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.wait(world.erp.settle_s - 1)
    with pytest.raises(RemoteUnavailable, match="may still take effect"):
        world.deliver()
    world.wait(1)
    assert world.deliver().reason == "created"
    assert world.tenant.counters["creates"] == 1


def test_after_a_crash_settling_begins_when_the_create_must_have_ended(world: World) -> None:
    create = world.erp.create
    world.erp.create = _raises(Killed())  # type: ignore[method-assign]  # bent
    with pytest.raises(Killed):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.wait(LEASE_S + world.erp.settle_s - 1)
    with pytest.raises(RemoteUnavailable, match="may still take effect"):
        world.deliver()
    world.wait(1)
    assert world.deliver().reason == "created"


def test_a_write_is_given_up_before_the_lease_ends(world: World) -> None:
    left_s: list[float] = []
    create = world.erp.create

    def noting(fields: Mapping[str, Any], reference: str) -> Any:
        left_s.append(remaining_s())
        return create(fields, reference)

    world.erp.create = noting  # type: ignore[method-assign]  # bent
    world.deliver()
    assert 0 < left_s[0] <= LEASE_S


def test_an_unanswered_create_that_came_to_nothing_is_repeated_in_time(world: World) -> None:
    create = world.erp.create
    world.erp.create = _raises(OutcomeUnknown("no answer"))  # type: ignore[method-assign]  # bent
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.wait(world.erp.settle_s + 1)
    assert world.deliver().reason == "created"
    assert world.tenant.counters["creates"] == 1


def test_a_work_order_deleted_after_an_unanswered_create_still_cancels_the_order(world: World) -> None:
    create = world.erp.create
    world.erp.create = _raises(OutcomeUnknown("no answer"))  # type: ignore[method-assign]  # bent
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.erp.create(world.wanted(), world.record().reference)
    world.delete()
    assert world.deliver(event("e2")).reason == "cancelled"
    assert world.order().fields["status"] == "CANCELLED"
    assert world.audited() == {"create": 1, "cancel": 1}


def test_without_a_known_version_the_erp_is_read_before_it_is_written(linked: World) -> None:
    locked = linked.state.lock_record(linked.record().key, owner="test", lease_s=60)
    assert locked is not None
    linked.state.save_record(locked, replace(linked.record(), erp_version=None))
    linked.change(title="Replace both seals")
    linked.edit_erp(priority="3")
    wire = Wire()
    assert linked.deliver(event("e2"), wire).reason == "merged"
    assert [name for name in wire.calls if name.startswith("erp")] == ["erp.get", "erp.update"]
    assert linked.order().fields["shortText"] == "Replace both seals"
    assert linked.work_orders[WORK_ORDER]["priority"] == "LOW"


def test_a_field_that_is_new_in_the_mapping_does_not_overwrite_where_the_erp_wins(world: World) -> None:
    rules = world.mapping.fields
    full = world.mapping
    world.mapping = full.model_copy(update={"fields": [rule for rule in rules if rule.erp != "priority"]})
    world.deliver()
    world.edit_erp(priority="2")
    world.mapping = full
    assert world.deliver(event("e2")).reason == "pulled"
    assert (world.order().fields["priority"], world.work_orders[WORK_ORDER]["priority"]) == ("2", "MEDIUM")


def test_a_field_that_left_the_mapping_is_left_alone(world: World) -> None:
    world.deliver()
    rules = [rule for rule in world.mapping.fields if rule.erp != "priority"]
    world.mapping = world.mapping.model_copy(update={"fields": rules})
    world.change(priority="LOW")
    world.edit_erp(priority="2")
    assert world.deliver(erp_event()).kind == "skipped"
    assert "priority" not in world.record().base
    assert world.deliver(event("e3")).reason == "unchanged"


def test_an_unanswered_create_of_a_work_order_that_gets_none_by_now_is_not_repeated(world: World) -> None:
    create = world.erp.create
    world.erp.create = _raises(OutcomeUnknown("no answer"))  # type: ignore[method-assign]  # bent
    with pytest.raises(OutcomeUnknown):
        world.deliver()
    world.erp.create = create  # type: ignore[method-assign]  # straightened
    world.change(status="SKIPPED")
    world.wait(world.erp.settle_s + 1)
    assert world.deliver(event("e2")).reason == "status_not_sent"
    assert (world.tenant.orders, world.record().intent) == ({}, None)


def test_the_lease_is_renewed_before_the_erp_is_written(linked: World) -> None:
    linked.change(title="Replace both seals")
    read, update = linked.get_work_order, linked.erp.update
    others: list[object] = []

    def slow_read(work_order_id: int) -> Mapping[str, Any]:
        linked.wait(LEASE_S - 1)
        return read(work_order_id)

    def slow_update(erp_id: str, changes: Mapping[str, Any], version: str | None) -> Any:
        linked.wait(LEASE_S - 1)
        others.append(linked.state.lock_record(linked.record().key, owner="other", lease_s=60))
        return update(erp_id, changes, version)

    linked.get_work_order, linked.erp.update = slow_read, slow_update  # type: ignore[method-assign]  # bent
    assert linked.deliver(event("e2")).reason == "updated"
    assert others == [None]


def test_a_delivery_whose_lease_was_taken_over_writes_nothing_to_the_erp(linked: World) -> None:
    linked.change(title="Replace both seals")
    read = linked.get_work_order

    def endless_read(work_order_id: int) -> Mapping[str, Any]:
        linked.wait(LEASE_S + 1)
        linked.state.lock_record(linked.record().key, owner="other", lease_s=60)
        return read(work_order_id)

    linked.get_work_order = endless_read  # type: ignore[method-assign]  # bent
    with pytest.raises(LeaseLost):
        linked.deliver(event("e2"))
    assert linked.tenant.counters["updates"] == 0
