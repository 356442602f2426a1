"""What an operation costs in calls, and what happens when the store does not answer. On the local server, which counts
its calls and can be made to fail."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from local.firestore.refusal import Refusal
from local.firestore.service import FirestoreService
from local.firestore.testing import RunningServer, running_server
from shared.errors import StateUnavailable
from shared.state import Acquired, Claim, ClaimKey, Done, LockedRecord, RecordKey, StateStore, documents
from shared.state.firestore import FirestoreStateStore
from tests.fakes.clock import Clock
from tests.integration.state.conftest import NOON_UTC, a_record

CLAIM = ClaimKey("plant-1", "ab" * 32, "erp_push")
KEY = RecordKey("plant-1", "work_order", 42)


class Faults:
    """Of how many commits, applied in full, the answer gets lost."""

    def __init__(self) -> None:
        self.answers_to_lose = 0


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Makes the server apply a commit and then answer that it is unavailable."""
    state = Faults()
    commit: Callable[[FirestoreService, Any], Any] = FirestoreService.commit

    def commit_then_lose_the_answer(service: FirestoreService, request: Any) -> Any:
        answer = commit(service, request)
        if state.answers_to_lose:
            state.answers_to_lose -= 1
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "the answer was lost")
        return answer

    monkeypatch.setattr(FirestoreService, "commit", commit_then_lose_the_answer)
    return state


