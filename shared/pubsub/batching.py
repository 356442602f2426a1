"""Publishing from asyncio: messages that arrive while a request is under way share the next one.

No waiting time is added: a message that arrives while nothing is under way leaves at once, alone. A request that takes
longer than usual is no longer waited for: the next one leaves beside it, so that one that hangs delays nobody else. Nor
is it waited for once enough messages wait to make another request worth its cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Protocol

from shared.pubsub.publisher import Message
from shared.time_limit import Limits

# Pub/Sub takes at most 1,000 messages and 10 MB a request; our bodies are capped at 1 MiB each.
_MAX_MESSAGES = 500
_MAX_BYTES = 8 * 2**20
_MAX_UNDER_WAY = 4
# From here on, a request's own cost is small beside that of its messages.
_ENOUGH_MESSAGES = 32
# Well over what a request to Pub/Sub takes, so that under load messages still gather for the next one.
_PATIENCE_S = 0.1


class BatchPublishPort(Protocol):
    """What is needed of a publisher; `shared.pubsub.async_publisher.AsyncPublisher` has it."""

    async def publish_all(self, topic: str, messages: Sequence[Message]) -> list[str]:
        """Publish messages in one request: all of them are acknowledged, or BrokerUnavailable."""


class BatchingPublisher:
    """Publishes to one topic. Use from one event loop."""

    def __init__(self, publisher: BatchPublishPort, topic: str, *, patience_s: float = _PATIENCE_S) -> None:
        self._publisher = publisher
        self._topic = topic
        self._patience_s = patience_s
        self._waiting: list[tuple[Message, asyncio.Future[str]]] = []
        self._is_due = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._waited_for: asyncio.Task[None] | None = None
        self._limits = Limits()

    def publish(self, data: bytes, attributes: Mapping[str, str], *, timeout_s: float) -> asyncio.Future[str]:
        """Publish; gives the message id once the broker acknowledged, BrokerUnavailable if it did not.

        TimeoutError after `timeout_s`, which is to be the same for all. A caller that gives up, or whose time is up,
        takes nothing back: the message may be published all the same.
        """
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[str] = loop.create_future()
        self._waiting.append(((data, attributes), acknowledged))
        self._limits.add(acknowledged, timeout_s, loop)
        if not self._is_due:  # after all that is ready in this turn of the loop: it may publish too
            self._is_due = True
            loop.call_soon(self._leave)
        return acknowledged

    def _leave(self) -> None:
        """Send what should not wait any longer."""
        self._is_due = False
        while self._waiting and (self._waited_for is None or len(self._waiting) >= _ENOUGH_MESSAGES):
            free = _MAX_UNDER_WAY - len(self._under_way)
            if not free:
                return
            share = max(_ENOUGH_MESSAGES, ceil(len(self._waiting) / free))
            loop = asyncio.get_running_loop()
            request = loop.create_task(self._send(self._take_batch(share)))
            self._under_way.add(request)
            self._waited_for = request
            request.add_done_callback(self._end)
            loop.call_later(self._patience_s, self._wait_no_more_for, request)

    def _end(self, request: asyncio.Task[None]) -> None:
        self._under_way.discard(request)
        if self._waited_for is request:
            self._waited_for = None
        self._leave()

    def _wait_no_more_for(self, request: asyncio.Task[None]) -> None:
        if self._waited_for is request:
            self._waited_for = None
            self._leave()

    async def _send(self, batch: list[tuple[Message, asyncio.Future[str]]]) -> None:
        try:
            ids = await self._publisher.publish_all(self._topic, [message for message, _ in batch])
            answers = list(zip(batch, ids, strict=True))
        except Exception as error:  # handed to every caller of the batch
            for _, acknowledged in batch:
                if not acknowledged.done():
                    acknowledged.set_exception(error)
        else:
            for (_, acknowledged), message_id in answers:
                if not acknowledged.done():
                    acknowledged.set_result(message_id)

    def _take_batch(self, share: int) -> list[tuple[Message, asyncio.Future[str]]]:
        size = count = 0
        for (data, _), _ in self._waiting[: min(share, _MAX_MESSAGES)]:
            size += len(data)
            if count and size > _MAX_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch
