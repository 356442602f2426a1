"""The three-way merge: every combination of base, MaintainX and ERP, and its laws."""

from __future__ import annotations

import ast
import inspect
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import values
from shared.sync import resolver
from shared.sync.resolver import Side, resolve

ABSENT = object()

# base, maintainx, erp -> kind. A, B, C are three different values, 0 stands for an empty one, - for an absent one.
TABLE = {
    "A A A": "agreed",
    "A A B": "erp",
    "A A 0": "erp",
    "A A -": "agreed",
    "A B A": "maintainx",
    "A B B": "agreed",
    "A B C": "conflict",
    "A B 0": "conflict",
    "A B -": "maintainx",
    "A 0 A": "maintainx",
    "A 0 B": "conflict",
    "A 0 0": "agreed",
    "A 0 -": "maintainx",
    "0 A 0": "maintainx",
    "0 A A": "agreed",
    "0 A B": "conflict",
    "0 A -": "maintainx",
    "0 0 0": "agreed",
    "0 0 A": "erp",
    "0 0 -": "agreed",
    "- A A": "agreed",
    "- A B": "conflict",
    "- A 0": "maintainx",
    "- A -": "maintainx",
    "- 0 A": "conflict",
    "- 0 0": "agreed",
    "- 0 -": "maintainx",
}
VALUES: dict[str, Any] = {"A": "alpha", "B": "beta", "C": "gamma", "0": None, "-": ABSENT}


def fields(letter: str) -> dict[str, Any]:
    return {} if letter == "-" else {"f": VALUES[letter]}


def canonical(base: str, maintainx: str, erp: str) -> str:
    """The row of the table for any three letters: which value is called A does not matter, only which are equal."""
    names: dict[str, str] = {}
    letters = iter("ABC")
    for letter in (base, maintainx, erp):
        if letter not in names:
            names[letter] = letter if letter in "0-" else next(letters)
    return " ".join(names[letter] for letter in (base, maintainx, erp))


@pytest.mark.parametrize("owner", ["maintainx", "erp"])
@pytest.mark.parametrize(("base", "maintainx", "erp"), list(itertools.product("ABC0-", "ABC0", "ABC0-")))
def test_each_combination_is_decided_as_the_table_says(base: str, maintainx: str, erp: str, owner: Side) -> None:
    (decision,) = resolve(fields(base), fields(maintainx), fields(erp), {"f": owner}).decisions
    kind = TABLE[canonical(base, maintainx, erp)]
    assert decision.kind == kind
    assert decision.winner == {"agreed": None, "conflict": owner}.get(kind, kind)


def test_the_table_has_no_row_that_cannot_occur() -> None:
    assert {canonical(*letters) for letters in itertools.product("ABC0-", "ABC0", "ABC0-")} == set(TABLE)


def test_changes_of_different_fields_are_merged() -> None:
    base = {"title": "a", "priority": "1", "plant": "1010"}
    result = resolve(
        base,
        base | {"title": "b"},
        base | {"priority": "2"},
        dict.fromkeys(("title", "priority", "plant"), "maintainx"),
    )
    assert (result.to_erp, result.to_maintainx, result.conflicts) == ({"title": "b"}, {"priority": "2"}, ())


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False))
RECORDS = st.dictionaries(st.sampled_from("abcd"), SCALARS)
FULL = st.fixed_dictionaries(dict.fromkeys("abcd", SCALARS))
OWNERS = st.fixed_dictionaries(dict.fromkeys("abcd", st.sampled_from(["maintainx", "erp"])))


@given(RECORDS, FULL, RECORDS, OWNERS)
def test_no_field_is_written_to_both_sides_and_none_is_forgotten(
    base: Any, maintainx: Any, erp: Any, owners: Any
) -> None:
    result = resolve(base, maintainx, erp, owners)
    assert not result.to_erp.keys() & result.to_maintainx.keys()
    agreed = {d.field for d in result.decisions if d.kind == "agreed"}
    assert agreed | result.to_erp.keys() | result.to_maintainx.keys() == set("abcd")


@given(RECORDS, FULL, FULL, OWNERS)
def test_after_both_writes_both_sides_agree(base: Any, maintainx: Any, erp: Any, owners: Any) -> None:
    result = resolve(base, maintainx, erp, owners)
    again = resolve(base, maintainx | result.to_maintainx, erp | result.to_erp, owners)
    assert all(decision.kind == "agreed" for decision in again.decisions)


@given(FULL, FULL, FULL)
def test_the_sides_are_treated_alike(base: Any, maintainx: Any, erp: Any) -> None:
    one = resolve(base, maintainx, erp, dict.fromkeys("abcd", "maintainx"))
    other = resolve(base, erp, maintainx, dict.fromkeys("abcd", "erp"))
    assert one.to_erp == other.to_maintainx
    assert one.to_maintainx == other.to_erp


def test_the_resolver_imports_nothing_that_could_do_io() -> None:
    allowed = {"__future__", "collections.abc", "dataclasses", "datetime", "typing", "shared.values"}
    for module in (resolver, values):
        tree = ast.parse(inspect.getsource(module))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= allowed
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
