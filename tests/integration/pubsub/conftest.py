"""The contract suite's two implementations, and clients that find them by PUBSUB_EMULATOR_HOST alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.pubsub_v1 import PublisherClient as GapicPublisherClient

from tests.integration.pubsub.known_differences import EMBEDDED, GOOGLE_EMULATOR, KNOWN_DIFFERENCES
from tests.integration.pubsub.receiver import Receiver

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bench:
    """Clients of one implementation and names that no other test uses."""

    publisher: Any
    subscriber: Any
    project: str

    def topic(self, name: str = "events", **fields: Any) -> str:
        """Creates a topic; returns its full name."""
        path = f"{self.project}/topics/{name}"
        self.publisher.create_topic(request={"name": path, **fields})
        return path

    def subscription(self, topic: str, name: str = "worker", **fields: Any) -> str:
        """Creates a subscription; returns its full name."""
        path = f"{self.project}/subscriptions/{name}"
        self.subscriber.create_subscription(request={"name": path, "topic": topic, **fields})
        return path

    def publish(self, topic: str, *messages: dict[str, Any]) -> list[str]:
        """Publishes in one request; returns the message ids."""
        # The call beneath the client's batching, which has the same name in the class below.
        request = {"topic": topic, "messages": list(messages)}
        answer = GapicPublisherClient.publish(self.publisher, request=request, timeout=10)
        return list(answer.message_ids)

    def pull(self, subscription: str, wanted: int = 1, tries: int = 20) -> list[Any]:
        """Pulls until `wanted` messages have come; fails if they do not come."""
        received: list[Any] = []
        for _ in range(tries):
            request = {"subscription": subscription, "max_messages": 100}
            # The deadline passes when Google's emulator has nothing to hand out.
            with suppress(exceptions.DeadlineExceeded):
                received += self.subscriber.pull(request=request, timeout=2, retry=None).received_messages
            if len(received) >= wanted:
                return received
        raise AssertionError(f"{len(received)} of {wanted} messages came")

    def pull_nothing(self, subscription: str) -> None:
        """Asserts that no message is available."""
        request = {"subscription": subscription, "max_messages": 100, "return_immediately": True}
        assert not self.subscriber.pull(request=request, timeout=5).received_messages

    def acknowledge(self, subscription: str, *received: Any) -> None:
        """Acknowledges."""
        ack_ids = [each.ack_id for each in received]
        self.subscriber.acknowledge(request={"subscription": subscription, "ack_ids": ack_ids})

    def extend(self, subscription: str, deadline_s: int, *received: Any) -> None:
        """Moves the ack deadline; 0 is a nack."""
        ack_ids = [each.ack_id for each in received]
        self.subscriber.modify_ack_deadline(
            request={"subscription": subscription, "ack_ids": ack_ids, "ack_deadline_seconds": deadline_s}
        )


@pytest.fixture(params=[EMBEDDED, GOOGLE_EMULATOR])
def implementation(request: pytest.FixtureRequest) -> str:
    """Name of the implementation under test."""
    return str(request.param)


@pytest.fixture
def bench(implementation: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Clients of the implementation under test."""
    if implementation == EMBEDDED:
        address = request.getfixturevalue("embedded_pubsub").address
    else:
        address = request.getfixturevalue("pubsub_emulator")
    with clients_of(address, monkeypatch) as made:
        yield made
        _delete_all(made)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A push endpoint that acknowledges."""
    with Receiver() as endpoint:
        yield endpoint


class clients_of:  # noqa: N801 - a context manager, read as a function
    """The unmodified clients, pointed at `address` by the environment and nothing else."""

    def __init__(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
        self.bench = Bench(
            pubsub_v1.PublisherClient(publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True)),
            pubsub_v1.SubscriberClient(),
            f"projects/contract-{next(_numbers)}",
        )

    def __enter__(self) -> Bench:
        return self.bench

    def __exit__(self, *_: object) -> None:
        self.bench.subscriber.close()
        self.bench.publisher.stop()
        self.bench.publisher.transport.close()


def _delete_all(bench: Bench) -> None:
    """Google's emulator keeps pushing to endpoints of tests that are over."""
    for subscription in bench.subscriber.list_subscriptions(request={"project": bench.project}):
        bench.subscriber.delete_subscription(request={"subscription": subscription.name})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what an implementation is known to do otherwise."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        implementation = callspec.params.get("implementation") if callspec else None
        if implementation is None:
            continue
        reason = KNOWN_DIFFERENCES[implementation].get(getattr(item, "originalname", item.name))
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=f"{implementation}: {reason}", strict=True))
