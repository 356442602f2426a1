"""Weeks and 28 days as the site's calendar has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.warehouse.periods import iso_week, last_28_days, standard_periods

ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/Chicago",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "America/Santiago",
        "Asia/Beirut",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone


@given(as_of=MOMENTS, zone=ZONES)
def test_weeks_follow_each_other_without_gap_and_the_last_holds_as_of(as_of: datetime, zone: ZoneInfo) -> None:
    *weeks, rolling = standard_periods(as_of, zone)
    assert len(weeks) == 5
    for earlier, later in pairwise(weeks):
        assert earlier.end_at_utc == later.start_at_utc
    assert weeks[-1].start_at_utc <= as_of < weeks[-1].end_at_utc
    assert weeks[-1].name == "{}-W{:02}".format(*as_of.astimezone(zone).isocalendar()[:2])
    assert rolling.start_at_utc <= as_of < rolling.end_at_utc
    assert len({period.name for period in (*weeks, rolling)}) == 6


@given(as_of=MOMENTS, zone=ZONES)
def test_a_period_begins_with_the_first_moment_of_a_local_day(as_of: datetime, zone: ZoneInfo) -> None:
    for period in standard_periods(as_of, zone):
        start = period.start_at_utc.astimezone(zone)
        assert start.date() > (period.start_at_utc - timedelta(microseconds=1)).astimezone(zone).date()


def test_a_week_in_which_the_clocks_change_is_an_hour_longer_or_shorter(subtests: pytest.Subtests) -> None:
    cases: list[tuple[date, int]] = [(date(2026, 10, 19), 169), (date(2026, 3, 23), 167), (date(2026, 6, 1), 168)]
    for day, hours in cases:
        with subtests.test(day=day):
            week = iso_week(day, ZoneInfo("Europe/Berlin"))
            assert (week.end_at_utc - week.start_at_utc) / timedelta(hours=1) == hours


def test_a_day_without_midnight_begins_when_its_first_hour_does() -> None:
    """Santiago went from 24:00 to 01:00 on Sunday 6 September 2026."""
    period = last_28_days(date(2026, 10, 3), ZoneInfo("America/Santiago"))
    assert period.start_at_utc == datetime(2026, 9, 6, 4, tzinfo=UTC)
    assert period.name == "2026-09-06/P28D"


def test_the_week_of_new_year_has_the_iso_year() -> None:
    assert iso_week(date(2027, 1, 1), ZoneInfo("UTC")).name == "2026-W53"
