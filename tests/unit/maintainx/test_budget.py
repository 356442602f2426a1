"""Many instances inside one rate limit, in virtual time, against the simulator's own limiter."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local.maintainx.problems import Refusal
from local.maintainx.rate_limit import RateLimiter
from local.maintainx.settings import Settings
from local.maintainx.store import Token
from shared.errors import RateLimited
from shared.maintainx.budget import SharedGate, limits_of, seen_in
from shared.maintainx.windows import Limit
from tests.fakes.budgets import MemoryBudgets

START_S = 1_789_387_200.25


class Slept(Exception):
    """The gate wants to sleep: the caller comes again that much later."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def sleep(seconds: float) -> None:
    raise Slept(seconds)


@dataclass
class World:
    """A discrete-event simulation: workers that always have something to ask, and MaintainX's limiter."""

    workers: int
    seed: int = 0
    cap: int = 100
    organization_cap: int = 500
    latency_s: tuple[float, float] = (0.02, 0.4)
    now_s: float = START_S
    store: MemoryBudgets = field(default_factory=MemoryBudgets)
    answered: Counter[int] = field(default_factory=Counter)
    slept_s: float = 0.0
    limits: tuple[Limit, ...] = limits_of("key", 1)

    def __post_init__(self) -> None:
        settings = Settings(token_cap=self.cap, organization_cap=self.organization_cap)
        self.limiter = RateLimiter(settings, clock=lambda: self.now_s)
        random.seed(self.seed)  # of the gates
        self.random = random.Random(self.seed)
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.gates = [
            SharedGate(self.store, lambda: self.limits, max_wait_s=1e9, clock=lambda: self.now_s, sleep=sleep)
            for _ in range(self.workers)
        ]

    def run(self, seconds: float, *, think_s: float = 0.0) -> None:
        for gate in self.gates:
            self.after(self.random.uniform(0, 1), lambda gate=gate: self.ask(gate, think_s))  # type: ignore[misc]
        end_s = self.now_s + seconds
        while self.queue and self.queue[0][0] < end_s:
            self.now_s, _, act = heapq.heappop(self.queue)
            act()

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (self.now_s + seconds, next(self.order), act))

    def ask(self, gate: SharedGate, think_s: float) -> None:
        try:
            permit = gate.enter()
        except Slept as slept:
            self.slept_s += slept.seconds
            self.after(slept.seconds, lambda: self.ask(gate, think_s))
            return

        def arrive() -> None:
            answer = self.serve()
            self.after(self.random.uniform(*self.latency_s), lambda: come_back(answer))

        def come_back(answer: httpx.Response) -> None:
            gate.note(permit, answer)
            self.answered[answer.status_code] += 1
            self.after(self.random.uniform(0, 2 * think_s), lambda: self.ask(gate, think_s))

        self.after(self.random.uniform(*self.latency_s), arrive)

    def serve(self) -> httpx.Response:
        try:
            return httpx.Response(200, headers=self.limiter.admit(Token("key", 1, (1,)), (1,)))
        except Refusal as refusal:
            return httpx.Response(refusal.status, headers=refusal.headers)


def test_busy_workers_get_no_429_and_nine_tenths_of_the_limit(subtests: pytest.Subtests) -> None:
    for workers in [1, 2, 5, 20]:
        for seed in range(3):
            with subtests.test(workers=workers, seed=seed):
                world = World(workers, seed)
                world.run(20 * 60)
                assert world.answered[429] == 0
                # One worker alone is held back by the latency of its own requests, not by the limit.
                assert world.answered[200] >= 0.9 * 20 * 100


def test_limit_of_the_organization_holds_for_all_its_users() -> None:
    world = World(8, organization_cap=80, limits=limits_of("key", 1, organization_cap=80))
    world.run(10 * 60)
    assert world.answered[429] == 0
    assert world.answered[200] >= 0.9 * 10 * 80


def test_caps_that_were_raised_are_used_and_so_is_a_store_that_knows_the_old_ones() -> None:
    world = World(8)
    world.run(2 * 60)
    raised = World(
        8,
        cap=2_000,
        organization_cap=1_000,
        limits=limits_of("key", 1, user_cap=2_000, organization_cap=1_000),
        latency_s=(0.01, 0.1),
        store=world.store,
        now_s=world.now_s + 61,
    )
    raised.run(10 * 60)
    assert raised.answered[429] == 0
    assert raised.answered[200] >= 0.9 * 10 * 1_000


def test_raised_cap_of_a_user_is_learned_without_the_setting() -> None:
    world = World(8, cap=300)
    world.run(10 * 60)
    assert world.answered[429] == 0
    assert world.answered[200] >= 0.9 * 10 * 300


def test_caps_of_a_site_are_those_that_maintainx_documents_unless_it_says_otherwise() -> None:
    assert [limit.cap for limit in limits_of("key", 1)] == [100, 500]
    assert [limit.cap for limit in limits_of("key", 1, user_cap=300, organization_cap=2_000)] == [300, 2_000]
    assert "secret" not in str(limits_of("secret", 1))


