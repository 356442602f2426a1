"""The bench of the handler's tests."""

from __future__ import annotations

import pytest

from tests.unit.conftest import LogLines
from tests.unit.pubsub.handler_bench import Bench


@pytest.fixture
def bench(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("MAX_DELIVERY_ATTEMPTS", "5")
    monkeypatch.delenv("CLAIM_LEASE_S", raising=False)
    return Bench()
