"""Publishing from asyncio: nobody waits for company, who comes meanwhile shares, every caller learns the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from shared.errors import BrokerUnavailable
from shared.pubsub.batching import BatchingPublisher
from tests.fakes.publisher import AsyncFakePublisher, FakePublisher

Messages = Sequence[tuple[bytes, Mapping[str, str]]]
LONG_S = 60.0


class GatedPublisher(FakePublisher):
    """Lets a request pass only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = asyncio.Semaphore(0)
        self.may_pass = asyncio.Semaphore(0)

    def let_pass(self, count: int) -> None:
        for _ in range(count):
            self.may_pass.release()


class Port(AsyncFakePublisher):
    """The way to either fake."""

    async def publish_all(self, topic: str, messages: Messages) -> list[str]:
        if isinstance(self.fake, GatedPublisher):
            self.fake.under_way.release()
            await self.fake.may_pass.acquire()
        return await super().publish_all(topic, messages)


class Events(BatchingPublisher):
    """One that publishes to a fake."""

    def __init__(self, broker: FakePublisher, **options: float) -> None:
        super().__init__(Port(broker), "events", **options)

    async def published(
        self, data: bytes, attributes: Mapping[str, str] = MappingProxyType({}), timeout_s: float = LONG_S
    ) -> str:
        """The id of a message, once acknowledged."""
        return await self.publish(data, attributes, timeout_s=timeout_s)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 60))


def test_lone_message_leaves_at_once_and_alone() -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        assert await Events(broker).published(b"1", {"a": "b"}) == "1"
        assert (broker.published[0].topic, broker.published[0].attributes) == ("events", {"a": "b"})

    run(scenario())


def test_messages_that_arrive_meanwhile_share_the_next_request_and_get_their_own_ids() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=LONG_S)
        first = asyncio.create_task(events.published(b"0"))
        await broker.under_way.acquire()
        others = [asyncio.create_task(events.published(str(number).encode())) for number in range(1, 4)]
        await asyncio.sleep(0)
        broker.let_pass(2)
        ids = await asyncio.gather(first, *others)
        assert broker.requests == [1, 3]
        assert {broker.published[int(each) - 1].data for each in ids} == {b"0", b"1", b"2", b"3"}
        assert [broker.published[int(each) - 1].data for each in ids] == [b"0", b"1", b"2", b"3"]

    run(scenario())


@pytest.mark.parametrize(
    ("count", "size_bytes", "requests"),
    [
        (1201, 1, [301, 300, 300, 300]),
        (2401, 1, [500, 500, 500, 500, 401]),
        (20, 2**20, [8, 8, 4]),
        (2, 9 * 2**20, [1, 1]),
    ],
)
def test_requests_stay_within_what_pubsub_takes(count: int, size_bytes: int, requests: list[int]) -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        events = Events(broker)
        data = b"x" * size_bytes
        await asyncio.gather(*(events.published(data) for _ in range(count)))
        assert broker.requests == requests

    run(scenario())


def test_failure_reaches_every_caller_of_the_request_and_only_those() -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        events = Events(broker)
        broker.go_down()
        answers = await asyncio.gather(*(events.published(b"x") for _ in range(3)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [BrokerUnavailable] * 3
        broker.fault = None
        assert await events.published(b"y") == "1"

    run(scenario())


def test_broker_that_acknowledges_too_few_is_a_failure_and_nobody_waits_for_ever() -> None:
    class Forgetful(FakePublisher):
        def publish_all(self, topic: str, messages: Messages) -> list[str]:
            return super().publish_all(topic, messages)[:-1]

    async def scenario() -> None:
        events = Events(Forgetful())
        answers = await asyncio.gather(*(events.published(b"x") for _ in range(3)), return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)

    run(scenario())


def test_caller_that_gives_up_takes_nobody_along() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=LONG_S)
        impatient, patient = (asyncio.create_task(events.published(data)) for data in (b"0", b"1"))
        await broker.under_way.acquire()
        impatient.cancel()
        broker.let_pass(2)
        assert await patient
        assert [message.data for message in broker.published] == [b"0", b"1"]

    run(scenario())


def test_caller_whose_time_is_up_is_told_so_and_the_message_is_published_all_the_same() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=LONG_S)
        hasty = [asyncio.create_task(events.published(data, timeout_s=0.01)) for data in (b"0", b"1")]
        answers = await asyncio.gather(*hasty, return_exceptions=True)
        assert [type(answer) for answer in answers] == [TimeoutError, TimeoutError]
        broker.let_pass(2)
        assert await events.published(b"2") == "3"
        assert [message.data for message in broker.published] == [b"0", b"1", b"2"]

    run(scenario())


def test_request_that_hangs_delays_nobody_else() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=0.01)
        hanging = asyncio.create_task(events.published(b"0"))
        await broker.under_way.acquire()
        others = [asyncio.create_task(events.published(data)) for data in (b"1", b"2")]
        await broker.under_way.acquire()
        assert not any(task.done() for task in (hanging, *others))
        broker.let_pass(2)
        await asyncio.gather(hanging, *others)
        assert broker.requests == [1, 2]

    run(scenario())


def test_enough_messages_do_not_wait_for_the_request_that_is_under_way() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=LONG_S)
        publishing = [asyncio.create_task(events.published(b"first"))]
        await broker.under_way.acquire()
        publishing += [asyncio.create_task(events.published(b"x")) for _ in range(40)]
        await broker.under_way.acquire()
        broker.let_pass(3)
        await asyncio.gather(*publishing)
        assert broker.requests == [1, 32, 8]

    run(scenario())


def test_no_more_than_four_requests_are_under_way() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = Events(broker, patience_s=0.01)
        publishing = []
        for _ in range(4):
            publishing.append(asyncio.create_task(events.published(b"x")))
            await broker.under_way.acquire()
        publishing += [asyncio.create_task(events.published(b"late")) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert broker.under_way.locked()
        broker.let_pass(5)
        await asyncio.gather(*publishing)
        assert sorted(broker.requests) == [1, 1, 1, 1, 3]

    run(scenario())
