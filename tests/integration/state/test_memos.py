"""Memos: what a flow notes down for its next run."""

from __future__ import annotations

from shared.state import StateStore
from tests.integration.state.conftest import Stores


def test_what_was_never_noted_is_empty(store: StateStore) -> None:
    assert store.get_memo("plant-1", "catch_up") == {}


def test_memo_is_read_by_another_instance_as_it_was_written(stores: Stores) -> None:
    content = {"9001001": "2026-09-14T12:00:00.000Z", "nested": {"list": [1, [2, None]], "": True}}
    stores().put_memo("plant-1", "catch_up", content)
    assert stores().get_memo("plant-1", "catch_up") == content


def test_memo_is_replaced_as_a_whole(store: StateStore) -> None:
    store.put_memo("plant-1", "catch_up", {"1": "a", "2": "b"})
    store.put_memo("plant-1", "catch_up", {"2": "c"})
    assert store.get_memo("plant-1", "catch_up") == {"2": "c"}


def test_sites_and_flows_have_memos_of_their_own(store: StateStore) -> None:
    store.put_memo("plant-1", "catch_up", {"1": "a"})
    assert store.get_memo("plant-2", "catch_up") == {}
    assert store.get_memo("plant-1", "erp_pull") == {}


def test_memo_may_be_as_large_as_thousands_of_entries(store: StateStore) -> None:
    content = {str(number): "2026-09-14T12:00:00.000Z" for number in range(10_000)}
    store.put_memo("plant-1", "catch_up", content)
    assert store.get_memo("plant-1", "catch_up") == content
