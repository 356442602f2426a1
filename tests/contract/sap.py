"""SAP's service metadata (EDMX): reduced to the facts of what is used here, and made metadata again.

The facts, by the name of an entity set: its type with key, properties and navigations; and functions with their
parameters. Facets are named as in EDMX ("MaxLength", "sap:creatable") and have its texts.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from local.sap.fields import MODEL
from local.sap.functions import FUNCTIONS

Facts = dict[str, Any]

_SAP = "http://www.sap.com/Protocols/SAPData"
_LOCKING = "SAP__core.OptimisticConcurrency"
_FACETS = ("Type", "Nullable", "MaxLength", "Precision", "Scale")
_FLAGS = ("creatable", "updatable", "deletable", "filterable", "sortable", "display-format")


def reduced(document: bytes) -> Facts:
    """The facts of the entity sets and functions that the simulator has. Raises ValueError if `document` lacks one."""
    root = ET.fromstring(document)  # noqa: S314  # a file that whoever runs this has chosen
    return {
        "sets": {name: _set(root, name) for name in MODEL},
        "functions": {
            name: {
                each.attrib["Name"]: _facets(each)
                for each in _one(root, "FunctionImport", name).findall("{*}Parameter")
            }
            for name in FUNCTIONS
        },
    }


def expanded(facts: Facts) -> bytes:
    """Metadata in EDMX with these facts."""
    sets, functions = facts["sets"], facts["functions"]
    (namespace,) = {told["set"]["EntityType"].rpartition(".")[0] for told in sets.values()}
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"',
        f' xmlns:sap="{_SAP}"><edmx:DataServices>',
        f'<Schema Namespace="{namespace}" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">',
        *(line for told in sets.values() for line in _entity_type(told)),
        f'<EntityContainer Name="{namespace}_Entities">',
        *(_tag("EntitySet", {"Name": name, **told["set"]}) for name, told in sets.items()),
        *(line for name, parameters in functions.items() for line in _function(name, parameters)),
        "</EntityContainer>",
        *(_locking(f"{namespace}.{namespace}_Entities/{name}") for name, told in sets.items() if told["locked"]),
        "</Schema></edmx:DataServices></edmx:Edmx>",
    ]
    return "\n".join(lines).encode()


def _set(root: ET.Element, name: str) -> Facts:
    found = _one(root, "EntitySet", name)
    entity = _one(root, "EntityType", found.attrib["EntityType"].rpartition(".")[2])
    return {
        "set": {"EntityType": found.attrib["EntityType"], **_facets(found)},
        "key": [each.attrib["Name"] for each in entity.findall("{*}Key/{*}PropertyRef")],
        "properties": {each.attrib["Name"]: _facets(each) for each in entity.findall("{*}Property")},
        "navigations": sorted(each.attrib["Name"] for each in entity.findall("{*}NavigationProperty")),
        "locked": _LOCKING in _terms(root, name),
    }


def _one(root: ET.Element, tag: str, name: str) -> ET.Element:
    found = root.findall(f".//{{*}}{tag}[@Name='{name}']")
    if len(found) != 1:
        raise ValueError(f"the metadata have {len(found)} times {tag} {name}, which the simulator has")
    return found[0]


def _terms(root: ET.Element, set_name: str) -> Iterator[str]:
    for target in root.findall(".//{*}Annotations"):
        if target.attrib["Target"].endswith(f"/{set_name}"):
            yield from (annotation.attrib["Term"] for annotation in target)


def _facets(element: ET.Element) -> dict[str, str]:
    names = {name: name for name in _FACETS} | {f"sap:{flag}": f"{{{_SAP}}}{flag}" for flag in _FLAGS}
    return {name: element.attrib[attribute] for name, attribute in names.items() if attribute in element.attrib}


def _entity_type(told: Facts) -> Iterator[str]:
    yield _tag("EntityType", {"Name": told["set"]["EntityType"].rpartition(".")[2]}, opens=True)
    yield from ("<Key>", *(_tag("PropertyRef", {"Name": name}) for name in told["key"]), "</Key>")
    yield from _named("Property", told["properties"])
    yield from (_tag("NavigationProperty", {"Name": name}) for name in told["navigations"])
    yield "</EntityType>"


def _function(name: str, parameters: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    return (_tag("FunctionImport", {"Name": name}, opens=True), *_named("Parameter", parameters), "</FunctionImport>")


def _locking(target: str) -> str:
    attributes = {"Target": target, "xmlns": "http://docs.oasis-open.org/odata/ns/edm"}
    return _tag("Annotations", attributes, opens=True) + _tag("Annotation", {"Term": _LOCKING}) + "</Annotations>"


def _named(tag: str, facets: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    return (_tag(tag, {"Name": name, **told}) for name, told in facets.items())


def _tag(tag: str, attributes: Mapping[str, str], *, opens: bool = False) -> str:
    inside = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag}{inside}{'' if opens else '/'}>"
