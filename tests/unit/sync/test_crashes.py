"""The outbound engine dies between any two of its steps; the next delivery must leave everything as if it had not.

The process is killed just before or just after each call that the engine makes, in each situation, and MaintainX may
have moved on before the next delivery. Then: one order, equal to the mapping; one audit entry for each write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import TransientError
from shared.outcomes import Outcome
from tests.fakes.sync_world import SITE, WORK_ORDER, Killed, When, Wire, World, event

Step = Callable[[World], None]


def nothing(_world: World) -> None:
    """Leaves the world as it is."""


def linked(world: World) -> None:
    world.deliver(event("e0"))


def created(_world: World) -> None:
    """A new work order."""


def changed(world: World) -> None:
    linked(world)
    world.change(title="Replace both seals", status="IN_PROGRESS")


def changed_on_both_sides(world: World) -> None:
    changed(world)
    world.edit_erp(costCenter="4100")


def deleted(world: World) -> None:
    linked(world)
    world.delete()


def deleted_and_edited(world: World) -> None:
    deleted(world)
    world.edit_erp(costCenter="4100")


def found(world: World) -> None:
    world.erp.create({"shortText": "By hand", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")


def moves_on(world: World) -> None:
    if WORK_ORDER in world.work_orders:
        world.change(title="Replace all seals", status="DONE")


def goes_back(world: World) -> None:
    if WORK_ORDER in world.work_orders:
        world.change(title="Replace seal on feed pump", status="OPEN")


SITUATIONS: tuple[Step, ...] = (created, changed, changed_on_both_sides, deleted, deleted_and_edited, found)
MEANWHILES: tuple[Step, ...] = (nothing, moves_on, goes_back, World.delete)


def calls_of_a_whole_run(situation: Step) -> list[str]:
    world, wire = World(), Wire()
    situation(world)
    world.deliver(event("e1"), wire)
    return wire.calls


CASES = [
    pytest.param(
        situation, meanwhile, when, number, id=f"{situation.__name__}-{meanwhile.__name__}-{when}-{number}-{name}"
    )
    for situation in SITUATIONS
    for number, name in enumerate(calls_of_a_whole_run(situation), start=1)
    for when in ("before", "after")
    for meanwhile in MEANWHILES
    # An order that was found but never linked is not ours to cancel.
    if (situation, meanwhile) != (found, World.delete)
]


@pytest.mark.parametrize(("situation", "meanwhile", "when", "number"), CASES)
def test_a_crash_at_any_call_is_mended_by_the_next_delivery(
    situation: Step, meanwhile: Step, when: When, number: int
) -> None:
    world = World()
    situation(world)
    world.published.clear()
    world.tenant.counters.clear()
    with pytest.raises(Killed):
        world.deliver(event("e1"), Wire(kill_at=number, when=when))
    meanwhile(world)
    world.redeliver_after_crash(event("e1"))
    assert_in_step(world)
    again = world.deliver(event("e2"))
    assert again.kind == "skipped"


def assert_in_step(world: World) -> None:
    """Both sides agree, nothing is doubled, and the audit trail has each write once."""
    writes = world.tenant.counters["creates"] + world.tenant.counters["updates"]
    entries = world.audit_entries().values()
    assert sum(bool(entry["after"]) for entry in entries) == writes
    if not world.tenant.orders:
        assert WORK_ORDER not in world.work_orders
        return
    fields = world.order().fields  # fails if there are two
    if WORK_ORDER not in world.work_orders:
        assert fields["status"] == "CANCELLED"
    else:
        assert fields.items() >= world.wanted().items()
        assert world.record().base == world.wanted()
    assert world.record().erp_id == world.order().id
    assert world.record().intent is None
    if world.tenant.counters["user_edits"]:
        assert fields["costCenter"] == "4100"


# Any sequence of what can happen, with deliveries that die anywhere in it.
TITLES = st.sampled_from(["Replace seal on feed pump", "Replace both seals", "Grease bearings"])
STATUSES = st.sampled_from(["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"])
STEPS = st.one_of(
    st.tuples(st.just("title"), TITLES),
    st.tuples(st.just("status"), STATUSES),
    st.tuples(st.just("erp"), st.text("0123456789", min_size=1, max_size=10)),
    st.tuples(
        st.just("deliver"), st.one_of(st.none(), st.tuples(st.integers(1, 12), st.sampled_from(["before", "after"])))
    ),
    st.tuples(st.just("delete"), st.none()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_whatever_happens_in_whatever_order_both_sides_end_in_step(steps: list[tuple[str, Any]]) -> None:
    world = World()
    cost_center = None
    for number, (what, value) in enumerate(steps):
        if what == "delete":
            world.delete()
        elif what == "erp" and world.tenant.orders:
            world.edit_erp(costCenter=value)
            cost_center = value
        elif what == "deliver":
            deliver_perhaps_dying(world, f"e{number}", value)
        elif what in ("title", "status") and WORK_ORDER in world.work_orders:
            world.change(**{what: value})
    world.redeliver_after_crash(event("last"))
    assert len(world.tenant.orders) <= 1
    if WORK_ORDER in world.work_orders:
        assert world.order().fields.items() >= world.wanted().items()
    elif world.tenant.orders:
        assert world.order().fields["status"] == "CANCELLED"
    if world.tenant.orders:
        assert world.order().fields["costCenter"] == cost_center
        entries = world.audit_entries().values()
        assert (
            sum(bool(entry["after"]) for entry in entries)
            == world.order().version - world.tenant.counters["user_edits"]
        )


def deliver_perhaps_dying(world: World, event_id: str, death: tuple[int, When] | None) -> Outcome | None:
    wire = Wire() if death is None else Wire(kill_at=death[0], when=death[1])
    world.wait(10)
    try:
        return world.deliver(event(event_id), wire)
    except (Killed, TransientError):
        return None
