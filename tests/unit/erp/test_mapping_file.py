"""Mapping files: what is refused at start instead of in the night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.config.loading import load_model
from shared.config.mappings import FieldRule, MappingFile
from shared.config.record_policies import OnNewInErp
from shared.config.work_order_fields import ENUMS, OBJECTS, READ_ONLY_VALUES, READABLE, WRITABLE
from shared.errors import ConfigError
from tests.fakes.sync_world import EXAMPLE_MAPPING, example_mapping
from tests.reference import maintainx_document

TITLE = {"erp": "shortText", "maintainx": "title"}
IGNORE = {"action": "ignore"}


def mapping(*rules: dict[str, Any], **keys: Any) -> MappingFile:
    return MappingFile.model_validate({"fields": list(rules) or [TITLE], "on_delete": IGNORE, **keys})


def table(field: str, *, without: str | None = None) -> dict[str, str]:
    return {name: name.lower() for name in ENUMS[field] if name != without}


def field(name: str, *, without: str | None = None, **keys: Any) -> dict[str, Any]:
    """A rule for a field with fixed values, each with an ERP value of its own."""
    unwritable = {value.lower(): "OPEN" if name == "status" else "OTHER" for value in READ_ONLY_VALUES.get(name, ())}
    back = {"back": unwritable} if unwritable else {}
    return {"erp": "x", "maintainx": name, "values": table(name, without=without), **back, **keys}


def test_the_example_is_valid() -> None:
    assert {rule.erp for rule in example_mapping().fields} >= {"shortText", "status", "priority", "equipment"}


def test_a_rule_that_cannot_work_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"erp": "x"}, "either maintainx or constant"),
        ({"erp": "x", "maintainx": "title", "constant": "1"}, "either maintainx or constant"),
        ({"erp": "x", "constant": "1", "default": "2"}, "a constant takes no"),
        ({"erp": "x", "maintainx": "title", "on_too_long": "cut"}, "needs max_length"),
        ({"erp": "x", "maintainx": "title", "max_length": 0}, "greater than 0"),
        ({"erp": "x", "maintainx": "a..b"}, "pattern"),
        ({"erp": "", "maintainx": "title"}, "at least 1"),
        ({"erp": "x", "maintainx": "title", "lenght": 4}, "lenght"),
        ({"erp": "x", "maintainx": "title", "policy": "oldest"}, "policy"),
        ({"erp": "x", "maintainx": "title", "policy": "erp", "once": True}, "policy has no use"),
        ({"erp": "x", "maintainx": "title", "policy": "erp", "direction": "to_erp"}, "policy has no use"),
        ({"erp": "x", "maintainx": "title", "policy": "newest", "direction": "to_maintainx"}, "policy has no use"),
        ({"erp": "x", "constant": "1", "policy": "erp"}, "a constant takes no policy"),
        ({"erp": "x", "maintainx": "createdAt"}, "MaintainX does not take createdAt; say direction: to_erp"),
        ({"erp": "x", "maintainx": "title", "back": {"a": "b"}, "direction": "to_erp"}, "back has no use"),
        ({"erp": "x", "maintainx": "title", "back": {"a": "b"}, "once": True}, "back has no use"),
        (
            {"erp": "x", "maintainx": "locationId", "values": {"1": "a", "2": "a"}},
            "back: several MaintainX values are a",
        ),
        ({"erp": "x", "maintainx": "locationId", "values": {"one": "a"}}, "locationId is a number"),
        ({"erp": "x", "maintainx": "locationId", "back": {"a": "1"}}, "a becomes '1', but locationId is a number"),
        ({"erp": "x", "maintainx": "title", "back": {"a": 1}}, "a becomes 1, but title is a text"),
        ({"erp": "x", "maintainx": "locationId", "values": {1: "a", "1": "b"}}, "1 is given twice"),
        (field("status", back={"skipped": "SKIPPED"}), "cannot become SKIPPED, which MaintainX does not take"),
        (field("status", back={"skipped": "OPENED"}), "becomes OPENED, which status never is"),
        (field("type", back={}), "cannot become CYCLE_COUNT"),
        ({"erp": "x", "maintainx": "title", "max_length": 4, "on_too_long": "overflow"}, "overflow_to go together"),
        ({"erp": "x", "maintainx": "title", "overflow_to": "y"}, "overflow_to go together"),
        ({"erp": "x", "constant": "12345", "max_length": 4}, "longer than max_length"),
        ({"erp": "x", "maintainx": "title", "default": "12345", "max_length": 4}, "longer than max_length"),
        ({"erp": "x", "maintainx": "locationId", "values": {"1": "12345"}, "max_length": 4}, "longer than max_length"),
    ]
    for rule, reason in cases:
        with subtests.test(rule=rule), pytest.raises(ValidationError, match=reason):
            mapping(rule)


def test_each_value_that_maintainx_may_send_must_be_mapped(subtests: pytest.Subtests) -> None:
    for name, value in [(name, value) for name, values in ENUMS.items() for value in sorted(values)]:
        with subtests.test(name=name, value=value):
            mapping(field(name))
            with pytest.raises(ValidationError, match=f"may be {value}"):
                mapping(field(name, without=value))


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_a_field_with_fixed_values_needs_a_table(name: str) -> None:
    with pytest.raises(ValidationError, match="has no value"):
        mapping({"erp": "x", "maintainx": name})


def test_a_value_that_maintainx_never_sends_is_a_typing_error() -> None:
    with pytest.raises(ValidationError, match="is never CANCELLED"):
        mapping(field("status", values={**table("status"), "CANCELLED": "y"}))


def test_two_rules_onto_one_erp_field_are_refused() -> None:
    with pytest.raises(ValidationError, match="more than one rule writes the ERP field shortText"):
        mapping(TITLE, {"erp": "shortText", "maintainx": "description"})


def test_cancelling_needs_a_value_to_write_into_a_field_that_is_mapped() -> None:
    with pytest.raises(ValidationError, match="cancel needs set"):
        mapping(on_delete={"action": "cancel"})
    with pytest.raises(ValidationError, match="ignore has none"):
        mapping(on_delete={"action": "ignore", "set": {"shortText": "x"}})
    with pytest.raises(ValidationError, match="no rule writes the ERP field status"):
        mapping(on_delete={"action": "cancel", "set": {"status": "CANCELLED"}})


CREATE = {"action": "create"}


def test_an_order_made_in_the_erp_is_ignored_by_default() -> None:
    assert mapping().on_new_in_erp == OnNewInErp(action="ignore", when={})
    assert mapping(on_new_in_erp={"action": "ignore"}) == mapping()
    assert mapping(on_new_in_erp={}) == mapping()


def test_a_condition_keeps_the_values_as_they_are_written() -> None:
    when = {"shortText": ["1010", 1010, 2.5, True, ""]}
    assert mapping(on_new_in_erp={**CREATE, "when": when}).on_new_in_erp.when == when


def test_a_policy_for_new_orders_of_the_erp_that_cannot_work_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, str]] = [
        ({"when": {"shortText": ["a"]}}, "ignore has no when: nothing is made of any record"),
        ({"action": "ignore", "when": {"shortText": ["a"]}}, "ignore has no when"),
        ({**CREATE, "when": {"plant": ["1010"]}}, "no rule reads the ERP field plant"),
        ({**CREATE, "when": {"shortText": []}}, "at least 1 item"),
        ({**CREATE, "when": {"shortText": "a"}}, "valid list"),
        ({**CREATE, "when": {"shortText": [None]}}, "on_new_in_erp.when.shortText.0"),
        ({**CREATE, "when": {"shortText": [["a"]]}}, "on_new_in_erp.when.shortText.0"),
        ({**CREATE, "when": ["shortText"]}, "valid dictionary"),
        ({**CREATE, "where": {}}, "Extra inputs are not permitted"),
        ({"action": "make"}, "'create' or 'ignore'"),
        ({"action": "park"}, "'create' or 'ignore'"),
        ("create", "OnNewInErp"),
        (None, "OnNewInErp"),
    ]
    for policy, reason in cases:
        with subtests.test(policy=policy), pytest.raises(ValidationError, match=reason):
            mapping(on_new_in_erp=policy)


def test_a_condition_on_a_constant_that_is_put_back_is_refused() -> None:
    plant = {"erp": "plant", "constant": "1010"}
    policy = {**CREATE, "when": {"plant": ["1010"]}}
    with pytest.raises(ValidationError, match=r"plant would be put back to its constant .* say once: true"):
        mapping(TITLE, plant, on_new_in_erp=policy)
    assert mapping(TITLE, {**plant, "once": True}, on_new_in_erp=policy)


@pytest.mark.parametrize(
    ("value", "reason"), [("COMPLETED", "means DONE"), ("CLOSED", "means DONE"), ("CANCELLED", "means CANCELED")]
)
def test_a_condition_on_a_status_of_what_is_over_is_refused(value: str, reason: str) -> None:
    status = {
        "erp": "status",
        "maintainx": "status",
        "values": {
            "OPEN": "NEW",
            "IN_PROGRESS": "NEW",
            "ON_HOLD": "NEW",
            "DONE": "COMPLETED",
            "CANCELED": "CANCELLED",
            "SKIPPED": "CANCELLED",
        },
        "back": {"NEW": "OPEN", "CLOSED": "DONE", "CANCELLED": "CANCELED"},
    }
    with pytest.raises(ValidationError, match=f"{value} {reason}: of what is over no work order is made"):
        mapping(TITLE, status, on_new_in_erp={**CREATE, "when": {"status": ["NEW", value]}})
    assert mapping(TITLE, status, on_new_in_erp={**CREATE, "when": {"status": ["NEW"]}})


def test_a_work_order_is_made_only_where_the_erp_can_give_it_a_title(subtests: pytest.Subtests) -> None:
    cases: list[list[dict[str, Any]]] = [
        [{"erp": "longText", "maintainx": "description"}],
        [{**TITLE, "direction": "to_erp"}],
        [{**TITLE, "once": True}],
        [{"erp": "shortText", "constant": "Work"}],
    ]
    for rules in cases:
        with subtests.test(rules=rules):
            with pytest.raises(ValidationError, match="a work order needs a title"):
                mapping(*rules, on_new_in_erp=CREATE)
            mapping(*rules)
            mapping(*rules, {"erp": "name", "maintainx": "title", "direction": "to_maintainx"}, on_new_in_erp=CREATE)


def test_a_status_to_skip_must_exist() -> None:
    with pytest.raises(ValidationError, match="skip_when"):
        mapping(skip_when=["CANCELLED"])


def test_numbers_and_truth_values_as_keys_mean_what_maintainx_sends() -> None:
    text = "{erp: x, maintainx: extraFields.Pump, values: {2201: PUMP, true: YES_IT_IS}}"
    (rule,) = mapping(yaml.safe_load(text)).fields
    assert rule.values == {"2201": "PUMP", "true": "YES_IT_IS"}


def test_a_table_read_backwards_gives_values_of_maintainx_s_own_type() -> None:
    (rule,) = mapping({"erp": "x", "maintainx": "assetId", "values": {2201: "PUMP"}, "back": {"": 7}}).fields
    assert rule.maintainx_values == {"PUMP": 2201, "": 7}
    (rule,) = mapping({"erp": "x", "maintainx": "extraFields.Line", "values": {"1": 7}}).fields
    assert rule.maintainx_values == {"7": "1"}


LONG = {"erp": "shortText", "maintainx": "title", "max_length": 4, "on_too_long": "overflow", "overflow_to": "longText"}


def test_the_rest_of_a_text_goes_only_where_it_does_not_come_back(subtests: pytest.Subtests) -> None:
    cases: list[list[dict[str, Any]]] = [
        [],
        [{"erp": "longText", "maintainx": "description"}],
        [{"erp": "longText", "maintainx": "description", "direction": "to_maintainx"}],
        [{"erp": "longText", "maintainx": "description", "direction": "to_erp", "once": True}],
        [{"erp": "longText", "constant": "x"}],
    ]
    for other in cases:
        with subtests.test(other=other):
            with pytest.raises(ValidationError, match="overflow_to must name another field"):
                mapping(LONG, *other)
            mapping(LONG, {"erp": "longText", "maintainx": "description", "direction": "to_erp"})


def test_two_erp_fields_cannot_both_be_written_to_one_field_of_maintainx() -> None:
    with pytest.raises(ValidationError, match="more than one ERP field would be written to MaintainX's title"):
        mapping(TITLE, {"erp": "y", "maintainx": "title"})
    mapping(TITLE, {"erp": "y", "maintainx": "title", "direction": "to_erp"})


def test_direction_and_once_decide_whose_changes_travel(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], bool, bool]] = [
        ({}, True, True),
        ({"direction": "to_erp"}, False, True),
        ({"direction": "to_maintainx"}, True, False),
        ({"once": True}, False, False),
    ]
    for keys, back, out in cases:
        with subtests.test(keys=keys):
            rule = FieldRule.model_validate({**TITLE, **keys})
            assert (rule.travels_back, rule.travels_out) == (back, out)


def test_a_fault_is_reported_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "acme.yaml"
    file.write_text(EXAMPLE_MAPPING.read_text(encoding="utf-8").replace("      OPEN: NEW\n", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"acme\.yaml:\d+: fields\.2.*status may be OPEN"):
        load_model(file, MappingFile)


@given(st.text())
def test_any_text_as_a_field_name_is_taken_or_refused_but_breaks_nothing(name: str) -> None:
    try:
        assert mapping({"erp": name, "maintainx": name}).fields[0].erp == name
    except ValidationError:
        return


def test_the_enums_are_those_of_the_vendor_s_document() -> None:
    document = maintainx_document()
    answer = document["paths"]["/workorders/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    fields = answer["properties"]["workOrder"]["properties"]
    for name, known in ENUMS.items():
        assert {value for value in fields[name]["enum"] if value is not None} == known
    types = {name: _TYPES.get((field.get("type"), field.get("format"))) for name, field in fields.items()}
    assert {name: kind for name, kind in types.items() if kind is not None} == READABLE
    assert {name for name, field in fields.items() if field.get("type") in (None, "object")} == OBJECTS
    writes = document["paths"]["/workorders/{id}"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(WRITABLE) - {"status"} <= set(writes["properties"])


_TYPES = {
    ("string", None): "text",
    ("string", "date-time"): "time",
    ("integer", None): "number",
    ("number", None): "number",
    ("boolean", None): "boolean",
}
