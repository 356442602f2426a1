"""The outbound engine: what it does in each situation, and how many calls it needs for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.deadline import remaining_s
from shared.erp import ErpRecord
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
from shared.sync.intent import Intent
from tests.fakes.sync_world import SITE, WORK_ORDER, Killed, Wire, World, event, work_order


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


def test_a_change_in_the_erp_to_another_field_stays(linked: World) -> None:
    linked.edit_erp(plant="2020", costCenter="4100")
    linked.change(title="Replace both seals")
    wire = Wire()
    assert linked.deliver(event("e2"), wire).reason == "updated"
    assert linked.order().fields["shortText"] == "Replace both seals"
    assert (linked.order().fields["plant"], linked.order().fields["costCenter"]) == ("2020", "4100")
    assert [name for name in wire.calls if name.startswith("erp")] == ["erp.update", "erp.get", "erp.update"]


def test_the_erp_s_own_change_is_not_overwritten_later_either(linked: World) -> None:
    linked.edit_erp(plant="2020")
    for number, title in enumerate(("Replace both seals", "Replace all seals")):
        linked.change(title=title)
        linked.deliver(event(f"again-{number}"))
    assert linked.order().fields["plant"] == "2020"


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
    assert linked.deliver(event("e2")).reason == "updated"
    assert (linked.order().fields["priority"], linked.order().fields["shortText"]) == ("2", "Replace both seals")
    (entry,) = linked.published
    assert (entry["policy"], entry["rejected"]) == ({"priority": "erp"}, {"priority": "3"})


def test_a_lost_conflict_stays_lost(linked: World) -> None:
    linked.edit_erp(priority="2")
    linked.change(priority="LOW", title="Replace both seals")
    linked.deliver(event("e2"))
    assert linked.deliver(event("e3")).reason == "unchanged"
    linked.change(title="Replace all seals")
    assert linked.deliver(event("e4")).reason == "updated"
    assert linked.order().fields["priority"] == "2"


@pytest.mark.parametrize(
    ("field", "kept"), [({"priority": "LOW"}, {"priority": "2"}), ({"title": "x"}, {"shortText": "x"})]
)
def test_a_change_in_the_erp_that_was_only_noticed_still_takes_part_in_a_later_conflict(
    linked: World, field: dict[str, str], kept: dict[str, str]
) -> None:
    linked.edit_erp(priority="2", shortText="Planner's title")
    linked.change(description="Leak at both ends")
    linked.deliver(event("e2"))  # meets the ERP's new version and leaves its two changes alone
    linked.published.clear()
    linked.change(**field)
    linked.deliver(event("e3"))
    assert linked.order().fields.items() >= kept.items()
    assert linked.published[0]["policy"].keys() == kept.keys()


def test_a_conflict_that_the_erp_wins_altogether_is_a_skip_with_an_audit_entry(linked: World) -> None:
    linked.edit_erp(priority="2")
    linked.change(priority="LOW")
    outcome = linked.deliver(event("e2"))
    assert (outcome.kind, outcome.reason) == ("skipped", "erp_wins")
    (entry,) = linked.published
    assert (entry["action"], entry["rejected"]) == ("keep", {"priority": "3"})
    assert linked.tenant.counters["updates"] == 0


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
    assert world.audited() == {"adopt": 1}
    assert world.deliver(event("echo")).reason == "unchanged"


def test_adopting_leaves_the_erp_s_value_where_the_erp_owns_the_field(world: World) -> None:
    body = {
        "shortText": "By hand",
        "orderType": "PM01",
        "priority": "4",
        "externalReference": f"mx:{SITE}:{WORK_ORDER}",
    }
    world.tenant.create(body)
    world.deliver()
    assert world.order().fields["priority"] == "4"
    assert world.published[0]["rejected"] == {"priority": "1"}


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


@pytest.mark.parametrize(("version_now", "was_done"), [("1", False), ("2", True), (None, True)])
def test_an_order_at_the_version_of_before_shows_that_an_update_was_not_done(
    version_now: str | None, was_done: bool
) -> None:
    after = {"priority": "2", "shortText": "Replace both seals"}
    intent = Intent(
        action="update",
        event_id="e1",
        actor="webhook",
        at="2026-09-14T12:00:00.000Z",
        before={"priority": "3", "shortText": "Replace seal"},
        after=after,
        rejected={},
        policy={},
        version_before="1",
    )
    found = ErpRecord("7", "r", {"priority": "2", "shortText": "Replace seal"}, version_now)
    assert intent.was_done(found) is was_done


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
    linked.edit_erp(plant="2020")
    wire = Wire()
    assert linked.deliver(event("e2"), wire).reason == "updated"
    assert [name for name in wire.calls if name.startswith("erp")] == ["erp.get", "erp.update"]
    assert (linked.order().fields["plant"], linked.order().fields["shortText"]) == ("2020", "Replace both seals")


def test_a_field_that_is_new_in_the_mapping_does_not_overwrite_what_the_erp_owns(world: World) -> None:
    rules = world.mapping.fields
    full = world.mapping
    world.mapping = full.model_copy(update={"fields": [rule for rule in rules if rule.erp != "priority"]})
    world.deliver()
    world.edit_erp(priority="2")
    world.mapping = full
    world.deliver(event("e2"))
    assert world.order().fields["priority"] == "2"


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
