"""Sync records: one holder at a time, and nobody writes over a record that was taken over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import LeaseLost, PermanentError
from shared.state import LockedRecord, RecordKey, StateStore
from tests.fakes.clock import Clock
from tests.integration.state.conftest import NOON_UTC, Stores, a_record

KEY = RecordKey("plant-1", "work_order", 42)
RECORD = a_record(KEY)
PARKED = {"short.Text": {"maintainx": "a", "erp": None, "decided": None}}


def _locked(store: StateStore, key: RecordKey = KEY, owner: str = "one") -> LockedRecord:
    locked = store.lock_record(key, owner=owner, lease_s=60)
    assert locked is not None
    return locked


def _saved(store: StateStore, key: RecordKey = KEY, **changes: object) -> None:
    store.save_record(_locked(store, key), a_record(key, **changes))


def test_unknown_record_can_be_locked_and_is_still_none(store: StateStore) -> None:
    locked = _locked(store)
    assert (locked.record, locked.lease_until_utc) == (None, NOON_UTC + timedelta(seconds=60))
    assert store.get_record(KEY) is None


@pytest.mark.parametrize(
    "record",
    [
        RECORD,
        a_record(KEY, erp_id=None, erp_version=None, state="creating", intent={"do": "create", "n": [[1.0]]}),
        a_record(KEY, state="deleted", base={}),
        a_record(KEY, base={"key.with dots": None, "": "ü", "n": 10**30, "x": 0.1}),
        a_record(KEY, conflicts=PARKED, maintainx_updated_at=NOON_UTC.replace(microsecond=7000)),
        a_record(KEY, state="orphaned", conflicts={"(gone in the ERP)": {"erp": None}}),
    ],
    ids=["linked", "creating", "deleted", "odd base", "parked", "orphaned"],
)
def test_saved_record_is_read_back_the_same(store: StateStore, stores: Stores, record: object) -> None:
    assert isinstance(record, type(RECORD))
    store.save_record(_locked(store), record)
    assert stores().get_record(KEY) == record
    assert _locked(stores()).record == record


def test_held_record_cannot_be_locked_by_anybody(store: StateStore, stores: Stores) -> None:
    _locked(store)
    assert stores().lock_record(KEY, owner="two", lease_s=60) is None
    assert store.lock_record(KEY, owner="one", lease_s=60) is None


def test_save_releases_the_lock_in_the_same_write(store: StateStore) -> None:
    released = store.save_record(_locked(store), RECORD)
    assert released.lease_until_utc is None
    store.unlock_record(released)
    _locked(store, owner="two")


def test_save_can_keep_and_renew_the_lock(store: StateStore, clock: Clock) -> None:
    creating = replace(RECORD, state="creating", intent={"step": 1})
    locked = _locked(store)
    clock.forward(30)
    locked = store.save_record(locked, creating, keep_lease_s=60)
    assert locked.lease_until_utc == NOON_UTC + timedelta(seconds=90)
    clock.forward(59)
    assert store.lock_record(KEY, owner="two", lease_s=60) is None
    assert store.get_record(KEY) == creating
    store.save_record(locked, RECORD)
    assert _locked(store, owner="two").record == RECORD


def test_unlock_leaves_the_record_as_it_was(store: StateStore) -> None:
    _saved(store)
    store.unlock_record(_locked(store))
    assert _locked(store, owner="two").record == RECORD


def test_unlock_of_a_record_never_saved_leaves_nothing(store: StateStore) -> None:
    store.unlock_record(_locked(store))
    assert store.get_record(KEY) is None
    assert list(store.list_records("plant-1")) == []
    _locked(store, owner="two")


def test_ended_lease_can_be_taken_over_with_the_intent_in_it(store: StateStore, stores: Stores, clock: Clock) -> None:
    creating = replace(RECORD, state="creating", intent={"step": 1})
    store.save_record(_locked(store), creating, keep_lease_s=60)
    clock.forward(60)
    assert _locked(stores(), owner="two").record == creating


def test_owner_that_was_taken_over_cannot_save(store: StateStore, stores: Stores, clock: Clock) -> None:
    _saved(store)
    old = _locked(store)
    clock.forward(60)
    new = _locked(stores(), owner="two")
    with pytest.raises(LeaseLost, match="of one was taken over"):
        store.save_record(old, replace(RECORD, erp_version="old"))
    assert store.get_record(KEY) == RECORD
    stores().save_record(new, replace(RECORD, erp_version="new"))
    with pytest.raises(LeaseLost):
        store.save_record(old, replace(RECORD, erp_version="old"))
    assert store.get_record(KEY) == replace(RECORD, erp_version="new")


def test_owner_that_was_taken_over_cannot_unlock(store: StateStore, clock: Clock) -> None:
    _saved(store)
    old = _locked(store)
    clock.forward(60)
    _locked(store, owner="two")
    store.unlock_record(old)
    assert store.lock_record(KEY, owner="three", lease_s=60) is None


def test_unlock_by_the_old_owner_does_not_remove_a_first_record(store: StateStore, clock: Clock) -> None:
    old = _locked(store)
    clock.forward(60)
    store.save_record(_locked(store, owner="two"), RECORD)
    store.unlock_record(old)
    assert store.get_record(KEY) == RECORD


def test_record_is_saved_only_under_its_own_lock(store: StateStore) -> None:
    locked = _locked(store)
    with pytest.raises(ValueError, match="under the lease of"):
        store.save_record(locked, replace(RECORD, site="plant-2"))


def test_record_that_is_too_large_is_a_permanent_error(store: StateStore) -> None:
    with pytest.raises(PermanentError, match=r"record plant-1:work_order:42: the state store refuses"):
        store.save_record(_locked(store), replace(RECORD, base={"text": "x" * 1_100_000}))


@pytest.mark.parametrize("saved_before", [False, True])
def test_of_many_locks_at_once_exactly_one_is_given(stores: Stores, saved_before: bool) -> None:
    instances = [stores() for _ in range(4)]
    if saved_before:
        _saved(instances[0])

    def lock(number: int) -> bool:
        return instances[number % 4].lock_record(KEY, owner=f"o{number}", lease_s=60) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lock, range(16))) == 1


def test_no_change_is_lost_between_instances(stores: Stores) -> None:
    """Four instances add one to a number 5 times each, each time under the lock."""

    def add(instance: StateStore) -> None:
        for _ in range(5):
            while (locked := instance.lock_record(KEY, owner="x", lease_s=60)) is None:
                pass
            before = locked.record.base["n"] if locked.record else 0
            instance.save_record(locked, a_record(KEY, base={"n": before + 1}))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [stores() for _ in range(4)]))
    record = stores().get_record(KEY)
    assert record is not None
    assert record.base == {"n": 20}


def test_record_is_found_by_its_erp_id_within_site_and_kind(store: StateStore) -> None:
    _saved(store, KEY, erp_id="E-1")
    _saved(store, replace(KEY, site="plant-2"), erp_id="E-2")
    _saved(store, replace(KEY, kind="asset"), erp_id="E-3")
    found = store.find_record("plant-1", "work_order", erp_id="E-1")
    assert found is not None
    assert found.key == KEY
    assert store.find_record("plant-1", "work_order", erp_id="E-2") is None
    assert store.find_record("plant-1", "work_order", erp_id="E-3") is None


def test_records_are_listed_by_site_kind_and_state(store: StateStore) -> None:
    _saved(store, RecordKey("plant-1", "work_order", 2))
    _saved(store, RecordKey("plant-1", "work_order", 1), state="creating")
    _saved(store, RecordKey("plant-1", "asset", 3))
    _saved(store, RecordKey("plant-2", "work_order", 4))
    _locked(store, RecordKey("plant-1", "work_order", 5))

    def ids(**filters: object) -> list[int]:
        return [record.maintainx_id for record in store.list_records("plant-1", **filters)]  # type: ignore[arg-type]

    assert ids() == [3, 1, 2]
    assert ids(kind="work_order") == [1, 2]
    assert ids(kind="work_order", state="creating") == [1]
    assert ids(state="linked") == [3, 2]


def test_records_are_listed_by_what_waits_for_a_person(store: StateStore) -> None:
    _saved(store, RecordKey("plant-1", "work_order", 1), conflicts=PARKED)
    _saved(store, RecordKey("plant-1", "work_order", 2))
    _saved(store, RecordKey("plant-1", "work_order", 3), conflicts=PARKED, state="orphaned")
    _saved(store, RecordKey("plant-2", "work_order", 4), conflicts=PARKED)

    def ids(**filters: object) -> list[int]:
        return [record.maintainx_id for record in store.list_records("plant-1", **filters)]  # type: ignore[arg-type]

    assert ids(parked=True) == [1, 3]
    assert ids(parked=False) == [2]
    assert ids(parked=None) == [1, 2, 3]
    assert ids(parked=True, state="orphaned") == [3]
    assert ids(parked=True, kind="asset") == []
    _saved(store, RecordKey("plant-1", "work_order", 1))  # decided
    assert ids(parked=True) == [3]


def test_listing_begins_behind_a_key_also_if_nothing_is_there(store: StateStore) -> None:
    for number in (1, 3, 10, 20):
        _saved(store, RecordKey("plant-1", "work_order", number))
    _saved(store, RecordKey("plant-2", "work_order", 2))

    def behind(number: int) -> list[int]:
        listed = store.list_records("plant-1", state="linked", after=RecordKey("plant-1", "work_order", number))
        return [record.maintainx_id for record in listed]

    assert behind(1) == [10, 20, 3]
    assert behind(15) == [20, 3]
    assert behind(3) == []


def test_listing_goes_through_all_pages(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.state.firestore._PAGE", 3)
    for number in range(7):
        _saved(store, RecordKey("plant-1", "work_order", number))
    listed = [record.maintainx_id for record in store.list_records("plant-1", state="linked")]
    assert listed == list(range(7))
