"""COUNT, SUM and AVG over what a query finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.firestore import fields
from local.firestore.messages import AggregationResult, Value
from local.firestore.paths import field_path
from local.firestore.refusal import invalid
from local.firestore.values import is_number, number

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def aggregate(documents: list[Any], aggregations: Iterable[Any]) -> Any:
    """The AggregationResult for these documents: an alias each, `field_1`, ... where none is given."""
    result = AggregationResult()
    for index, aggregation in enumerate(aggregations, start=1):
        kind = aggregation.WhichOneof("operator")
        if kind is None:
            invalid("An aggregation has no operator.")
        alias = aggregation.alias or f"field_{index}"
        if alias in result.aggregate_fields:
            invalid(f"Aggregation alias {alias!r} is used twice.")
        value = _AGGREGATIONS[kind](documents, getattr(aggregation, kind))
        result.aggregate_fields[alias].CopyFrom(value)
    return result


def _count(documents: list[Any], count: Any) -> Any:
    if not count.HasField("up_to"):
        return Value(integer_value=len(documents))
    if count.up_to.value <= 0:
        invalid("up_to must be greater than zero.")
    return Value(integer_value=min(len(documents), count.up_to.value))


def _sum(documents: list[Any], operand: Any) -> Any:
    """An integer if all values are and it fits, else a double; 0 of no numbers."""
    total = sum(_numbers(documents, operand.field.field_path))
    if isinstance(total, int) and _INT64_MIN <= total <= _INT64_MAX:
        return Value(integer_value=total)
    return Value(double_value=float(total))


def _avg(documents: list[Any], operand: Any) -> Any:
    """A double; null of no numbers."""
    numbers = _numbers(documents, operand.field.field_path)
    return Value(double_value=sum(numbers) / len(numbers)) if numbers else Value(null_value=0)


def _numbers(documents: list[Any], path: str) -> list[int | float]:
    """The numbers in the field; other values and missing fields do not count."""
    names = field_path(path)
    values = (fields.get(document.fields, names) for document in documents)
    return [number(value) for value in values if value is not None and is_number(value)]


_AGGREGATIONS: dict[str, Callable[[list[Any], Any], Any]] = {"count": _count, "sum": _sum, "avg": _avg}
