"""Histories: the same for the same seed, in the order of time, and possible in MaintainX."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from local.demo.history import NEW_ASSET, PlannedWorkOrder, Step, asset_names, invent, steps
from local.demo.run import newest_moment
from tests.examples import examples

END = datetime(2026, 11, 22, tzinfo=UTC)
SITES = ["plant-north", "plant-south"]
histories = st.builds(
    lambda seed, count, weeks: invent(SITES, count, seed=seed, end=END, weeks=weeks),
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    weeks=st.integers(1, 8),
)


def steps_by_order(planned: list[PlannedWorkOrder]) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for step in steps(planned):
        found.setdefault(step.work_order.key, []).append(step)
    return found


def test_same_seed_same_history_other_seed_another() -> None:
    one, same, other = (invent(SITES, 50, seed=seed, end=END) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@settings(max_examples=examples(50))
@given(histories)
def test_steps_are_in_the_order_of_time_and_begin_with_the_creation(planned: list[PlannedWorkOrder]) -> None:
    everything = steps(planned)
    assert [step.at for step in everything] == sorted(step.at for step in everything)
    by_order = steps_by_order(planned)
    assert set(by_order) == {order.key for order in planned}
    assert all(found[0].action == "create" for found in by_order.values())


@settings(max_examples=examples(50))
@given(histories)
def test_nothing_happens_before_it_can(planned: list[PlannedWorkOrder]) -> None:
    legal: dict[str, set[str | None]] = {
        "create": {"assign", "asset_down", None},
        "assign": {"start", "asset_down", "cancel", "delete", None},
        "asset_down": {"assign", "start", None},
        "start": {"hold", "finish", None},
        "hold": {"resume"},
        "resume": {"finish"},
        "finish": {"asset_up", None},
        "asset_up": {None},
        "cancel": {None},
        "delete": {None},
    }
    for found in steps_by_order(planned).values():
        actions: list[str] = [step.action for step in found]
        for action, follower in zip(actions, [*actions[1:], None], strict=True):
            assert follower in legal[action], actions
        assert max(Counter(actions).values()) == 1


@settings(max_examples=examples(50))
@given(histories)
def test_work_ends_before_the_history_does(planned: list[PlannedWorkOrder]) -> None:
    for order in planned:
        assert order.created_at < END
        assert order.started_at is None or order.created_at < order.started_at < END
        assert order.finished_at is None or (order.started_at or END) < order.finished_at < END
    assert all(step.at < END + timedelta(minutes=2) for step in steps(planned))


def test_runs_of_one_day_have_one_history() -> None:
    """Whenever they begin: KPIs go by days, so the same seed then gives the same figures."""
    ends = {newest_moment(datetime(2026, 11, 22, hour, 11, tzinfo=UTC)) for hour in range(24)}
    assert ends == {END}
    assert newest_moment(END + timedelta(minutes=9)) == END - timedelta(days=1)


def test_history_is_like_that_of_a_plant() -> None:
    planned = invent(SITES, 2000, seed=7, end=END)
    shares = Counter(order.work_type for order in planned)
    assert 0.35 < shares["PREVENTIVE"] / 2000 < 0.45
    ends = Counter(order.end for order in planned)
    assert 0 < ends["delete"] < ends["cancel"] < 150
    assert {order.site for order in planned} == set(SITES)
    assert len({order.key for order in planned}) == 2000
    assert sum(order.held for order in planned) > 200
    assert not any(order.takes_asset_down for order in planned if order.work_type == "PREVENTIVE")


def test_assets_belong_to_one_site() -> None:
    planned = invent(SITES, 500, seed=7, end=END)
    north, south = ({order.asset for order in planned if order.site == site} for site in SITES)
    assert north - {NEW_ASSET} == set(asset_names(1))
    assert south - {NEW_ASSET} == set(asset_names(2))
    assert not north & south
    assert [order.asset for order in planned].count(NEW_ASSET) == 1
