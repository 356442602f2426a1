"""Claims: one event is dealt with once at one destination, whoever crashes, repeats or comes late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LeaseLost
from shared.state import Acquired, Claim, ClaimKey, Done, InProgress, KnownClaim, StateStore
from tests.fakes.clock import Clock
from tests.integration.state.conftest import NOON_UTC, Stores

KEY = ClaimKey("plant-1", "ab" * 32, "erp_push")


def _acquired(store: StateStore, key: ClaimKey = KEY, owner: str = "one", lease_s: float = 60) -> Claim:
    result = store.claim(key, owner=owner, lease_s=lease_s)
    assert isinstance(result, Acquired)
    return result.claim


def test_new_claim_is_acquired_with_its_lease(store: StateStore) -> None:
    claim = _acquired(store)
    assert (claim.key, claim.owner) == (KEY, "one")
    assert claim.lease_until_utc == NOON_UTC + timedelta(seconds=60)


def test_second_claim_is_told_who_works_and_until_when(store: StateStore, stores: Stores) -> None:
    _acquired(store)
    expected = InProgress("one", NOON_UTC + timedelta(seconds=60))
    assert stores().claim(KEY, owner="two", lease_s=60) == expected


def test_same_owner_claiming_twice_is_still_two_claims(store: StateStore) -> None:
    _acquired(store)
    assert isinstance(store.claim(KEY, owner="one", lease_s=60), InProgress)


def test_completed_claim_tells_its_outcome(store: StateStore, clock: Clock) -> None:
    claim = _acquired(store)
    clock.forward(5)
    store.complete_claim(claim, outcome="skipped", reason="unchanged", ttl_s=1000)
    clock.forward(100)
    expected = Done("skipped", "unchanged", NOON_UTC + timedelta(seconds=5))
    assert store.claim(KEY, owner="two", lease_s=60) == expected


def test_completed_claim_is_free_again_after_its_ttl(store: StateStore, clock: Clock) -> None:
    store.complete_claim(_acquired(store), outcome="done", reason="", ttl_s=1000)
    clock.forward(999)
    assert isinstance(store.claim(KEY, owner="two", lease_s=60), Done)
    clock.forward(1)
    _acquired(store, owner="two")


def test_released_claim_is_free_at_once(store: StateStore) -> None:
    store.release_claim(_acquired(store))
    _acquired(store, owner="two")


def test_ended_lease_can_be_taken_over(store: StateStore, stores: Stores, clock: Clock) -> None:
    _acquired(store, lease_s=60)
    clock.forward(59.9)
    assert isinstance(stores().claim(KEY, owner="two", lease_s=60), InProgress)
    clock.forward(0.1)
    assert _acquired(stores(), owner="two").lease_until_utc == NOON_UTC + timedelta(seconds=120)


def test_only_a_claim_that_was_left_undone_is_abandoned(store: StateStore, clock: Clock) -> None:
    def take() -> tuple[Claim, bool]:
        result = store.claim(KEY, owner="any", lease_s=60)
        assert isinstance(result, Acquired)
        return result.claim, result.abandoned

    claim, was_abandoned = take()
    assert not was_abandoned  # it is new
    store.release_claim(claim)
    assert not take()[1]  # it was given back
    for _ in range(2):
        clock.forward(60)
        claim, was_abandoned = take()
        assert was_abandoned
    store.complete_claim(claim, outcome="done", reason="", ttl_s=1000)
    clock.forward(1000)
    assert not take()[1]  # it was dealt with, long ago


def test_owner_that_was_taken_over_cannot_complete(store: StateStore, clock: Clock) -> None:
    old = _acquired(store)
    clock.forward(60)
    new = _acquired(store, owner="two")
    with pytest.raises(LeaseLost, match="of one was taken over"):
        store.complete_claim(old, outcome="done", reason="old", ttl_s=1000)
    store.complete_claim(new, outcome="done", reason="new", ttl_s=1000)
    assert store.claim(KEY, owner="three", lease_s=60) == Done("done", "new", clock.utc())


def test_owner_that_was_taken_over_cannot_release(store: StateStore, clock: Clock) -> None:
    old = _acquired(store)
    clock.forward(60)
    _acquired(store, owner="two")
    store.release_claim(old)
    assert isinstance(store.claim(KEY, owner="three", lease_s=60), InProgress)


def test_ended_lease_that_nobody_took_can_still_be_completed(store: StateStore, clock: Clock) -> None:
    claim = _acquired(store)
    clock.forward(600)
    store.complete_claim(claim, outcome="done", reason="late", ttl_s=1000)
    assert isinstance(store.claim(KEY, owner="two", lease_s=60), Done)


def test_released_claim_cannot_be_completed(store: StateStore) -> None:
    claim = _acquired(store)
    store.release_claim(claim)
    with pytest.raises(LeaseLost):
        store.complete_claim(claim, outcome="done", reason="", ttl_s=1000)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, site="plant-2"),
        replace(KEY, destination="notify"),
        replace(KEY, event_id="cd" * 32),
        replace(KEY, nonce="replay-1"),
        ClaimKey("plant-1:erp_push", "ab" * 32, ""),
        ClaimKey("plant/1", "../x", "notify:a/b %", "ü"),
    ],
)
def test_different_keys_do_not_meet(store: StateStore, other: ClaimKey) -> None:
    _acquired(store)
    _acquired(store, other)


def test_of_many_claims_at_once_exactly_one_is_acquired(stores: Stores) -> None:
    instances = [stores() for _ in range(4)]

    def claim(number: int) -> bool:
        return isinstance(instances[number % 4].claim(KEY, owner=f"o{number}", lease_s=60), Acquired)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(32))) == 1


def test_of_many_takeovers_at_once_exactly_one_succeeds(stores: Stores, clock: Clock) -> None:
    instances = [stores() for _ in range(4)]
    _acquired(instances[0])
    clock.forward(60)

    def claim(number: int) -> bool:
        return isinstance(instances[number % 4].claim(KEY, owner=f"o{number}", lease_s=60), Acquired)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(16))) == 1


def test_the_claims_of_an_event_are_listed_with_what_became_of_them(store: StateStore, clock: Clock) -> None:
    notify = replace(KEY, destination="notify:maintenance")
    replay = replace(KEY, nonce="r1")
    store.complete_claim(_acquired(store, owner="push"), outcome="done", reason="created", ttl_s=1000)
    _acquired(store, notify, owner="notify", lease_s=60)
    _acquired(store, replay, owner="again", lease_s=90)
    _acquired(store, replace(KEY, event_id="cd" * 32))
    _acquired(store, replace(KEY, site="plant-2"))
    assert store.list_claims("plant-1", KEY.event_id) == [
        KnownClaim(KEY, Done("done", "created", NOON_UTC)),
        KnownClaim(replay, InProgress("again", NOON_UTC + timedelta(seconds=90))),
        KnownClaim(notify, InProgress("notify", NOON_UTC + timedelta(seconds=60))),
    ]
    clock.forward(60)
    assert [claim.key for claim in store.list_claims("plant-1", KEY.event_id)] == [KEY, replay]
    assert store.list_claims("plant-1", "ef" * 32) == []