@pytest.fixture
def server(tmp_path: Path, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server of this test's own."""
    with running_server(tmp_path) as running:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", running.address)
        yield running


@pytest.fixture
def store(server: RunningServer, clock: Clock) -> Iterator[FirestoreStateStore]:
    """A store on it."""
    store = FirestoreStateStore(project="calls", clock=clock.utc)
    yield store
    store.close()


def _acquired(store: StateStore) -> Claim:
    result = store.claim(CLAIM, owner="one", lease_s=60)
    assert isinstance(result, Acquired)
    return result.claim


def _locked(store: StateStore) -> LockedRecord:
    locked = store.lock_record(KEY, owner="one", lease_s=60)
    assert locked is not None
    return locked


def _nothing(_: StateStore) -> None:
    return None


# Operation: what is done before, what is counted (with the result of the first), and how many calls it may take.
COSTS: dict[str, tuple[Callable[[StateStore], Any], Callable[[StateStore, Any], Any], int]] = {
    "claim, new": (_nothing, lambda s, _: _acquired(s), 1),
    "claim, taken": (_acquired, lambda s, _: s.claim(CLAIM, owner="two", lease_s=60), 2),
    "claim, complete": (_acquired, lambda s, c: s.complete_claim(c, outcome="done", reason="", ttl_s=9), 1),
    "claim, release": (_acquired, lambda s, c: s.release_claim(c), 1),
    "record, lock new": (_nothing, lambda s, _: _locked(s), 2),
    "record, lock known": (lambda s: s.save_record(_locked(s), a_record(KEY)), lambda s, _: _locked(s), 2),
    "record, held": (_locked, lambda s, _: s.lock_record(KEY, owner="two", lease_s=60), 1),
    "record, save and unlock": (_locked, lambda s, locked: s.save_record(locked, a_record(KEY)), 1),
    "record, unlock": (_locked, lambda s, locked: s.unlock_record(locked), 1),
    "record, get": (_nothing, lambda s, _: s.get_record(KEY), 1),
    "record, find": (_nothing, lambda s, _: s.find_record("plant-1", "work_order", erp_id="E"), 1),
    "records, list a page": (_nothing, lambda s, _: list(s.list_records("plant-1")), 1),
    "watermark, get": (_nothing, lambda s, _: s.get_watermark("plant-1", "x"), 1),
    "watermark, advance": (_nothing, lambda s, _: s.advance_watermark("plant-1", "x", NOON_UTC), 1),
}


@pytest.mark.parametrize("operation", COSTS)
def test_operation_takes_no_more_calls_than_it_says(
    server: RunningServer, store: FirestoreStateStore, operation: str
) -> None:
    prepare, run, expected = COSTS[operation]
    prepared = prepare(store)
    before = server.calls.total()
    run(store, prepared)
    assert server.calls.total() - before == expected


def test_takeover_takes_three_calls(server: RunningServer, store: FirestoreStateStore, clock: Clock) -> None:
    _acquired(store)
    clock.forward(60)
    before = server.calls.total()
    _acquired(store)
    assert server.calls.total() - before == 3


def test_claim_whose_answer_was_lost_is_still_acquired(store: FirestoreStateStore, faults: Faults) -> None:
    faults.answers_to_lose = 1
    claim = _acquired(store)
    store.complete_claim(claim, outcome="done", reason="", ttl_s=100)


def test_takeover_whose_answer_was_lost_is_still_acquired(
    store: FirestoreStateStore, faults: Faults, clock: Clock
) -> None:
    _acquired(store)
    clock.forward(60)
    faults.answers_to_lose = 1  # the refused create before it does not count: it was not applied
    result = store.claim(CLAIM, owner="one", lease_s=60)
    assert isinstance(result, Acquired)
    assert result.abandoned
    store.release_claim(result.claim)


def test_claim_given_back_during_a_takeover_is_new_and_not_abandoned(
    store: FirestoreStateStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _acquired(store)
    clock.forward(60)
    is_abandoned = documents.is_abandoned

    def is_abandoned_until_somebody_else_takes_it(document: Any) -> bool:
        monkeypatch.setattr(documents, "is_abandoned", is_abandoned)
        store.release_claim(_acquired(store))
        return is_abandoned(document)

    monkeypatch.setattr(documents, "is_abandoned", is_abandoned_until_somebody_else_takes_it)
    result = store.claim(CLAIM, owner="two", lease_s=60)
    assert isinstance(result, Acquired)
    assert not result.abandoned


def test_completion_whose_answer_was_lost_counts(store: FirestoreStateStore, faults: Faults) -> None:
    claim = _acquired(store)
    faults.answers_to_lose = 1
    store.complete_claim(claim, outcome="done", reason="", ttl_s=100)
    assert isinstance(store.claim(CLAIM, owner="two", lease_s=60), Done)


def test_lock_and_save_whose_answers_were_lost_count(store: FirestoreStateStore, faults: Faults) -> None:
    for version in ("1", "2"):  # first a record that is new, then one that is known
        faults.answers_to_lose = 1
        locked = _locked(store)
        faults.answers_to_lose = 1
        locked = store.save_record(locked, a_record(KEY, erp_version=version), keep_lease_s=60)
        faults.answers_to_lose = 1
        store.save_record(locked, a_record(KEY, erp_version=version))
    found = store.get_record(KEY)
    assert found is not None
    assert found.erp_version == "2"


def test_release_and_unlock_whose_answers_were_lost_count(store: FirestoreStateStore, faults: Faults) -> None:
    claim, locked = _acquired(store), _locked(store)
    faults.answers_to_lose = 1
    store.release_claim(claim)
    faults.answers_to_lose = 1
    store.unlock_record(locked)
    assert _acquired(store).version != claim.version
    assert _locked(store).version != locked.version


@pytest.fixture
def silent_address() -> Iterator[str]:
    """A port that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"127.0.0.1:{silent.getsockname()[1]}"


@pytest.fixture
def closed_address() -> str:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["silent_address", "closed_address"])
@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.claim(CLAIM, owner="one", lease_s=60),
        lambda store: store.lock_record(KEY, owner="one", lease_s=60),
        lambda store: list(store.list_records("plant-1")),
        lambda store: store.advance_watermark("plant-1", "x", NOON_UTC),
    ],
    ids=["claim", "lock_record", "list_records", "advance_watermark"],
)
def test_store_that_does_not_answer_is_a_transient_error_that_names_the_key(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    call: Callable[[FirestoreStateStore], Any],
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", request.getfixturevalue(kind))
    store = FirestoreStateStore(project="none", attempt_timeout_s=0.2, call_timeout_s=0.5)
    with pytest.raises(StateUnavailable, match="plant-1") as caught:
        call(store)
    assert caught.value.transient
    store.close()


_FORK = """
import os
from shared.state import RecordKey
from shared.state.firestore import FirestoreStateStore

store = FirestoreStateStore(project="forked")
child = os.fork()
assert store.get_record(RecordKey("plant-1", "work_order", 1)) is None
if child:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_store_made_before_a_fork_works_on_both_sides(server: RunningServer) -> None:
    before = server.calls.total()
    subprocess.run([sys.executable, "-c", _FORK], check=True, timeout=60)
    assert server.calls.total() - before == 2
