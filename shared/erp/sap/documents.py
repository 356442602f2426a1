"""XML from the ERP: its metadata, and errors of an answer that lost its `Accept` on the way."""

from __future__ import annotations

from xml.etree import ElementTree


def parsed(document: bytes) -> ElementTree.Element | None:
    """The root element; None if it is no XML, or declares a document type.

    Entities that grow without end need a document type, which no OData document has; the parser itself fetches nothing.
    """
    parser = ElementTree.XMLParser(target=_NoDocumentType())  # noqa: S314  # see above
    try:
        return ElementTree.fromstring(document, parser)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):  # LookupError: an encoding that does not exist
        return None


def local_name(name: str) -> str:
    """The name of an element or attribute without its namespace, which differs between SAP's releases."""
    return name.rpartition("}")[2]


class _NoDocumentType(ElementTree.TreeBuilder):
    def doctype(self, _name: str, _public_id: str | None, _system: str | None) -> None:
        raise ValueError("a document type")
