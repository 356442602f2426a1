"""The mapping files that are shipped load, fit the ERPs that they are for, and leave no status open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import ENUMS, MappingFile
from shared.erp.agreement import disagreements
from shared.erp.descriptions import description_of, reference_field_of
from tests.fakes.rest_example import REST_EXAMPLE

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "config" / "mappings"
SETTINGS: dict[str, dict[str, Any]] = {
    "rest-example": {"adapter": "rest", "rest": REST_EXAMPLE},
    "sap-s4hana": {"adapter": "sap"},
    "oracle-maintenance": {"adapter": "oracle", "oracle": {"organization_code": "M1"}},
}


def erp(name: str) -> ErpConfig:
    common = {"base_url": "https://erp.test", "credentials_secret": "s", "mapping": name}
    return ErpConfig.model_validate({**common, **SETTINGS[name]})


def mapping(name: str) -> MappingFile:
    return load_model(FOLDER / f"{name}.yaml", MappingFile)


def test_every_shipped_mapping_is_for_an_erp() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_shipped_mapping_fits_its_erp(name: str) -> None:
    settings = erp(name)
    description = description_of(settings)
    assert description.fields is not None
    assert list(disagreements(mapping(name), description, reference_field_of(settings))) == []


@pytest.mark.parametrize("name", SETTINGS)
def test_every_status_of_both_sides_has_its_counterpart(name: str) -> None:
    status = description_of(erp(name)).status
    assert status is not None
    (rule,) = (rule for rule in mapping(name).fields if rule.maintainx == "status")
    assert rule.erp == status.name
    assert set(rule.values or {}) == ENUMS["status"]
    assert set((rule.values or {}).values()) <= status.writable
    assert set(status.readable) <= set(rule.maintainx_values)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_finished_work_order_is_finished_on_both_sides(name: str) -> None:
    (rule,) = (rule for rule in mapping(name).fields if rule.maintainx == "status")
    table = rule.maintainx_values
    there_and_back = {status: table[str(value)] for status, value in (rule.values or {}).items()}
    assert (there_and_back["OPEN"], there_and_back["DONE"]) == ("OPEN", "DONE")
    assert there_and_back["CANCELED"] == there_and_back["SKIPPED"] == "CANCELED"


def test_a_long_title_is_kept_whole_in_sap() -> None:
    rules = {rule.erp: rule for rule in mapping("sap-s4hana").fields}
    title = rules["MaintenanceOrderDesc"]
    assert (title.maintainx, title.max_length, title.overflow_to) == ("title", 40, "LongText")
    assert (rules["LongText"].maintainx, rules["LongText"].direction) == ("description", "to_erp")


def test_the_demonstration_has_the_same_example() -> None:
    demo = ROOT / "local" / "demo" / "config" / "mappings" / "rest-example.yaml"
    assert demo.read_text(encoding="utf-8") == (FOLDER / "rest-example.yaml").read_text(encoding="utf-8")
