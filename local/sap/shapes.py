"""Entities in the shape of answers: JSON of OData V2, or Atom for a client that did not ask for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from local.sap.bodies import Row
from local.sap.edm import to_json
from local.sap.fields import EntityType, Model
from local.sap.query import Query
from local.sap.tenant import Order

NAMESPACE = "cds_api_maintenanceorder_2"
_ATOM = (
    'xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
)
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def etag(order: Order, entity: EntityType) -> str:
    """The version of an entity. Every write to an order or its children moves all of their tags; a child's is not the
    order's. Clients must not read anything into it."""
    return f'W/"SADL-{entity.set_name[-4:].upper()}{order.id}~{order.version:06X}"'


def uri(entity: EntityType, row: Mapping[str, Any], base: str) -> str:
    """The address of an entity."""
    keys = [(name, quote(str(row[name]).replace("'", "''"), safe="'")) for name in entity.key]
    text = f"'{keys[0][1]}'" if len(keys) == 1 else ",".join(f"{name}='{value}'" for name, value in keys)
    return f"{base}/{entity.set_name}({text})"


def as_json(model: Model, order: Order, entity: EntityType, row: Row, query: Query, base: str) -> dict[str, Any]:
    """One entity with `__metadata`, its properties and its navigations, expanded or deferred."""
    address = uri(entity, row, base)
    metadata = {"id": address, "uri": address, "type": f"{NAMESPACE}.{entity.name}", "etag": etag(order, entity)}
    select = query.select
    shown = _properties(order, entity, row)
    if select is None:
        found = {"__metadata": metadata, **shown}
    else:
        found = {"__metadata": metadata, **{name: value for name, value in shown.items() if name in select}}
    for name, set_name in entity.navigations.items():
        if select is not None and name not in select:
            continue
        if name in query.expand:
            child = model[set_name]
            found[name] = {"results": [as_json(model, order, child, r, Query(), base) for r in order.rows(set_name)]}
        else:
            found[name] = {"__deferred": {"uri": f"{address}/{name}"}}
    return found


def entry_xml(entity: EntityType, found: Mapping[str, Any]) -> str:
    """An Atom document of the entity that `as_json` made; expanded children are left out."""
    return _DECLARATION + _entry(entity, found, f"<entry {_ATOM} ")


def feed_xml(entity: EntityType, found: list[dict[str, Any]], count: int | None, next_link: str | None) -> str:
    """An Atom document of entities."""
    parts = [_DECLARATION, f'<feed {_ATOM}><title type="text">{entity.set_name}</title>']
    if count is not None:
        parts.append(f"<m:count>{count}</m:count>")
    parts += [_entry(entity, one, "<entry ") for one in found]
    if next_link is not None:
        parts.append(f'<link rel="next" href={quoteattr(next_link)}/>')
    return "".join([*parts, "</feed>"])


def _entry(entity: EntityType, found: Mapping[str, Any], start: str) -> str:
    metadata = found["__metadata"]
    properties = "".join(
        f'<d:{name} m:null="true"/>' if value is None else f"<d:{name}>{escape(_text(value))}</d:{name}>"
        for name, value in found.items()
        if name in entity.properties
    )
    return (
        f"{start}m:etag={quoteattr(metadata['etag'])}><id>{escape(metadata['uri'])}</id>"
        f'<category term="{metadata["type"]}" scheme="http://schemas.microsoft.com/ado/2007/08/dataservices/scheme"/>'
        f'<content type="application/xml"><m:properties>{properties}</m:properties></content></entry>'
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _properties(order: Order, entity: EntityType, row: Row) -> dict[str, Any]:
    if row is not order.row:
        return {name: to_json(row[name], made) for name, made in entity.properties.items()}
    if order.shown is None:
        order.shown = {name: to_json(row[name], made) for name, made in entity.properties.items()}
    return order.shown
