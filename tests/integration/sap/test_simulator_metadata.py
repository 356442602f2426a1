"""What the simulator says of itself agrees with what it does, and with the vendor's own metadata."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from local.sap.fields import LONG_TEXT, MODEL, OPERATION, ORDER, EntityType, Property
from local.sap.functions import FUNCTIONS, MANDATORY
from local.sap.testing import Simulator
from tests.integration.sap.conftest import Plant, parsed
from tests.reference import sap_metadata

_SAP = "{http://www.sap.com/Protocols/SAPData}"
_FLAGS = ("creatable", "updatable", "filterable", "sortable")
_TYPES = [ORDER, OPERATION, LONG_TEXT]


@pytest.fixture(scope="module")
def vendor() -> ET.Element:
    return parsed(sap_metadata().decode())


@pytest.fixture
def own(plant: Plant) -> ET.Element:
    response = plant.request("GET", "/$metadata")
    assert response.headers["content-type"].startswith("application/xml")
    return parsed(response.text)


def _properties(root: ET.Element, entity: EntityType) -> dict[str, dict[str, Any]]:
    (found,) = root.findall(f".//{{*}}EntityType[@Name='{entity.name}']")
    return {
        element.attrib["Name"]: {
            **{name: element.get(name) for name in ("Type", "MaxLength", "Precision", "Scale", "Nullable")},
            **{flag: element.get(_SAP + flag, "true") for flag in _FLAGS},
            "form": element.get(f"{_SAP}display-format"),
        }
        for element in found.findall("{*}Property")
    }


def _functions(root: ET.Element) -> dict[str, dict[str, tuple[str | None, ...]]]:
    return {
        function.attrib["Name"]: {
            parameter.attrib["Name"]: tuple(
                parameter.get(name) for name in ("Type", "MaxLength", "Precision", "Nullable")
            )
            for parameter in function.findall("{*}Parameter")
        }
        for function in root.findall(".//{*}FunctionImport")
    }


def _sets(root: ET.Element, entity: EntityType) -> dict[str, str | None]:
    (found,) = root.findall(f".//{{*}}EntitySet[@Name='{entity.set_name}']")
    return {name: found.get(name) for name in ("EntityType", f"{_SAP}creatable", f"{_SAP}deletable")}


def _locked(root: ET.Element, entity: EntityType) -> bool:
    targets = [a for a in root.findall(".//{*}Annotations") if a.attrib["Target"].endswith(f"/{entity.set_name}")]
    terms = [annotation.attrib["Term"] for target in targets for annotation in target]
    return "SAP__core.OptimisticConcurrency" in terms


def _navigations(root: ET.Element, entity: EntityType) -> set[str]:
    return {
        n.attrib["Name"] for n in root.findall(f".//{{*}}EntityType[@Name='{entity.name}']/{{*}}NavigationProperty")
    }


def test_the_own_metadata_has_the_whole_table(own: ET.Element) -> None:
    for entity in MODEL.values():
        assert list(_properties(own, entity)) == list(entity.properties)
    assert {name: list(parameters) for name, parameters in _functions(own).items()} == {
        name: list(function.parameters) for name, function in FUNCTIONS.items()
    }


@pytest.mark.parametrize("entity", _TYPES, ids=lambda entity: entity.set_name)
def test_the_own_metadata_is_a_part_of_the_vendors(vendor: ET.Element, own: ET.Element, entity: EntityType) -> None:
    theirs, ours = _properties(vendor, entity), _properties(own, entity)
    assert ours == {name: theirs.get(name) for name in ours}
    assert _sets(own, entity) == _sets(vendor, entity)
    assert _locked(own, entity) == _locked(vendor, entity)
    assert _navigations(own, entity) <= _navigations(vendor, entity)
    (key,) = vendor.findall(f".//{{*}}EntityType[@Name='{entity.name}']/{{*}}Key")
    assert [reference.attrib["Name"] for reference in key] == list(entity.key)


def test_the_own_functions_are_the_vendors(vendor: ET.Element, own: ET.Element) -> None:
    theirs, ours = _functions(vendor), _functions(own)
    assert ours == {name: theirs.get(name) for name in ours}
    for name in ours:
        (function,) = vendor.findall(f".//{{*}}FunctionImport[@Name='{name}']")
        required = {p.attrib["Name"] for p in function.findall("{*}Parameter") if p.get("Nullable") != "true"}
        assert required == MANDATORY


def _sample(made: Property) -> Any:
    samples = {
        "Edm.String": "1" if made.form == "NonNegative" else "X",
        "Edm.DateTimeOffset": "/Date(0+0000)/",
        "Edm.DateTime": "/Date(0)/",
        "Edm.Time": "PT00H00M00S",
        "Edm.Decimal": "1",
        "Edm.Int64": "1",
        "Edm.Int32": 1,
        "Edm.Byte": 1,
        "Edm.Boolean": True,
    }
    return {"Equipment": "10000045", "Language": "DE", "TextObjectType": "KOPF"}.get(made.name, samples[made.type])


def test_every_field_is_taken_exactly_where_the_metadata_says(plant: Plant, simulator: Simulator) -> None:
    needed = {"MaintenanceOrderType": "PM01", "MaintenancePlanningPlant": "1010"}
    order = plant.create()
    path, headers = f"/MaintenanceOrder('{order['MaintenanceOrder']}')", {"If-Match": "*"}
    for made in ORDER.properties.values():
        if made.name in ORDER.key:
            continue  # creatable by the metadata, but the number is given by the system
        created = plant.request("POST", json={**needed, made.name: _sample(made)})
        assert (created.status_code == 201) == made.creatable, made.name
        changed = plant.request("PATCH", path, json={made.name: _sample(made)}, headers=headers)
        assert (changed.status_code == 204) == made.updatable, made.name
