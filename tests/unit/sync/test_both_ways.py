"""The ERP's own changes: what of them reaches MaintainX, in which form, and at what price."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import MappingError, NetworkFailed, RateLimited, RecordNotVisible, ValidationFailed
from shared.events import format_utc
from shared.state import SyncRecord
from tests.fakes.sync_world import WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event


def linked_world(**keys: Any) -> World:
    """A world in which both sides are in step, and ten minutes have passed."""
    world = World(both_ways_mapping(**keys))
    world.deliver()
    world.wait(600)
    world.published.clear()
    world.maintainx_writes.clear()
    return world


@pytest.fixture
def world() -> World:
    return linked_world()


def work_order_of(world: World) -> dict[str, Any]:
    return world.work_orders[WORK_ORDER]


def calls(wire: Wire) -> list[str]:
    return [name for name in wire.calls if name.startswith(("erp", "maintainx"))]


def test_a_change_in_the_erp_costs_a_read_of_each_side_and_the_write(world: World) -> None:
    world.edit_erp(shortText="Planner's title", priority="3")
    wire = Wire()
    outcome = world.deliver(erp_event(), wire)
    assert (outcome.kind, outcome.reason, outcome.detail["pulled"]) == ("done", "pulled", ["priority", "shortText"])
    assert calls(wire) == ["erp.get", "maintainx.get_work_order", "maintainx.change_work_order"]
    assert world.maintainx_writes == [{"title": "Planner's title", "priority": "LOW"}]


def test_what_we_wrote_to_maintainx_is_no_change_when_it_comes_back(world: World) -> None:
    world.edit_erp(shortText="Planner's title")
    world.deliver(erp_event())
    echo, told_again = Wire(), Wire()
    assert world.deliver(event("echo"), echo).reason == "unchanged"
    assert calls(echo) == ["maintainx.get_work_order"]
    assert world.deliver(erp_event("p2"), told_again).reason == "in_step"
    assert calls(told_again) == ["erp.get", "maintainx.get_work_order"]


def test_our_own_change_in_the_erp_is_none_of_its_own(world: World) -> None:
    world.change(title="Replace both seals")
    world.deliver(event("e2"))
    assert world.deliver(erp_event()).reason == "in_step"
    assert world.maintainx_writes == []


def test_a_change_of_which_only_the_erp_tells_is_not_looked_for_at_each_webhook(world: World) -> None:
    world.edit_erp(shortText="Planner's title")
    wire = Wire()
    assert world.deliver(event("e2"), wire).reason == "unchanged"
    assert wire.count("erp") == 0


def test_the_status_is_written_by_its_own_call(world: World) -> None:
    world.edit_erp(status="IN_WORK")
    wire = Wire()
    assert world.deliver(erp_event(), wire).reason == "pulled"
    assert calls(wire) == ["erp.get", "maintainx.get_work_order", "maintainx.set_status"]
    (entry,) = world.published
    assert (entry["action"], entry["direction"]) == ("status", "erp_to_maintainx")
    assert (entry["before"], entry["after"]) == ({"status": "OPEN"}, {"status": "IN_PROGRESS"})
    assert entry["agreed"] == {"status": "IN_WORK"}


def test_status_and_fields_are_two_writes_with_an_audit_entry_each(world: World) -> None:
    world.edit_erp(status="IN_WORK", shortText="Planner's title")
    world.deliver(erp_event())
    assert world.maintainx_writes == [{"title": "Planner's title"}, {"status": "IN_PROGRESS"}]
    assert [(entry["action"], list(entry["after"])) for entry in world.published] == [
        ("update", ["title"]),
        ("status", ["status"]),
    ]
    assert world.published[0]["actor"] == "poll"


def test_the_other_extra_fields_are_written_with_it(world: World) -> None:
    world.change(extraFields={"Area": "B", "Order": work_order_of(world)["extraFields"]["Order"]})
    world.edit_erp(costCenter="4100")
    world.deliver(erp_event())
    assert work_order_of(world)["extraFields"] == {"Area": "B", "Order": "40000001", "Cost Center": "4100"}
    assert world.published[-1]["after"] == {"extraFields.Cost Center": "4100"}


def test_what_only_the_erp_has_becomes_what_the_mapping_says(world: World) -> None:
    world.edit_erp(status="COMPLETED")
    world.deliver(erp_event())
    world.edit_erp(status="CLOSED")
    assert world.deliver(erp_event("p2")).reason == "in_step"  # both are DONE
    assert work_order_of(world)["status"] == "DONE"
    assert world.audited() == {"status": 1, "agree": 1}
    assert world.published[-1]["agreed"] == {"status": "CLOSED"}


def test_a_day_from_the_erp_keeps_the_time_of_day(world: World) -> None:
    world.edit_erp(dueDate="2026-12-24")  # in winter, when Berlin is an hour behind its summer
    world.deliver(erp_event())
    assert work_order_of(world)["dueDate"] == "2026-12-24T17:00:00.000Z"
    assert world.deliver(event("echo")).reason == "unchanged"


def test_a_field_that_is_emptied_in_the_erp_is_emptied_in_maintainx(world: World) -> None:
    world.edit_erp(dueDate=None, equipment=None)
    world.deliver(erp_event())
    assert (work_order_of(world)["dueDate"], work_order_of(world)["assetId"]) == (None, None)
    assert world.deliver(erp_event("p2")).reason == "in_step"


LONG = "Replace the seal on the feed pump of line number four"


def test_a_cut_title_is_no_change_of_the_erp(world: World) -> None:
    world.change(title=LONG)
    world.deliver(event("e2"))
    assert world.order().fields["shortText"] == LONG[:40].rstrip()
    assert world.deliver(erp_event()).reason == "in_step"
    assert work_order_of(world)["title"] == LONG


def test_a_title_that_the_erp_changes_is_taken_whole_and_its_overflow_goes(world: World) -> None:
    world.change(title=LONG)
    world.deliver(event("e2"))
    assert world.order().fields["longText"] == f"{LONG}\nLeak at drive end"
    world.edit_erp(shortText="Replace the seal")
    outcome = world.deliver(erp_event())
    assert (outcome.reason, outcome.detail["fields"], outcome.detail["pulled"]) == (
        "merged",
        ["longText"],
        ["shortText"],
    )
    assert work_order_of(world)["title"] == "Replace the seal"
    assert work_order_of(world)["description"] == "Leak at drive end"
    assert world.order().fields["longText"] == "Leak at drive end"
    assert world.deliver(erp_event("p2")).reason == "in_step"


def test_what_the_erp_alone_decides_is_told_as_soon_as_the_order_is_made() -> None:
    world, wire = World(both_ways_mapping()), Wire()
    outcome = world.deliver(wire=wire)
    assert (outcome.reason, outcome.detail["pulled"]) == ("created", ["id"])
    assert work_order_of(world)["extraFields"] == {"Order": "40000001"}
    assert calls(wire)[-3:] == ["erp.create", "maintainx.get_work_order", "maintainx.change_work_order"]
    assert world.deliver(event("echo")).reason == "unchanged"


def test_what_only_the_erp_may_change_is_put_back_in_maintainx(world: World) -> None:
    world.change(extraFields={"Order": "by hand"})
    outcome = world.deliver(event("e2"))
    assert (outcome.reason, outcome.detail["pulled"]) == ("pulled", ["id"])
    assert work_order_of(world)["extraFields"]["Order"] == "40000001"


def test_a_field_that_is_written_once_goes_its_own_way_on_each_side(world: World) -> None:
    assert world.order().fields["orderType"] == "PM01"
    world.edit_erp(orderType="PM02")
    world.change(type="PREVENTIVE")
    assert world.deliver(erp_event()).reason == "in_step"
    assert (world.order().fields["orderType"], work_order_of(world)["type"]) == ("PM02", "PREVENTIVE")


def test_changes_of_different_fields_on_both_sides_are_merged(world: World) -> None:
    world.change(title="Replace both seals")
    world.edit_erp(priority="4")
    outcome = world.deliver(erp_event())
    assert (outcome.reason, outcome.detail["fields"], outcome.detail["pulled"]) == (
        "merged",
        ["shortText"],
        ["priority"],
    )
    assert world.order().fields["shortText"] == "Replace both seals"
    assert work_order_of(world)["priority"] == "NONE"


def test_of_two_changes_the_newer_one_stays(subtests: pytest.Subtests) -> None:
    for erp_changed_s_later, winner in [(1, "erp"), (0, "maintainx"), (-1, "maintainx")]:
        with subtests.test(erp_changed_s_later=erp_changed_s_later):
            world = linked_world()
            noon = world.now
            world.change(dueDate="2026-10-02T06:00:00.000Z")
            world.now = noon + timedelta(seconds=erp_changed_s_later)
            world.edit_erp(dueDate="2026-10-05")
            world.now = noon + timedelta(seconds=60)
            world.deliver(erp_event())
            day = {"erp": "2026-10-05", "maintainx": "2026-10-02"}[winner]
            assert world.order().fields["dueDate"] == day
            assert work_order_of(world)["dueDate"] == f"{day}T06:00:00.000Z"
            assert world.published[-1]["policy"] == {"dueDate": winner}


def test_equal_changes_on_both_sides_are_noted_and_nothing_is_written(world: World) -> None:
    world.change(title="Replace both seals")
    world.edit_erp(shortText="Replace both seals ")
    assert world.deliver(erp_event()).reason == "in_step"
    assert (world.audited(), world.maintainx_writes) == ({"agree": 1}, [])
    assert world.deliver(event("e2")).reason == "unchanged"


def test_a_value_for_which_the_mapping_has_no_answer_is_an_error_that_names_it() -> None:
    world = linked_world(costCenter={"values": {"Line 1": "4100"}})
    world.edit_erp(costCenter="4300")
    with pytest.raises(MappingError, match=r"costCenter -> extraFields\.Cost Center: '4300'"):
        world.deliver(erp_event())


def test_what_maintainx_cannot_be_without_needs_a_word_in_the_mapping() -> None:
    world = linked_world()
    world.edit_erp(priority=None)
    with pytest.raises(MappingError, match=r"leaves MaintainX without priority; say in back"):
        world.deliver(erp_event())
    world.mapping = both_ways_mapping(priority={"back": {"": "NONE"}})
    world.deliver(erp_event())
    assert work_order_of(world)["priority"] == "NONE"


def bend(world: World, name: str, error: Exception) -> None:
    """Have one call to MaintainX fail, once."""

    def fail(*_arguments: Any) -> Any:
        delattr(world, name)
        raise error

    setattr(world, name, fail)


@pytest.mark.parametrize(
    "error", [NetworkFailed("no answer"), RateLimited("slow down"), ValidationFailed("no", status=400)]
)
@pytest.mark.parametrize("name", ["change_work_order", "set_status"])
def test_a_change_that_maintainx_did_not_take_is_not_forgotten(world: World, name: str, error: Exception) -> None:
    world.edit_erp(shortText="Planner's title", status="IN_WORK")
    bend(world, name, error)
    with pytest.raises(type(error)):
        world.deliver(erp_event())
    assert _is_known(world.record()) is False
    assert world.deliver(event("another")).reason == "pulled"
    assert work_order_of(world).items() >= {"title": "Planner's title", "status": "IN_PROGRESS"}.items()
    assert world.audited() == {"update": 1, "status": 1}


def test_a_write_to_maintainx_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    world.edit_erp(shortText="Planner's title")
    write = world.change_work_order

    def unanswered(work_order_id: int, fields: Any) -> Any:
        write(work_order_id, fields)
        raise NetworkFailed("no answer")

    world.change_work_order = unanswered  # type: ignore[method-assign]  # bent
    with pytest.raises(NetworkFailed):
        world.deliver(erp_event())
    del world.change_work_order
    outcome = world.deliver(erp_event())
    assert (outcome.reason, len(world.maintainx_writes), world.audited()) == ("pulled", 1, {"update": 1})


def test_a_work_order_that_is_deleted_while_it_is_written_waits_for_the_event_of_that(world: World) -> None:
    world.edit_erp(shortText="Planner's title")
    read = world.get_work_order

    def deleted_after(work_order_id: int) -> Any:
        found = read(work_order_id)
        world.delete()
        return found

    world.get_work_order = deleted_after  # type: ignore[method-assign]  # bent
    with pytest.raises(RecordNotVisible):
        world.deliver(erp_event())
    del world.get_work_order
    assert world.deliver(event("deletion")).reason == "cancelled"


def test_the_record_knows_the_time_of_the_work_order_that_it_was_decided_on(world: World) -> None:
    world.change(title="Replace both seals")
    world.deliver(event("e2"))
    assert world.record().maintainx_updated_at == world.now
    world.wait(60)
    world.edit_erp(shortText="Planner's title")
    world.deliver(erp_event())
    assert work_order_of(world)["updatedAt"] == format_utc(world.now)
    assert world.record().maintainx_updated_at == world.now


def _is_known(record: SyncRecord) -> bool:
    return record.erp_version is not None or record.maintainx_updated_at is not None