def test_request_that_was_not_counted_is_given_back_but_not_into_another_window() -> None:
    store = MemoryBudgets()
    now_s = [START_S]
    gate = SharedGate(store, lambda: (Limit("user", 2),), max_wait_s=1.0, clock=lambda: now_s[0], sleep=sleep)
    first, second = gate.enter(), gate.enter()
    gate.give_back(second)
    gate.enter()
    with pytest.raises(RateLimited):
        gate.enter()
    now_s[0] += 62.5
    gate.enter()
    gate.give_back(first)
    gate.enter()
    with pytest.raises(RateLimited):
        gate.enter()


def test_window_that_is_used_up_is_so_for_all_instances_until_it_ends() -> None:
    store = MemoryBudgets()
    one, other = gate_alone(store), gate_alone(store)
    assert one.opens_in_s() is None
    one.use_up(one.enter())
    assert one.opens_in_s() == pytest.approx(62)
    for gate in (one, other):
        with pytest.raises(RateLimited):
            gate.enter()
    store.is_down = True
    gate_alone(store).use_up(())


def test_store_is_asked_much_less_often_than_maintainx() -> None:
    world = World(4)
    world.run(10 * 60)
    assert world.store.calls < 0.5 * world.answered[200]


def test_calls_of_somebody_without_this_budget_are_noticed() -> None:
    world = World(5)

    def intrude() -> None:
        world.serve()
        world.after(1.5, intrude)  # 40 of the 100 of each minute

    world.after(0.0, intrude)
    world.run(20 * 60)
    assert world.answered[200] >= 0.9 * 20 * 60
    assert world.answered[429] <= 0.05 * world.answered[200], "what was out on lease when the other took the rest"


def test_slow_answers_from_the_window_before_do_not_end_the_next_one() -> None:
    world = World(5, latency_s=(0.05, 3.0))
    world.run(20 * 60)
    assert world.answered[200] >= 0.85 * 20 * 100, "a window opens as late as its first request arrives"
    assert world.answered[429] <= 0.01 * world.answered[200]


def test_lower_limit_than_documented_is_learned() -> None:
    world = World(3, cap=30)
    world.run(10 * 60)
    first_windows = 100 - 30
    assert world.answered[429] <= first_windows
    late = World(3, cap=30, store=world.store, now_s=world.now_s)
    late.run(10 * 60)
    assert late.answered[429] == 0
    assert late.answered[200] >= 0.9 * 10 * 30


def test_light_users_wait_only_around_the_end_of_a_window() -> None:
    world = World(6)
    world.run(20 * 60, think_s=10.0)
    assert world.answered[429] == 0
    assert world.slept_s <= world.answered[200] * 0.1, (
        "2 s of each minute are closed, half of that is waited on average"
    )


def gate_alone(store: MemoryBudgets, **options: Any) -> SharedGate:
    wanted: dict[str, Any] = {"max_wait_s": 20.0, "clock": lambda: START_S, "sleep": sleep} | options
    return SharedGate(store, lambda: (Limit("user", 100),), **wanted)


def test_wait_longer_than_allowed_is_handed_on_without_a_call() -> None:
    store = MemoryBudgets()
    one, other = gate_alone(store), gate_alone(store)
    for _ in range(100):
        one.enter()
    with pytest.raises(RateLimited) as caught:
        other.enter()
    assert caught.value.retry_after_s == pytest.approx(62)


def test_without_store_each_process_goes_on_by_the_headers() -> None:
    store = MemoryBudgets()
    store.is_down = True
    gate = gate_alone(store)
    permits = [gate.enter() for _ in range(5)]
    assert permits == [()] * 5
    assert store.calls == 1, "a store that is down is left alone for a while"
    gate.note((), httpx.Response(200, headers=headers(remaining=0, reset=9)))
    with pytest.raises(Slept):
        gate.enter()


def test_store_that_fails_while_learning_does_not_fail_the_request() -> None:
    store = MemoryBudgets()
    gate = gate_alone(store)
    permit = gate.enter()
    store.is_down = True
    gate.note(permit, httpx.Response(200, headers=headers(remaining=99, reset=60)))
    assert gate.enter() == ()


def test_429_holds_back_this_process_and_tells_the_others() -> None:
    store = MemoryBudgets()
    one, other = gate_alone(store, max_wait_s=1.0), gate_alone(store, max_wait_s=1.0)
    one.note(one.enter(), httpx.Response(429, headers=headers(remaining=0, reset=30)))
    for gate in (one, other):
        with pytest.raises(RateLimited):
            gate.enter()


def test_headers_that_say_nothing_are_ignored(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, object]] = [{"reset": "soon"}, {"reset": 0}, {"remaining": -1}, {"limit": 0}]
    for broken in cases:
        with subtests.test(broken=broken):
            values = {"remaining": 1, "reset": 30, "limit": 100} | broken
            assert seen_in(httpx.Response(200, headers=headers(**values)), START_S) is None


def headers(*, remaining: object, reset: object, limit: object = 100) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Reset": str(reset),
    }
