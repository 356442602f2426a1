"""A worker stands still at any of its calls while another one works: nothing may be lost or doubled for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import Meeting
from tests.integration.gateway.conftest import MakePlant
from tests.integration.gateway.machine import GatewayMachine

MAPPINGS = Path(__file__).resolve().parents[3] / "config" / "mappings"
# Seconds, and whether it dies then. Both are at work; the reservation has a half left, in which nothing is begun; every
# lease has ended.
STANDS_STILL = ((0.0, False), (LEASE_S / 2 + 1, False), (LEASE_S + 1, False), (LEASE_S + 1, True))


def quiet_site(make_plant: MakePlant) -> GatewayMachine:
    """A site with nothing in it, and the machine's idea of what must be true when it has gone quiet."""

    class Machine(GatewayMachine):
        plain = ()

    Machine.make_plant = staticmethod(make_plant)
    machine = Machine()
    machine.begin()
    return machine


def calls_of_the_one_that_stood_still(
    machine: GatewayMachine, at: int, seconds: float, *, dies: bool, newest: bool
) -> list[str]:
    """What a worker did that stands still at one of its calls while another one works, on the same or the newest event.

    Then it goes on, or dies.
    """
    event = machine.world.queue[-1]

    def meanwhile() -> None:
        machine.world.wait(seconds)
        machine.world.handle(machine.world.queue[-1] if newest else event)

    wire = Meeting(at, meanwhile, kill_at=at if dies else None)
    machine.world.handle(event, wire)
    return wire.calls


def nothing_lost_or_doubled(
    subtests: pytest.Subtests, make_plant: MakePlant, begin: Callable[[GatewayMachine], None]
) -> None:
    """Wherever the worker of the last event stands still."""
    for (seconds, dies), newest in itertools.product(STANDS_STILL, (False, True)):
        for at in itertools.count(1):
            machine = quiet_site(make_plant)
            begin(machine)
            calls = calls_of_the_one_that_stood_still(machine, at, seconds, dies=dies, newest=newest)
            if len(calls) < at:
                break
            with subtests.test(at=calls[at - 1], call=at, seconds=seconds, dies=dies, newest=newest):
                machine.settle()
                machine.check()
        assert at > 8, "the worker makes more calls than that"


def test_an_order_made_in_the_erp_becomes_one_work_order(subtests: pytest.Subtests, make_plant: MakePlant) -> None:
    def a_planner_makes_an_order(machine: GatewayMachine) -> None:
        machine.plant.new_order("Replace seal")
        machine.a_pull_runs()

    nothing_lost_or_doubled(subtests, make_plant, a_planner_makes_an_order)


def test_a_work_order_becomes_one_order_in_the_erp(subtests: pytest.Subtests, make_plant: MakePlant) -> None:
    def nothing_more(machine: GatewayMachine) -> None:
        """The site has a work order of which an event is on its way."""

    nothing_lost_or_doubled(subtests, make_plant, nothing_more)
