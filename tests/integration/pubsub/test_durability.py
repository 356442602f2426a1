"""What survives the death of the server process, and how it ends when asked to."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.pubsub.conftest import Bench, clients_of
from tests.integration.pubsub.process import server_process
from tests.integration.pubsub.receiver import Receiver

ACK_FLUSH_S = 0.02


def everything(bench: Bench, subscription: str) -> list[bytes]:
    """All data that can be pulled, acknowledged on the way."""
    data: list[bytes] = []
    while True:
        request = {"subscription": subscription, "max_messages": 1000, "return_immediately": True}
        received = bench.subscriber.pull(request=request, timeout=10).received_messages
        if not received:
            return data
        data += [each.message.data for each in received]
        bench.acknowledge(subscription, *received)


def test_a_killed_server_loses_nothing_published_and_repeats_nothing_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "pubsub.sqlite"
    published = {f"message {number}".encode() for number in range(500)}
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        topic = bench.topic()
        subscription = bench.subscription(topic)
        waiting = [bench.publisher.publish(topic, data) for data in published]
        for each in waiting:
            each.result(20)
        acknowledged = bench.pull(subscription, 100)[:100]
        bench.acknowledge(subscription, *acknowledged)
        time.sleep(10 * ACK_FLUSH_S)
        process.kill()
        process.wait()
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        left = everything(bench, subscription)
    assert len(left) == 400
    assert set(left) == published - {each.message.data for each in acknowledged}


def test_a_publish_that_was_answered_survives_a_kill_right_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "pubsub.sqlite"
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        topic = bench.topic()
        subscription = bench.subscription(topic)
        bench.publish(topic, {"data": b"x"})
        process.kill()
        process.wait()
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        assert everything(bench, subscription) == [b"x"]


def test_delivery_attempts_are_counted_on_over_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "pubsub.sqlite"
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        topic, dead = bench.topic(), bench.topic("dead")
        policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
        subscription = bench.subscription(topic, dead_letter_policy=policy)
        bench.publish(topic, {"data": b"x"})
        for _ in range(2):
            [received] = bench.pull(subscription)
            bench.extend(subscription, 0, received)
        process.terminate()
        process.wait()
    with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
        assert bench.pull(subscription)[0].delivery_attempt == 3


def test_a_restarted_server_goes_on_pushing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "pubsub.sqlite"
    with Receiver(answer=lambda number: 503 if number == 0 else 204) as receiver:
        with server_process(database) as (process, address), clients_of(address, monkeypatch) as bench:
            topic = bench.topic()
            bench.subscription(
                topic,
                push_config={"push_endpoint": receiver.url},
                retry_policy={"minimum_backoff": {"seconds": 1}, "maximum_backoff": {"seconds": 1}},
            )
            [message_id] = bench.publish(topic, {"data": b"x"})
            receiver.wait_for(1)
            process.kill()
            process.wait()
        with server_process(database):
            assert [each.message["messageId"] for each in receiver.wait_for(2)] == [message_id] * 2


def test_the_server_ends_on_sigterm_while_an_endpoint_keeps_it_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "pubsub.sqlite"

    def slow(_: int) -> int:
        time.sleep(8)
        return 204

    with (
        Receiver(answer=slow) as receiver,
        server_process(database) as (process, address),
        clients_of(address, monkeypatch) as bench,
    ):
        topic = bench.topic()
        bench.subscription(topic, push_config={"push_endpoint": receiver.url}, ack_deadline_seconds=600)
        bench.publish(topic, {"data": b"x"})
        receiver.wait_for(1)
        process.terminate()
        # Far less than the endpoint takes.
        assert process.wait(timeout=6) == 0


def test_a_second_server_on_the_same_database_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "pubsub.sqlite"
    with server_process(database):
        command = [sys.executable, "-m", "local.pubsub", "--port", "0", "--database", str(database)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode != 0
    assert "locked" in second.stderr
