"""Publishing from asyncio: messages that arrive while a request is under way share the next one.

No waiting time is added: a message that arrives while nothing is under way leaves at once, alone. A request that takes
longer than usual is no longer waited for: the next one leaves beside it, so that one that hangs delays nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from shared.pubsub.publisher import Message

# Pub/Sub takes at most 1,000 messages and 10 MB a request; our bodies are capped at 1 MiB each.
_MAX_MESSAGES = 500
_MAX_BYTES = 8 * 2**20
_MAX_UNDER_WAY = 4
# Well over what a request to Pub/Sub takes, so that under load messages still gather for the next one.
_PATIENCE_S = 0.1


class BatchPublishPort(Protocol):
    """What is needed of a publisher; `shared.pubsub.publisher.Publisher` has it."""

    def publish_all(self, topic: str, messages: Sequence[Message]) -> list[str]:
        """Publish messages in one request: all of them are acknowledged, or BrokerUnavailable."""


class BatchingPublisher:
    """Publishes to one topic. Use from one event loop."""

    def __init__(self, publisher: BatchPublishPort, topic: str, *, patience_s: float = _PATIENCE_S) -> None:
        self._publisher = publisher
        self._topic = topic
        self._patience_s = patience_s
        self._waiting: list[tuple[Message, asyncio.Future[str]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        # Not asyncio's own threads: whatever else is waited for in those must not hold up what is to be published.
        self._threads = ThreadPoolExecutor(_MAX_UNDER_WAY, thread_name_prefix="publish")

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish and return the message id once the broker acknowledged; BrokerUnavailable otherwise.

        A caller that gives up takes nothing back: the message is published all the same.
        """
        acknowledged: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(((data, attributes), acknowledged))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await acknowledged

    async def _flush(self) -> None:
        while self._waiting:
            if len(self._under_way) >= _MAX_UNDER_WAY:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                continue
            request = asyncio.create_task(self._send(self._take_batch()))
            self._under_way.add(request)
            request.add_done_callback(self._under_way.discard)
            await asyncio.wait({request}, timeout=self._patience_s)

    async def _send(self, batch: list[tuple[Message, asyncio.Future[str]]]) -> None:
        try:
            messages = [message for message, _ in batch]
            loop = asyncio.get_running_loop()
            ids = await loop.run_in_executor(self._threads, self._publisher.publish_all, self._topic, messages)
            answers = list(zip(batch, ids, strict=True))
        except Exception as error:  # handed to every caller of the batch
            for _, acknowledged in batch:
                if not acknowledged.done():
                    acknowledged.set_exception(error)
        else:
            for (_, acknowledged), message_id in answers:
                if not acknowledged.done():
                    acknowledged.set_result(message_id)

    def _take_batch(self) -> list[tuple[Message, asyncio.Future[str]]]:
        size = count = 0
        for (data, _), _ in self._waiting[:_MAX_MESSAGES]:
            size += len(data)
            if count and size > _MAX_BYTES:
                break
            count += 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch
