"""Canonical JSON: equal values, equal text, whatever the order they were built in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.canonical import canonical_json, content_hash

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_order_of_keys_does_not_matter(value: Any) -> None:
    assert canonical_json(reversed_keys(value)) == canonical_json(value)
    assert content_hash(reversed_keys(value)) == content_hash(value)


@given(values)
def test_canonical_form_is_stable_and_loses_nothing(value: Any) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_different_values_have_different_hashes(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, Any]] = [({"a": 1}, {"a": "1"}), ({"a": None}, {}), ([1, 2], [2, 1]), (True, 1), ("", None)]
    for one, other in cases:
        with subtests.test(one=one):
            assert content_hash(one) != content_hash(other)


def test_number_that_json_cannot_write_is_refused(subtests: pytest.Subtests) -> None:
    for number in [float("nan"), float("inf"), float("-inf")]:
        with subtests.test(number=number), pytest.raises(ValueError, match="JSON compliant"):
            canonical_json({"cost": number})


def test_form_is_plain_ascii_without_spaces() -> None:
    assert canonical_json({"b": "Köln", "a": [1, 2.5]}) == '{"a":[1,2.5],"b":"K\\u00f6ln"}'


def test_half_of_a_character_has_a_form_and_a_hash() -> None:
    assert json.loads(canonical_json({"title": "\ud83d"})) == {"title": "\ud83d"}
    assert content_hash("\ud83d") != content_hash("\ude00")
