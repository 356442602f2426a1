"""What the KPIs must be, worked out from the planned history alone: no function, no simulator and no SQL is asked.

The definitions are those of docs/kpis.md, for the 28 days up to and with the day of `end`, a site as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from local.demo.history import PlannedWorkOrder, steps

_DAYS = 28
_GRACE = timedelta(days=1)
_HOUR = timedelta(hours=1)
# The simulator stamps in milliseconds, and two writes never in one.
_TOLERANCE = 0.002


class Value(NamedTuple):
    """A KPI: its value (None without a denominator) and what it rests on."""

    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Window:
    """The period: from the first midnight until now, and the site's zone."""

    start: datetime
    until: datetime
    zone: ZoneInfo

    @classmethod
    def before(cls, end: datetime, zone: ZoneInfo) -> Window:
        today = end.astimezone(zone).date() - timedelta(days=_DAYS - 1)
        return cls(datetime(today.year, today.month, today.day, tzinfo=zone).astimezone(end.tzinfo), end, zone)

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.until

    def overlap(self, begin: datetime, end: datetime) -> timedelta:
        return max(timedelta(0), min(end, self.until) - max(begin, self.start))


def kpis_of(
    planned: Iterable[PlannedWorkOrder], site: str, zone: ZoneInfo, end: datetime, known: datetime
) -> dict[str, Value]:
    """All KPIs of a site by name. known: since when its assets are known."""
    own = [order for order in planned if order.site == site]
    window = Window.before(end, zone)
    return {**_work(own, window), **_assets(own, window, known)}


def differences(rows: Iterable[Mapping[str, Any]], expected: Mapping[str, Mapping[str, Value]]) -> list[str]:
    """Where the KPIs of BigQuery (rows: site, kpi, value, n) are not as expected (by site and name)."""
    found = {(row["site"], row["kpi"]): Value(row["value"], row["n"]) for row in rows}
    wrong = []
    for site, values in expected.items():
        for kpi, value in values.items():
            has = found.get((site, kpi))
            if has is None or not _same(has, value):
                wrong.append(f"{site}: {kpi} is {has and tuple(has)}, by the history {tuple(value)}")
    return wrong


def _same(has: Value, value: Value) -> bool:
    if has.n != value.n or (has.value is None) != (value.value is None):
        return False
    return has.value is None or value.value is None or abs(has.value - value.value) <= _TOLERANCE * max(1, value.value)


def _ratio(part: float, of: float, n: int) -> Value:
    return Value(part / of if of else None, n)


def _work(own: Sequence[PlannedWorkOrder], window: Window) -> dict[str, Value]:
    deleted = {order.key for order in own if order.end == "delete" and order.started_at is not None}
    canceled = {order.key for order in own if order.end == "cancel" and order.started_at is not None}
    alive = [order for order in own if order.key not in deleted | canceled]
    finished = [order for order in alive if _done(order) in window]
    still_open = [order for order in alive if _done(order) is None]
    repairs = [order for order in finished if order.work_type == "REACTIVE"]
    hours = sum((order.finished_at - order.created_at) / _HOUR for order in repairs if order.finished_at)
    preventive = [order for order in alive if order.work_type == "PREVENTIVE" and order.due_at in window]
    today = window.until.astimezone(window.zone).date()
    due = [order for order in preventive if _last_day(order, window.zone) < today]
    in_time = [order for order in due if _in_time(order, window.zone)]
    count = len(still_open)
    return {
        "backlog": Value(count, count),
        "backlog_hours": Value(0, 0),
        "backlog_estimated": _ratio(0, count, count),
        "completion_rate": _ratio(len(finished), len(finished) + count, len(finished) + count),
        "mttr_work_order": _ratio(hours, len(repairs), len(repairs)),
        "pm_compliance": _ratio(len(in_time), len(due), len(due)),
    }


def _done(order: PlannedWorkOrder) -> datetime | None:
    return order.finished_at if order.end == "finish" and order.started_at is not None else None


def _last_day(order: PlannedWorkOrder, zone: ZoneInfo) -> Any:
    assert order.due_at is not None
    return order.due_at.astimezone(zone).date() + _GRACE


def _in_time(order: PlannedWorkOrder, zone: ZoneInfo) -> bool:
    done = _done(order)
    return done is not None and done.astimezone(zone).date() <= _last_day(order, zone)


def _assets(own: Sequence[PlannedWorkOrder], window: Window, known: datetime) -> dict[str, Value]:
    names = {order.asset for order in own if order.asset is not None}
    outages = _outages(own, window.until)
    reaching = [(begin, end) for begin, end in outages if end > window.start and begin < window.until]
    down = sum((window.overlap(begin, end) / _HOUR for begin, end in reaching), 0.0)
    begun = [begin for begin, _ in outages if begin in window]
    restored = [(end - begin) / _HOUR for begin, end in outages if end in window]
    wanted = len(names) * (window.overlap(known, window.until) / _HOUR)
    return {
        "asset_downtime": Value(down, len(reaching)),
        "unclassified_downtime": Value(0, 0),
        "mean_downtime": _ratio(down, len(reaching), len(reaching)),
        "mttr_restore": _ratio(sum(restored), len(restored), len(restored)),
        "mtbf": _ratio(wanted - down, len(begun), len(begun)),
        "availability": _ratio(wanted - down, wanted, len(names)),
    }


def _outages(own: Sequence[PlannedWorkOrder], until: datetime) -> list[tuple[datetime, datetime]]:
    """When assets were down: two that fall into each other are one. One that lasts ends at `until`."""
    down_since: dict[str, datetime] = {}
    outages = []
    for step in steps(own):
        asset = step.work_order.asset or ""
        if step.at >= until:
            break
        if step.action == "asset_down":
            down_since.setdefault(asset, step.at)
        elif step.action == "asset_up" and asset in down_since:
            outages.append((down_since.pop(asset), step.at))
    return outages + [(begin, until) for begin in down_since.values()]
