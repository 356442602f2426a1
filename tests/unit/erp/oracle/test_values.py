"""Values between Oracle's forms and the canonical ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.erp.base import FieldType
from shared.erp.oracle.values import canonical, wire


def test_what_oracle_tells_has_one_canonical_form(subtests: pytest.Subtests) -> None:
    cases: list[tuple[FieldType | None, Any, Any]] = [
        ("time", "2026-09-16T18:00:00+02:00", "2026-09-16T16:00:00Z"),
        ("time", "2026-09-16T16:00:00.999+00:00", "2026-09-16T16:00:00Z"),
        ("time", "2026-09-16T16:00:00Z", "2026-09-16T16:00:00Z"),
        ("time", "2026-09-16T16:00:00", "2026-09-16T16:00:00Z"),
        ("time", "2026-09-16", "2026-09-16T00:00:00Z"),
        ("time", "soon", "soon"),
        ("time", "", None),
        ("date", "2026-09-16T00:00:00+00:00", "2026-09-16"),
        ("date", "2026-09-16", "2026-09-16"),
        ("number", "1", 1),
        ("number", "2.50", 2.5),
        ("number", 3.0, 3),
        ("number", 300000010000001, 300000010000001),
        ("number", "high", "high"),
        ("number", None, None),
        ("text", 40, "40"),
        ("text", "2026-09-16T18:00:00+02:00", "2026-09-16T18:00:00+02:00"),
        ("text", "", None),
        ("boolean", "true", True),
        ("boolean", "N", False),
        ("boolean", True, True),
        (None, "2026-09-16T18:00:00+02:00", "2026-09-16T16:00:00Z"),
        (None, "at 2026-09-16T18:00:00+02:00", "at 2026-09-16T18:00:00+02:00"),
        (None, "7", "7"),
        (None, 7, 7),
    ]
    for kind, told, meant in cases:
        with subtests.test(kind=kind, told=told, meant=meant):
            found = canonical(kind, told)
            assert found == meant
            assert type(found) is type(meant)


def test_what_is_sent(subtests: pytest.Subtests) -> None:
    cases: list[tuple[FieldType | None, Any, Any]] = [
        ("time", "2026-09-16T16:00:00Z", "2026-09-16T16:00:00+00:00"),
        ("time", "2026-09-16T18:00:00+02:00", "2026-09-16T16:00:00+00:00"),
        (None, "2026-09-16T16:00:00Z", "2026-09-16T16:00:00+00:00"),
        ("text", "2026-09-16T16:00:00Z", "2026-09-16T16:00:00Z"),
        ("text", "", None),
        ("number", 2, 2),
        ("boolean", False, False),
    ]
    for kind, value, sent in cases:
        with subtests.test(kind=kind, value=value, sent=sent):
            assert wire(kind, value) == sent


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_time_told_in_any_zone_is_the_one_that_was_sent(moment: datetime, offset_minutes: int) -> None:
    at = moment.replace(tzinfo=UTC)
    told = at.astimezone(timezone(timedelta(minutes=offset_minutes))).isoformat()
    meant = canonical("time", told)
    assert datetime.fromisoformat(meant) == at
    assert canonical("time", wire("time", meant)) == meant
