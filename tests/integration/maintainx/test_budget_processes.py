"""Several processes with clients of their own, one rate limit: the simulator's limiter counts.

That nine tenths of the allowed rate are reached over time, and not only of each window, is shown in virtual time
(tests/unit/maintainx/test_budget.py): here the machine's load would decide.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from pathlib import Path

import pytest

from local.firestore.testing import running_server
from local.maintainx.problems import Refusal
from local.maintainx.rate_limit import RateLimiter
from local.maintainx.simulator import Simulator
from local.maintainx.store import Token
from local.maintainx.testing import running_simulator
from shared.maintainx.windows import Limit
from tests.integration.maintainx.budget_worker import work
from tests.integration.maintainx.plant import ORG, PLANT, PUMP, TOKEN

WORKERS = 3
CAP, WINDOW_S = 40, 2.0
FULL_WINDOWS = 3
TIMEOUT_S = 90.0


class Counting(RateLimiter):
    """Counts what is let in, by the window it falls into, and what is refused."""

    admitted: Counter[float]
    refused: int
    enough: threading.Event

    def admit(self, token: Token, organization_ids: tuple[int, ...]) -> dict[str, str]:
        if token.token != TOKEN:
            return super().admit(token, organization_ids)
        opened_s = self._window(token.token).opened_s
        if len(self.admitted) > FULL_WINDOWS:
            self.enough.set()
        try:
            headers = super().admit(token, organization_ids)
        except Refusal:
            self.refused += 1
            raise
        self.admitted[opened_s] += 1
        return headers


def test_processes_share_the_limit_without_a_429_and_use_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = Simulator()
    simulator.limiter = counting = Counting(simulator.settings)
    counting.admitted, counting.refused, counting.enough = Counter(), 0, threading.Event()
    monkeypatch.setattr("local.maintainx.testing.Simulator", lambda: simulator)
    limits = (Limit("user", CAP, WINDOW_S), Limit("organization", 10 * CAP, WINDOW_S))
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Barrier(WORKERS), context.Event()
    with running_server(tmp_path) as firestore, running_simulator() as control:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore.address)
        control.seed(PLANT)
        control.configure(token_cap=CAP, organization_cap=10 * CAP, rate_window_s=WINDOW_S)
        arguments = (control.api_url, TOKEN, ORG, PUMP, limits, ready, stop)
        processes = [context.Process(target=work, args=arguments, daemon=True) for _ in range(WORKERS)]
        for process in processes:
            process.start()
        try:
            assert counting.enough.wait(TIMEOUT_S)
        finally:
            stop.set()
            for process in processes:
                process.join(20)
                process.kill()
    assert [process.exitcode for process in processes] == [0] * WORKERS
    complete = list(counting.admitted.values())[:FULL_WINDOWS]
    assert counting.refused == 0
    assert sum(complete) >= 0.9 * CAP * FULL_WINDOWS, complete
