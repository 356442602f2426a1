"""The stretches of time that KPIs are computed for. Days and weeks begin at the site's own midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

PeriodKind = Literal["week", "rolling"]
COMPLETE_WEEKS = 4
ROLLING_DAYS = 28


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_at_utc` up to, not including, `end_at_utc`: local midnights of the site, which is why a week in which
    the clocks change has 167 or 169 hours. name: ISO 8601, unique within a site.
    """

    name: str
    kind: PeriodKind
    start_at_utc: datetime
    end_at_utc: datetime


def standard_periods(as_of: datetime, zone: ZoneInfo) -> list[Period]:
    """The last four complete ISO weeks and the running one, oldest first, then the 28 days up to and with today."""
    today = as_of.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    weeks = [iso_week(monday - timedelta(weeks=back), zone) for back in range(COMPLETE_WEEKS, -1, -1)]
    return [*weeks, last_28_days(today, zone)]


def iso_week(day: date, zone: ZoneInfo) -> Period:
    """The ISO week (Monday to Sunday) that `day` lies in."""
    year, week, weekday = day.isocalendar()
    monday = day - timedelta(days=weekday - 1)
    return _period(f"{year}-W{week:02d}", "week", monday, monday + timedelta(weeks=1), zone)


def last_28_days(today: date, zone: ZoneInfo) -> Period:
    """The 28 days that end with `today`."""
    first = today - timedelta(days=ROLLING_DAYS - 1)
    return _period(f"{first.isoformat()}/P{ROLLING_DAYS}D", "rolling", first, today + timedelta(days=1), zone)


def _period(name: str, kind: PeriodKind, first: date, after: date, zone: ZoneInfo) -> Period:
    return Period(name, kind, _midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Where the clocks skip midnight, the first moment of the day that exists; where it comes twice, the first."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
