"""Running a structured query: which documents, in which order, from where to where.

A query reads its whole collection, or as much of it as its most telling filter for equality with a text leaves: right
for thousands of documents on a laptop, and for nothing larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from local.firestore import fields
from local.firestore.filters import NAME, inequality_fields, key_getter, predicate, required_texts
from local.firestore.messages import StructuredQuery
from local.firestore.paths import check_parent, field_path
from local.firestore.refusal import invalid, unimplemented
from local.firestore.store import DocumentStore
from local.firestore.values import SortKey, sort_key

_DESCENDING = StructuredQuery.Direction.Value("DESCENDING")


@dataclass(frozen=True, slots=True)
class _Order:
    path: str
    descending: bool


@dataclass(frozen=True, slots=True)
class _Row:
    keys: tuple[SortKey, ...]
    document: Any


def run_query(store: DocumentStore, parent: str, query: Any) -> Iterator[Any]:
    """The documents that StructuredQuery `query` finds below `parent`, in order, projected."""
    return (_project(query, document) for document in matching(store, parent, query))


def matching(store: DocumentStore, parent: str, query: Any) -> Iterator[Any]:
    """The documents in order, whole."""
    if query.HasField("find_nearest"):
        unimplemented("Vector search.")
    if query.offset < 0 or query.limit.value < 0:
        invalid("offset and limit cannot be negative.")
    orders = _orders(query)
    rows = _rows(store, check_parent(parent), query, orders)
    for index in reversed(range(len(orders))):  # the sort is stable: the least important order first
        rows.sort(key=partial(_key_at, index), reverse=orders[index].descending)
    within = _cursor_test(query, orders)
    kept = (row.document for row in rows if within(row))
    stop = query.offset + query.limit.value if query.HasField("limit") else None
    return islice(kept, query.offset, stop)


def _rows(store: DocumentStore, parent: str, query: Any, orders: list[_Order]) -> list[_Row]:
    passes = predicate(query.where) if query.HasField("where") else _always
    getters = [key_getter(order.path) for order in orders]
    rows = []
    for document in _candidates(store, parent, query):
        if passes(document):
            keys = [key_of(document) for key_of in getters]
            if None not in keys:  # a document without the field is not in the order
                rows.append(_Row(tuple(key for key in keys if key is not None), document))
    return rows


def _candidates(store: DocumentStore, parent: str, query: Any) -> Iterator[Any]:
    if len(query.from_) != 1:
        invalid("A query needs exactly one collection.")
    source = query.from_[0]
    if not source.collection_id:
        if not source.all_descendants:
            unimplemented("A query without a collection id over one level.")
        return store.below(parent)
    if source.all_descendants:
        return store.group(parent, source.collection_id)
    equal = required_texts(query.where) if query.HasField("where") else ()
    return store.collection(parent, source.collection_id, equal)


def _key_at(index: int, row: _Row) -> SortKey:
    return row.keys[index]


def _always(document: Any) -> bool:  # noqa: ARG001  # the shape of a predicate
    return True


def _orders(query: Any) -> list[_Order]:
    """The stated orders, then the implied ones: fields compared by inequality, then the name."""
    orders = [_Order(order.field.field_path, order.direction == _DESCENDING) for order in query.order_by]
    descending = orders[-1].descending if orders else False
    stated = {order.path for order in orders}
    if query.HasField("where"):
        implied = inequality_fields(query.where) - stated - {NAME}
        orders += [_Order(path, descending) for path in sorted(implied, key=field_path)]
    if NAME not in stated:
        orders.append(_Order(NAME, descending))
    return orders


def _cursor_test(query: Any, orders: list[_Order]) -> Callable[[_Row], bool]:
    """Whether a row lies between the query's cursors."""
    start = _cursor_keys(query.start_at, orders) if query.HasField("start_at") else []
    end = _cursor_keys(query.end_at, orders) if query.HasField("end_at") else []
    # A cursor that stands `before` its values includes them at the start and excludes them at the end.
    first, last = (0 if query.start_at.before else 1), (-1 if query.end_at.before else 0)

    def within(row: _Row) -> bool:
        return (not start or _compare(row.keys, start, orders) >= first) and (
            not end or _compare(row.keys, end, orders) <= last
        )

    return within


def _cursor_keys(cursor: Any, orders: list[_Order]) -> list[SortKey]:
    if len(cursor.values) > len(orders):
        invalid("A cursor has more values than the query has orders.")
    return [sort_key(value) for value in cursor.values]


def _compare(keys: tuple[SortKey, ...], cursor: list[SortKey], orders: list[_Order]) -> int:
    """-1, 0 or 1: the row is before, at or behind the cursor, in the query's order."""
    for key, place, order in zip(keys, cursor, orders, strict=False):  # a cursor may name the first orders only
        if key != place:
            return 1 if (key > place) != order.descending else -1
    return 0


def _project(query: Any, document: Any) -> Any:
    if not query.HasField("select"):
        return document
    paths = [field_path(field.field_path) for field in query.select.fields if field.field_path != NAME]
    return fields.projected(document, paths)
