"""The engine dies between any two of its steps; the next delivery must leave everything as if it had not.

The process is killed just before or just after each call that the engine makes, in each situation, and both sides may
have moved on before the next delivery. Then: both sides in step, nothing twice; one audit entry for each write.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import TransientError
from shared.events import Event
from shared.outcomes import Outcome
from tests.cases import try_each
from tests.examples import examples
from tests.fakes.erp import SeparateStatusErp, TenantErp
from tests.fakes.sync_world import SITE, WORK_ORDER, Killed, When, Wire, World, both_ways_mapping, erp_event, event
from tests.unit.sync.situations import (
    ERP_WINS,
    MANUAL,
    NEWEST,
    PARK_DELETION,
    SITUATIONS,
    QuietStatusErp,
    Situation,
    Step,
    assert_in_step,
    found,
)


def nothing(_world: World) -> None:
    """Leaves the world as it is."""


def maintainx_moves_on(world: World) -> None:
    if WORK_ORDER in world.work_orders:
        world.change(title="Replace all seals", status="DONE")


def maintainx_goes_back(world: World) -> None:
    if WORK_ORDER in world.work_orders:
        world.change(title="Replace seal on feed pump", status="OPEN")


def the_erp_moves_on(world: World) -> None:
    if all(order.fields["status"] != "CLOSED" for order in world.tenant.orders.values()):
        world.edit_erp(priority="3")


MEANWHILES: tuple[Step, ...] = (nothing, maintainx_moves_on, maintainx_goes_back, the_erp_moves_on, World.delete)


OVERWRITE = (maintainx_moves_on, maintainx_goes_back, World.delete)
CANNOT_TELL = ("maintainx.change", "maintainx.set", "publisher.publish", "state.save_record")


@dataclass(frozen=True)
class Death:
    """A worker died at a call of its delivery; `world` is what it left behind. str: when and where it died."""

    world: World
    about: Event
    call: str
    name: str

    def __str__(self) -> str:
        return self.name


def deaths_in(situation: Situation) -> Iterator[Death]:
    """A death just before and just after each call of a delivery in this situation."""
    world, wire = situation.world(), Wire()
    world.engine(wire).look_at(WORK_ORDER, situation.event(world))
    for (number, call), when in itertools.product(enumerate(wire.calls, start=1), get_args(When)):
        world = situation.world()
        about = situation.event(world)
        with pytest.raises(Killed):
            world.engine(Wire(kill_at=number, when=when)).look_at(WORK_ORDER, about)
        yield Death(world, about, call, f"{when} {number} {call}")


def test_a_crash_at_any_call_is_mended_by_the_next_delivery(subtests: pytest.Subtests) -> None:
    for name in SITUATIONS:
        with subtests.test(name=name):
            meanwhiles = list(MEANWHILES)
            if SITUATIONS[name].prepare is found:
                meanwhiles.remove(World.delete)  # an order that was found but never linked is not ours to cancel
            cases = itertools.product(deaths_in(SITUATIONS[name]), meanwhiles)
            try_each(
                {f"{death}, {step.__name__}": partial(is_mended_by_the_next, death, step) for death, step in cases}
            )


def is_mended_by_the_next(death: Death, meanwhile: Step) -> None:
    world = death.world.copy()
    meanwhile(world)
    world.redeliver_after_crash(death.about)
    if meanwhile in (the_erp_moves_on, maintainx_goes_back):  # a webhook does not look at the ERP without need
        world.deliver(erp_event())
    # MaintainX has no versions: a write that was overwritten there cannot be seen.
    unknowable = death.call.startswith(CANNOT_TELL) and meanwhile in OVERWRITE
    assert_in_step(world, unknowable=unknowable)
    told = len({each.event_id for each in world.announced})
    for again in (event("e2"), erp_event("p2")):
        assert world.deliver(again).kind == "skipped"
    assert_in_step(world, unknowable=unknowable)
    assert len({each.event_id for each in world.announced}) == told


def test_another_delivery_mends_it_too_before_the_first_comes_again(subtests: pytest.Subtests) -> None:
    for name in SITUATIONS:
        with subtests.test(name=name):
            cases = itertools.product(deaths_in(SITUATIONS[name]), [event("other"), erp_event("other")])
            try_each(
                {f"{death}, {other.source}": partial(is_mended_by_another, death, other) for death, other in cases}
            )


def is_mended_by_another(death: Death, other: Event) -> None:
    world = death.world.copy()
    world.redeliver_after_crash(other)
    world.wait(10)
    world.engine(Wire()).look_at(WORK_ORDER, death.about)
    assert_in_step(world)


# Any sequence of what can happen, with deliveries that die anywhere in it.
TITLES = st.sampled_from(
    ["Replace seal on feed pump", "Replace both seals", "Replace the seals of all of the feed pumps"]
)
STATUSES = st.sampled_from(["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"])
ERP_STATUSES = st.sampled_from(["NEW", "IN_WORK", "WAITING", "COMPLETED", "CANCELLED"])
DAYS = st.sampled_from(["2026-09-16", "2026-09-20", "2026-09-24"])
DEATHS = st.none() | st.tuples(st.integers(1, 16), st.sampled_from(["before", "after"]))
STEPS = st.one_of(
    st.tuples(st.just("title"), TITLES),
    st.tuples(st.just("status"), STATUSES),
    st.tuples(st.just("dueDate"), DAYS.map(lambda day: f"{day}T16:00:00.000Z")),
    st.tuples(st.just("assetId"), st.sampled_from([2201, 2202])),
    st.tuples(st.just("erp shortText"), TITLES.map(lambda text: text[:40])),
    st.tuples(st.just("erp costCenter"), st.text("0123456789", max_size=10)),
    st.tuples(st.just("erp status"), ERP_STATUSES),
    st.tuples(st.just("erp dueDate"), DAYS),
    st.tuples(st.just("erp equipment"), st.sampled_from(["2201", "2202", None])),
    st.tuples(st.just("erp plant"), st.just("2020")),
    st.tuples(st.just("deliver"), DEATHS),
    st.tuples(st.just("deliver from erp"), DEATHS),
    st.tuples(st.just("decide"), st.sampled_from(["maintainx", "erp"])),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("delete in erp"), st.none()),
)


POLICIES = st.sampled_from([{}, MANUAL, NEWEST, ERP_WINS])
ENDS = st.sampled_from([{}, PARK_DELETION, {"on_erp_delete": "cancel"}, {"on_erp_delete": "ignore"}])


@pytest.mark.parametrize("erp", [TenantErp, SeparateStatusErp, QuietStatusErp])
@settings(max_examples=examples(150))
@given(steps=st.lists(STEPS, max_size=25), policies=POLICIES, ends=ENDS)
def test_whatever_happens_in_whatever_order_both_sides_end_in_step(
    erp: type[TenantErp], steps: list[tuple[str, Any]], policies: dict[str, Any], ends: dict[str, Any]
) -> None:
    world = World(both_ways_mapping(**policies, **ends), erp=erp)
    for number, (what, value) in enumerate(steps):
        world.wait(10)
        happen(world, number, what, value)
    world.redeliver_after_crash(event("last"))
    world.deliver(erp_event("last"))
    assert_in_step(world, unknowable=sum(bool(value) for what, value in steps if what.startswith("deliver")))
    assert world.deliver(event("again")).kind == "skipped"


def happen(world: World, number: int, what: str, value: Any) -> None:
    """One step."""
    on_erp = what.removeprefix("erp ")
    if what == "delete":
        world.delete()
    elif what == "delete in erp":
        world.delete_in_erp()
    elif what == "deliver":
        deliver_perhaps_dying(world, event(f"e{number}"), value)
    elif what == "deliver from erp":
        deliver_perhaps_dying(world, erp_event(f"p{number}"), value)
    elif what == "decide":
        world.wait(100)  # nobody else works on it
        for record in world.state.list_records(SITE, parked=True):
            world.note_choice(dict.fromkeys(record.conflicts, value))
    elif what != on_erp:
        world.edit_erp(**{on_erp: value})
    elif WORK_ORDER in world.work_orders:
        world.change(**{what: value})


def deliver_perhaps_dying(world: World, about: Any, death: tuple[int, When] | None) -> Outcome | None:
    wire = Wire() if death is None else Wire(kill_at=death[0], when=death[1])
    try:
        return world.deliver(about, wire)
    except (Killed, TransientError):
        return None
