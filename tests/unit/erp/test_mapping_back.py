"""The ERP's values as MaintainX takes them; what travels there and back means the same."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config.mappings import FieldRule, MappingFile
from shared.config.work_order_fields import ENUMS
from shared.erp.mapping import read_work_order
from shared.erp.mapping_back import maintainx_value_of, nested
from shared.errors import MappingError
from shared.values import same_value
from tests.fakes.sync_world import RULES, ZONE

STATUS = RULES["status"]
PRIORITY = RULES["priority"]


def rule_of(**rule: Any) -> FieldRule:
    return FieldRule.model_validate({"erp": "x", **rule})


def back(value: Any, current: Any = None, *, zone: ZoneInfo = ZONE, **rule: Any) -> Any:
    """What the ERP's value becomes by one rule."""
    return maintainx_value_of(rule_of(**rule), value, current, zone)


def sent(rule: FieldRule, value: Any, zone: ZoneInfo = ZONE) -> Any:
    """What a value of MaintainX becomes in the ERP."""
    if rule.overflow_to is not None:
        rule = rule.model_copy(update={"on_too_long": "cut", "overflow_to": None})
    file = MappingFile.model_validate(
        {"fields": [rule.model_dump(exclude_unset=True)], "on_delete": {"action": "ignore"}}
    )
    return read_work_order(file, nested({str(rule.maintainx): value}), zone)[rule.erp].sent


def test_each_kind_of_value_is_taken_as_maintainx_has_it(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, Any, dict[str, Any]]] = [
        ("Seal", "Seal", {"maintainx": "title"}),
        ("Seal  ", "Seal", {"maintainx": "title"}),
        ("  Seal", "  Seal", {"maintainx": "title"}),
        (None, None, {"maintainx": "description"}),
        ("  ", None, {"maintainx": "description"}),
        ("IN_WORK", "IN_PROGRESS", STATUS),
        ("IN_WORK ", "IN_PROGRESS", STATUS),
        ("CANCELLED", "CANCELED", STATUS),  # SKIPPED too is CANCELLED there
        ("CLOSED", "DONE", STATUS),  # which only the ERP has
        ("1", "HIGH", PRIORITY),
        (1, "HIGH", PRIORITY),
        (None, "NONE", {**PRIORITY, "back": {"": "NONE"}}),
        ("", "NONE", {**PRIORITY, "back": {"": "NONE"}}),
        (True, "yes", {"maintainx": "extraFields.Urgent", "values": {"yes": True, "no": False}}),
        ("HALL-A", 310, {"maintainx": "locationId", "values": {310: "HALL-A", 311: "HALL-B"}}),
        ("HALL-C", 311, {"maintainx": "locationId", "values": {310: "HALL-A", 311: "HALL-B"}, "back": {"HALL-C": 311}}),
        ("2201", 2201, {"maintainx": "assetId", "convert": "text"}),
        (" 0002201 ", 2201, {"maintainx": "assetId", "convert": "text"}),
        (2201, 2201, {"maintainx": "assetId"}),
        (None, None, {"maintainx": "assetId", "convert": "text"}),
        (1.5, 1.5, {"maintainx": "estimatedTime"}),
        (4100, "4100", {"maintainx": "extraFields.Cost Center"}),
        (True, "true", {"maintainx": "extraFields.Urgent"}),
        ("2026-09-16T16:00:00Z", "2026-09-16T16:00:00.000Z", {"maintainx": "startDate", "convert": "time"}),
        ("2026-09-16T18:00:00+02:00", "2026-09-16T16:00:00.000Z", {"maintainx": "startDate"}),
        ("", None, {"maintainx": "dueDate", "convert": "date"}),
    ]
    for value, becomes, rule in cases:
        with subtests.test(value=value, becomes=becomes, rule=rule):
            taken = back(value, **rule)
            assert (taken, type(taken)) == (becomes, type(becomes))


def test_what_has_no_answer_is_an_error_that_names_field_and_value(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, str, dict[str, Any]]] = [
        ("TECO", r"x -> status: 'TECO' is neither in values nor in back \(CANCELLED, CLOSED, COMPLETED", STATUS),
        ("1.0", "is neither in values nor in back", PRIORITY),
        (None, r"leaves MaintainX without priority; say in back what it becomes \('': ...\)", PRIORITY),
        ("", "leaves MaintainX without title", {"maintainx": "title"}),
        ("PUMP-1", "is not a number", {"maintainx": "assetId", "convert": "text"}),
        ("-1", "is not a number", {"maintainx": "assetId", "convert": "text"}),
        ("²", "is not a number", {"maintainx": "assetId", "convert": "text"}),
        (True, "is not a number", {"maintainx": "assetId"}),
        ("soon", "is not a day", {"maintainx": "dueDate", "convert": "date"}),
        (12.5, "is not a day", {"maintainx": "dueDate", "convert": "date"}),
        (
            "9999-12-31",
            "is not a day",
            {"maintainx": "dueDate", "convert": "date", "zone": ZoneInfo("America/Chicago")},
        ),
        ("2026-09-16T16:00:00", "is not a time with zone", {"maintainx": "startDate", "convert": "time"}),
        (5, "is not a time with zone", {"maintainx": "startDate", "convert": "time"}),
    ]
    for value, reason, rule in cases:
        with subtests.test(value=value):
            late = "2026-09-17T04:00:00.000Z"  # 23:00 in Chicago
            with pytest.raises(MappingError, match=reason):
                back(value, late, **rule)


