"""System query options of a read: `$filter`, `$select` and so on, checked against the entity type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.sap.fields import EntityType
from local.sap.filters import Test, compile_filter
from local.sap.refusals import bad_request

_SHAPE = frozenset({"$select", "$expand", "$format"})
_LIST = _SHAPE | {"$filter", "$orderby", "$top", "$skip", "$inlinecount", "$skiptoken"}


@dataclass(frozen=True, slots=True)
class Query:
    """What a read asks for. select: None for everything; count: `$inlinecount=allpages`."""

    select: frozenset[str] | None = None
    expand: frozenset[str] = frozenset()
    test: Test | None = None
    order_by: tuple[tuple[str, bool], ...] = ()
    top: int | None = None
    skip: int = 0
    start: int = 0
    count: bool = False


def list_query(entity: EntityType, options: Mapping[str, str]) -> Query:
    """The query for a set. Refusal 400 for anything that SAP does not know."""
    known(options, _LIST)
    shape = entity_query(entity, {name: text for name, text in options.items() if name in _SHAPE})
    count = options.get("$inlinecount", "none")
    if count not in ("none", "allpages"):
        raise bad_request(f"Invalid system query option $inlinecount={count}")
    return Query(
        select=shape.select,
        expand=shape.expand,
        test=compile_filter(options["$filter"], entity) if options.get("$filter", "").strip() else None,
        order_by=_order_by(entity, options.get("$orderby", "")),
        top=_number(options, "$top") if "$top" in options else None,
        skip=_number(options, "$skip"),
        start=_number(options, "$skiptoken"),
        count=count == "allpages",
    )


def entity_query(entity: EntityType, options: Mapping[str, str]) -> Query:
    """The query for one entity. Refusal 400 for anything that SAP does not know."""
    known(options, _SHAPE)
    expand = frozenset(_names(options.get("$expand", "")))
    for name in expand:
        if name not in entity.navigations:
            raise bad_request(f"Invalid system query option $expand: {entity.name} has no navigation {name}", name)
    wanted = _names(options.get("$select", ""))
    for name in wanted:
        if name != "*" and name not in entity.properties and name.partition("/")[0] not in entity.navigations:
            raise bad_request(f"Property {name} not found in {entity.name}", name)
    everything = not wanted or "*" in wanted
    return Query(None if everything else frozenset(name.partition("/")[0] for name in wanted), expand)


def system_options(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The options of a request by name, without SAP's own (`sap-client`, `sap-language`). Refusal 400 if one is given
    twice, or has no meaning to the service."""
    options: dict[str, str] = {}
    for name, text in pairs:
        if name.startswith("sap-"):
            continue
        if name in options:
            raise bad_request(f"Query option {name} is given twice")
        options[name] = text
    return options


def known(options: Mapping[str, str], names: frozenset[str]) -> None:
    """Refusal 400 for an option that is none of `names`, or a format that is none."""
    for name in options:
        if name not in names:
            raise bad_request(f"Invalid system query option {name}")
    if options.get("$format", "json") not in ("json", "atom", "xml"):
        raise bad_request(f"Invalid system query option $format={options['$format']}")


def sort_key(value: Any) -> tuple[bool, Any]:
    """For `$orderby`: what is empty comes first."""
    return (value is not None, value)


def _order_by(entity: EntityType, text: str) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in _names(text):
        name, _, direction = part.partition(" ")
        made = entity.properties.get(name)
        if made is None or not made.sortable or direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"Invalid system query option $orderby: {part}", name)
        found.append((name, direction.strip() == "desc"))
    return tuple(found)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")] if text.strip() else []


def _number(options: Mapping[str, str], name: str) -> int:
    text = options.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request(f"Invalid system query option {name}={text}")
    return int(text)
