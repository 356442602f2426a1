"""Field transforms: changes that need the value before (google.firestore.v1.DocumentTransform.FieldTransform)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.firestore import fields
from local.firestore.messages import Value
from local.firestore.paths import field_path
from local.firestore.refusal import invalid
from local.firestore.values import NAN_KEY, is_number, number, sort_key

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_NULL = Value(null_value=0)

Transform = Callable[[Any | None, Any], Any]


def apply_transform(document: Any, transform: Any, at_us: int) -> Any:
    """Change `document` in place; return the value that goes into `transform_results`."""
    path = field_path(transform.field_path)
    kind = transform.WhichOneof("transform_type")
    if kind == "set_to_server_value":
        new = result = _request_time(at_us)
    elif kind in _NUMERIC:
        new = result = _NUMERIC[kind](fields.get(document.fields, path), getattr(transform, kind))
    elif kind in _ARRAY:
        new = _ARRAY[kind](fields.get(document.fields, path), getattr(transform, kind))
        result = _NULL
    else:
        invalid(f"Field transform of {transform.field_path!r} has no operation.")
    fields.put(document.fields, path, new)
    return result


def _request_time(at_us: int) -> Any:
    """The contract promises milliseconds for this one value."""
    value = Value()
    value.timestamp_value.FromMilliseconds(at_us // 1000)
    return value


def _increment(old: Any | None, by: Any) -> Any:
    _require_number(by)
    if old is None or not is_number(old):
        return by
    total = number(old) + number(by)
    if isinstance(total, float):
        return Value(double_value=total)
    return Value(integer_value=min(max(total, _INT64_MIN), _INT64_MAX))


def _maximum(old: Any | None, other: Any) -> Any:
    return _extreme(old, other, lambda old_key, other_key: other_key > old_key)


def _minimum(old: Any | None, other: Any) -> Any:
    return _extreme(old, other, lambda old_key, other_key: other_key < old_key)


def _extreme(old: Any | None, other: Any, replaces: Callable[[Any, Any], bool]) -> Any:
    """Equal numbers keep the stored one, and with its type; NaN wins against any number, either way."""
    _require_number(other)
    if old is None or not is_number(old):
        return other
    old_key, other_key = sort_key(old), sort_key(other)
    if NAN_KEY in (old_key, other_key):
        return Value(double_value=float("nan"))
    return other if replaces(old_key, other_key) else old


def _append_missing(old: Any | None, elements: Any) -> Any:
    result = _array(old)
    present = {sort_key(value) for value in result.array_value.values}
    for element in elements.values:
        key = sort_key(element)
        if key not in present:
            present.add(key)
            result.array_value.values.append(element)
    return result


def _remove_all(old: Any | None, elements: Any) -> Any:
    unwanted = {sort_key(element) for element in elements.values}
    kept = [value for value in _array(old).array_value.values if sort_key(value) not in unwanted]
    result = Value()
    result.array_value.values.extend(kept)
    result.array_value.SetInParent()
    return result


def _array(old: Any | None) -> Any:
    """A copy of the array, empty if the field holds something else."""
    result = Value()
    if old is not None and old.WhichOneof("value_type") == "array_value":
        result.CopyFrom(old)
    result.array_value.SetInParent()
    return result


def _require_number(operand: Any) -> None:
    if not is_number(operand):
        invalid("The operand of a numeric transform is not a number.")


_NUMERIC: dict[str, Transform] = {"increment": _increment, "maximum": _maximum, "minimum": _minimum}
_ARRAY: dict[str, Transform] = {
    "append_missing_elements": _append_missing,
    "remove_all_from_array": _remove_all,
}
