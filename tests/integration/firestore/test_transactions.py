"""Transactions. What two of them do to each other is asked of the local server only: Google's emulator locks, waits
out its lock time-outs and gives up, which takes minutes and proves nothing about ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.api_core import exceptions as api
from google.cloud import firestore

from tests.integration.firestore.conftest import connected


@pytest.fixture
def local_client(embedded_firestore: Any, request: pytest.FixtureRequest) -> Iterator[firestore.Client]:
    """A client of the local server, with a database for this test."""
    with connected(embedded_firestore.address, f"transactions-{abs(hash(request.node.nodeid))}") as client:
        yield client


def _run(client: firestore.Client, body: Callable[[Any], Any], **options: Any) -> Any:
    return firestore.transactional(body)(client.transaction(**options))


def test_transaction_reads_and_writes_at_once(client: firestore.Client, items: Any) -> None:
    items.document("a").set({"n": 1})

    def move(transaction: Any) -> int:
        n: int = items.document("a").get(transaction=transaction).get("n")
        transaction.create(items.document("b"), {"n": n})
        transaction.delete(items.document("a"))
        return n

    assert _run(client, move) == 1
    assert [found.id for found in items.stream()] == ["b"]


def test_transaction_that_raises_writes_nothing(client: firestore.Client, items: Any) -> None:
    def fail(transaction: Any) -> None:
        transaction.set(items.document("a"), {"n": 1})
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        _run(client, fail)
    assert not items.document("a").get().exists


def test_refused_write_fails_the_transaction_with_its_own_error(client: firestore.Client, items: Any) -> None:
    items.document("taken").set({"n": 1})

    def create(transaction: Any) -> None:
        transaction.set(items.document("a"), {"n": 1})
        transaction.create(items.document("taken"), {"n": 2})

    with pytest.raises(api.AlreadyExists):
        _run(client, create)
    assert not items.document("a").get().exists


def test_queries_and_counts_run_within_a_transaction(client: firestore.Client, items: Any) -> None:
    for n in range(3):
        items.document(f"d{n}").set({"n": n})

    def count(transaction: Any) -> tuple[int, int]:
        found = list(items.where(filter=firestore.FieldFilter("n", ">", 0)).stream(transaction=transaction))
        return len(found), items.count(alias="c").get(transaction=transaction)[0][0].value

    assert _run(client, count) == (2, 3)


def test_read_only_transaction_reads(client: firestore.Client, items: Any) -> None:
    items.document("a").set({"n": 1})
    assert _run(client, lambda t: items.document("a").get(transaction=t).get("n"), read_only=True) == 1


@pytest.mark.parametrize("ended_by", ["commit", "rollback"])
def test_ended_transaction_cannot_be_used_again(client: firestore.Client, ended_by: str) -> None:
    calls, database = client._firestore_api, client._database_string
    transaction = calls.begin_transaction(request={"database": database}).transaction
    getattr(calls, ended_by)(request={"database": database, "transaction": transaction})
    with pytest.raises(api.InvalidArgument):
        calls.commit(request={"database": database, "transaction": transaction})


def test_unknown_transaction_is_refused(client: firestore.Client) -> None:
    with pytest.raises(api.InvalidArgument):
        client._firestore_api.commit(request={"database": client._database_string, "transaction": b"none"})


def _interrupted(client: firestore.Client, read: Callable[[Any], Any], interrupt: Callable[[], Any]) -> int:
    """Run a transaction that reads, is interrupted once, and writes; how often it had to run."""
    runs = 0

    def body(transaction: Any) -> None:
        nonlocal runs
        runs += 1
        read(transaction)
        if runs == 1:
            interrupt()
        transaction.set(client.document("out/a"), {"runs": runs})

    _run(client, body)
    assert client.document("out/a").get().get("runs") == runs
    return runs


def test_transaction_runs_again_if_a_document_it_read_was_changed(local_client: firestore.Client) -> None:
    seen = local_client.document("in/a")
    seen.set({"n": 1})
    assert _interrupted(local_client, lambda t: seen.get(transaction=t), lambda: seen.set({"n": 2})) == 2


def test_transaction_runs_again_if_a_document_it_missed_was_created(local_client: firestore.Client) -> None:
    seen = local_client.document("in/a")
    assert _interrupted(local_client, lambda t: seen.get(transaction=t), lambda: seen.set({"n": 2})) == 2


def test_transaction_runs_again_if_a_query_would_now_find_another(local_client: firestore.Client) -> None:
    query = local_client.collection("in").where(filter=firestore.FieldFilter("n", ">", 0))
    newcomer = local_client.document("in/new")
    assert _interrupted(local_client, lambda t: list(query.stream(transaction=t)), lambda: newcomer.set({"n": 2})) == 2


def test_transaction_is_not_disturbed_by_what_it_did_not_read(local_client: firestore.Client) -> None:
    query = local_client.collection("in").where(filter=firestore.FieldFilter("n", ">", 0))
    other = local_client.document("in/other")
    assert _interrupted(local_client, lambda t: list(query.stream(transaction=t)), lambda: other.set({"n": 0})) == 1


def test_transaction_that_always_conflicts_is_given_up(local_client: firestore.Client) -> None:
    seen = local_client.document("in/a")

    def body(transaction: Any) -> None:
        before = seen.get(transaction=transaction).to_dict() or {"n": 0}
        seen.set({"n": before["n"] + 1})
        transaction.set(local_client.document("out/a"), {})

    with pytest.raises(ValueError, match="3 attempts"):
        _run(local_client, body, max_attempts=3)
    assert not local_client.document("out/a").get().exists


def test_no_increment_is_lost_between_threads(local_client: firestore.Client) -> None:
    counter = local_client.document("in/counter")
    counter.set({"n": 0})

    def increment(_: int) -> None:
        def body(transaction: Any) -> None:
            n = counter.get(transaction=transaction).get("n")
            transaction.update(counter, {"n": n + 1})

        _run(local_client, body, max_attempts=1000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(40)))
    assert counter.get().get("n") == 40


def test_read_only_transaction_may_not_write(local_client: firestore.Client) -> None:
    calls, database = local_client._firestore_api, local_client._database_string
    options: dict[str, Any] = {"read_only": {}}
    transaction = calls.begin_transaction(request={"database": database, "options": options}).transaction
    write = {"update": {"name": f"{database}/documents/in/a"}}
    with pytest.raises(api.InvalidArgument):
        calls.commit(request={"database": database, "transaction": transaction, "writes": [write]})
