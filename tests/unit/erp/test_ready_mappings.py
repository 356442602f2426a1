"""The mapping files that are shipped load, fit the ERPs that they are for, and leave no status open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.config.record_policies import OnNewInErp
from shared.config.work_order_fields import ENUMS
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


def test_a_shipped_mapping_fits_its_erp(subtests: pytest.Subtests) -> None:
    for name in SETTINGS:
        with subtests.test(name=name):
            settings = erp(name)
            description = description_of(settings)
            assert description.fields is not None
            assert list(disagreements(mapping(name), description, reference_field_of(settings))) == []


def test_every_status_of_both_sides_has_its_counterpart(subtests: pytest.Subtests) -> None:
    for name in SETTINGS:
        with subtests.test(name=name):
            status = description_of(erp(name)).status
            assert status is not None
            (rule,) = (rule for rule in mapping(name).fields if rule.maintainx == "status")
            assert rule.erp == status.name
            assert set(rule.values or {}) == ENUMS["status"]
            assert set((rule.values or {}).values()) <= status.writable
            assert set(status.readable) <= set(rule.maintainx_values)


def test_a_finished_work_order_is_finished_on_both_sides(subtests: pytest.Subtests) -> None:
    for name in SETTINGS:
        with subtests.test(name=name):
            (rule,) = (rule for rule in mapping(name).fields if rule.maintainx == "status")
            table = rule.maintainx_values
            there_and_back = {status: table[str(value)] for status, value in (rule.values or {}).items()}
            assert (there_and_back["OPEN"], there_and_back["DONE"]) == ("OPEN", "DONE")
            assert there_and_back["CANCELED"] == there_and_back["SKIPPED"] == "CANCELED"


def test_orders_made_in_the_erp_are_ignored_until_somebody_switches_it_on(subtests: pytest.Subtests) -> None:
    for name in SETTINGS:
        with subtests.test(name=name):
            assert mapping(name).on_new_in_erp == OnNewInErp()


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_shown_to_switch_it_on_fits_the_erp(name: str, tmp_path: Path) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    switched_on = text.replace("  action: ignore\n  # action: create\n  # when:", "  action: create\n  when:")
    (tmp_path / "on.yaml").write_text(switched_on, encoding="utf-8")
    found = load_model(tmp_path / "on.yaml", MappingFile)
    assert found.on_new_in_erp.action == "create"
    assert found.on_new_in_erp.when
    settings = erp(name)
    assert settings.can_ask_what_changed
    assert list(disagreements(found, description_of(settings), reference_field_of(settings))) == []


def test_a_long_title_is_kept_whole_in_sap() -> None:
    rules = {rule.erp: rule for rule in mapping("sap-s4hana").fields}
    title = rules["MaintenanceOrderDesc"]
    assert (title.maintainx, title.max_length, title.overflow_to) == ("title", 40, "LongText")
    assert (rules["LongText"].maintainx, rules["LongText"].direction) == ("description", "to_erp")


def test_the_demonstration_has_the_same_example_and_takes_in_what_planners_make() -> None:
    demo = ROOT / "local" / "demo" / "config" / "mappings" / "rest-example.yaml"
    start = "\n# When an order was made in the ERP:"
    demonstrated, shipped = [
        file.read_text(encoding="utf-8").partition(start)[:2] for file in (demo, FOLDER / "rest-example.yaml")
    ]
    by_hand = "    policy: manual # two texts: a person decides which stays\n"  # so that a conflict can be shown
    assert demonstrated[0].count(by_hand) == 1
    assert (demonstrated[0].replace(by_hand, ""), demonstrated[1]) == shipped
    assert load_model(demo, MappingFile).on_new_in_erp.action == "create"
