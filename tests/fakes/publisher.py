"""A publisher that keeps what is published, and fails when told to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import BrokerUnavailable
from shared.events import Event
from shared.topics import AUDIT


@dataclass(frozen=True, slots=True)
class Published:
    """One message as it was published."""

    topic: str
    data: bytes
    attributes: dict[str, str]

    @property
    def event(self) -> Event:
        """The event in the message."""
        return Event.from_json(self.data)


@dataclass
class FakePublisher:
    """In place of shared.pubsub.publisher.Publisher. `fault` is raised instead of publishing while it is set.

    fails_after: the broker goes down once it has taken so many requests.
    """

    published: list[Published] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    fault: Exception | None = None
    fails_after: int | None = None

    def go_down(self) -> None:
        """The broker acknowledges nothing from here on."""
        self.fault = BrokerUnavailable("topic events: ServiceUnavailable: 503 stopped by the test")

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        """Keep one message; its id is its number."""
        return self.publish_all(topic, [(data, attributes)])[0]

    def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
        """Keep all messages, or none if there is a fault."""
        if len(self.requests) == self.fails_after:
            self.go_down()
        if self.fault is not None:
            raise self.fault
        self.requests.append(len(messages))
        first = len(self.published) + 1
        self.published += [Published(topic, bytes(data), dict(attributes)) for data, attributes in messages]
        return [str(first + number) for number in range(len(messages))]

    def to(self, topic: str) -> list[Published]:
        """What was published to one topic."""
        return [message for message in self.published if message.topic == topic]

    def entries(self) -> list[dict[str, Any]]:
        """What was published to the audit topic."""
        return [json.loads(message.data) for message in self.to(AUDIT)]

    def actions(self) -> Counter[str]:
        """How often each action was audited, repeats of one entry counted once."""
        return Counter({entry["entry_id"]: entry["action"] for entry in self.entries()}.values())


@dataclass(frozen=True)
class AsyncFakePublisher:
    """The same in place of shared.pubsub.async_publisher.AsyncPublisher."""

    fake: FakePublisher

    async def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
        """Keep all messages, or none if there is a fault; not at once, as no broker answers at once."""
        await asyncio.sleep(0)
        return self.fake.publish_all(topic, messages)


def patch_into(monkeypatch: Any, target: object, fake: FakePublisher) -> None:
    """Let the process's own publisher, which functions hold by reference, hand everything to `fake`."""
    monkeypatch.setattr(target, "publish", fake.publish)
    monkeypatch.setattr(target, "publish_all", fake.publish_all)
