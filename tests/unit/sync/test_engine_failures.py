"""The engine when a call fails, its answer is lost, or its lease is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.deadline import remaining_s
from shared.errors import (
    LeaseLost,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
)
from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import (
    WORK_ORDER,
    Killed,
    Wire,
    World,
    erp_event,
    event,
)


def _raises(error: BaseException) -> Callable[..., Any]:
    def call(*_arguments: object) -> Any:
        raise error

    return call


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
