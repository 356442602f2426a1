"""Publishing from asyncio: messages that arrive while a request is under way share the next one.

No waiting time is added: a message that arrives while nothing is under way leaves at once, alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from shared.pubsub.publisher import Message, Publisher

# Pub/Sub takes at most 1,000 messages and 10 MB a request; our bodies are capped at 1 MiB each.
_MAX_MESSAGES = 500
_MAX_BYTES = 8 * 2**20


class BatchingPublisher:
    """Publishes to one topic. Use from one event loop."""

    def __init__(self, publisher: Publisher, topic: str) -> None:
        self._publisher = publisher
        self._topic = topic
        self._waiting: list[tuple[Message, asyncio.Future[str]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def publish(self, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish and return the message id once the broker acknowledged; BrokerUnavailable otherwise."""
        acknowledged: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(((data, attributes), acknowledged))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        return await acknowledged

    async def _flush(self) -> None:
        while self._waiting:
            batch = self._take_batch()
            try:
                ids = await asyncio.to_thread(
                    self._publisher.publish_all, self._topic, [message for message, _ in batch]
                )
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
