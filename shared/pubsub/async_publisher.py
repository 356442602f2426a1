"""Publishing from asyncio, for the function whose throughput depends on it: no thread between the loop and the broker.

Requests are the same as those of `shared.pubsub.publisher`, with the same time-outs and errors. The method is called on
the channel of Google's asynchronous client, with plain protocol buffers: what lies between (wrapped messages, wrapped
calls) costs more than all else that is done about a delivery (python -m bench ingress).
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
import time
from collections.abc import Sequence
from typing import Any, cast

from shared.errors import BrokerUnavailable
from shared.pubsub import publisher as synchronous
from shared.pubsub.publisher import Message
from shared.topics import topic_path

_METHOD = "/google.pubsub.v1.Publisher/Publish"
_REPEATED = frozenset({"UNAVAILABLE", "ABORTED", "DEADLINE_EXCEEDED"})
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0
_GC_THRESHOLD = 20_000  # objects made and not yet freed since the last collection; Python's default is 700


class AsyncPublisher:
    """Publishes to the bundle's topics by their short names. Use from one event loop; `prepare` from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._call: Any = None

    async def publish_all(self, topic: str, messages: Sequence[Message]) -> list[str]:
        """Publish messages in one request: all of them are acknowledged, or BrokerUnavailable.

        Returns or raises within PUBLISH_TIMEOUT_S. An attempt without answer is repeated and may thus be kept twice.
        """
        begin_s = time.monotonic()
        if self._call is None:
            await self._connect(topic)
        from google.pubsub_v1.types import PublishRequest, PubsubMessage
        from grpc.aio import AioRpcError

        path, new = topic_path(topic), PubsubMessage.pb()
        request = PublishRequest.pb()(topic=path, messages=[new(data=data, attributes=of) for data, of in messages])
        metadata = (("x-goog-request-params", f"topic={path}"),)  # as Google's clients send it: to where the topic is
        # When the last attempt may begin.
        last_s = begin_s + synchronous.PUBLISH_TIMEOUT_S - synchronous.ATTEMPT_TIMEOUT_S
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                answer = await self._call(request, timeout=synchronous.ATTEMPT_TIMEOUT_S, metadata=metadata)
                return list(answer.message_ids)
            except AioRpcError as error:
                name = error.code().name
                wait_s = random.uniform(0, pause_s)  # noqa: S311  # spreads attempts, guards nothing
                if name not in _REPEATED or time.monotonic() + wait_s > last_s:
                    raise BrokerUnavailable(f"topic {topic}: {name}: {error.details()}") from error
            await asyncio.sleep(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def prepare(self) -> None:
        """Do what takes long and needs no loop: load the client's modules, find credentials. Raises GoogleAuthError."""
        from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport

        with self._lock:
            if self._credentials is None and not os.environ.get("PUBSUB_EMULATOR_HOST"):
                import google.auth

                self._credentials, _ = google.auth.default(default_scopes=PublisherGrpcAsyncIOTransport.AUTH_SCOPES)

    async def _connect(self, topic: str) -> None:
        from google.auth.exceptions import GoogleAuthError

        try:
            await asyncio.to_thread(self.prepare)
            if self._call is None:  # others may have waited here too
                self._call = _publish_method(self._credentials)
        except GoogleAuthError as error:
            raise BrokerUnavailable(f"topic {topic}: {type(error).__name__}: {error}") from error


def _publish_method(credentials: Any) -> Any:
    """The method on a new channel. To be called in the loop that is to use it."""
    from google.pubsub_v1.services.publisher import PublisherAsyncClient
    from google.pubsub_v1.types import PublishRequest, PublishResponse
    from grpc import aio

    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    if emulator:
        channel: Any = aio.insecure_channel(emulator)
    else:  # the client knows the address, also that of another universe or of mutual TLS
        channel = cast("Any", PublisherAsyncClient(credentials=credentials).transport).grpc_channel
    return channel.unary_unary(
        _METHOD,
        request_serializer=PublishRequest.pb().SerializeToString,
        response_deserializer=PublishResponse.pb().FromString,
    )


async_publisher = AsyncPublisher()
"""The asynchronous publisher of this process."""


def warm_up_after_fork() -> None:
    """Prepare in a thread of every process forked from here on, so that the first request need not."""
    os.register_at_fork(after_in_child=lambda: threading.Thread(target=_warm_up, daemon=True).start())


def _warm_up() -> None:
    from google.auth.exceptions import GoogleAuthError

    try:
        async_publisher.prepare()
    except GoogleAuthError:
        return  # the first publish meets the same error and reports it
    # What is loaded by now stays for good. Full collections that walk through it again and again cost a sixth of the
    # throughput and doubled the slowest answers (python -m bench ingress).
    gc.freeze()
    # Requests under way are not garbage: to look through all of them for every few that are new is a tenth of the work.
    gc.set_threshold(_GC_THRESHOLD)
