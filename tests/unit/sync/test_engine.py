"""The engine: what it does in each situation, and how many calls it needs for it; the way back is in test_both_ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.errors import (
    DuplicateRecord,
    MappingError,
    RecordBusy,
    VersionConflict,
)
from shared.state import RecordKey
from tests.fakes.sync_world import (
    SITE,
    WORK_ORDER,
    Wire,
    World,
    both_ways_mapping,
    erp_event,
    event,
)


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
