"""Publishing from asyncio: nobody waits for company, who comes meanwhile shares, every caller learns the truth."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.errors import BrokerUnavailable
from shared.pubsub.batching import BatchingPublisher
from tests.fakes.publisher import FakePublisher


class GatedPublisher(FakePublisher):
    """Lets a request pass only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = threading.Semaphore(0)
        self.may_pass = threading.Semaphore(0)

    def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
        self.under_way.release()
        assert self.may_pass.acquire(timeout=30)
        return super().publish_all(topic, messages)

    def let_pass(self, count: int) -> None:
        for _ in range(count):
            self.may_pass.release()


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 30))


def test_lone_message_leaves_at_once_and_alone() -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        assert await BatchingPublisher(broker, "events").publish(b"1", {"a": "b"}) == "1"
        assert (broker.published[0].topic, broker.published[0].attributes) == ("events", {"a": "b"})

    run(scenario())


def test_messages_that_arrive_meanwhile_share_the_next_request_and_get_their_own_ids() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = BatchingPublisher(broker, "events", patience_s=30)
        first = asyncio.create_task(events.publish(b"0", {}))
        await asyncio.to_thread(broker.under_way.acquire)
        others = [asyncio.create_task(events.publish(str(number).encode(), {})) for number in range(1, 4)]
        await asyncio.sleep(0)
        broker.let_pass(2)
        ids = await asyncio.gather(first, *others)
        assert broker.requests == [1, 3]
        assert {broker.published[int(each) - 1].data for each in ids} == {b"0", b"1", b"2", b"3"}
        assert [broker.published[int(each) - 1].data for each in ids] == [b"0", b"1", b"2", b"3"]

    run(scenario())


@pytest.mark.parametrize(
    ("count", "size_bytes", "requests"), [(1201, 1, [500, 500, 201]), (20, 2**20, [8, 8, 4]), (2, 9 * 2**20, [1, 1])]
)
def test_requests_stay_within_what_pubsub_takes(count: int, size_bytes: int, requests: list[int]) -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        events = BatchingPublisher(broker, "events")
        data = b"x" * size_bytes
        await asyncio.gather(*(events.publish(data, {}) for _ in range(count)))
        assert broker.requests == requests

    run(scenario())


def test_failure_reaches_every_caller_of_the_request_and_only_those() -> None:
    async def scenario() -> None:
        broker = FakePublisher()
        events = BatchingPublisher(broker, "events")
        broker.go_down()
        answers = await asyncio.gather(*(events.publish(b"x", {}) for _ in range(3)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [BrokerUnavailable] * 3
        broker.fault = None
        assert await events.publish(b"y", {}) == "1"

    run(scenario())


def test_broker_that_acknowledges_too_few_is_a_failure_and_nobody_waits_for_ever() -> None:
    class Forgetful(FakePublisher):
        def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
            return super().publish_all(topic, messages)[:-1]

    async def scenario() -> None:
        events = BatchingPublisher(Forgetful(), "events")
        answers = await asyncio.gather(*(events.publish(b"x", {}) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)

    run(scenario())


def test_caller_that_gives_up_takes_nobody_along() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = BatchingPublisher(broker, "events", patience_s=30)
        impatient, patient = (asyncio.create_task(events.publish(data, {})) for data in (b"0", b"1"))
        await asyncio.to_thread(broker.under_way.acquire)
        impatient.cancel()
        broker.let_pass(2)
        assert await patient
        assert [message.data for message in broker.published] == [b"0", b"1"]

    run(scenario())


def test_request_that_hangs_delays_nobody_else() -> None:
    class HangsOnZero(FakePublisher):
        begun, released = threading.Event(), threading.Event()

        def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
            if messages[0][0] == b"0":
                self.begun.set()
                assert self.released.wait(30)
            return super().publish_all(topic, messages)

    async def scenario() -> None:
        broker = HangsOnZero()
        events = BatchingPublisher(broker, "events", patience_s=0.01)
        hanging = asyncio.create_task(events.publish(b"0", {}))
        await asyncio.to_thread(broker.begun.wait, 30)
        for data in (b"1", b"2"):
            await events.publish(data, {})
        assert not hanging.done()
        broker.released.set()
        await hanging
        assert [message.data for message in broker.published] == [b"1", b"2", b"0"]

    run(scenario())


def test_no_more_than_four_requests_are_under_way() -> None:
    async def scenario() -> None:
        broker = GatedPublisher()
        events = BatchingPublisher(broker, "events", patience_s=0.01)
        publishing = []
        for _ in range(4):
            publishing.append(asyncio.create_task(events.publish(b"x", {})))
            await asyncio.to_thread(broker.under_way.acquire)
        publishing += [asyncio.create_task(events.publish(b"late", {})) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert not await asyncio.to_thread(broker.under_way.acquire, True, 0.05)
        broker.let_pass(5)
        await asyncio.gather(*publishing)
        assert sorted(broker.requests) == [1, 1, 1, 1, 3]

    run(scenario())


def test_requests_do_not_wait_for_threads_that_others_use() -> None:
    async def scenario() -> None:
        released = threading.Event()
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = asyncio.create_task(asyncio.to_thread(released.wait, 30))
        await asyncio.sleep(0)
        assert await BatchingPublisher(FakePublisher(), "events").publish(b"1", {}) == "1"
        assert not busy.done()
        released.set()
        assert await busy

    run(scenario())
