"""The filter language: meaning, precedence, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pubsub.filters import FilterError, compile_filter

MATCHING = [
    ("", {}, True),
    ("   ", {"a": "1"}, True),
    ("attributes:a", {"a": ""}, True),
    ("attributes:a", {"b": "1"}, False),
    ('attributes.a = "1"', {"a": "1"}, True),
    ('attributes.a="1"', {"a": "12"}, False),
    ('attributes.a = "1"', {}, False),
    ('attributes.a != "1"', {"a": "2"}, True),
    ('attributes.a != "1"', {"a": "1"}, False),
    ('attributes.a != "1"', {}, False),
    ('hasPrefix(attributes.a, "work_")', {"a": "work_order"}, True),
    ('hasPrefix(attributes.a, "work_")', {"a": "my work_"}, False),
    ('hasPrefix(attributes.a, "")', {}, False),
    ("NOT attributes:a", {}, True),
    ("-attributes:a", {"a": "1"}, False),
    ("NOT NOT attributes:a", {"a": "1"}, True),
    ("NOT attributes:a AND attributes:b", {"b": ""}, True),
    ("NOT attributes:a OR attributes:b", {"a": "", "b": ""}, True),
    ("NOT (attributes:a AND attributes:b)", {"a": ""}, True),
    ("NOT (attributes:a OR attributes:b)", {"b": ""}, False),
    ("(attributes:a AND attributes:b) OR attributes:c", {"c": ""}, True),
    ("attributes:a AND (attributes:b OR attributes:c)", {"c": ""}, False),
    ("attributes:a AND attributes:b AND attributes:c", {"a": "", "b": "", "c": ""}, True),
    ("attributes:a OR attributes:b OR attributes:c", {"c": ""}, True),
    ("attributes:ce-type", {"ce-type": ""}, True),
    ('attributes.ce-type = "x"', {"ce-type": "x"}, True),
    ('attributes:"iana.org/language_tag"', {"iana.org/language_tag": "en"}, True),
    ('attributes."a b" = "c"', {"a b": "c"}, True),
    (r'attributes.a = "say \"hi\" \\"', {"a": 'say "hi" \\'}, True),
    (r'attributes.a = "\u00e9"', {"a": "é"}, True),
    ('attributes.a = "AND"', {"a": "AND"}, True),
    ("attributes:NOT", {"NOT": ""}, True),
]

REFUSED = [
    "attributes",
    "attributes:",
    "attributes.a",
    "attributes.a =",
    "attributes.a = 1",
    "attributes.a = b",
    'attributes.a == "b"',
    'data = "x"',
    'hasSuffix(attributes.a, "b")',
    "hasPrefix(attributes.a)",
    "attributes:a AND",
    "AND attributes:a",
    "attributes:a attributes:b",
    "attributes:a AND attributes:b OR attributes:c",
    "attributes:a OR attributes:b AND attributes:c",
    "(attributes:a",
    "attributes:a)",
    "NOT",
    "attributes:a and attributes:b",
    r'attributes.a = "\q"',
    'attributes.a = "open',
    "attributes:7",
    "this is no filter",
    "attributes:" + "a" * 250,
    "(" * 60 + "attributes:a" + ")" * 60,
    "NOT " * 50 + "attributes:a",
]


@pytest.mark.parametrize(("text", "attributes", "expected"), MATCHING)
def test_a_filter_means_what_google_documents(text: str, attributes: dict[str, str], expected: bool) -> None:
    assert compile_filter(text)(attributes) is expected


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        compile_filter(text)


@given(st.text(max_size=100))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        predicate = compile_filter(text)
    except FilterError:
        return
    assert predicate({"a": "1"}) in (True, False)


@given(st.text(alphabet='ab"\\ .:=!()-ANDORTattributes', max_size=60))
def test_any_text_that_looks_like_a_filter_is_one_or_refused(text: str) -> None:
    test_any_text_is_a_filter_or_refused.hypothesis.inner_test(text)  # type: ignore[attr-defined] # added by given


KEYS = ["a", "b", "c"]


def _leaf(key: str) -> tuple[str, str]:
    return f"attributes:{key}", f"{key!r} in present"


def _negated(inner: tuple[str, str]) -> tuple[str, str]:
    return f"NOT ({inner[0]})", f"not ({inner[1]})"


def _joined(operator: str, inner: list[tuple[str, str]]) -> tuple[str, str]:
    text = f" {operator} ".join(f"({each[0]})" for each in inner)
    meaning = f" {operator.lower()} ".join(f"({each[1]})" for each in inner)
    return text, meaning


expressions = st.recursive(
    st.sampled_from(KEYS).map(_leaf),
    lambda inner: (
        inner.map(_negated)
        | st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda pair: _joined(*pair)
        )
    ),
    max_leaves=5,
)


@given(expressions.filter(lambda each: len(each[0]) <= 256), st.sets(st.sampled_from(KEYS)))
def test_nested_expressions_agree_with_python(expression: tuple[str, str], present: set[str]) -> None:
    text, meaning = expression
    expected = eval(meaning, {"present": present})  # noqa: S307 - made above
    assert compile_filter(text)(dict.fromkeys(present, "")) is expected
