"""sites.yaml, erp: what cannot work is refused at its line, and the shipped example finds typos."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from pydantic import ValidationError

from shared.config.erp import ErpConfig
from shared.config.sap_operation import SAP_OPERATION_FIELDS
from shared.config.whole import load_config
from shared.errors import ConfigError
from tests.fakes.rest_example import REST_EXAMPLE
from tests.reference import sap_metadata

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ("config", "local/demo/config")
SETTINGS: dict[str, dict[str, Any]] = {"rest": {}, "sap": {}, "oracle": {"organization_code": "M1"}}


def erp(adapter: str, base_url: str = "https://erp.test", **settings: Any) -> ErpConfig:
    made = {"adapter": adapter, "base_url": base_url, "mapping": "m", "credentials_secret": "s"}
    return ErpConfig.model_validate({**made, adapter: {**SETTINGS[adapter], **settings}})


def test_an_address_with_the_path_of_the_service_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        ("sap", "https://s4.test/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002", "/sap/opu"),
        ("sap", "https://s4.test/sap/opu", "/sap/opu"),
        ("sap", "https://gateway.test/s4/SAP/OPU/odata/", "/sap/opu"),
        ("oracle", "https://pod.test/fscmRestApi", "/fscmRestApi"),
        ("oracle", "https://pod.test/fscmrestapi/resources/11.13.18.05", "/fscmRestApi"),
    ]
    for adapter, base_url, start in cases:
        with (
            subtests.test(adapter=adapter, base_url=base_url, start=start),
            pytest.raises(ValidationError, match=f"must end before {start}: the path of the service is added to it"),
        ):
            erp(adapter, base_url)


def test_any_other_path_may_be_that_of_a_gateway(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("sap", "https://s4.test"),
        ("sap", "https://s4.test:44300/"),
        ("sap", "https://gateway.test/sap"),
        ("sap", "https://gateway.test/plant/sap/opus"),
        ("oracle", "http://127.0.0.1:8093/plant-1"),
        ("rest", "https://erp.test/sap/opu/odata"),
    ]
    for adapter, base_url in cases:
        with subtests.test(adapter=adapter, base_url=base_url):
            assert erp(adapter, base_url).base_url == base_url


def test_a_first_operation_may_have_what_operations_have(subtests: pytest.Subtests) -> None:
    for name in ["OperationControlKey", "WorkCenter", "YY1_Line", "ZZLINE"]:
        with subtests.test(name=name):
            assert erp("sap", first_operation={name: "X"}).sap.first_operation == {name: "X"}


def test_a_field_that_no_operation_has_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("ControlKey", ""),
        ("OperationControlkey", "; did you mean OperationControlKey?"),
        ("workcenter", "; did you mean WorkCenter?"),
        ("SystemStatusText", ""),
    ]
    for name, meant in cases:
        with subtests.test(name=name):
            with pytest.raises(ValidationError) as caught:
                erp("sap", first_operation={name: "X"})
            assert f"an operation has no field {name} that can be set{meant}" in str(caught.value)


def test_the_fields_of_operations_are_those_of_the_vendors_metadata() -> None:
    document = ElementTree.fromstring(sap_metadata())  # noqa: S314  # a file that we trust
    (operation,) = (
        found for found in document.iter() if found.get("Name") == "MaintenanceOrderOperationType" and len(found)
    )
    own = "{http://www.sap.com/Protocols/SAPData}creatable"
    properties = [each for each in operation if each.tag.endswith("}Property")]
    assert {each.get("Name") for each in properties if each.get(own) != "false"} == SAP_OPERATION_FIELDS


@pytest.mark.parametrize("folder", SHIPPED)
def test_shipped_sites_describe_their_rest_erp_as_the_documentation_does(folder: str) -> None:
    for site in yaml.safe_load((ROOT / folder / "sites.yaml").read_text(encoding="utf-8"))["sites"]:
        rest = site["erp"]["rest"]
        assert {key: rest[key] for key in ("fields", "status")} == {
            key: REST_EXAMPLE[key] for key in ("fields", "status")
        }


def test_a_typo_in_the_shipped_mapping_is_found_at_its_line(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        ("erp: shortText", "erp: shortTxt", "fields.0.erp: the ERP has no field shortTxt; did you mean shortText?"),
        ('HIGH: "1"', 'HIGH: "0"', "fields.3.values.HIGH: the ERP never is '0', only 1, 2, 3, 4"),
        ('HIGH: "1"', "HIGH: 1", "fields.3.values.HIGH: the ERP never is 1, only 1, 2, 3, 4: put it in quotes"),
        ("DONE: COMPLETED", "DONE: CLOSED", "fields.2.values.DONE: the ERP cannot be brought to 'CLOSED', only "),
        ("max_length: 40\n", "max_length: 80\n", "fields.0.max_length: 80 is more than the 40 characters of shortText"),
        (
            'constant: "1010"',
            "constant: 1010",
            "fields.7.constant: plant takes a text, and 1010 is none: put it in quotes",
        ),
    ]
    for folder in SHIPPED:
        config = shutil.copytree(ROOT / folder, tmp_path / folder)
        file = config / "mappings" / "rest-example.yaml"
        text = file.read_text(encoding="utf-8")
        for right, wrong, fault in cases:
            with subtests.test(folder, wrong=wrong):
                line = text[: text.index(right)].count("\n") + 1
                file.write_text(text.replace(right, wrong, 1), encoding="utf-8")
                with pytest.raises(ConfigError) as caught:
                    load_config(config)
                assert f"{file}:{line}: {fault}" in str(caught.value)
