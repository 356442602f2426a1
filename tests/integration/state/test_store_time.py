"""Instances whose clocks are minutes apart agree on when a lease ends: they go by the store's time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import OutcomeUnknown, RemoteUnavailable
from shared.state import Acquired, ClaimKey, InProgress, RecordKey
from shared.state.firestore import FirestoreStateStore
from tests.fakes.sync_world import WORK_ORDER, Wire, World, both_ways_mapping, event

APART = timedelta(minutes=10)
KEY = RecordKey("plant-1", "work_order", 1)
CLAIM = ClaimKey("plant-1", "e1", "erp_push")
Skewed = Callable[[timedelta], FirestoreStateStore]


@pytest.fixture
def skewed(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Skewed]:
    """Makes stores of one database whose machines' clocks are ahead by so much."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    project = f"time-{uuid.uuid4().hex[:12]}"
    made: list[FirestoreStateStore] = []

    def make(ahead: timedelta) -> FirestoreStateStore:
        made.append(FirestoreStateStore(project=project, local_clock=lambda: datetime.now(UTC) + ahead))
        return made[-1]

    yield make
    for store in made:
        store.close()


def test_a_lease_is_nobody_elses_while_it_runs(skewed: Skewed) -> None:
    behind, ahead = skewed(-APART), skewed(APART)
    assert abs((behind.now() - ahead.now()).total_seconds()) < APART.total_seconds() / 10
    assert behind.lock_record(KEY, owner="one", lease_s=60) is not None
    assert ahead.lock_record(KEY, owner="two", lease_s=60) is None
    assert isinstance(behind.claim(CLAIM, owner="one", lease_s=60), Acquired)
    assert isinstance(ahead.claim(CLAIM, owner="two", lease_s=60), InProgress)


def test_an_ended_lease_is_free_for_a_clock_that_is_behind(skewed: Skewed) -> None:
    behind, ahead = skewed(-APART), skewed(APART)
    assert ahead.lock_record(KEY, owner="one", lease_s=0) is not None
    assert behind.lock_record(KEY, owner="two", lease_s=60) is not None


def test_a_create_that_was_not_answered_is_not_repeated_by_a_clock_that_is_ahead(skewed: Skewed) -> None:
    """By its own clock the second instance would find that the first create can no longer take effect."""
    world = World(both_ways_mapping())
    made = world.erp.create
    late: list[Callable[[], object]] = []

    def takes_effect_later(fields: dict[str, object], reference: str) -> None:
        late.append(lambda: made(fields, reference))
        raise OutcomeUnknown("no answer")

    def engine_of(store: FirestoreStateStore) -> object:
        engine = world.engine(Wire())
        return replace(engine, state=store, clock=store.now)

    behind, ahead = engine_of(skewed(-APART)), engine_of(skewed(APART))
    world.erp.create = takes_effect_later  # type: ignore[method-assign, assignment]
    for about, engine in ((event("e1"), behind), (event("e2"), ahead)):
        with pytest.raises(RemoteUnavailable):
            engine.look_at(WORK_ORDER, about)  # type: ignore[attr-defined]
    assert len(late) == 1
    late[0]()
    world.erp.create = made  # type: ignore[method-assign]
    ahead.look_at(WORK_ORDER, event("e3"))  # type: ignore[attr-defined]
    assert len(world.tenant.orders) == 1
