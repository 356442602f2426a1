"""What waits for a person: it is parked and told once, holds nothing else up, and ends as the person decides."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import ConfigError
from shared.sync.conflicts import CONFLICT_EVENT
from shared.sync.merge import Side
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event


def linked_world(**keys: Any) -> World:
    """A world in which both sides are in step, and a minute has passed."""
    world = World(both_ways_mapping(**keys))
    world.deliver()
    world.wait(60)
    world.published.clear()
    return world


@pytest.fixture
def parked() -> World:
    """A world with a parked title."""
    world = linked_world(shortText={"policy": "manual"})
    world.change(title="Technician's title")
    world.edit_erp(shortText="Planner's title")
    outcome = world.deliver(erp_event())
    assert (outcome.kind, outcome.reason, outcome.detail["fields"]) == ("done", "parked", ["shortText"])
    return world


def titles(world: World) -> tuple[str, str]:
    return world.work_orders[WORK_ORDER]["title"], world.order().fields["shortText"]


BOTH = ("Technician's title", "Planner's title")


def test_both_sides_keep_what_they_have(parked: World) -> None:
    assert titles(parked) == BOTH
    kept = parked.record().conflicts["shortText"]
    assert (kept["reason"], kept["maintainx"], kept["erp"]) == ("both_changed", *BOTH)
    assert (kept["since"], kept["event_id"]) == ("2026-09-14T12:01:00.000Z", "p1")
    assert list(parked.state.list_records(SITE, parked=True)) == [parked.record()]


def test_people_are_told_once(parked: World) -> None:
    (told,) = parked.announced
    assert (told.type, told.site, told.resource_id) == (CONFLICT_EVENT, SITE, str(WORK_ORDER))
    assert told.data["fields"]["shortText"].items() >= {"maintainx": BOTH[0], "erp": BOTH[1]}.items()
    for again in (event("e2"), erp_event("p2")):
        outcome = parked.deliver(again)
        assert (outcome.kind, outcome.reason) == ("skipped", "parked")
    assert (len(parked.announced), parked.audited()) == (1, {"park": 1})
    assert parked.record().conflicts["shortText"]["since"] == "2026-09-14T12:01:00.000Z"


def test_people_are_told_again_when_it_is_about_other_values(parked: World) -> None:
    parked.wait(60)
    parked.edit_erp(shortText="Another title")
    outcome = parked.deliver(erp_event("p2"))
    assert (outcome.kind, outcome.reason) == ("done", "parked")
    assert len({told.event_id for told in parked.announced}) == 2
    assert parked.record().conflicts["shortText"]["since"] == "2026-09-14T12:02:00.000Z"


def test_people_are_told_again_when_the_same_values_meet_again(parked: World) -> None:
    parked.decide({"shortText": "maintainx"})
    parked.edit_erp(shortText="Something")
    parked.deliver(erp_event("p2"))
    parked.change(title=BOTH[0])
    parked.edit_erp(shortText=BOTH[1])
    assert parked.deliver(erp_event("p3")).reason == "parked"
    assert len({told.event_id for told in parked.announced}) == 2


def test_a_parked_record_has_no_known_version_so_that_the_next_write_looks_first(parked: World) -> None:
    assert parked.record().erp_version is None
    parked.change(description="Leak at both ends")
    wire = Wire()
    outcome = parked.deliver(event("e2"), wire)
    assert (outcome.reason, outcome.detail["fields"], outcome.detail["parked"]) == (
        "updated",
        ["longText"],
        ["shortText"],
    )
    assert [name for name in wire.calls if name.startswith("erp")] == ["erp.get", "erp.update"]


def test_a_parked_field_holds_no_other_field_up(parked: World) -> None:
    parked.change(assetId=2202)
    parked.edit_erp(priority="3")
    outcome = parked.deliver(erp_event("p2"))
    assert (outcome.reason, outcome.detail["parked"]) == ("merged", ["shortText"])
    assert (parked.order().fields["equipment"], parked.work_orders[WORK_ORDER]["priority"]) == ("2202", "LOW")
    assert titles(parked) == BOTH


@pytest.mark.parametrize(("side", "title", "reason"), [("maintainx", 0, "updated"), ("erp", 1, "pulled")])
def test_what_a_person_decides_is_done(parked: World, side: Side, title: int, reason: str) -> None:
    outcome = parked.decide({"shortText": side})
    assert (outcome.kind, outcome.reason) == ("done", reason)
    assert titles(parked) == (BOTH[title], BOTH[title])
    record = parked.record()
    assert (record.conflicts, record.erp_version) == ({}, parked.order().etag)
    entry = parked.published[-1]
    assert (entry["policy"], entry["actor"]) == ({"shortText": side}, "operator anna")
    assert parked.deliver(event("e2")).reason == "unchanged"


@pytest.mark.parametrize("side", ["maintainx", "erp"])
def test_a_decision_is_void_once_a_value_changed(parked: World, side: Side) -> None:
    parked.note_choice({"shortText": side})
    parked.edit_erp(shortText="Third title")
    outcome = parked.deliver(erp_event("p2"))
    assert (outcome.kind, outcome.reason) == ("done", "parked")
    assert titles(parked) == (BOTH[0], "Third title")
    assert parked.record().conflicts["shortText"]["decided"] is None
    assert len(parked.announced) == 2


def test_only_what_is_parked_can_be_decided(parked: World) -> None:
    with pytest.raises(ConfigError, match=r"'priority' of work order 9001001 is not parked; waiting: shortText"):
        parked.decide({"priority": "erp"})


def test_a_conflict_ends_by_itself_when_both_sides_agree(parked: World) -> None:
    parked.change(title=BOTH[1])
    assert parked.deliver(event("e2")).reason == "in_step"
    assert parked.record().conflicts == {}
    assert parked.audited() == {"park": 1, "agree": 1}
    assert parked.deliver(event("e3")).reason == "unchanged"


def test_a_conflict_ends_by_itself_when_one_side_goes_back(parked: World) -> None:
    parked.edit_erp(shortText="Replace seal on feed pump")
    assert parked.deliver(erp_event("p2")).reason == "updated"
    assert titles(parked) == (BOTH[0], BOTH[0])
    assert parked.record().conflicts == {}


def test_without_a_time_of_change_the_newest_is_for_a_person_to_find() -> None:
    world = linked_world()
    world.erp.tells_time = False
    world.change(dueDate="2026-10-02T06:00:00.000Z")
    world.edit_erp(dueDate="2026-10-05")
    assert world.deliver(erp_event()).reason == "parked"
    assert world.record().conflicts["dueDate"]["reason"] == "no_time_of_change"


def test_a_work_order_without_a_time_of_change_is_no_older_than_anything() -> None:
    world = linked_world()
    world.change(dueDate="2026-10-02T06:00:00.000Z")
    del world.work_orders[WORK_ORDER]["updatedAt"]
    world.edit_erp(dueDate="2026-10-05")
    assert world.deliver(erp_event()).reason == "parked"


def test_fields_are_decided_one_by_one() -> None:
    world = linked_world(shortText={"policy": "manual"})
    world.change(title=BOTH[0], assetId=2202)
    world.edit_erp(shortText=BOTH[1], equipment=None)
    assert world.deliver(erp_event()).detail["fields"] == ["equipment", "shortText"]
    outcome = world.decide({"equipment": "erp"})
    assert (outcome.reason, outcome.detail["parked"]) == ("pulled", ["shortText"])
    assert (world.work_orders[WORK_ORDER]["assetId"], titles(world)) == (None, BOTH)
    assert len(world.announced) == 1


@pytest.fixture
def closed() -> World:
    """A world whose order is closed to all changes, with a change of the title that comes too late."""
    world = linked_world()
    world.edit_erp(status="COMPLETED")
    world.edit_erp(status="CLOSED")
    world.deliver(erp_event())
    world.published.clear()
    world.change(title="Technician's title")
    return world


def test_what_a_final_order_does_not_take_is_told_once_and_not_sent(closed: World) -> None:
    wire = Wire()
    outcome = closed.deliver(event("e2"), wire)
    assert (outcome.kind, outcome.reason, outcome.detail["fields"]) == ("done", "late", ["shortText"])
    assert wire.count("erp") == 0
    kept = closed.record().conflicts["shortText"]
    assert (kept["reason"], kept["detail"]) == ("erp_is_final", "CLOSED")
    assert closed.deliver(event("e3")).kind == "skipped"
    assert len(closed.announced) == 1


def test_of_a_final_order_changes_still_come(closed: World) -> None:
    closed.order().fields["priority"] = "3"  # as it was changed just before it was closed
    outcome = closed.deliver(erp_event("p2"))
    assert (outcome.reason, outcome.detail["parked"]) == ("pulled", ["shortText"])


@pytest.mark.parametrize(
    ("side", "title", "reason"), [("erp", "Replace seal on feed pump", "pulled"), ("maintainx", BOTH[0], "late")]
)
def test_a_final_order_s_value_can_only_be_accepted(closed: World, side: Side, title: str, reason: str) -> None:
    closed.deliver(event("e2"))
    assert closed.decide({"shortText": side}).reason == reason
    assert titles(closed) == (title, "Replace seal on feed pump")


def test_a_final_order_that_does_not_travel_back_can_be_accepted_as_it_is(closed: World) -> None:
    closed.change(title="Replace seal on feed pump", description="Leak at both ends")
    assert closed.deliver(event("e2")).detail["fields"] == ["longText"]
    assert closed.decide({"longText": "erp"}).kind == "skipped"
    assert (closed.record().conflicts, closed.maintainx_writes[1:]) == ({}, [{"status": "DONE"}])
    assert closed.order().fields["longText"] == "Leak at drive end"
    entry = closed.published[-1]
    assert (entry["action"], entry["policy"]) == ("agree", {"longText": "erp"})
    assert (entry["rejected"], entry["agreed"]) == (
        {"longText": "Leak at both ends"},
        {"longText": "Leak at drive end"},
    )
    assert closed.deliver(event("e3")).reason == "unchanged"
    assert closed.deliver(erp_event("p3")).reason == "in_step"


def test_the_overflow_of_a_title_that_came_from_a_closed_order_is_parked() -> None:
    world = linked_world()
    world.change(title="Replace the seal on the feed pump of line number four")
    world.deliver(event("e2"))
    world.edit_erp(shortText="Replace the seal", status="COMPLETED")
    world.edit_erp(status="CLOSED")
    outcome = world.deliver(erp_event())
    assert (outcome.reason, outcome.detail["parked"]) == ("pulled", ["longText"])
    assert titles(world) == ("Replace the seal", "Replace the seal")
