"""Worlds for the tests of the engine."""

from __future__ import annotations

import pytest

from tests.fakes.sync_world import World


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
