"""The arithmetic of rate windows, as tables and properties."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.maintainx.windows import Limit, Seen, is_open, lease, observe, opens_in_s
from shared.state.budget import Budget

LIMIT = Limit("user", 100)  # margin 1 s
NOW_S = 1_000.0
OPEN = Budget(number=4, cap=100, leased=40, ends_at_s=NOW_S + 30, measured=True)


def test_first_lease_opens_a_window_whose_end_is_not_measured_yet() -> None:
    granted, budget = lease(None, LIMIT, want=10, now_s=NOW_S)
    assert granted == 10
    assert budget == Budget(number=1, cap=100, leased=10, ends_at_s=NOW_S + 61, measured=False)


def test_lease_takes_from_the_open_window() -> None:
    assert lease(OPEN, LIMIT, want=10, now_s=NOW_S) == (10, replace(OPEN, leased=50))


def test_lease_never_exceeds_the_cap(subtests: pytest.Subtests) -> None:
    for leased, granted in [(95, 5), (100, 0), (130, 0)]:
        with subtests.test(leased=leased):
            assert lease(replace(OPEN, leased=leased), LIMIT, want=10, now_s=NOW_S)[0] == granted


def test_nothing_is_leased_or_sent_around_the_end_of_a_window(subtests: pytest.Subtests) -> None:
    for offset_s in [-0.99, 0.0, 0.99]:
        with subtests.test(offset_s=offset_s):
            now_s = OPEN.ends_at_s + offset_s
            assert lease(OPEN, LIMIT, want=10, now_s=now_s) == (0, OPEN)
            assert not is_open(OPEN, LIMIT, now_s)
            assert opens_in_s(OPEN, LIMIT, now_s) == pytest.approx(1 - offset_s)


def test_lease_after_the_end_opens_the_next_window_with_the_cap_that_was_learned() -> None:
    granted, budget = lease(replace(OPEN, cap=60, leased=60), LIMIT, want=10, now_s=OPEN.ends_at_s + 1)
    assert granted == 10
    assert budget == Budget(number=5, cap=60, leased=10, ends_at_s=OPEN.ends_at_s + 62, measured=False)


def test_first_answer_measures_the_window() -> None:
    fresh = replace(OPEN, measured=False, ends_at_s=NOW_S + 61)
    assert observe(fresh, LIMIT, Seen(100, 99, NOW_S + 42)) == replace(fresh, measured=True, ends_at_s=NOW_S + 42)


def test_end_is_the_earliest_that_any_answer_told() -> None:
    assert observe(OPEN, LIMIT, Seen(100, 70, OPEN.ends_at_s - 0.4)).ends_at_s == OPEN.ends_at_s - 0.4
    assert observe(OPEN, LIMIT, Seen(100, 70, OPEN.ends_at_s + 0.9)) == OPEN


def test_what_others_used_counts_as_leased() -> None:
    assert observe(OPEN, LIMIT, Seen(100, 15, OPEN.ends_at_s)).leased == 85
    assert observe(OPEN, LIMIT, Seen(100, 90, OPEN.ends_at_s)).leased == 40, "leased, but not used yet"


def test_other_cap_is_learned() -> None:
    assert observe(OPEN, LIMIT, Seen(300, 290, OPEN.ends_at_s)).cap == 300


def test_margin_is_a_60th_of_a_window_but_a_few_seconds_of_a_long_one() -> None:
    margins_s = [Limit("user", 1, window_s).margin_s for window_s in (1.0, 60.0, 86_400.0)]
    assert margins_s == [pytest.approx(1 / 60), 1.0, 5.0]


def test_answer_from_a_later_window_begins_a_new_one() -> None:
    seen = Seen(100, 97, OPEN.ends_at_s + 60)
    assert observe(OPEN, LIMIT, seen) == Budget(5, 100, 3, seen.ends_at_s, measured=True)


budgets = st.builds(
    Budget,
    number=st.integers(1, 1000),
    cap=st.integers(1, 1000),
    leased=st.integers(0, 1200),
    ends_at_s=st.floats(900, 1100),
    measured=st.booleans(),
)
sightings = st.builds(Seen, cap=st.integers(1, 1000), remaining=st.integers(0, 1000), ends_at_s=st.floats(900, 1200))


@given(budget=st.none() | budgets, want=st.integers(1, 50), now_s=st.floats(900, 1200))
def test_what_is_granted_is_accounted_for(budget: Budget | None, want: int, now_s: float) -> None:
    granted, after = lease(budget, LIMIT, want=want, now_s=now_s)
    assert 0 <= granted <= want
    if budget is not None and after.number == budget.number:
        assert after.leased == budget.leased + granted
        assert granted == 0 or after.leased <= after.cap
    else:
        assert after.leased == granted > 0
    assert granted == 0 or is_open(after, LIMIT, now_s)


@given(budget=budgets, seen=sightings)
def test_observing_twice_is_observing_once(budget: Budget, seen: Seen) -> None:
    once = observe(budget, LIMIT, seen)
    assert observe(once, LIMIT, seen) == once
    assert once.measured
    assert once.number in (budget.number, budget.number + 1)
