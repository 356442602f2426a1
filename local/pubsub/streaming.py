"""google.pubsub.v1.Subscriber/StreamingPull: messages flow to the client within its flow control."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import grpc

from local.pubsub import proto, validation
from local.pubsub.backlog import Holder
from local.pubsub.broker import SWEEP_INTERVAL_S, Broker
from local.pubsub.proto import Proto
from local.pubsub.resources import Subscription
from local.pubsub.rpc import Context
from local.pubsub.status import InvalidArgument, StatusError

MAX_MESSAGES_PER_RESPONSE = 500
MAX_BYTES_PER_RESPONSE = 2_000_000


class StreamingPull:
    """All streams of the server. A stream that closes leaves its leases running, so that late acks still count."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._stopping = False

    def stop(self) -> None:
        """End every stream with UNAVAILABLE, upon which clients connect again."""
        self._stopping = True
        for subscription in self._broker.subscriptions.values():
            subscription.signal.fire()

    async def serve(self, requests: AsyncIterator[Proto], context: Context) -> None:
        """Handler of one stream."""
        try:
            first = await anext(requests, None)
            if first is None:
                return
            await self._serve(first, requests, context)
        except StatusError as refusal:
            await context.abort(refusal.code, str(refusal))

    async def _serve(self, first: Proto, requests: AsyncIterator[Proto], context: Context) -> None:
        subscription = self._broker.subscription(first.subscription)
        validation.check_stream_deadline(first.stream_ack_deadline_seconds)
        stream = _Stream(self._broker, subscription, first)
        reader = asyncio.create_task(stream.read(first, requests))
        reader.add_done_callback(lambda _: subscription.signal.fire())
        try:
            while not reader.done():
                if self._stopping:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "the server is stopping")
                if subscription.deleted:
                    await context.abort(grpc.StatusCode.NOT_FOUND, "the subscription was deleted")
                subscription.require_pull()
                response = stream.next_response()
                if response is not None:
                    await context.write(response)
                else:
                    await subscription.signal.wait(stream.pause_s())
            await reader
        finally:
            reader.cancel()


class _Stream:
    def __init__(self, broker: Broker, subscription: Subscription, first: Proto) -> None:
        self._broker = broker
        self._subscription = subscription
        self._holder = Holder()
        self._deadline_s = float(first.stream_ack_deadline_seconds)
        # 0 or less means no limit.
        self._max_messages = first.max_outstanding_messages if first.max_outstanding_messages > 0 else sys.maxsize
        self._max_bytes = first.max_outstanding_bytes if first.max_outstanding_bytes > 0 else sys.maxsize
        self._properties = proto.StreamingPullResponse.SubscriptionProperties(
            message_ordering_enabled=subscription.proto.enable_message_ordering
        )

    async def read(self, first: Proto, requests: AsyncIterator[Proto]) -> None:
        """Apply acks and deadline changes that come over the stream, until the client closes its side."""
        self._apply(first)
        async for request in requests:
            if request.stream_ack_deadline_seconds:
                validation.check_stream_deadline(request.stream_ack_deadline_seconds)
                self._deadline_s = float(request.stream_ack_deadline_seconds)
            self._apply(request)

    def next_response(self) -> Proto | None:
        """What the client may have now, or None."""
        if self._is_full():
            return None
        deliveries = self._broker.lease(
            self._subscription,
            min(self._max_messages - self._holder.messages, MAX_MESSAGES_PER_RESPONSE),
            max_bytes=min(self._max_bytes - self._holder.size_bytes, MAX_BYTES_PER_RESPONSE),
            deadline_s=self._deadline_s,
            holder=self._holder,
        )
        if not deliveries:
            return None
        received = [self._broker.received(self._subscription, delivery) for delivery in deliveries]
        return proto.StreamingPullResponse(received_messages=received, subscription_properties=self._properties)

    def pause_s(self) -> float:
        """How long to sleep unless the subscription's signal fires."""
        # A full client waits for its own acks, which fire the signal, or for leases that the broker's sweep ends.
        return SWEEP_INTERVAL_S if self._is_full() else self._broker.pause_s(self._subscription)

    def _is_full(self) -> bool:
        return self._holder.messages >= self._max_messages or self._holder.size_bytes >= self._max_bytes

    def _apply(self, request: Proto) -> None:
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise InvalidArgument("modify_deadline_ack_ids and modify_deadline_seconds differ in length")
        if request.ack_ids:
            self._broker.acknowledge(self._subscription, request.ack_ids)
        if request.modify_deadline_ack_ids:
            changes = zip(request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True)
            self._broker.modify_deadline(self._subscription, changes)
