"""What a client may ask of a collection or of an item with the query parameters, and which rows it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from local.oracle.attributes import CHILD, OPERATION, Attributes
from local.oracle.query_example import parse_example
from local.oracle.query_expression import parse_expression
from local.oracle.query_terms import Predicate
from local.oracle.refusals import Refusal
from local.oracle.store import Record

DEFAULT_LIMIT = 25
MAX_LIMIT = 499
_EXPRESSIONS_FROM = 2  # framework version
_ITEM = frozenset({"fields", "onlyData", "expand"})
_COLLECTION = _ITEM | {"q", "limit", "offset", "orderBy", "totalResults"}
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Shape:
    """How an item looks. fields, child_fields: the attributes of it and of its operations; None: all.

    expanded: with its operations. only_data: without links.
    """

    fields: tuple[str, ...] | None = None
    child_fields: tuple[str, ...] | None = None
    expanded: bool = False
    only_data: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked of a collection. order: attribute and whether it descends, the most important first."""

    shape: Shape
    matches: Predicate | None
    order: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    counted: bool

    def rows(self, records: Sequence[R], turn: int) -> list[R]:
        """All that match, in order.

        What the order leaves open is answered in another sequence for every `turn`, since Oracle promises none: a
        client that pages without an order loses rows here.
        """
        found = [r for r in records if self.matches is None or self.matches(r.values)]
        start = turn % len(found) if found else 0
        found = found[start:] + found[:start]
        for name, descending in reversed(self.order):
            found.sort(key=_sorting(name), reverse=descending)
        return found


def read_listing(params: QueryParams, attributes: Attributes, framework: int, *, with_child: bool) -> Listing:
    """What the parameters ask of a collection. Raises Refusal."""
    shape = _shape(params, attributes, _COLLECTION, with_child=with_child)
    text = params.get("q", "").strip()
    parse = parse_expression if framework >= _EXPRESSIONS_FROM else parse_example
    return Listing(
        shape,
        parse(text, attributes) if text else None,
        _order(params.get("orderBy", ""), attributes),
        min(_number(params, "limit", DEFAULT_LIMIT, least=1), MAX_LIMIT),
        _number(params, "offset", 0, least=0),
        _flag(params, "totalResults"),
    )


def read_shape(params: QueryParams, attributes: Attributes, *, with_child: bool) -> Shape:
    """What the parameters ask of an item. Raises Refusal."""
    return _shape(params, attributes, _ITEM, with_child=with_child)


def _shape(params: QueryParams, attributes: Attributes, known: frozenset[str], *, with_child: bool) -> Shape:
    if unknown := sorted(set(params) - known):
        raise _bad(f"The query parameter {unknown[0]} isn't supported.")
    expand = params.get("expand", "")
    if expand and (not with_child or expand not in (CHILD, "all")):
        raise _bad(f"The child resource {expand} doesn't exist.")
    only_data = _flag(params, "onlyData")
    if "fields" not in params:
        return Shape(expanded=bool(expand), only_data=only_data)
    # With fields, expand counts for nothing: that is how the framework documents the two together.
    own, children = _fields(params["fields"], attributes, with_child=with_child)
    return Shape(own, children, children is not None, only_data)


def _fields(text: str, attributes: Attributes, *, with_child: bool) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """`A,B;WorkOrderOperation:C,D` as (A, B) and (C, D)."""
    own: list[str] = []
    children: list[str] | None = None
    for group in filter(None, text.split(";")):
        accessor, colon, names = group.rpartition(":")
        if not colon:
            own += _known(names, attributes)
        elif accessor == CHILD and with_child:
            children = [*(children or []), *_known(names, OPERATION)]
        else:
            raise _bad(f"The child resource {accessor} doesn't exist.")
    return tuple(own), None if children is None else tuple(children)


def _known(names: str, attributes: Attributes) -> list[str]:
    found = [name.strip() for name in names.split(",") if name.strip()]
    for name in found:
        if name not in attributes:
            raise _bad(f"The attribute {name} doesn't exist.")
    return found


def _order(text: str, attributes: Attributes) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in filter(None, text.split(",")):
        name, _, direction = part.strip().partition(":")
        if name not in attributes or not attributes[name].queryable:
            raise _bad(f"The attribute {name} can't be used in orderBy.")
        if direction.lower() not in ("", "asc", "desc"):
            raise _bad(f"The direction {direction} in orderBy isn't asc or desc.")
        order.append((name, direction.lower() == "desc"))
    return tuple(order)


def _sorting(name: str) -> Callable[[Record], tuple[bool, Any]]:
    def key(record: Record) -> tuple[bool, Any]:
        value = record.values.get(name)
        return value is None, 0 if value is None else value

    return key


def _number(params: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise _bad(f"The query parameter {name} isn't valid.")
    return int(text)


def _flag(params: Mapping[str, str], name: str) -> bool:
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise _bad(f"The query parameter {name} isn't valid.")
    return text == "true"


def _bad(detail: str) -> Refusal:
    return Refusal(400, "BAD_PARAMETER", detail)
