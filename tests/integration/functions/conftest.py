"""The bundle's topics and subscriptions on the embedded Pub/Sub, and the process pointed at them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from google.cloud import pubsub_v1

from local.pubsub.testing import running_server
from shared.pubsub.publisher import Publisher
from shared.topics import PIPELINES, Pipeline, subscription_path, topic_path


@dataclass(frozen=True)
class Broker:
    """The embedded broker with the topics of all pipelines; dead letters can be pulled, pushes go nowhere."""

    subscriber: Any
    publisher: Publisher

    def bury(self, pipeline: Pipeline, *names: str, **attributes: str) -> None:
        """Dead letters with these names as data and event id."""
        for name in names:
            own = {"event_id": name, "site": "plant-1", "error_class": "MappingError", **attributes}
            self.publisher.publish(pipeline.dead_letters, name.encode(), own)

    def waiting(self, subscription: str) -> list[Any]:
        """Messages that can be pulled now, acknowledged."""
        path = subscription_path(subscription)
        found: list[Any] = []
        # Google's Pub/Sub may answer such a pull with nothing although messages wait; the embedded one does not.
        request = {"subscription": path, "max_messages": 1000, "return_immediately": True}
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            while pulled := self.subscriber.pull(request=request, timeout=30, retry=None).received_messages:
                ack_ids = [each.ack_id for each in pulled]
                self.subscriber.acknowledge(request={"subscription": path, "ack_ids": ack_ids})
                found += [each.message for each in pulled]
        return found


@pytest.fixture(scope="session")
def pubsub_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the embedded Pub/Sub, one for the session."""
    with running_server(tmp_path_factory.mktemp("pubsub")) as server:
        yield server.address


@pytest.fixture
def broker(pubsub_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Topics and subscriptions of a project that no other test uses."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_address)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", f"project-{uuid4().hex[:8]}")
    monkeypatch.delenv("RESOURCE_PREFIX", raising=False)
    monkeypatch.setenv("DEAD_LETTER_PULL_TIMEOUT_S", "0.75")
    monkeypatch.setattr("shared.dead_letters.queue._EMPTY_PULLS", 1)
    topics, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    names = {pipeline.topic for pipeline in PIPELINES.values()}
    for name in sorted(names | {pipeline.dead_letters for pipeline in PIPELINES.values()}):
        topics.create_topic(request={"name": topic_path(name)})
    for pipeline in PIPELINES.values():
        for subscription, topic in ((pipeline.name, pipeline.topic), (pipeline.dead_letters, pipeline.dead_letters)):
            subscriber.create_subscription(
                request={
                    "name": subscription_path(subscription),
                    "topic": topic_path(topic),
                    "ack_deadline_seconds": 600,
                }
            )
    yield Broker(subscriber, Publisher(topics))
    subscriber.close()
    topics.stop()
    topics.transport.close()
