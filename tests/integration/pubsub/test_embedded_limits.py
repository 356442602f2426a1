"""What the embedded server does by itself: concurrency of push, deadlines, features that it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import urllib3
from google.api_core import exceptions

from local.pubsub import validation
from local.pubsub.side_door import BACKLOG_PATH, CERTS_PATH
from local.pubsub.testing import RunningServer, running_server
from tests.integration.pubsub.conftest import Bench, clients_of
from tests.integration.pubsub.receiver import Receiver


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Clients of a server with a push concurrency of 4."""
    with (
        running_server(tmp_path, push_concurrency=4) as server,
        clients_of(server.address, monkeypatch) as bench,
    ):
        yield bench


def test_no_more_requests_are_in_flight_than_the_concurrency_allows(own: Bench) -> None:
    def slow(_: int) -> int:
        time.sleep(0.1)
        return 204

    with Receiver(answer=slow) as receiver:
        topic = own.topic()
        own.subscription(topic, push_config={"push_endpoint": receiver.url})
        own.publish(topic, *[{"data": b"x"}] * 20)
        receiver.wait_for(20)
        assert 2 <= receiver.most_at_once <= 4


def test_a_slow_endpoint_does_not_hold_up_the_others(own: Bench, receiver: Receiver) -> None:
    def slow(_: int) -> int:
        time.sleep(3)
        return 204

    with Receiver(answer=slow) as sluggish:
        topic = own.topic()
        own.subscription(topic, "sluggish", push_config={"push_endpoint": sluggish.url})
        own.subscription(topic, "brisk", push_config={"push_endpoint": receiver.url})
        own.publish(topic, *[{"data": b"x"}] * 20)
        receiver.wait_for(20)
        assert len(sluggish.requests) < 20


def test_no_answer_within_the_ack_deadline_is_a_failure(own: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # The service's own minimum is 10 s, which is long for a test.
    monkeypatch.setattr(validation, "_ACK_DEADLINE_S", (1, 600))

    def slow_once(number: int) -> int:
        if number == 0:
            time.sleep(3)
        return 204

    with Receiver(answer=slow_once) as receiver:
        topic, dead = own.topic(), own.topic("dead")
        policy = {"dead_letter_topic": dead, "max_delivery_attempts": 5}
        config = {"push_endpoint": receiver.url}
        own.subscription(topic, push_config=config, ack_deadline_seconds=1, dead_letter_policy=policy)
        own.publish(topic, {"data": b"x"})
        assert [each.envelope["deliveryAttempt"] for each in receiver.wait_for(2)] == [1, 2]
        assert receiver.stays_at(2, for_s=2.5)


REFUSED: dict[str, dict[str, Any]] = {
    "exactly once": {"enable_exactly_once_delivery": True},
    "cloud storage": {"cloud_storage_config": {"bucket": "b"}},
    "topic schema": {"bigquery_config": {"table": "p.d.t", "use_topic_schema": True}},
    "table schema": {"bigquery_config": {"table": "p.d.t", "use_table_schema": True}},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_a_feature_that_is_missing_is_refused_by_name(own: Bench, fields: dict[str, Any]) -> None:
    topic = own.topic()
    with pytest.raises(exceptions.MethodNotImplemented, match="not supported"):
        own.subscription(topic, **fields)


def test_a_bigquery_subscription_needs_a_server_with_an_endpoint(own: Bench) -> None:
    topic = own.topic()
    with pytest.raises(exceptions.FailedPrecondition, match="BigQuery endpoint"):
        own.subscription(topic, bigquery_config={"table": "p.d.t"})


def test_methods_that_are_missing_are_refused_by_name(own: Bench) -> None:
    subscription = own.subscription(own.topic())
    snapshot = {"name": f"{own.project}/snapshots/snap", "subscription": subscription}
    with pytest.raises(exceptions.MethodNotImplemented, match="CreateSnapshot is not supported"):
        own.subscriber.create_snapshot(request=snapshot)


def test_the_backlog_of_every_subscription_is_told_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server(tmp_path) as server, clients_of(server.address, monkeypatch) as bench:
        topic = bench.topic()
        subscription = bench.subscription(topic)
        bench.publish(topic, {"data": b"x"}, {"data": b"y"})
        bench.acknowledge(subscription, bench.pull(subscription, 2)[0])
        url = server.certs_url.replace(CERTS_PATH, BACKLOG_PATH)
        assert urllib3.request("GET", url, retries=False).json() == {subscription: 1}


def test_schemas_are_refused_by_name(embedded_pubsub: RunningServer) -> None:
    with grpc.insecure_channel(embedded_pubsub.address) as channel:
        call = channel.unary_unary("/google.pubsub.v1.SchemaService/ListSchemas")
        with pytest.raises(grpc.RpcError, match="ListSchemas is not supported"):
            call(b"", timeout=5)


def test_an_open_stream_learns_that_its_subscription_was_deleted(own: Bench) -> None:
    subscription = own.subscription(own.topic())
    future = own.subscriber.subscribe(subscription, lambda message: message.ack())
    time.sleep(0.3)
    own.subscriber.delete_subscription(request={"subscription": subscription})
    with pytest.raises(exceptions.NotFound):
        future.result(10)


def test_an_open_stream_is_told_to_connect_again_when_the_server_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_server(tmp_path) as server:
        clients = clients_of(server.address, monkeypatch)
        subscription = clients.bench.subscription(clients.bench.topic())
        first = {"subscription": subscription, "stream_ack_deadline_seconds": 10}
        stream = clients.bench.subscriber.streaming_pull(requests=iter([first]), timeout=30, retry=None)
    # UNAVAILABLE is the status upon which the client's streaming pull opens a new stream.
    with clients, pytest.raises(exceptions.ServiceUnavailable):
        next(iter(stream))
