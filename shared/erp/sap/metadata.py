"""The fields of an order's header as the system itself describes them in `$metadata`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from shared.erp.sap.documents import local_name, parsed
from shared.erp.sap.fields import HEADER, SapField
from shared.erp.sap.odata import ORDERS

_EDM = ("String", "DateTimeOffset", "DateTime", "Time", "Decimal", "Int64", "Int32", "Boolean")
_WHOLE = ("Byte", "SByte", "Int16")


def fields_in(document: bytes) -> dict[str, SapField] | None:
    """The header's fields, customers' own included; None if the document describes no orders.

    Types that no field has today are left out: nothing can be written to them.
    """
    root = parsed(document)
    if root is None:
        return None
    sets = dict(_pairs(root, "EntitySet", "EntityType"))
    wanted = sets.get(ORDERS, "").rpartition(".")[2]
    for element in _all(root, "EntityType"):
        if wanted and element.get("Name") == wanted:
            return {made.name: made for made in map(_field, _all(element, "Property")) if made is not None}
    return None


def _field(element: Element) -> SapField | None:
    told = {local_name(name): value for name, value in element.attrib.items()}
    edm = told.get("Type", "").removeprefix("Edm.")
    edm = "Int32" if edm in _WHOLE else edm
    if edm not in _EDM or "Name" not in told:
        return None
    name, length = told["Name"], told.get("MaxLength", "")
    return SapField(
        name,
        edm,  # type: ignore[arg-type]  # one of _EDM
        int(length) if length.isdigit() else None,
        creatable=told.get("creatable") != "false",
        updatable=told.get("updatable") != "false",
        capitals=told.get("display-format") == "UpperCase",
        planned=name in HEADER and HEADER[name].planned,
    )


def _pairs(root: Element, tag: str, attribute: str) -> Iterator[tuple[str, str]]:
    return ((element.get("Name", ""), element.get(attribute, "")) for element in _all(root, tag))


def _all(root: Element, tag: str) -> Iterator[Element]:
    return (element for element in root.iter() if local_name(element.tag) == tag)
