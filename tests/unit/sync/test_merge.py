"""The three-way merge: every combination of what can meet, and its laws."""

from __future__ import annotations

import ast
import inspect
import itertools
from dataclasses import replace
from typing import Any, get_args

from hypothesis import assume, given
from hypothesis import strategies as st

from shared import values
from shared.sync import merge as merging
from shared.sync.merge import UNREAD, Baseline, Choice, Decision, Direction, FieldState, Kind, Policy, Side, merge
from shared.values import same_value

# Agreement, MaintainX since then, ERP since then -> the kind in each direction: both, to_erp, to_maintainx.
TABLE: dict[str, tuple[Kind, Kind, Kind]] = {
    "agreed same same": ("agreed", "agreed", "agreed"),
    "agreed same changed": ("erp", "maintainx", "erp"),
    "agreed same empty": ("erp", "maintainx", "erp"),
    "agreed same unknown": ("agreed", "agreed", "agreed"),
    "agreed changed same": ("maintainx", "maintainx", "erp"),
    "agreed changed changed": ("conflict", "maintainx", "erp"),
    "agreed changed empty": ("conflict", "maintainx", "erp"),
    "agreed changed unknown": ("maintainx", "maintainx", "agreed"),
    "agreed empty same": ("maintainx", "maintainx", "erp"),
    "agreed empty changed": ("conflict", "maintainx", "erp"),
    "agreed empty empty": ("agreed", "agreed", "agreed"),
    "agreed empty unknown": ("maintainx", "maintainx", "agreed"),
    "none changed changed": ("conflict", "maintainx", "erp"),
    "none changed empty": ("maintainx", "maintainx", "erp"),
    "none changed unknown": ("maintainx", "maintainx", "agreed"),
    "none empty changed": ("erp", "maintainx", "erp"),
    "none empty empty": ("agreed", "agreed", "agreed"),
    "none empty unknown": ("maintainx", "maintainx", "agreed"),
}
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
POLICIES: tuple[Policy, ...] = get_args(Policy)
SIDES: tuple[Side | None, ...] = (*get_args(Side), None)
SAMENESS = ("different", "by sent", "by back")
MAINTAINX: dict[str, tuple[Any, Any]] = {"same": ("m0", "s0"), "changed": ("m1", "s1"), "empty": (None, None)}
ERP: dict[str, Any] = {"same": "e0", "changed": "e1", "empty": None, "unknown": UNREAD}


def state_of(row: str, sameness: str = "different", **settings: Any) -> FieldState:
    """The field that a row of the table is about; both sides mean something different unless `sameness` says so."""
    base, ours, theirs = row.split()
    maintainx, sent = MAINTAINX[ours]
    erp = ERP[theirs]
    agreed = Baseline("m0", "s0", "e0") if base == "agreed" else None
    if sameness == "by sent":
        sent = erp
        agreed = replace(agreed, sent=sent) if agreed is not None and ours == "same" else agreed
    back = maintainx if sameness == "by back" else UNREAD if theirs == "unknown" else "b"
    return FieldState(field="f", base=agreed, maintainx=maintainx, sent=sent, erp=erp, back=back, **settings)


def decided(state: FieldState, newest: Side | None) -> Decision:
    (decision,) = merge([state], newest).decisions
    return decision


def kind_of(row: str, sameness: str, direction: Direction) -> Kind:
    """What the table says, and that sides which mean the same agree. Nothing comes back from `to_erp`."""
    means_the_same = sameness == "by sent" or (sameness == "by back" and direction != "to_erp")
    return "agreed" if means_the_same else TABLE[row][DIRECTIONS.index(direction)]


ROWS = [
    (row, sameness, direction)
    for row, sameness, direction in itertools.product(TABLE, SAMENESS, DIRECTIONS)
    if sameness == "different" or not row.endswith("unknown")
]


def test_each_combination_is_decided_as_the_table_says() -> None:
    for case in itertools.product(ROWS, POLICIES, SIDES):
        (row, sameness, direction), policy, newest = case
        kind = kind_of(row, sameness, direction)
        decision = decided(state_of(row, sameness, direction=direction, policy=policy), newest)
        by_policy = {"maintainx": "maintainx", "erp": "erp", "newest": newest, "manual": None}[policy]
        assert decision.kind == kind, case
        assert decision.winner == {"agreed": None, "conflict": by_policy}.get(kind, kind), case
        assert decision.parked == (kind == "conflict" and by_policy is None), case


