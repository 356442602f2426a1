"""Filters of a query as predicates, with the fields whose inequality decides the implied order.

Semantics: google.firestore.v1.StructuredQuery, and where it is silent what Google's emulator does (the contract suite
holds both to the same answers): comparisons match values of the operand's own type only, NaN matches no comparison,
null and missing fields match no `!=` and no `not-in`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.firestore import fields
from local.firestore.messages import CompositeFilter, FieldFilter, UnaryFilter
from local.firestore.paths import field_path
from local.firestore.refusal import invalid, unimplemented
from local.firestore.values import NAN_KEY, NULL_KEY, SortKey, reference_key, sort_key

NAME = "__name__"

Predicate = Callable[[Any], bool]
_KeyTest = Callable[[SortKey], bool]

_FIELD, _UNARY = FieldFilter.Operator, UnaryFilter.Operator
_INEQUALITIES = frozenset(
    _FIELD.Value(name)
    for name in ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "NOT_EQUAL", "NOT_IN")
)
_UNARY_INEQUALITIES = frozenset(_UNARY.Value(name) for name in ("IS_NOT_NULL", "IS_NOT_NAN"))
_EQUAL, _AND = _FIELD.Value("EQUAL"), CompositeFilter.Operator.Value("AND")
_MAX_DISJUNCTIONS = 30


def predicate(where: Any) -> Predicate:
    """Whether a document passes this Filter message."""
    kind = where.WhichOneof("filter_type")
    if kind is None:
        invalid("A filter has no type.")
    return _FILTERS[kind](getattr(where, kind))


def inequality_fields(where: Any) -> set[str]:
    """The field paths that the filter compares by anything but equality, as they are written."""
    kind = where.WhichOneof("filter_type")
    if kind == "composite_filter":
        return {path for inner in where.composite_filter.filters for path in inequality_fields(inner)}
    if kind == "field_filter" and where.field_filter.op in _INEQUALITIES:
        return {where.field_filter.field.field_path}
    if kind == "unary_filter" and where.unary_filter.op in _UNARY_INEQUALITIES:
        return {where.unary_filter.field.field_path}
    return set()


def required_texts(where: Any) -> Iterator[tuple[str, str]]:
    """Field and value of each text that a top-level field must equal for a document to pass."""
    kind = where.WhichOneof("filter_type")
    if kind == "composite_filter" and where.composite_filter.op == _AND:
        for inner in where.composite_filter.filters:
            yield from required_texts(inner)
    elif kind == "field_filter" and where.field_filter.op == _EQUAL:
        filter_ = where.field_filter
        names = field_path(filter_.field.field_path)
        if len(names) == 1 and filter_.value.WhichOneof("value_type") == "string_value":
            yield names[0], filter_.value.string_value


def key_getter(path: str) -> Callable[[Any], SortKey | None]:
    """A function from a document to the sort key of the field; None if it has no such field."""
    if path == NAME:
        return lambda document: reference_key(document.name)
    names = field_path(path)

    def key_of(document: Any) -> SortKey | None:
        value = fields.get(document.fields, names)
        return None if value is None else sort_key(value)

    return key_of


def _field_filter(filter_: Any) -> Predicate:
    make_test = _COMPARISONS.get(filter_.op)
    if make_test is not None:
        return _tested(filter_.field.field_path, make_test(sort_key(filter_.value)))
    make_array_test = _ARRAY_TESTS.get(filter_.op)
    if make_array_test is None:
        unimplemented(f"Filter operator {filter_.op}.")
    operands = {sort_key(value) for value in _operand_list(filter_)}
    return _tested(filter_.field.field_path, make_array_test(operands))


def _tested(path: str, test: _KeyTest) -> Predicate:
    key_of = key_getter(path)

    def passes(document: Any) -> bool:
        key = key_of(document)
        return key is not None and test(key)

    return passes


def _operand_list(filter_: Any) -> list[Any]:
    name = _FIELD.Name(filter_.op)
    if name == "ARRAY_CONTAINS":
        return [filter_.value]
    if filter_.value.WhichOneof("value_type") != "array_value":
        invalid(f"'{name}' requires an ArrayValue.")
    values = list(filter_.value.array_value.values)
    if not values:
        invalid(f"'{name}' requires an non-empty ArrayValue.")
    if len(values) > _MAX_DISJUNCTIONS:
        invalid(f"'{name}' supports up to {_MAX_DISJUNCTIONS} comparison values.")
    return values


def _composite_filter(filter_: Any) -> Predicate:
    if filter_.op not in _COMBINATIONS or not filter_.filters:
        invalid("A composite filter needs AND or OR and at least one filter.")
    combine = _COMBINATIONS[filter_.op]
    predicates = [predicate(inner) for inner in filter_.filters]
    return lambda document: combine(inner(document) for inner in predicates)


def _unary_filter(filter_: Any) -> Predicate:
    if filter_.op not in _UNARY_TESTS:
        invalid("A unary filter has no operator.")
    return _tested(filter_.field.field_path, _UNARY_TESTS[filter_.op])


def _comparison(holds: Callable[[SortKey, SortKey], bool]) -> Callable[[SortKey], _KeyTest]:
    def make_test(operand: SortKey) -> _KeyTest:
        return lambda key: key[0] == operand[0] and NAN_KEY not in (key, operand) and holds(key, operand)

    return make_test


def _elements(key: SortKey) -> tuple[SortKey, ...]:
    elements: tuple[SortKey, ...] = key[1] if key[0] == _ARRAY_RANK else ()
    return elements


_ARRAY_RANK = 8
_NOT_EQUALS = (NULL_KEY, NAN_KEY)  # equal to nothing, themselves included, inside the list operators

_COMPARISONS: dict[int, Callable[[SortKey], _KeyTest]] = {
    _FIELD.Value("LESS_THAN"): _comparison(lambda key, operand: key < operand),
    _FIELD.Value("LESS_THAN_OR_EQUAL"): _comparison(lambda key, operand: key <= operand),
    _FIELD.Value("GREATER_THAN"): _comparison(lambda key, operand: key > operand),
    _FIELD.Value("GREATER_THAN_OR_EQUAL"): _comparison(lambda key, operand: key >= operand),
    _EQUAL: lambda operand: lambda key: key == operand,
    _FIELD.Value("NOT_EQUAL"): lambda operand: lambda key: key not in (operand, NULL_KEY),
}
_ARRAY_TESTS: dict[int, Callable[[set[SortKey]], _KeyTest]] = {
    _FIELD.Value("IN"): lambda operands: lambda key: key in operands and key not in _NOT_EQUALS,
    _FIELD.Value("NOT_IN"): lambda operands: (
        lambda key: NULL_KEY not in operands and key != NULL_KEY and (key == NAN_KEY or key not in operands)
    ),
    _FIELD.Value("ARRAY_CONTAINS"): lambda operands: lambda key: any(e in operands for e in _elements(key)),
    _FIELD.Value("ARRAY_CONTAINS_ANY"): lambda operands: (
        lambda key: any(e in operands and e not in _NOT_EQUALS for e in _elements(key))
    ),
}
_UNARY_TESTS: dict[int, _KeyTest] = {
    _UNARY.Value("IS_NULL"): lambda key: key == NULL_KEY,
    _UNARY.Value("IS_NAN"): lambda key: key == NAN_KEY,
    _UNARY.Value("IS_NOT_NULL"): lambda key: key != NULL_KEY,
    _UNARY.Value("IS_NOT_NAN"): lambda key: key not in (NULL_KEY, NAN_KEY),
}
_COMBINATIONS: dict[int, Callable[[Any], bool]] = {
    _AND: all,
    CompositeFilter.Operator.Value("OR"): any,
}
_FILTERS: dict[str, Callable[[Any], Predicate]] = {
    "field_filter": _field_filter,
    "composite_filter": _composite_filter,
    "unary_filter": _unary_filter,
}
