"""When two values mean the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import same_value


def test_the_same_in_another_form_is_the_same(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, Any]] = [
        (None, ""),
        (None, "  "),
        ("pump", "pump  "),
        ("2026-09-16T16:00:00.000Z", "2026-09-16T18:00:00+02:00"),
        ("2026-09-16T16:00:00.000Z", "2026-09-16T16:00:00Z"),
        (2, 2.0),
        (False, False),
    ]
    for one, other in cases:
        with subtests.test(one=one, other=other):
            assert same_value(one, other)
            assert same_value(other, one)


def test_different_values_are_different(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, Any]] = [
        (None, 0),
        (None, False),
        ("", 0),
        ("pump", " pump"),
        ("pump", "Pump"),
        ("2026-09-16T16:00:00Z", "2026-09-16T16:00:01Z"),
        ("2026-09-16T16:00:00Z", "2026-09-16T16:00:00"),  # without a zone it is any instant
        ("2026-09-16", "2026-09-17"),
        (True, 1),
        (0, False),
        ("2", 2),
    ]
    for one, other in cases:
        with subtests.test(one=one, other=other):
            assert not same_value(one, other)
            assert not same_value(other, one)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False)))
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert same_value(value, value)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  # made aware
def test_one_instant_in_any_zone_is_the_same(moment: datetime, offset_min: int) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert same_value(moment.isoformat(), moment.astimezone(timezone(timedelta(minutes=offset_min))).isoformat())