def test_a_day_keeps_the_time_of_day_at_the_site(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str | None, str, str]] = [
        ("2026-09-20", "2026-09-16T16:00:00.000Z", "Europe/Berlin", "2026-09-20T16:00:00.000Z"),
        ("2026-12-20", "2026-09-16T16:00:00.000Z", "Europe/Berlin", "2026-12-20T17:00:00.000Z"),  # 18:00 there as well
        ("2026-09-20", "2026-09-16T22:30:00.000Z", "Europe/Berlin", "2026-09-19T22:30:00.000Z"),  # 00:30 there
        ("2026-09-20", "2026-09-17T03:30:00.000Z", "America/Chicago", "2026-09-21T03:30:00.000Z"),
        ("2026-09-20", None, "Europe/Berlin", "2026-09-20T10:00:00.000Z"),  # noon there
        ("2026-09-20", "tomorrow", "UTC", "2026-09-20T12:00:00.000Z"),
        ("2026-09-16", "2026-09-16T16:00:00.123Z", "UTC", "2026-09-16T16:00:00.123Z"),
    ]
    for day, current, zone, becomes in cases:
        with subtests.test(day=day, current=current, zone=zone, becomes=becomes):
            assert back(day, current, zone=ZoneInfo(zone), maintainx="dueDate", convert="date") == becomes


def test_dotted_names_become_objects() -> None:
    assert nested({"title": "a", "extraFields.Cost Center": "4100", "extraFields.Area": None}) == {
        "title": "a",
        "extraFields": {"Cost Center": "4100", "Area": None},
    }
    assert nested({}) == {}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kolkata"]
)
MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2100, 1, 1), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001  # made aware
ISO = MOMENTS.map(lambda moment: moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
# A rule, and MaintainX's values that it may meet.
THERE: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    ({"maintainx": "title", "max_length": 40, "on_too_long": "cut"}, TEXTS),
    ({"maintainx": "description"}, st.none() | TEXTS),
    (STATUS, st.sampled_from(sorted(ENUMS["status"]))),
    (PRIORITY, st.sampled_from(sorted(ENUMS["priority"]))),
    ({"maintainx": "assetId", "convert": "text"}, st.none() | st.integers(0, 10**12)),
    ({"maintainx": "assetId"}, st.none() | st.integers(0, 10**12)),
    ({"maintainx": "locationId", "values": {310: "A", 311: "B"}}, st.sampled_from([None, 310, 311])),
    ({"maintainx": "dueDate", "convert": "date"}, st.none() | ISO),
    ({"maintainx": "startDate", "convert": "time"}, st.none() | ISO),
    ({"maintainx": "extraFields.Area"}, st.none() | TEXTS),
    ({"maintainx": "extraFields.Urgent", "convert": "text"}, st.booleans() | st.integers() | TEXTS),
]


@given(data=st.data(), zone=ZONES.map(ZoneInfo))
def test_what_travels_there_and_back_and_there_again_means_the_same(data: st.DataObject, zone: ZoneInfo) -> None:
    """The way back may know less (a cut title, one of two statuses with one name), but never something else."""
    for settings, values in THERE:
        rule, value = rule_of(**settings), data.draw(values)
        there = sent(rule, value, zone)
        if rule.maintainx == "title" and same_value(there, None):
            continue
        returned = maintainx_value_of(rule, there, value, zone)
        assert same_value(sent(rule, returned, zone), there), settings
        if "max_length" not in rule.model_fields_set and rule.values is None and rule.convert not in ("text", "time"):
            assert same_value(returned, value), settings


BACK: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    ({"maintainx": "title"}, TEXTS.filter(str.strip)),
    ({"maintainx": "description"}, st.none() | TEXTS),
    (STATUS, st.sampled_from(["NEW", "IN_WORK", "WAITING", "COMPLETED", "CANCELLED"])),
    (PRIORITY, st.sampled_from("1234")),
    ({"maintainx": "assetId", "convert": "text"}, st.none() | st.integers(0, 10**12).map(str)),
    ({"maintainx": "dueDate", "convert": "date"}, st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)).map(str)),
    ({"maintainx": "startDate", "convert": "time"}, st.none() | ISO.map(lambda text: text[:19] + "Z")),
]


@given(data=st.data(), zone=ZONES.map(ZoneInfo), current=st.none() | ISO | TEXTS)
def test_what_the_erp_told_is_what_it_would_be_sent(data: st.DataObject, zone: ZoneInfo, current: str | None) -> None:
    """Else our own write would look like another change of MaintainX, and travel on."""
    for settings, values in BACK:
        rule, value = rule_of(**settings), data.draw(values)
        assert same_value(sent(rule, maintainx_value_of(rule, value, current, zone), zone), value), settings


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS, st.none() | TEXTS | ISO)
def test_any_value_is_taken_or_refused_by_name(value: Any, current: Any) -> None:
    for rule, _ in THERE:
        refused = ""
        try:
            maintainx_value_of(rule_of(**rule), value, current, ZONE)
        except MappingError as error:
            refused = str(error)
        assert refused == "" or refused.startswith(f"x -> {rule['maintainx']}: ")
