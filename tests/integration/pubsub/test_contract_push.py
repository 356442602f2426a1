"""Contract: push deliveries, byte by byte, and what the endpoint's answers lead to."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from tests.integration.pubsub.conftest import Bench
from tests.integration.pubsub.receiver import Receiver

ACKNOWLEDGING = [102, 200, 201, 204]
REFUSING = [301, 400, 404, 429, 500, 503]
FAST_RETRY = {"minimum_backoff": {"seconds": 1}, "maximum_backoff": {"seconds": 1}}


def failing_first(failures: int) -> Any:
    """Answers 500 `failures` times, then 204."""
    return lambda number: 500 if number < failures else 204


def pushed(bench: Bench, topic: str, receiver: Receiver, **fields: Any) -> str:
    """A push subscription to the receiver."""
    config = {"push_endpoint": receiver.url, **fields.pop("push_config", {})}
    return bench.subscription(topic, push_config=config, **fields)


def test_push_posts_the_documented_envelope(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    subscription = pushed(bench, topic, receiver)
    [message_id] = bench.publish(topic, {"data": b"\xffhello", "attributes": {"site": "a"}})
    [request] = receiver.wait_for(1)
    envelope = request.envelope
    published = envelope["message"].pop("publishTime")
    assert envelope == {
        "subscription": subscription,
        "message": {
            "data": base64.b64encode(b"\xffhello").decode(),
            "attributes": {"site": "a"},
            "messageId": message_id,
            "message_id": message_id,
            "publish_time": published,
        },
    }
    assert published.endswith("Z")
    assert request.headers["content-type"] == "application/json"


def test_push_leaves_out_data_and_attributes_that_are_empty(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    pushed(bench, topic, receiver)
    bench.publish(topic, {"attributes": {"a": "1"}}, {"data": b"x"})
    bodies = [request.message for request in receiver.wait_for(2)]
    assert sorted(("data" in body, "attributes" in body) for body in bodies) == [(False, True), (True, False)]


def test_push_tells_the_ordering_key(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    pushed(bench, topic, receiver, enable_message_ordering=True)
    bench.publish(topic, {"data": b"x", "ordering_key": "asset-7"})
    [request] = receiver.wait_for(1)
    assert request.message["orderingKey"] == "asset-7"


def test_push_tells_the_delivery_attempt_with_a_dead_letter_policy(bench: Bench, receiver: Receiver) -> None:
    topic, dead = bench.topic(), bench.topic("dead")
    receiver.answer = failing_first(2)
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    pushed(bench, topic, receiver, dead_letter_policy=policy)
    bench.publish(topic, {"data": b"x"})
    assert [each.envelope["deliveryAttempt"] for each in receiver.wait_for(3)] == [1, 2, 3]


def test_push_without_a_dead_letter_policy_tells_no_attempt(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    pushed(bench, topic, receiver)
    bench.publish(topic, {"data": b"x"})
    assert "deliveryAttempt" not in receiver.wait_for(1)[0].envelope


def test_push_carries_an_oidc_token(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    token = {"service_account_email": "push@demo.iam.gserviceaccount.com", "audience": "https://function"}
    pushed(bench, topic, receiver, push_config={"oidc_token": token})
    bench.publish(topic, {"data": b"x"})
    [request] = receiver.wait_for(1)
    assert request.headers["authorization"].startswith("Bearer ey")


def test_unwrapped_push_posts_the_bare_data(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    config = {"no_wrapper": {"write_metadata": True}}
    subscription = pushed(bench, topic, receiver, push_config=config)
    [message_id] = bench.publish(topic, {"data": b"hello", "attributes": {"site": "a"}})
    [request] = receiver.wait_for(1)
    assert request.body == b"hello"
    assert request.headers["x-goog-pubsub-message-id"] == message_id
    assert request.headers["x-goog-pubsub-subscription-name"] == subscription
    assert request.headers["site"] == "a"


def test_unwrapped_push_keeps_bytes_that_are_no_text(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    pushed(bench, topic, receiver, push_config={"no_wrapper": {}})
    bench.publish(topic, {"data": b"\xff\x00"})
    assert receiver.wait_for(1)[0].body == b"\xff\x00"


@pytest.mark.parametrize("status", ACKNOWLEDGING)
def test_an_acknowledging_status_ends_the_delivery(bench: Bench, receiver: Receiver, status: int) -> None:
    _acknowledges(bench, receiver, status)


def test_status_202_acknowledges(bench: Bench, receiver: Receiver) -> None:
    _acknowledges(bench, receiver, 202)


@pytest.mark.parametrize("status", REFUSING)
def test_any_other_status_delivers_again(bench: Bench, receiver: Receiver, status: int) -> None:
    topic = bench.topic()
    receiver.answer = lambda number: status if number == 0 else 204
    pushed(bench, topic, receiver)
    bench.publish(topic, {"data": b"x"})
    first, second = receiver.wait_for(2)[:2]
    assert first.message["messageId"] == second.message["messageId"]


def test_an_endpoint_that_is_down_gets_the_message_once_it_is_up(bench: Bench) -> None:
    topic = bench.topic()
    with Receiver() as gone:
        url = gone.url
    subscription = bench.subscription(topic, push_config={"push_endpoint": url}, retry_policy=FAST_RETRY)
    bench.publish(topic, {"data": b"x"})
    time.sleep(0.3)
    with Receiver() as endpoint:
        bench.subscriber.modify_push_config(
            request={"subscription": subscription, "push_config": {"push_endpoint": endpoint.url}}
        )
        assert endpoint.wait_for(1)[0].message["data"] == base64.b64encode(b"x").decode()


def test_push_waits_the_minimum_backoff_before_the_first_retry(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    receiver.answer = failing_first(1)
    policy = {"minimum_backoff": {"seconds": 3}, "maximum_backoff": {"seconds": 10}}
    pushed(bench, topic, receiver, retry_policy=policy)
    bench.publish(topic, {"data": b"x"})
    first, second = receiver.wait_for(2)
    assert second.at_s - first.at_s >= 2.9


def test_a_pushed_message_is_dead_lettered_after_its_attempts(bench: Bench, receiver: Receiver) -> None:
    topic, dead = bench.topic(), bench.topic("dead")
    graves = bench.subscription(dead, "graves")
    receiver.answer = lambda _: 500
    policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
    pushed(bench, topic, receiver, dead_letter_policy=policy, retry_policy=FAST_RETRY)
    bench.publish(topic, {"data": b"x"})
    [letter] = bench.pull(graves)
    assert letter.message.attributes["CloudPubSubDeadLetterSourceDeliveryCount"] == "5"
    assert len(receiver.requests) == 5


def test_ordered_push_holds_back_the_later_messages_of_a_key(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    receiver.answer = failing_first(2)
    pushed(bench, topic, receiver, enable_message_ordering=True, retry_policy=FAST_RETRY)
    for number in range(4):
        bench.publish(topic, {"data": str(number).encode(), "ordering_key": "k"})
    data = [base64.b64decode(each.message["data"]) for each in receiver.wait_for(6)]
    assert data == [b"0", b"0", b"0", b"1", b"2", b"3"]


def test_an_emptied_push_config_makes_it_a_pull_subscription(bench: Bench, receiver: Receiver) -> None:
    topic = bench.topic()
    subscription = pushed(bench, topic, receiver)
    bench.subscriber.modify_push_config(request={"subscription": subscription, "push_config": {}})
    bench.publish(topic, {"data": b"x"})
    assert bench.pull(subscription)[0].message.data == b"x"
    assert receiver.requests == []


def _acknowledges(bench: Bench, receiver: Receiver, status: int) -> None:
    topic = bench.topic()
    receiver.answer = lambda _: status
    pushed(bench, topic, receiver)
    bench.publish(topic, {"data": b"x"})
    receiver.wait_for(1)
    # A nack is pushed again after 0.1 s by the documented backoff, after 1 s by Google's emulator.
    assert receiver.stays_at(1, for_s=2.5)