def test_what_a_person_decided_wins_unless_both_sides_agree() -> None:
    for case in itertools.product(ROWS, POLICIES, SIDES, get_args(Side)):
        (row, sameness, direction), policy, newest, choice = case
        state = state_of(row, sameness, direction=direction, policy=policy, decided=choice)
        decision = decided(state, newest)
        assert decision.winner == (None if kind_of(row, sameness, direction) == "agreed" else choice), case
        assert not decision.parked, case


def test_nothing_is_written_to_an_erp_that_is_in_the_wanted_status_as_well() -> None:
    known = [row for row in TABLE if "unknown" not in row]
    for case in itertools.product(known, SAMENESS, DIRECTIONS, POLICIES, SIDES, SIDES):
        row, sameness, direction, policy, choice, newest = case
        free = state_of(row, sameness, direction=direction, policy=policy, decided=choice)
        held = decided(replace(free, held=True), newest)
        assert held.winner != "maintainx", case
        without = decided(free, newest)
        if row.startswith("agreed") and without.winner != "maintainx":
            assert (held.kind, held.winner) == (without.kind, without.winner), case


def test_the_table_has_every_row_that_can_occur() -> None:
    without_base = [
        f"none {ours} {theirs}" for ours in ("changed", "empty") for theirs in ("changed", "empty", "unknown")
    ]
    with_base = [f"agreed {ours} {theirs}" for ours in MAINTAINX for theirs in ERP]
    assert list(TABLE) == with_base + without_base


def test_what_the_erp_made_of_a_value_is_not_written_again_and_again() -> None:
    base = Baseline("pump", "pump", "PUMP")  # capitals are the ERP's way of keeping it, and nobody changed anything
    state = FieldState(field="f", base=base, maintainx="pump", sent="pump", erp="PUMP", direction="to_erp")
    assert decided(state, None).kind == "agreed"
    assert decided(replace(state, erp="PUMP 7"), None).kind == "maintainx"
    assert decided(replace(state, maintainx="pump 7", sent="pump 7"), None).kind == "maintainx"


def test_what_maintainx_made_of_a_value_is_not_written_again_and_again() -> None:
    base = Baseline("pump", "pump", "  pump")
    state = FieldState(field="f", base=base, maintainx="pump", sent="pump", erp="  pump", back="  pump")
    assert decided(replace(state, direction="to_maintainx"), None).kind == "agreed"
    assert decided(replace(state, direction="to_maintainx", erp="fan", back="fan"), None).kind == "erp"


def test_a_value_of_before_counts_as_changed_if_the_mapping_makes_something_else_of_it() -> None:
    state = FieldState(field="f", base=Baseline("HIGH", "1", "1"), maintainx="HIGH", sent="10", erp="1", back=UNREAD)
    assert decided(state, None).kind == "maintainx"


def test_changes_of_different_fields_are_merged() -> None:
    title, priority = state_of("agreed changed same"), state_of("agreed same changed")
    plant, manual = state_of("agreed same same"), state_of("agreed changed changed", policy="manual")
    result = merge(
        [replace(state, field=name) for name, state in {"t": title, "p": priority, "l": plant, "m": manual}.items()],
        None,
    )
    assert (result.to_erp, result.to_maintainx) == ({"t": "s1"}, {"p": "b"})
    assert [d.field for d in result.settled] == ["l"]
    assert [d.field for d in result.parked] == [d.field for d in result.conflicts] == ["m"]


SCALARS = st.sampled_from([None, "", "a", "a ", "b", "c", True, 1, 2.5])
AGREEMENTS = st.builds(Baseline, SCALARS, SCALARS, SCALARS)
STATES = st.builds(
    FieldState,
    field=st.sampled_from("abcd"),
    base=st.none() | AGREEMENTS,
    maintainx=SCALARS,
    sent=SCALARS,
    erp=SCALARS | st.just(UNREAD),
    back=SCALARS,
    held=st.booleans(),
    direction=st.sampled_from(DIRECTIONS),
    policy=st.sampled_from(POLICIES),
    decided=st.sampled_from(SIDES),
)
NEWEST = st.sampled_from(SIDES)
MIRRORED: dict[Direction, Direction] = {"to_erp": "to_maintainx", "to_maintainx": "to_erp"}
OTHER: dict[Any, Any] = {"maintainx": "erp", "erp": "maintainx"}


@given(STATES, NEWEST)
def test_nobody_writes_what_is_agreed_on_or_parked(state: FieldState, newest: Side | None) -> None:
    result = merge([state], newest)
    (decision,) = result.decisions
    quiet = decision.kind == "agreed" or decision.parked
    assert bool(result.to_erp) + bool(result.to_maintainx) == (not quiet)


