"""A work order as ERP fields."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.erp.rules import Refusal, new_order
from shared.canonical import canonical_json
from shared.config.mappings import MappingFile
from shared.config.work_order_fields import ENUMS
from shared.erp import map_work_order
from shared.erp.mapping import Mapped, read_work_order
from shared.errors import MappingError
from tests.fakes.sync_world import ZONE, both_ways_mapping, example_mapping, work_order


def mapped(record: dict[str, Any], zone: ZoneInfo = ZONE, **rule: Any) -> Any:
    """What one rule makes of a work order."""
    rules = MappingFile.model_validate({"fields": [{"erp": "x", **rule}], "on_delete": {"action": "ignore"}})
    return map_work_order(rules, {"id": 7, **record}, zone)["x"]


def test_the_example_maps_a_work_order_as_it_says() -> None:
    assert map_work_order(example_mapping(), work_order(), ZONE) == {
        "shortText": "Replace seal on feed pump",
        "longText": "Leak at drive end",
        "status": "NEW",
        "priority": "1",
        "orderType": "PM01",
        "equipment": "2201",
        "dueDate": "2026-09-16",
        "plant": "1010",
    }


def test_each_field_has_maintainx_s_own_value_beside_what_is_sent() -> None:
    fields = read_work_order(example_mapping(), work_order(type=None), ZONE)
    assert fields["status"] == Mapped("OPEN", "NEW")
    assert fields["equipment"] == Mapped(2201, "2201")
    assert fields["orderType"] == Mapped(None, "PM01")
    assert fields["plant"] == Mapped(None, "1010")


LONG = "Replace the seal on the feed pump of line number four"


def test_a_text_that_does_not_fit_goes_before_that_of_another_field(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str | None, str, str | None]] = [
        ("Seal", "Leak", "Seal", "Leak"),
        ("Seal", None, "Seal", None),
        ("a" * 40, "Leak", "a" * 40, "Leak"),
        (LONG, "Leak", "Replace the seal on the feed pump of lin", f"{LONG}\nLeak"),
        (LONG, None, "Replace the seal on the feed pump of lin", LONG),
        (LONG, "", "Replace the seal on the feed pump of lin", LONG),
    ]
    for title, description, short, long in cases:
        with subtests.test(title=title, description=description, short=short, long=long):
            fields = read_work_order(both_ways_mapping(), work_order(title=title, description=description), ZONE)
            assert fields["shortText"] == Mapped(title, short)
            assert fields["longText"] == Mapped(description, long)


def test_what_overflows_is_cut_or_refused_by_the_rule_that_takes_it() -> None:
    record = work_order(title=LONG, description="Leak")
    assert map_work_order(both_ways_mapping(longText=CUT_56), record, ZONE)["longText"] == f"{LONG}\nLeak"[:56].rstrip()
    with pytest.raises(MappingError, match=r"work order 9001001: description -> longText: .* 50 fit"):
        map_work_order(both_ways_mapping(longText={"max_length": 50}), record, ZONE)


CUT_56 = {"max_length": 56, "on_too_long": "cut"}


@pytest.mark.parametrize("value", ["2026-09-16T22:30:00.999Z", "2026-09-17T00:30:00.5+02:00"])
def test_a_time_is_sent_in_utc_without_parts_of_a_second(value: str) -> None:
    assert mapped({"startDate": value}, maintainx="startDate", convert="time") == "2026-09-16T22:30:00Z"


def test_what_the_work_order_lacks_becomes_null_or_the_default() -> None:
    assert mapped({}, maintainx="description") is None
    assert mapped({"description": None}, maintainx="description", default="-") == "-"
    assert mapped({"extraFields": {"Area": "B"}}, maintainx="extraFields.Cost Center") is None


def test_extra_fields_are_reached_by_their_names() -> None:
    assert mapped({"extraFields": {"Cost Center": "4100"}}, maintainx="extraFields.Cost Center") == "4100"


def test_a_value_outside_the_table_is_an_error_with_work_order_field_and_value() -> None:
    with pytest.raises(MappingError, match=r"work order 7: locationId -> x: 310 is not in values \(311\)"):
        mapped({"locationId": 310}, maintainx="locationId", values={311: "HALL-A"})


def test_a_text_that_does_not_fit_is_refused_unless_cutting_is_allowed() -> None:
    assert mapped({"title": "a" * 40}, maintainx="title", max_length=40) == "a" * 40
    with pytest.raises(MappingError, match="has 41 characters, 40 fit"):
        mapped({"title": "a" * 41}, maintainx="title", max_length=40)
    assert mapped({"title": "a" * 41}, maintainx="title", max_length=40, on_too_long="cut") == "a" * 40


def test_a_cut_text_ends_in_no_blank() -> None:
    assert mapped({"title": "pump seal"}, maintainx="title", max_length=5, on_too_long="cut") == "pump"


def test_a_long_value_is_not_poured_into_the_message() -> None:
    with pytest.raises(MappingError) as caught:
        mapped({"title": "secret " * 100}, maintainx="title", max_length=40)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [[1, 2], {"id": 3}])
def test_a_list_or_object_is_no_field_value(value: Any) -> None:
    with pytest.raises(MappingError, match="not a single value"):
        mapped({"assigneeIds": value}, maintainx="assigneeIds", direction="to_erp")


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", "2026-09-17"), ("America/Chicago", "2026-09-16"), ("UTC", "2026-09-16")]
)
def test_the_site_s_time_zone_decides_the_day(zone: str, day: str) -> None:
    assert mapped({"dueDate": "2026-09-16T22:30:00.000Z"}, ZoneInfo(zone), maintainx="dueDate", convert="date") == day


def test_what_is_not_a_time_with_zone_has_no_day(subtests: pytest.Subtests) -> None:
    cases: list[Any] = ["2026-09-16", "tomorrow", "2026-09-16T22:30:00", 5, "9999-12-31T23:59:59Z", True]
    for value in cases:
        with subtests.test(value=value), pytest.raises(MappingError, match="not a time with zone"):
            mapped({"dueDate": value}, maintainx="dueDate", convert="date")


def test_numbers_can_be_written_as_text(subtests: pytest.Subtests) -> None:
    for value, text in [(2201, "2201"), (True, "true"), ("A", "A"), (2.5, "2.5")]:
        with subtests.test(value=value):
            assert mapped({"assetId": value}, maintainx="assetId", convert="text") == text


TEXTS = st.text(st.characters(exclude_categories=()))  # lone halves of characters too: JSON can carry them
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), TEXTS, st.floats())
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5
)
# Without the first and last day of the calendar, which another zone may not have.
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001  # made aware
WORK_ORDERS = st.fixed_dictionaries(
    {
        "title": TEXTS,
        "status": st.sampled_from(sorted(ENUMS["status"])),
        "priority": st.sampled_from(sorted(ENUMS["priority"])),
    },
    optional={
        "description": st.none() | st.text(st.characters(exclude_categories=()), max_size=5000),
        "type": st.none() | st.sampled_from(sorted(ENUMS["type"])),
        "assetId": st.none() | st.integers(1, 10**9),
        "dueDate": st.none() | TIMES.map(lambda moment: moment.isoformat()),
    },
)


@given(WORK_ORDERS)
def test_whatever_maintainx_may_answer_is_accepted_by_the_erp(record: dict[str, Any]) -> None:
    fields = map_work_order(example_mapping(), record, ZONE)
    assert map_work_order(example_mapping(), json.loads(json.dumps(record)), ZONE) == fields
    equipment = frozenset() if fields["equipment"] is None else frozenset({fields["equipment"]})
    order = new_order(fields, equipment)
    assert order.items() >= fields.items()
    json.dumps(fields, ensure_ascii=False).encode()  # as HTTP clients write it


@pytest.mark.parametrize(
    ("title", "sent"), [("\ud83d pump", "\ufffd pump"), ("pump \ude00", "pump \ufffd"), ("\ud83d\ude00", "\U0001f600")]
)
def test_half_of_a_character_is_replaced_and_two_halves_are_one(title: str, sent: str) -> None:
    assert map_work_order(example_mapping(), work_order(title=title), ZONE)["shortText"] == sent


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_number_that_json_cannot_write_is_a_mapping_error(number: float) -> None:
    with pytest.raises(MappingError, match="finite"):
        map_work_order(example_mapping(), work_order(title=number), ZONE)


@given(st.dictionaries(st.sampled_from(["title", "status", "priority", "type", "assetId", "dueDate"]), ANYTHING))
def test_any_record_gives_json_scalars_or_a_mapping_error(record: dict[str, Any]) -> None:
    try:
        fields = map_work_order(example_mapping(), record, ZONE)
    except MappingError:
        return
    assert fields.keys() == {rule.erp for rule in example_mapping().fields}
    assert json.loads(canonical_json(fields)) == fields


def test_the_simulated_erp_refuses_what_the_mapping_must_prevent() -> None:
    for wrong in ({"shortText": "a" * 41}, {"status": "OPEN"}, {"equipment": 2201}, {"title": "x"}):
        with pytest.raises(Refusal):
            new_order({"shortText": "a", "orderType": "PM01", **wrong}, frozenset({"2201"}))
