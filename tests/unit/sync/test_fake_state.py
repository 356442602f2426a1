"""The state store in memory, which other tests stand on, passes the contract suite of the real one."""

# ruff: noqa: F403  # the suite's tests are imported to be run here with these fixtures

from __future__ import annotations

import pytest

from tests.fakes.clock import Clock
from tests.fakes.state import MemoryStateStore
from tests.integration.state.conftest import NOON_UTC, Stores
from tests.integration.state.test_claims import *
from tests.integration.state.test_memos import *
from tests.integration.state.test_records import *  # type: ignore[assignment]  # each file has a KEY of its own
from tests.integration.state.test_watermarks import *


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON_UTC.timestamp())


@pytest.fixture
def stores(clock: Clock) -> Stores:
    store = MemoryStateStore(clock=clock.utc)
    return lambda: store  # type: ignore[return-value]  # the fake has the same methods, not the same class


@pytest.fixture
def store(stores: Stores) -> object:
    return stores()
