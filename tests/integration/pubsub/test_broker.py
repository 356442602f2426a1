"""The broker with a clock of its own: retention, dead letters, and what is written to disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.pubsub import proto, validation
from local.pubsub.broker import Broker
from local.pubsub.resources import Subscription, Topic, new_subscription
from local.pubsub.store import Batch, Store
from tests.fakes.clock import Clock

TOPIC, DEAD = "projects/p/topics/events", "projects/p/topics/dead"


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "pubsub.sqlite")
    yield opened
    opened.close()


def on_loop(test: Callable[[], Awaitable[None]]) -> None:
    """Runs an asynchronous test body; the broker needs a loop for its timers."""

    async def body() -> None:
        await test()

    asyncio.run(body())


def topic(broker: Broker, name: str = TOPIC) -> None:
    broker.store.put_topic(name, proto.Topic(name=name).SerializeToString())
    broker.topics[name] = Topic(proto.Topic(name=name))


def subscribe(broker: Broker, name: str, **fields: Any) -> Subscription:
    resource = proto.Subscription(name=f"projects/p/subscriptions/{name}", **{"topic": TOPIC, **fields})
    validation.fill_defaults(resource)
    number = broker.store.add_subscription(resource.name, resource.SerializeToString())
    made = new_subscription(number, resource)
    broker.attach(made)
    return made


def publish(broker: Broker, *data: bytes) -> None:
    broker.publish(TOPIC, [proto.PubsubMessage(data=each) for each in data])


def rows(store: Store, table: str) -> int:
    count: int = store._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def test_messages_older_than_the_retention_are_dropped(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        subscription = subscribe(broker, "worker", message_retention_duration={"seconds": 600})
        publish(broker, b"old")
        clock.now_s += 599
        publish(broker, b"young")
        broker.sweep(subscription)
        assert len(subscription.backlog) == 2
        clock.now_s += 2
        broker.sweep(subscription)
        assert [each.message.proto.data for each in broker.lease(subscription, 10)] == [b"young"]
        broker.flush()
        assert (rows(store, "messages"), rows(store, "deliveries")) == (1, 1)

    on_loop(body)


def test_a_message_leaves_the_disk_when_the_last_subscription_has_acknowledged_it(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        both = [subscribe(broker, "first"), subscribe(broker, "second")]
        publish(broker, b"x")
        for left, subscription in zip((1, 0), both, strict=True):
            [delivery] = broker.lease(subscription, 1)
            broker.ack(subscription, delivery.message.id, delivery.lease)
            broker.flush()
            assert rows(store, "messages") == left

    on_loop(body)


def test_a_message_that_no_filter_lets_through_is_not_stored(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        subscribe(broker, "worker", filter="attributes:wanted")
        publish(broker, b"x")
        assert rows(store, "messages") == 0

    on_loop(body)


def test_deleting_a_subscription_frees_its_messages(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        subscription = subscribe(broker, "worker")
        publish(broker, b"x", b"y")
        broker.detach(subscription)
        broker.flush()
        assert (rows(store, "messages"), rows(store, "deliveries")) == (0, 0)

    on_loop(body)


def test_without_its_dead_letter_topic_a_message_stays(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        policy = {"dead_letter_topic": DEAD, "max_delivery_attempts": 5}
        subscription = subscribe(broker, "worker", dead_letter_policy=policy)
        publish(broker, b"x")
        for attempt in range(1, 8):
            [delivery] = broker.lease(subscription, 1)
            assert delivery.attempt == attempt
            broker.nack(subscription, delivery.message.id, delivery.lease)

    on_loop(body)


def test_a_dead_letter_moves_in_one_transaction(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        topic(broker, DEAD)
        policy = {"dead_letter_topic": DEAD, "max_delivery_attempts": 5}
        subscription = subscribe(broker, "worker", dead_letter_policy=policy)
        graves = subscribe(broker, "graves", topic=DEAD)
        publish(broker, b"x")
        batches: list[Batch] = []
        commit = store.commit

        def recording(batch: Batch) -> None:
            batches.append(batch)
            commit(batch)

        store.commit = recording  # type: ignore[method-assign]  # watched, not replaced
        for _ in range(5):
            [delivery] = broker.lease(subscription, 1)
            broker.nack(subscription, delivery.message.id, delivery.lease)
        moved = [batch for batch in batches if batch.messages]
        assert len(moved) == 1
        assert moved[0].settled == [(subscription.id, delivery.message.id)]
        assert (len(subscription.backlog), len(graves.backlog)) == (0, 1)

    on_loop(body)


def test_a_publish_that_the_disk_refuses_is_not_delivered(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        subscription = subscribe(broker, "worker")
        store._database.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError):
            publish(broker, b"x")
        store._database.execute("PRAGMA query_only = OFF")
        assert broker.lease(subscription, 1) == []
        publish(broker, b"y")
        assert [each.message.proto.data for each in broker.lease(subscription, 9)] == [b"y"]

    on_loop(body)


def test_settlements_that_the_disk_refuses_are_written_later(store: Store, clock: Clock) -> None:
    async def body() -> None:
        broker = Broker(store, clock)
        topic(broker)
        subscription = subscribe(broker, "worker")
        publish(broker, b"x")
        [delivery] = broker.lease(subscription, 1)
        broker.ack(subscription, delivery.message.id, delivery.lease)
        store._database.execute("PRAGMA query_only = ON")
        broker.flush()
        store._database.execute("PRAGMA query_only = OFF")
        assert rows(store, "deliveries") == 1
        broker.flush()
        assert rows(store, "deliveries") == 0

    on_loop(body)


def test_message_ids_do_not_come_again_after_a_restart(store: Store, clock: Clock) -> None:
    async def body() -> None:
        first = Broker(store, clock)
        topic(first)
        before = first.publish(TOPIC, [proto.PubsubMessage(data=b"x")] * 10)
        clock.now_s += 0.001
        after = Broker(store, clock).publish(TOPIC, [proto.PubsubMessage(data=b"x")] * 10)
        assert min(map(int, after)) > max(map(int, before))

    on_loop(body)
