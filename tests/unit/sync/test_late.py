"""Changes that come when the ERP's status takes none: told once, kept, and written when the status allows it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.erp.base import ErpRecord
from shared.errors import RemoteRejected
from tests.fakes.erp import SeparateStatusErp
from tests.fakes.sync_world import Wire, World, both_ways_mapping, erp_event, event

OLD, NEW = "Replace seal on feed pump", "Replace both seals"


class CompletedIsClosed(SeparateStatusErp):
    """As SAP: a completed order takes no change of its fields, but another status."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        status = self.description.status
        assert status is not None
        self.description = replace(self.description, status=replace(status, locks=frozenset({"COMPLETED"})))

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        if self.tenant.order(erp_id).fields["status"] in ("COMPLETED", "CLOSED"):
            raise RemoteRejected(f"order {erp_id} is technically completed", status=400)
        return super().update(erp_id, changes, version)


@pytest.fixture
def world() -> World:
    """A work order that is done, and whose title is corrected afterwards."""
    world = World(both_ways_mapping(), erp=CompletedIsClosed)
    world.deliver()
    world.change(status="DONE")
    world.deliver(event("done"))
    world.change(title=NEW)
    return world


def test_a_late_change_is_told_once_and_nobody_has_to_decide(world: World) -> None:
    wire = Wire()
    assert world.deliver(event("e2"), wire).reason == "late"
    assert (wire.count("maintainx"), wire.count("erp")) == (1, 0)
    record = world.record()
    assert (record.open_conflicts, record.conflicts["shortText"]["reason"]) == (frozenset(), "erp_is_final")
    (told,) = world.announced
    assert told.data["fields"]["shortText"]["reason"] == "erp_is_final"
    for number in range(3):
        outcome = world.deliver(event(f"again-{number}"))
        assert (outcome.kind, outcome.reason) == ("skipped", "late")
    assert len(world.announced) == 1
    assert world.order().fields["shortText"] == OLD


def test_another_late_change_is_told_too(world: World) -> None:
    world.deliver(event("e2"))
    world.change(priority="LOW")
    assert world.deliver(event("e3")).kind == "done"
    assert [set(each.data["fields"]) for each in world.announced] == [{"shortText"}, {"priority"}]


def test_it_is_written_when_the_work_order_is_reopened_status_first(world: World) -> None:
    world.deliver(event("e2"))
    world.change(status="IN_PROGRESS")
    wire = Wire()
    assert world.deliver(event("e3"), wire).detail["fields"] == ["shortText", "status"]
    assert [call for call in wire.calls if call.startswith("erp.")] == ["erp.set_status", "erp.update"]
    assert (world.order().fields["shortText"], world.record().conflicts) == (NEW, {})


def test_it_is_written_when_the_order_is_reopened_in_the_erp(world: World) -> None:
    world.deliver(event("e2"))
    world.edit_erp(status="IN_WORK")
    assert world.deliver(erp_event()).reason == "merged"
    assert (world.order().fields["shortText"], world.record().conflicts) == (NEW, {})


def test_reopened_and_changed_at_once_the_status_goes_first(world: World) -> None:
    world.change(status="IN_PROGRESS")
    assert world.deliver(event("e2")).detail["fields"] == ["shortText", "status"]
    assert (world.order().fields["shortText"], world.record().conflicts, world.announced) == (NEW, {}, [])


def test_changed_and_done_at_once_the_fields_go_first() -> None:
    world = World(both_ways_mapping(), erp=CompletedIsClosed)
    world.deliver()
    world.change(status="DONE", title=NEW)
    assert world.deliver(event("e2")).detail["fields"] == ["shortText", "status"]
    assert (world.order().fields["status"], world.order().fields["shortText"]) == ("COMPLETED", NEW)


def test_what_was_refused_because_of_the_status_is_tried_again_after_it(world: World) -> None:
    """Where the ERP's rules are not known, a refusal tells; the status that the same run brings opens the field."""
    status = world.erp.description.status
    assert status is not None
    world.erp.description = replace(world.erp.description, status=replace(status, locks=frozenset()))
    world.change(status="IN_PROGRESS")
    assert world.deliver(event("e2")).detail["fields"] == ["shortText", "status"]
    assert (world.order().fields["shortText"], world.record().conflicts) == (NEW, {})


def test_a_late_change_does_not_hide_what_the_erp_has_instead(world: World) -> None:
    world.edit_erp(status="IN_WORK")
    world.edit_erp(shortText="Planner's words", status="COMPLETED")
    world.deliver(erp_event())
    assert world.record().conflicts["shortText"]["erp"] == "Planner's words"
    world.deliver(event("e3"))
    assert world.record().conflicts["shortText"]["erp"] == "Planner's words"


def test_a_person_may_give_it_up(world: World) -> None:
    world.deliver(event("e2"))
    world.decide({"shortText": "erp"})
    assert (world.record().conflicts, world.order().fields["shortText"]) == ({}, OLD)
