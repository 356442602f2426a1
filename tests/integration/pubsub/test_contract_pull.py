"""Contract: publishing, pulling, acknowledging, and what happens without an acknowledgement."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions

from tests.integration.pubsub.conftest import Bench

IMMEDIATE_S = 1


def test_a_message_arrives_as_it_was_published(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    before = datetime.now(UTC) - timedelta(seconds=1)
    [message_id] = bench.publish(topic, {"data": b"\x00\xff", "attributes": {"site": "köln"}})
    [received] = bench.pull(subscription)
    assert received.message.data == b"\x00\xff"
    assert dict(received.message.attributes) == {"site": "köln"}
    assert received.message.message_id == message_id
    assert before < received.message.publish_time < datetime.now(UTC) + timedelta(seconds=1)


def test_message_ids_are_unique_within_the_topic(bench: Bench) -> None:
    topic = bench.topic()
    ids = [*bench.publish(topic, *[{"data": b"x"}] * 50), *bench.publish(topic, *[{"data": b"x"}] * 50)]
    assert len(set(ids)) == 100


def test_every_subscription_gets_every_message(bench: Bench) -> None:
    topic = bench.topic()
    subscriptions = [bench.subscription(topic, f"worker-{number}") for number in range(3)]
    bench.publish(topic, {"data": b"x"})
    for subscription in subscriptions:
        [received] = bench.pull(subscription)
        bench.acknowledge(subscription, received)


def test_a_subscription_gets_nothing_published_before_it(bench: Bench) -> None:
    topic = bench.topic()
    bench.publish(topic, {"data": b"early"})
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"late"})
    assert [each.message.data for each in bench.pull(subscription)] == [b"late"]


def test_an_acknowledged_message_does_not_come_again(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"x"})
    [received] = bench.pull(subscription)
    bench.extend(subscription, IMMEDIATE_S, received)
    bench.acknowledge(subscription, received)
    time.sleep(IMMEDIATE_S + 0.5)
    bench.pull_nothing(subscription)


def test_acknowledging_what_is_no_message_is_answered_at_once(bench: Bench) -> None:
    topic = bench.topic()
    request = {"subscription": bench.subscription(topic), "ack_ids": ["none"]}
    with contextlib.suppress(exceptions.InvalidArgument):
        bench.subscriber.acknowledge(request=request, timeout=10, retry=None)


def test_a_leased_message_is_not_handed_out_twice(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"x"})
    bench.pull(subscription)
    bench.pull_nothing(subscription)


def test_a_nack_without_retry_policy_delivers_again_at_once(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"x"})
    [received] = bench.pull(subscription)
    bench.extend(subscription, 0, received)
    [again] = bench.pull(subscription)
    assert again.message.message_id == received.message.message_id


def test_a_message_comes_again_when_its_deadline_has_passed(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"x"})
    [received] = bench.pull(subscription)
    bench.extend(subscription, IMMEDIATE_S, received)
    [again] = bench.pull(subscription)
    assert again.message.message_id == received.message.message_id


def test_pull_waits_the_minimum_backoff_after_a_nack(bench: Bench) -> None:
    topic = bench.topic()
    policy = {"minimum_backoff": {"seconds": 3}, "maximum_backoff": {"seconds": 10}}
    subscription = bench.subscription(topic, retry_policy=policy)
    bench.publish(topic, {"data": b"x"})
    [received] = bench.pull(subscription)
    nacked_at_s = time.monotonic()
    bench.extend(subscription, 0, received)
    bench.pull(subscription)
    assert time.monotonic() - nacked_at_s >= 2.9


def test_a_pulled_message_counts_its_attempts_and_is_then_dead_lettered(bench: Bench) -> None:
    topic, dead = bench.topic(), bench.topic("dead")
    graves = bench.subscription(dead, "graves")
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    subscription = bench.subscription(topic, dead_letter_policy=policy)
    before = datetime.now(UTC) - timedelta(seconds=1)
    bench.publish(topic, {"data": b"x", "attributes": {"site": "a"}})
    attempts = []
    for _ in range(5):
        [received] = bench.pull(subscription)
        attempts.append(received.delivery_attempt)
        bench.extend(subscription, 0, received)
    assert attempts == [1, 2, 3, 4, 5]
    # Only when the subscription is pulled again does Google's emulator look at the count.
    bench.pull_nothing(subscription)
    [letter] = bench.pull(graves)
    assert letter.message.data == b"x"
    source = "CloudPubSubDeadLetterSource"
    attributes = dict(letter.message.attributes)
    published_at = datetime.fromisoformat(attributes.pop(f"{source}TopicPublishTime"))
    assert before < published_at < datetime.now(UTC) + timedelta(seconds=1)
    assert attributes == {
        "site": "a",
        f"{source}DeliveryCount": "5",
        f"{source}Subscription": "worker",
        f"{source}SubscriptionProject": bench.project.split("/")[1],
    }


def test_without_a_dead_letter_policy_no_attempt_is_told(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"x"})
    assert bench.pull(subscription)[0].delivery_attempt == 0


def test_seek_to_now_acknowledges_the_backlog(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, {"data": b"old"})
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    time.sleep(0.4)
    bench.subscriber.seek(request={"subscription": subscription, "time": soon})
    bench.publish(topic, {"data": b"new"})
    assert [each.message.data for each in bench.pull(subscription)] == [b"new"]


def test_pulling_a_missing_subscription_is_refused(bench: Bench) -> None:
    name = f"{bench.project}/subscriptions/missing"
    with pytest.raises(exceptions.NotFound):
        bench.subscriber.pull(request={"subscription": name, "max_messages": 1}, timeout=5)


def test_streaming_pull_delivers_what_is_published_while_it_is_open(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    came: list[bytes] = []
    all_came = threading.Event()

    def take(message: object) -> None:
        came.append(message.data)  # type: ignore[attr-defined] # the client's Message has no type information
        message.ack()  # type: ignore[attr-defined]
        if len(set(came)) == 300:
            all_came.set()

    future = bench.subscriber.subscribe(subscription, take)
    try:
        published = [bench.publisher.publish(topic, str(number).encode()) for number in range(300)]
        for each in published:
            each.result(10)
        assert all_came.wait(20), f"{len(set(came))} of 300 came"
    finally:
        future.cancel()
        future.result(10)
    assert set(came) == {str(number).encode() for number in range(300)}


def test_streaming_pull_keeps_within_the_clients_flow_control(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publish(topic, *[{"data": b"x"}] * 20)
    first = {
        "subscription": subscription,
        "stream_ack_deadline_seconds": 10,
        "max_outstanding_messages": 3,
    }
    finished = threading.Event()

    def requests() -> object:
        yield first
        finished.wait(30)

    stream = bench.subscriber.streaming_pull(requests=requests(), timeout=30)
    got: list[str] = []
    try:
        for response in stream:
            got += [each.ack_id for each in response.received_messages]
            if len(got) >= 3:
                break
        assert len(got) == 3
        bench.subscriber.acknowledge(request={"subscription": subscription, "ack_ids": got})
        following = next(iter(stream))
        assert 1 <= len(following.received_messages) <= 3
    finally:
        finished.set()
        stream.cancel()


def test_ordered_messages_come_in_order(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic, enable_message_ordering=True)
    for number in range(6):
        bench.publish(topic, {"data": str(number).encode(), "ordering_key": "k"})
    seen: list[bytes] = []
    while len(seen) < 6:
        received = bench.pull(subscription)
        seen += [each.message.data for each in received]
        bench.acknowledge(subscription, *received)
    assert seen == sorted(seen)


def test_a_nack_holds_back_the_later_messages_of_its_key(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic, enable_message_ordering=True)
    for number in range(6):
        bench.publish(topic, {"data": str(number).encode(), "ordering_key": "k"})
    seen: list[bytes] = []
    refused = False
    while len(seen) < 6:
        for received in bench.pull(subscription):
            if received.message.data == b"2" and not refused:
                refused = True
                bench.extend(subscription, 0, received)
                break
            seen.append(received.message.data)
            bench.acknowledge(subscription, received)
    assert seen == sorted(seen)