@given(st.lists(STATES, unique_by=lambda state: state.field), NEWEST)
def test_each_field_is_decided_once_and_by_itself(states: list[FieldState], newest: Side | None) -> None:
    result = merge(states, newest)
    assert result.decisions == tuple(decided(state, newest) for state in states)
    ways = [result.to_erp, result.to_maintainx, {d.field for d in result.parked}, {d.field for d in result.settled}]
    assert sorted(itertools.chain(*ways)) == sorted(state.field for state in states)


@given(STATES, NEWEST)
def test_once_it_is_done_both_sides_agree_and_what_is_parked_stays_parked(
    state: FieldState, newest: Side | None
) -> None:
    decision = decided(state, newest)
    again = decided(after(state, decision), newest)
    assert again.parked if decision.parked else again.kind == "agreed"


def after(state: FieldState, decision: Decision) -> FieldState:
    """The field as the engine leaves it: both sides written, and the agreement noted."""
    if decision.winner == "maintainx":
        state = replace(state, erp=state.sent)
    elif decision.winner == "erp":
        told = None if state.erp is UNREAD else state.erp
        state = replace(state, maintainx=state.back, sent=told)
    elif decision.parked:
        return state
    if state.erp is UNREAD:
        known = state.base if decision.winner is None else None
        return replace(state, base=known or Baseline(state.maintainx, state.sent, None))
    return replace(state, base=Baseline(state.maintainx, state.sent, state.erp))


@given(STATES, NEWEST)
def test_a_side_that_nobody_changed_never_wins_over_one_that_somebody_changed(
    state: FieldState, newest: Side | None
) -> None:
    state = replace(state, direction="both", decided=None)
    base = state.base
    assume(base is not None and state.erp is not UNREAD)
    assert base is not None
    ours = not same_value(state.maintainx, base.maintainx) or not same_value(state.sent, base.sent)
    theirs = not same_value(state.erp, base.erp)
    winner = decided(state, newest).winner
    assert (winner == "maintainx") <= ours
    assert (winner == "erp") <= theirs


@given(STATES, NEWEST)
def test_only_a_person_makes_a_field_travel_against_its_direction(state: FieldState, newest: Side | None) -> None:
    winner = decided(replace(state, decided=None), newest).winner
    assert not (state.direction == "to_erp" and winner == "erp")
    assert not (state.direction == "to_maintainx" and winner == "maintainx")


@given(STATES, NEWEST)
def test_the_sides_are_treated_alike(state: FieldState, newest: Side | None) -> None:
    """With a mapping that changes no value, mirrored sides have mirrored decisions."""
    assume(state.erp is not UNREAD)
    base = None if state.base is None else Baseline(state.base.maintainx, state.base.maintainx, state.base.erp)
    one = replace(state, base=base, sent=state.maintainx, back=state.erp, held=False)
    other = replace(
        one,
        base=None if base is None else Baseline(base.erp, base.erp, base.maintainx),
        maintainx=one.erp,
        sent=one.erp,
        erp=one.maintainx,
        back=one.maintainx,
        direction=MIRRORED.get(one.direction, one.direction),
        policy=OTHER.get(one.policy, one.policy),
        decided=OTHER.get(one.decided),
    )
    seen, mirrored = decided(one, newest), decided(other, OTHER.get(newest))
    assert mirrored.winner == OTHER.get(seen.winner)
    assert mirrored.kind == OTHER.get(seen.kind, seen.kind)


@given(AGREEMENTS)
def test_an_agreement_survives_the_record(agreed: Baseline) -> None:
    assert Baseline.of({"f": agreed.to_json()}, "f") == agreed
    assert Baseline.of({"f": agreed.to_json()}, "g") is None


def test_what_newest_chose_stands_for_the_two_values_that_it_chose_between() -> None:
    choice = Choice("erp", "pump", "fan")
    choices = {"f": choice.to_json()}
    assert Choice.of(choices, "f", "pump", "fan") == choice
    assert Choice.of(choices, "f", "pump ", "fan") == choice  # the same value in another form
    for field, maintainx, erp in (("g", "pump", "fan"), ("f", "pump 7", "fan"), ("f", "pump", "fan 7")):
        assert Choice.of(choices, field, maintainx, erp) is None


def test_the_merge_imports_nothing_that_could_do_io() -> None:
    allowed = {"__future__", "collections.abc", "dataclasses", "datetime", "typing", "shared.values"}
    for module in (merging, values):
        tree = ast.parse(inspect.getsource(module))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported <= allowed
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
