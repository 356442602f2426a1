"""Rate budgets: the contract of the store, on the fake, on the local server and on Google's emulator if installed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.errors import StateUnavailable
from shared.state.budget import Budget, BudgetStore, StoredBudget
from shared.state.budget_firestore import FirestoreBudgets
from tests.fakes.budgets import MemoryBudgets

SCOPE = "maintainx:user:7/8"
FULL = Budget(number=1, cap=100, leased=10, ends_at_s=1_789_387_260.125, measured=True)
Instances = Callable[[], BudgetStore]


@pytest.fixture(params=["memory", "firestore"])
def instances(request: pytest.FixtureRequest, address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instances]:
    """Makes stores as different instances of a function would have them, on one empty database."""
    if request.param == "memory":
        memory = MemoryBudgets()
        yield lambda: memory
        return
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    project = f"budget-{uuid.uuid4().hex[:12]}"
    made: list[FirestoreBudgets] = []

    def make() -> FirestoreBudgets:
        made.append(
            FirestoreBudgets(project=project, collection_prefix="t_", attempt_timeout_s=15.0, call_timeout_s=45.0)
        )
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_scope_that_was_never_used_has_no_budget(instances: Instances) -> None:
    assert instances().read_budget(SCOPE) == StoredBudget(None, None)


def test_budget_is_read_as_it_was_written(instances: Instances) -> None:
    written, stored = instances().replace_budget(SCOPE, FULL, None)
    assert written
    assert stored.budget == FULL
    assert instances().read_budget(SCOPE) == stored


def test_change_on_top_of_the_newest_version_is_stored(instances: Instances) -> None:
    store = instances()
    _, first = store.replace_budget(SCOPE, FULL, None)
    written, second = store.replace_budget(SCOPE, replace(FULL, leased=20), first.version)
    assert (written, second.budget) == (True, replace(FULL, leased=20))
    assert store.read_budget(SCOPE) == second


def test_change_on_top_of_an_old_version_is_refused_and_tells_what_is_stored(instances: Instances) -> None:
    one, other = instances(), instances()
    _, first = one.replace_budget(SCOPE, FULL, None)
    _, second = other.replace_budget(SCOPE, replace(FULL, leased=20), first.version)
    assert one.replace_budget(SCOPE, replace(FULL, leased=30), first.version) == (False, second)
    assert one.replace_budget(SCOPE, FULL, None) == (False, second)


def test_scopes_do_not_share_a_budget(instances: Instances) -> None:
    store = instances()
    store.replace_budget(SCOPE, FULL, None)
    assert store.read_budget("maintainx:user:7") == StoredBudget(None, None)


def test_of_many_callers_with_one_version_exactly_one_succeeds(instances: Instances) -> None:
    stores = [instances() for _ in range(4)]
    _, first = stores[0].replace_budget(SCOPE, FULL, None)

    def change(number: int) -> bool:
        return stores[number].replace_budget(SCOPE, replace(FULL, leased=20 + number), first.version)[0]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, range(4))) == [False, False, False, True]


def test_store_that_does_not_answer_is_unavailable_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    store = FirestoreBudgets(project="nowhere", attempt_timeout_s=0.1, call_timeout_s=0.2)
    with pytest.raises(StateUnavailable, match="rate budget"):
        store.read_budget(SCOPE)
    store.close()
