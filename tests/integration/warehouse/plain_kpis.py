"""The KPIs of docs/kpis.md once more, in plain Python and by another method: sets of minutes instead of intervals.

All times must be whole minutes. Slow and obvious on purpose; shares nothing with the SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Minutes = set[int]
Result = tuple[float | None, float, float | None, int]  # value, numerator, denominator, n
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A period as far as it is looked at."""

    start: datetime
    end: datetime
    until: datetime
    as_of: datetime
    zone: ZoneInfo
    grace_days: int


def ratio(numerator: float, denominator: float, n: int) -> Result:
    return (numerator / denominator if denominator else None), numerator, denominator, n


def total(amount: float, n: int) -> Result:
    return amount, amount, None, n


def work_order_kpis(rows: Iterable[Row], w: Window) -> dict[str, Result]:
    """KPIs of the site that rest on work orders (latest versions)."""
    alive = [row for row in rows if not row["deleted"]]
    real = [row for row in alive if row["status"] not in ("CANCELED", "SKIPPED")]
    still_open = [r for r in real if r["created_at"] < w.until and not (_done(r) and _done(r) < w.until)]
    done = [r for r in real if r["created_at"] < w.until and _done(r) and w.start <= _done(r) < w.until]
    estimated = [r for r in still_open if r.get("estimated_time_s") is not None]
    repairs = [r for r in real if r.get("type") == "REACTIVE" and _done(r) and w.start <= _done(r) < w.until]
    due = [
        r
        for r in alive
        if r.get("type") == "PREVENTIVE"
        and r["status"] != "CANCELED"
        and r.get("due_date")
        and w.start <= r["due_date"] < w.end
        and _last_day(r, w) < w.as_of.astimezone(w.zone).date()
    ]
    in_time = [r for r in due if _done(r) and _done(r).astimezone(w.zone).date() <= _last_day(r, w)]
    repair_hours = sum((_done(r) - r["created_at"]) / timedelta(hours=1) for r in repairs)
    return {
        "backlog": total(len(still_open), len(still_open)),
        "backlog_hours": total(sum(r["estimated_time_s"] for r in estimated) / 3600, len(estimated)),
        "backlog_estimated": ratio(len(estimated), len(still_open), len(still_open)),
        "completion_rate": ratio(len(done), len(done) + len(still_open), len(done) + len(still_open)),
        "mttr_work_order": ratio(repair_hours, len(repairs), len(repairs)),
        "pm_compliance": ratio(len(in_time), len(due), len(due)),
    }


def asset_kpis(rows: Iterable[Row], w: Window) -> dict[tuple[str, str], Result]:
    """KPIs that rest on status intervals (latest versions), by (kpi, scope)."""
    alive = [row for row in rows if not row["deleted"]]
    assets = {row["asset_id"]: [r for r in alive if r["asset_id"] == row["asset_id"]] for row in alive}
    facts = {asset: _asset_facts(own, w) for asset, own in assets.items()}
    results: dict[tuple[str, str], Result] = {}
    for kpi, (per_asset, combine) in _ASSET_KPIS.items():
        shares = {asset: share for asset, fact in facts.items() if (share := per_asset(fact)) is not None}
        sums = [sum(column) for column in zip(*shares.values(), strict=True)] or [0, 0, 0]
        results[kpi, "site"] = combine(sums[0], sums[1], int(sums[2]))
        for asset, share in shares.items():
            results[kpi, f"asset:{asset}"] = combine(*share)
    return results


def _done(row: Row) -> Any:
    return (row.get("completed_at") or row["updated_at"]) if row["status"] == "DONE" else None


def _last_day(row: Row, w: Window) -> Any:
    return row["due_date"].astimezone(w.zone).date() + timedelta(days=w.grace_days)


@dataclass(frozen=True)
class _Facts:
    window: range
    known: range
    unplanned: Minutes
    unclassified: Minutes
    planned: Minutes
    ignored: Minutes
    lasting: bool


def _asset_facts(rows: list[Row], w: Window) -> _Facts:
    window = range(_minute(w.start), _minute(w.until))
    first = min(_minute(row["started_at"]) for row in rows)
    known = range(max(window.start, first), max(window.stop, first))
    horizon = _minute(w.as_of)

    def minutes(wanted: Callable[[Row], bool]) -> Minutes:
        found: Minutes = set()
        for row in filter(wanted, rows):
            ended_at = horizon if row["ended_at"] is None else _minute(row["ended_at"])
            found.update(range(_minute(row["started_at"]), ended_at))
        return found

    def offline(kind: str | None) -> Callable[[Row], bool]:
        return lambda row: row["status"] == "OFFLINE" and row["downtime_type"] == kind

    lasting = any(row["ended_at"] is None for row in rows if offline("UNPLANNED")(row))
    return _Facts(
        window,
        known,
        minutes(offline("UNPLANNED")),
        minutes(offline(None)),
        minutes(offline("PLANNED")),
        minutes(lambda row: row["status"] == "IGNORE"),
        lasting,
    )


def _minute(moment: datetime) -> int:
    return int((moment - _EPOCH) / timedelta(minutes=1))


def _runs(minutes: Minutes) -> list[range]:
    """Maximal stretches without a gap."""
    starts = sorted(m for m in minutes if m - 1 not in minutes)
    ends = sorted(m + 1 for m in minutes if m + 1 not in minutes)
    return [range(start, end) for start, end in zip(starts, ends, strict=True)]


def _hours(minutes: Iterable[int]) -> float:
    return len(set(minutes)) / 60


def _clipped(minutes: Minutes, window: range) -> tuple[float, float, int] | None:
    inside = minutes & set(window)
    runs = [run for run in _runs(minutes) if run.start < window.stop and run.stop > window.start]
    return (_hours(inside), len(runs), len(runs)) if runs else None


def _restored(fact: _Facts) -> tuple[float, float, int] | None:
    runs = _runs(fact.unplanned)
    if fact.lasting and runs:
        runs = runs[:-1]  # an open interval makes the last stretch one that has not ended
    ended = [run for run in runs if fact.window.start <= run.stop < fact.window.stop]
    return (sum(map(len, ended)) / 60, len(ended), len(ended)) if ended else None


def _available(fact: _Facts) -> tuple[float, float, int] | None:
    wanted = set(fact.known) - fact.ignored
    return (_hours(wanted - fact.unplanned), _hours(wanted), 1) if len(fact.known) else None


def _between_failures(fact: _Facts) -> tuple[float, float, int] | None:
    operating = set(fact.known) - fact.ignored - fact.unplanned - fact.planned - fact.unclassified
    failures = [run for run in _runs(fact.unplanned) if run.start in fact.window]
    return (_hours(operating), len(failures), len(failures)) if len(fact.known) else None


_Share = Callable[[_Facts], tuple[float, float, int] | None]
_ASSET_KPIS: dict[str, tuple[_Share, Callable[[float, float, int], Result]]] = {
    "asset_downtime": (lambda f: _clipped(f.unplanned, f.window), lambda hours, _, n: total(hours, n)),
    "unclassified_downtime": (lambda f: _clipped(f.unclassified, f.window), lambda hours, _, n: total(hours, n)),
    "mean_downtime": (lambda f: _clipped(f.unplanned, f.window), ratio),
    "mttr_restore": (_restored, ratio),
    "availability": (_available, ratio),
    "mtbf": (_between_failures, ratio),
}
