"""The table of status changes: each step is one that Oracle takes."""

from __future__ import annotations

import itertools

import pytest

from shared.erp.oracle.status import ALL, COMPLETED, FINAL, STATUS_RULES, steps

# One write each, by Oracle's own table; completed comes of a transaction while the order is released.
WRITES = {
    ("ORA_UNRELEASED", "ORA_RELEASED"),
    ("ORA_UNRELEASED", "ORA_ON_HOLD"),
    ("ORA_UNRELEASED", "ORA_CLOSED"),
    ("ORA_UNRELEASED", "ORA_CANCELED"),
    ("ORA_RELEASED", "ORA_UNRELEASED"),
    ("ORA_RELEASED", "ORA_ON_HOLD"),
    ("ORA_RELEASED", "ORA_CLOSED"),
    ("ORA_RELEASED", "ORA_CANCELED"),
    ("ORA_ON_HOLD", "ORA_UNRELEASED"),
    ("ORA_ON_HOLD", "ORA_RELEASED"),
    ("ORA_ON_HOLD", "ORA_CLOSED"),
    ("ORA_COMPLETED", "ORA_CLOSED"),
}
TRANSACTION = ("ORA_RELEASED", "ORA_COMPLETED")
PAIRS = [(one, other) for one in ALL for other in ALL if one != other]


def test_every_way_is_made_of_steps_that_oracle_takes_and_ends_where_wanted() -> None:
    ways = {(current, wanted): steps(current, wanted) for current, wanted in PAIRS}
    for (current, wanted), way in ways.items():
        if way is not None:
            assert way[-1] == wanted
            assert set(itertools.pairwise((current, *way))) <= {*WRITES, TRANSACTION}


def test_what_oracle_takes_in_one_write_is_one_step(subtests: pytest.Subtests) -> None:
    for current, wanted in sorted(WRITES):
        with subtests.test(current=current, wanted=wanted):
            assert steps(current, wanted) == (wanted,)


def test_no_way_leads_out_of_a_final_status_and_only_one_out_of_completed() -> None:
    assert {pair for pair in PAIRS if pair[0] in FINAL and steps(*pair)} == set()
    assert [wanted for wanted in ALL if steps(COMPLETED, wanted)] == ["ORA_CLOSED"]


def test_every_writable_status_is_reached_from_some_other() -> None:
    assert {wanted for current, wanted in PAIRS if steps(current, wanted)} == STATUS_RULES.writable


def test_a_closed_order_is_a_completed_one_too() -> None:
    assert STATUS_RULES.holds("ORA_COMPLETED", "ORA_CLOSED")
    assert not STATUS_RULES.holds("ORA_CLOSED", "ORA_COMPLETED")
