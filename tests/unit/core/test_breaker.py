"""The breaker: a table of its life, its promises under any interleaving, and threads."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.breaker import Breaker, Change, Verdict
from shared.errors import BreakerOpen
from tests.examples import examples, steps
from tests.fakes.clock import Clock

FAILURES, PAUSE_S = 3, 10.0
LONGEST_S = 80.0


class SlowClock(Clock):
    """Takes as long to answer as `takes_s` says."""

    takes_s = 0.0

    def __call__(self) -> float:
        time.sleep(self.takes_s)
        return super().__call__()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker("erp of site plant-1", failures=FAILURES, pause_s=PAUSE_S, clock=clock)
    assert run(breaker, clock, "F F F") == "F F F!"
    return breaker


def run(breaker: Breaker, clock: Clock, calls: str) -> str:
    """Make calls one after the other. A answered, F failed, U unknown, a number: that many seconds go by.

    Returns the same words: a call that was refused is x, one that opened the breaker ends with !, one that closed it
    with ~.
    """
    verdicts: dict[str, Verdict] = {"A": "answered", "F": "failed", "U": "unknown"}
    marks: dict[Change | None, str] = {None: "", "open": "!", "closed": "~"}
    told = []
    for call in calls.split():
        if call not in verdicts:
            clock.now_s += float(call)
            told.append(call)
            continue
        try:
            told.append(call + marks[breaker.report(breaker.admit(), verdicts[call])])
        except BreakerOpen:
            told.append("x")
    return " ".join(told)


def test_life_of_a_breaker(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("A A A A", "A A A A"),
        ("F F A F F A F F", "F F A F F A F F"),  # not in a row
        ("F F U F A", "F F U F! x"),  # unknown neither counts nor begins anew
        ("F F F A 9.9 A", "F F F! x 9.9 x"),
        ("F F F 10 A A F F", "F F F! 10 A~ A F F"),  # closed, and counts from zero
        ("F F F 10 A F F F", "F F F! 10 A~ F F F!"),
        ("F F F 10 F A 19.9 A 0.1 A", "F F F! 10 F! x 19.9 x 0.1 A~"),  # doubled
        ("F F F 10 U A", "F F F! 10 U A~"),  # a trial that tells nothing lets the next one begin
        ("F F F 10 U F", "F F F! 10 U F!"),
        ("F F F 10 F 20 F 40 F 80 F 79.9 A 0.1 F", "F F F! 10 F! 20 F! 40 F! 80 F! 79.9 x 0.1 F!"),  # at most 80
        ("F F F 10 F 20 A F F F 10 A", "F F F! 10 F! 20 A~ F F F! 10 A~"),  # the pause begins anew
    ]
    for calls, told in cases:
        with subtests.test(calls=calls):
            clock = Clock()
            assert run(Breaker("erp", failures=FAILURES, pause_s=PAUSE_S, clock=clock), clock, calls) == told


def test_a_refusal_names_the_system_and_says_how_long_to_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now_s += 4.0
    with pytest.raises(BreakerOpen, match=r"erp of site plant-1: not asked, as 3 calls in a row") as caught:
        breaker.admit()
    assert caught.value.retry_after_s == 6.0


def test_while_a_trial_is_under_way_others_are_refused_and_told_to_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now_s += 100.0
    trial = breaker.admit()
    with pytest.raises(BreakerOpen) as caught:
        breaker.admit()
    assert caught.value.retry_after_s == PAUSE_S
    assert breaker.report(trial, "answered") == "closed"
    assert run(breaker, clock, "A") == "A"


@pytest.mark.parametrize("verdict", ["answered", "failed", "unknown"])
def test_calls_that_began_before_the_breaker_opened_change_nothing(verdict: Verdict) -> None:
    clock = Clock()
    breaker = Breaker("erp", failures=FAILURES, pause_s=PAUSE_S, clock=clock)
    late = [breaker.admit() for _ in range(9)]
    assert run(breaker, clock, "F F F") == "F F F!"
    assert [breaker.report(call, verdict) for call in late[:4]] == [None] * 4
    clock.now_s += PAUSE_S
    trial = breaker.admit()
    assert [breaker.report(call, verdict) for call in late[4:]] == [None] * 5
    assert run(breaker, clock, "A") == "x"  # the trial is still the only one
    assert breaker.report(trial, "failed") == "open"
    assert run(breaker, clock, "19.9 A 0.1 A") == "19.9 x 0.1 A~"  # doubled once


class AnyInterleaving(RuleBasedStateMachine):
    """Calls that begin, end and overlap in any order, against what a breaker promises."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker("erp", failures=FAILURES, pause_s=PAUSE_S, clock=self.clock)
        self.before: list[int] = []  # under way, begun before the last change
        self.now: list[int] = []  # under way, begun after it
        self.failed_since_answer = 0
        self.opened_at_s: float | None = None
        self.openings = 0

    @rule(seconds=st.sampled_from([0.5, 3.0, 10.0, 20.0, 80.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now_s += seconds

    @rule()
    def begin(self) -> None:
        if self.opened_at_s is None:
            self.now.append(self.breaker.admit())
            return
        pause_s = min(PAUSE_S * 2 ** (self.openings - 1), LONGEST_S)
        if self.clock.now_s - self.opened_at_s >= pause_s and not self.now:
            self.now.append(self.breaker.admit())
            return
        with pytest.raises(BreakerOpen) as caught:
            self.breaker.admit()
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= pause_s

    @precondition(lambda self: self.now)
    @rule(data=st.data(), verdict=st.sampled_from(["answered", "failed", "failed", "failed", "unknown"]))
    def end(self, data: st.DataObject, verdict: Verdict) -> None:
        call = self.now.pop(data.draw(st.integers(0, len(self.now) - 1)))
        self.failed_since_answer = {
            "failed": self.failed_since_answer + 1,
            "answered": 0,
            "unknown": self.failed_since_answer,
        }[verdict]
        change = self.breaker.report(call, verdict)
        was_open = self.opened_at_s is not None
        must_open = verdict == "failed" and (was_open or self.failed_since_answer >= FAILURES)
        must_close = verdict == "answered" and was_open
        assert change == ("open" if must_open else "closed" if must_close else None)
        if change is not None:
            self.before, self.now = self.before + self.now, []
            self.opened_at_s = self.clock.now_s if change == "open" else None
            self.openings = self.openings + 1 if change == "open" else 0

    @precondition(lambda self: self.before)
    @rule(data=st.data(), verdict=st.sampled_from(["answered", "failed", "unknown"]))
    def end_late(self, data: st.DataObject, verdict: Verdict) -> None:
        call = self.before.pop(data.draw(st.integers(0, len(self.before) - 1)))
        assert self.breaker.report(call, verdict) is None

    @invariant()
    def at_most_one_trial(self) -> None:
        assert self.opened_at_s is None or len(self.now) <= 1


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=examples(60), stateful_step_count=steps(40))


def test_of_many_threads_one_makes_the_trial() -> None:
    clock = SlowClock()
    breaker = opened(clock)
    clock.now_s += PAUSE_S
    clock.takes_s = 0.002  # it is asked in the middle of `admit`: without a lock others would come between
    start, admitted = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        try:
            admitted.append(breaker.admit())
        except BreakerOpen:
            return

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1
