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
from shared.config.mappings import ENUMS, MappingFile
from shared.errors import ConfigError
from tests.fakes.sync_world import EXAMPLE_MAPPING, example_mapping
from tests.reference import reference_path

TITLE = {"erp": "shortText", "maintainx": "title"}
IGNORE = {"action": "ignore"}


def mapping(*rules: dict[str, Any], **keys: Any) -> MappingFile:
    return MappingFile.model_validate({"fields": list(rules) or [TITLE], "on_delete": IGNORE, **keys})


def table(field: str, *, without: str | None = None) -> dict[str, str]:
    return {name: name.lower() for name in ENUMS[field] if name != without}


def test_the_example_is_valid() -> None:
    assert {rule.erp for rule in example_mapping().fields} >= {"shortText", "status", "priority", "equipment"}


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"erp": "x"}, "either maintainx or constant"),
        ({"erp": "x", "maintainx": "title", "constant": "1"}, "either maintainx or constant"),
        ({"erp": "x", "constant": "1", "default": "2"}, "a constant takes no"),
        ({"erp": "x", "maintainx": "title", "on_too_long": "cut"}, "needs max_length"),
        ({"erp": "x", "maintainx": "title", "max_length": 0}, "greater than 0"),
        ({"erp": "x", "maintainx": "a..b"}, "pattern"),
        ({"erp": "", "maintainx": "title"}, "at least 1"),
        ({"erp": "x", "maintainx": "title", "lenght": 4}, "lenght"),
        ({"erp": "x", "maintainx": "title", "owner": "newest"}, "owner"),
        ({"erp": "x", "constant": "12345", "max_length": 4}, "longer than max_length"),
        ({"erp": "x", "maintainx": "title", "default": "12345", "max_length": 4}, "longer than max_length"),
        ({"erp": "x", "maintainx": "locationId", "values": {"1": "12345"}, "max_length": 4}, "longer than max_length"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(rule: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        mapping(rule)


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in ENUMS for value in sorted(ENUMS[field])])
def test_each_value_that_maintainx_may_send_must_be_mapped(field: str, value: str) -> None:
    mapping({"erp": "x", "maintainx": field, "values": table(field)})
    with pytest.raises(ValidationError, match=f"may be {value}"):
        mapping({"erp": "x", "maintainx": field, "values": table(field, without=value)})


@pytest.mark.parametrize("field", sorted(ENUMS))
def test_a_field_with_fixed_values_needs_a_table(field: str) -> None:
    with pytest.raises(ValidationError, match="has no value"):
        mapping({"erp": "x", "maintainx": field})


def test_a_value_that_maintainx_never_sends_is_a_typing_error() -> None:
    with pytest.raises(ValidationError, match="is never CANCELLED"):
        mapping({"erp": "x", "maintainx": "status", "values": {**table("status"), "CANCELLED": "x"}})


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


def test_a_status_to_skip_must_exist() -> None:
    with pytest.raises(ValidationError, match="skip_when"):
        mapping(skip_when=["CANCELLED"])


def test_numbers_and_truth_values_as_keys_mean_what_maintainx_sends() -> None:
    text = "{erp: x, maintainx: assetId, values: {2201: PUMP, true: YES_IT_IS}}"
    (rule,) = mapping(yaml.safe_load(text)).fields
    assert rule.values == {"2201": "PUMP", "true": "YES_IT_IS"}


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
    import json

    document = json.loads(reference_path("maintainx-openapi.json").read_text(encoding="utf-8"))
    answer = document["paths"]["/workorders/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    fields = answer["properties"]["workOrder"]["properties"]
    for name, known in ENUMS.items():
        assert {value for value in fields[name]["enum"] if value is not None} == known
