"""Lost webhooks: the same for the same history, and none of which the catch-up cannot learn."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from local.demo.history import invent, steps
from local.demo.lost import lost_steps
from tests.examples import examples

END = datetime(2026, 11, 22, tzinfo=UTC)


@settings(max_examples=examples(60))
@given(st.integers(0, 1000), st.integers(1, 200), st.integers(0, 20))
def test_lost_steps_are_the_last_of_their_work_orders_and_can_be_found_out(seed: int, orders: int, count: int) -> None:
    planned = invent(["plant-north", "plant-south"], orders, seed=seed, end=END)
    history = steps(planned)
    lost = lost_steps(history, count, [planned[0]])
    assert len(lost) <= count
    assert lost == sorted(set(lost))
    for number in lost:
        step = history[number]
        assert step.work_order not in [later.work_order for later in history[number + 1 :]]
        assert step.action not in ("delete", "asset_down", "asset_up")
        assert step.work_order != planned[0]
        assert not (step.action == "create" and step.work_order.priority == "HIGH")


def test_history_of_the_demonstration_has_enough_of_them() -> None:
    history = steps(invent(["plant-north", "plant-south"], 300, seed=1, end=END))
    assert len(lost_steps(history, 12)) == 12
