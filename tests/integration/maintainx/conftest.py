"""Fixtures: a simulator with one organization, and a webhook receiver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from tests.integration.maintainx.plant import PLANT, Receiver, running_receiver


@pytest.fixture
def control() -> Iterator[SimControl]:
    with running_simulator() as simulator:
        simulator.seed(PLANT)
        yield simulator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running
