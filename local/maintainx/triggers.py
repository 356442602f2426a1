"""When a meter trigger fires: pure arithmetic over the readings of its meter.

MaintainX documents the names of conditions and states, not their rules; what is chosen here: `nextTriggerValue` of the
two INCREMENTED_BY (DECREMENTED_BY) conditions is the first value that fires; having fired, the plain one moves on in
steps of `amount`, the other to `amount` beyond the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Record = dict[str, Any]
_THRESHOLDS: dict[str, Callable[[float, float], bool]] = {
    "IS_GREATER": lambda value, amount: value > amount,
    "IS_LESS": lambda value, amount: value < amount,
    "IS_EQUAL": lambda value, amount: value == amount,
}


@dataclass(frozen=True, slots=True)
class Reading:
    value: float
    read_at: datetime


def first_trigger_value(trigger: Record, last_value: float | None) -> float | None:
    """The `nextTriggerValue` of a new trigger; None for thresholds, which have none."""
    if trigger["condition"] in _THRESHOLDS:
        return None
    step = _step(trigger)
    return float((last_value or 0) + step)


def after_reading(trigger: Record, readings: Sequence[Reading]) -> tuple[str, float | None]:
    """State and next trigger value after `readings` (oldest first, the last one new)."""
    newest = readings[-1]
    if trigger["condition"] in _THRESHOLDS:
        return _threshold_state(trigger, readings), trigger["nextTriggerValue"]
    step, wanted = _step(trigger), trigger["nextTriggerValue"]
    fires = newest.value >= wanted if step > 0 else newest.value <= wanted
    if not fires or step == 0:
        return ("TRIGGERED" if fires else "STABLE"), wanted
    if trigger["condition"].endswith("_BASED_ON_LAST_READING"):
        return "TRIGGERED", newest.value + step
    steps = int((newest.value - wanted) / step) + 1
    return "TRIGGERED", wanted + steps * step


def _threshold_state(trigger: Record, readings: Sequence[Reading]) -> str:
    """With `dataPoints`: `numerator` of the last `denominator` readings (of the last `period` seconds) must hold."""
    points = trigger["dataPoints"] or {"numerator": 1, "denominator": 1}
    window = list(readings[-max(1, points["denominator"]) :])
    if trigger["period"]:
        since = readings[-1].read_at - timedelta(seconds=trigger["period"])
        window = [reading for reading in window if reading.read_at >= since]
    holds = _THRESHOLDS[trigger["condition"]]
    hits = sum(holds(reading.value, trigger["amount"]) for reading in window)
    if hits >= points["numerator"]:
        return "TRIGGERED"
    return "STABLE" if len(window) >= points["denominator"] else "INSUFFICIENT_DATA"


def _step(trigger: Record) -> float:
    amount = abs(float(trigger["amount"]))
    return amount if trigger["condition"].startswith("INCREMENTED") else -amount
