"""Field values between SAP's JSON and the canonical forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.erp.sap.fields import EdmType, SapField
from shared.erp.sap.values import capitals, from_sap, iso, time_of, to_sap
from shared.errors import MappingError

BERLIN = ZoneInfo("Europe/Berlin")
_TEXT = SapField("MaintenanceOrderDesc", "String")
_CODE = SapField("MainWorkCenter", "String", capitals=True)
_TIME = SapField("LastChangeDateTime", "DateTimeOffset")
_PLANNED = SapField("MaintOrdBasicStartDateTime", "DateTimeOffset", planned=True)
_DAY = SapField("LatestAcceptableCompletionDate", "DateTime")
_DECIMAL = SapField("YY1_HOURS", "Decimal")
_BOOLEAN = SapField("YY1_SAFE", "Boolean")
_WHOLE = SapField("MaintenanceCall", "Int32")


def test_a_value_of_saps_has_one_canonical_form(subtests: pytest.Subtests) -> None:
    cases: list[tuple[SapField | None, Any, Any]] = [
        (_TEXT, "Replace seal  ", "Replace seal"),
        (_TEXT, "", None),
        (_TEXT, "   ", None),
        (_TEXT, None, None),
        (_TIME, "/Date(1789574400000+0000)/", "2026-09-16T16:00:00Z"),
        (_TIME, "/Date(1789574400000+0060)/", "2026-09-16T16:00:00Z"),
        (_TIME, "/Date(1789574400000-0330)/", "2026-09-16T16:00:00Z"),
        (_TIME, "/Date(1789574400999)/", "2026-09-16T16:00:00Z"),
        (_TIME, "/Date(-86400000+0000)/", "1969-12-31T00:00:00Z"),
        (_TIME, "/Date(-1)/", "1969-12-31T23:59:59Z"),
        (_TIME, "", None),
        (_TIME, None, None),
        (_TIME, "/Date(99999999999999999)/", "/Date(99999999999999999)/"),
        (_TIME, "tomorrow", "tomorrow"),
        (_DAY, "/Date(1789516800000)/", "2026-09-16"),
        (_DAY, "/Date(253402214400000)/", "9999-12-31"),
        (_DAY, "/Date(-62135596800000)/", "0001-01-01"),
        (_DECIMAL, "2.50", 2.5),
        (_DECIMAL, "2.000", 2),
        (_DECIMAL, "-0.1", -0.1),
        (SapField("MaintenanceObjectList", "Int64"), "9007199254740993", 9007199254740993),
        (_DECIMAL, "many", "many"),
        (_BOOLEAN, False, False),
        (_WHOLE, 7, 7),
        (SapField("MaintOrdBasicStartTime", "Time"), "PT24H00M00S", "PT24H00M00S"),
        (None, "/Date(1789574400000+0000)/", "2026-09-16T16:00:00Z"),
        (None, "/Date(1789516800000)/", "2026-09-16"),
        (None, " x ", " x"),
        (None, True, True),
    ]
    for field, sent, read in cases:
        with subtests.test(field=field, sent=sent, read=read):
            found = from_sap(field, sent, None)
            assert found == read
            assert type(found) is type(read)


def test_a_value_is_sent_in_saps_form(subtests: pytest.Subtests) -> None:
    cases: list[tuple[SapField | None, Any, Any]] = [
        (_TEXT, "Replace seal ", "Replace seal"),
        (_TEXT, None, ""),
        (_CODE, "mech01", "MECH01"),
        (_CODE, "maß", "MAß"),
        (_TIME, "2026-09-16T16:00:00Z", "/Date(1789574400000+0000)/"),
        (_TIME, "2026-09-16T18:00:00.900+02:00", "/Date(1789574400000+0000)/"),
        (_TIME, None, None),
        (_DAY, "2026-09-16", "/Date(1789516800000)/"),
        (_DAY, None, None),
        (_DECIMAL, 2.5, "2.5"),
        (_DECIMAL, 2.0, "2"),
        (_DECIMAL, 7, "7"),
        (_DECIMAL, 1e-7, "0.0000001"),
        (_DECIMAL, 1e22, "10000000000000000000000"),
        (_BOOLEAN, True, True),
        (_WHOLE, 7.0, 7),
        (None, "as it is ", "as it is "),
        (None, None, ""),
    ]
    for field, value, sent in cases:
        with subtests.test(field=field, value=value, sent=sent):
            assert to_sap(field, value, None) == sent


def test_a_value_that_the_field_cannot_hold_is_an_error_that_names_it(subtests: pytest.Subtests) -> None:
    cases: list[tuple[SapField, Any]] = [
        (_TEXT, 7),
        (_TIME, "2026-09-16"),
        (_TIME, "2026-09-16T16:00:00"),
        (_TIME, 7),
        (_DAY, "2026-09-16T16:00:00Z"),
        (_DAY, "20260916"),
        (_DAY, "2026-02-30"),
        (_DECIMAL, "2.5"),
        (_DECIMAL, True),
        (_DECIMAL, float("nan")),
        (_BOOLEAN, 1),
        (_WHOLE, 7.5),
    ]
    for field, value in cases:
        with subtests.test(field=field, value=value), pytest.raises(MappingError, match=field.name):
            to_sap(field, value, None)


_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(_MOMENTS.map(lambda moment: moment.replace(microsecond=0)))
def test_a_time_survives_the_way_to_sap_and_back(moment: datetime) -> None:
    for zone in (None, BERLIN):  # a field that is not planned has no wall clock
        assert from_sap(_TIME, to_sap(_TIME, iso(moment), zone), zone) == iso(moment)
    assert time_of(to_sap(_TIME, iso(moment), None)) == moment


@given(_MOMENTS, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "UTC"]))
def test_a_planned_time_survives_the_plants_wall_clock_except_in_an_hour_that_comes_twice(
    moment: datetime, name: str
) -> None:
    zone, written = ZoneInfo(name), iso(moment)
    read = from_sap(_PLANNED, to_sap(_PLANNED, written, zone), zone)
    local = moment.astimezone(zone).replace(microsecond=0, fold=0)
    assert read == written or iso(local) == read


@given(st.integers(-62135596800, 253402300799), st.integers(-840, 840))
def test_every_time_of_sap_is_read_and_sent_back_as_it_was(seconds: int, offset_min: int) -> None:
    sign = "-" if offset_min < 0 else "+"
    sent = f"/Date({seconds * 1000}{sign}{abs(offset_min):04})/"
    assert to_sap(_TIME, from_sap(_TIME, sent, None), None) == f"/Date({seconds * 1000}+0000)/"


@given(st.dates())
def test_a_day_survives_the_way_to_sap_and_back(day: Any) -> None:
    assert from_sap(_DAY, to_sap(_DAY, day.isoformat(), None), BERLIN) == day.isoformat()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_a_decimal_of_at_most_15_digits_survives_the_way_from_sap_and_back(number: Decimal) -> None:
    assert Decimal(to_sap(_DECIMAL, from_sap(_DECIMAL, str(number), None), None)) == number


@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_the_way_to_sap_and_back(number: float) -> None:
    assert from_sap(_DECIMAL, to_sap(_DECIMAL, number, None), None) == number


@given(st.text())
def test_capitals_never_change_the_length(text: str) -> None:
    assert len(capitals(text)) == len(text)
    assert capitals(capitals(text)) == capitals(text)


def test_planned_dates_are_the_plants_wall_clock_only_where_the_settings_say_so(subtests: pytest.Subtests) -> None:
    cases: list[tuple[ZoneInfo | None, str]] = [
        (None, "2026-07-01T06:00:00Z"),
        (BERLIN, "2026-07-01T04:00:00Z"),
        (ZoneInfo("Asia/Kolkata"), "2026-07-01T00:30:00Z"),
    ]
    for zone, read in cases:
        with subtests.test(zone=zone):
            sent = "/Date(1782885600000+0000)/"  # six in the morning, as SAP's planners see it
            assert from_sap(_PLANNED, sent, zone) == read
            assert to_sap(_PLANNED, read, zone) == sent
            assert from_sap(_TIME, sent, zone) == "2026-07-01T06:00:00Z"


def test_an_hour_that_comes_twice_is_read_as_the_first_of_the_two() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 2:30 in winter time
    sent = to_sap(_PLANNED, iso(second), BERLIN)
    assert from_sap(_PLANNED, sent, BERLIN) == iso(second - timedelta(hours=1))


def test_field_types_are_those_that_the_codec_knows() -> None:
    from shared.erp.sap.fields import HEADER

    known: set[EdmType] = {"String", "DateTimeOffset", "DateTime", "Time", "Decimal", "Int64", "Int32", "Boolean"}
    assert {field.edm for field in HEADER.values()} <= known
