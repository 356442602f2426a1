"""Publishing and settling: the one place where messages change hands, in memory and on disk alike.

A publish and a dead-lettering are durable before they are visible. Acknowledgements and failures are collected for
20 ms and written together, so a crash may deliver those messages again, never lose one.
All methods run on one event loop; none of them waits.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable

from local.pubsub import dead_letters, proto
from local.pubsub.backlog import Delivery, Holder, StoredMessage
from local.pubsub.proto import Proto
from local.pubsub.resources import DELETED_TOPIC, Subscription, Topic, new_subscription
from local.pubsub.status import InvalidArgument, NotFound
from local.pubsub.store import Batch, Store

SETTLE_INTERVAL_S = 0.02
SWEEP_INTERVAL_S = 0.5
MAX_LEASE_BYTES = 10_000_000

log = logging.getLogger(__name__)


class Broker:
    """All topics, subscriptions and messages of one server. `clock` gives Unix seconds."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self.clock = clock
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._by_id: dict[int, Subscription] = {}
        self._unwritten = Batch()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._next_message_id = 0
        self._load()

    # -- resources

    def topic(self, name: str) -> Topic:
        """Raises NotFound."""
        if name not in self.topics:
            raise NotFound(f"Topic not found: {name}")
        return self.topics[name]

    def subscription(self, name: str) -> Subscription:
        """Raises NotFound."""
        if name not in self.subscriptions:
            raise NotFound(f"Subscription does not exist: {name}")
        return self.subscriptions[name]

    def attach(self, subscription: Subscription) -> None:
        """Make a stored subscription receive what is published to its topic from now on."""
        self.subscriptions[subscription.name] = subscription
        self._by_id[subscription.id] = subscription
        if subscription.proto.topic != DELETED_TOPIC:
            self.topics[subscription.proto.topic].subscriptions[subscription.name] = subscription

    def detach(self, subscription: Subscription) -> None:
        """Forget a subscription with its backlog."""
        self.flush()
        self.store.delete_subscription(subscription.id)
        del self.subscriptions[subscription.name]
        del self._by_id[subscription.id]
        if topic := self.topics.get(subscription.proto.topic):
            del topic.subscriptions[subscription.name]
        for delivery in list(subscription.backlog.deliveries.values()):
            subscription.backlog.remove(delivery)
            self._drop_reference(delivery.message)
        subscription.deleted = True
        subscription.signal.fire()

    # -- publishing

    def publish(self, topic_name: str, messages: Iterable[Proto]) -> list[str]:
        """Store the messages for every matching subscription; returns their ids. Durable on return.

        Raises NotFound (no such topic) and sqlite3.Error (nothing of it happened).
        """
        self.topic(topic_name)
        return self._publish(topic_name, messages, Batch())

    def _publish(self, topic_name: str, messages: Iterable[Proto], batch: Batch) -> list[str]:
        """Publish together with the other changes of `batch`, in one transaction."""
        now_s = self.clock()
        subscriptions = list(self.topics[topic_name].subscriptions.values())
        placed: list[tuple[StoredMessage, list[Subscription]]] = []
        for message in messages:
            stored = self._stamp(message, now_s)
            receivers = [each for each in subscriptions if each.matches(message.attributes)]
            if receivers:
                batch.messages.append((stored.id, message.SerializeToString()))
                batch.deliveries += [(receiver.id, stored.id, now_s) for receiver in receivers]
            placed.append((stored, receivers))
        if batch:
            self.store.commit(batch)
        for stored, receivers in placed:
            for receiver in receivers:
                receiver.backlog.add(stored, now_s)
        for subscription in subscriptions:
            subscription.signal.fire()
        return [stored.proto.message_id for stored, _ in placed]

    def _stamp(self, message: Proto, now_s: float) -> StoredMessage:
        self._next_message_id += 1
        message.message_id = str(self._next_message_id)
        message.publish_time.FromMicroseconds(int(now_s * 1e6))
        return StoredMessage(self._next_message_id, message, message.ByteSize(), now_s)

    # -- consuming

    def lease(
        self,
        subscription: Subscription,
        max_messages: int,
        *,
        max_bytes: int = MAX_LEASE_BYTES,
        deadline_s: float | None = None,
        holder: Holder | None = None,
    ) -> list[Delivery]:
        """Messages that are available now, leased to the caller for `deadline_s` (default: the subscription's)."""
        self._expire(subscription)
        if deadline_s is None:
            deadline_s = subscription.ack_deadline_s
        return subscription.backlog.lease(self.clock(), deadline_s, max_messages, max_bytes, holder)

    def pause_s(self, subscription: Subscription, longest_s: float = 3600.0) -> float:
        """How long a consumer that got nothing may sleep, unless the subscription's signal fires."""
        change_s = subscription.backlog.next_change_s()
        return longest_s if change_s is None else min(max(change_s - self.clock(), 0.001), longest_s)

    def received(self, subscription: Subscription, delivery: Delivery) -> Proto:
        """The delivery as the ReceivedMessage of a pull."""
        return proto.ReceivedMessage(
            ack_id=f"{subscription.id}-{delivery.message.id}-{delivery.lease}",
            message=delivery.message.proto,
            delivery_attempt=subscription.attempt_shown(delivery.attempt),
        )

    def acknowledge(self, subscription: Subscription, ack_ids: Iterable[str]) -> None:
        """Settle deliveries; stale ids are ignored. Raises InvalidArgument for an id that is none of ours."""
        for message_id, lease in [_parse_ack_id(subscription, ack_id) for ack_id in ack_ids]:
            self.ack(subscription, message_id, lease)
        subscription.signal.fire()

    def modify_deadline(self, subscription: Subscription, changes: Iterable[tuple[str, int]]) -> None:
        """Extend leases to (ack id, seconds) from now; 0 s is a nack. Raises InvalidArgument for a foreign id."""
        now_s = self.clock()
        for (message_id, lease), deadline_s in [
            (_parse_ack_id(subscription, ack_id), deadline_s) for ack_id, deadline_s in changes
        ]:
            if deadline_s > 0:
                subscription.backlog.extend(message_id, lease, now_s + deadline_s)
            else:
                self.nack(subscription, message_id, lease)
        subscription.signal.fire()

    def ack(self, subscription: Subscription, message_id: int, lease: int) -> None:
        """The consumer is done with a message."""
        delivery = subscription.backlog.ack(message_id, lease)
        if delivery is not None:
            self._settled(subscription, delivery)

    def nack(self, subscription: Subscription, message_id: int, lease: int) -> None:
        """The consumer failed: deliver again after backoff, or dead-letter."""
        delivery = subscription.backlog.nack(message_id, lease, self.clock())
        if delivery is not None:
            self._failed(subscription, delivery)

    def purge(self, subscription: Subscription, until_s: float) -> None:
        """Acknowledge everything published at or before `until_s`."""
        for delivery in subscription.backlog.published_until(until_s):
            subscription.backlog.remove(delivery)
            self._settled(subscription, delivery)
        subscription.signal.fire()

    # -- time

    async def sweep_forever(self) -> None:
        """End leases and retention of subscriptions that nobody consumes."""
        while True:
            await asyncio.sleep(SWEEP_INTERVAL_S)
            for subscription in list(self.subscriptions.values()):
                try:
                    self.sweep(subscription)
                except Exception:
                    # A sweep that failed must not end all later ones.
                    log.exception("sweep of %s failed", subscription.name)

    def sweep(self, subscription: Subscription) -> None:
        """Count ended leases as failures, and drop messages older than the subscription keeps them."""
        self._expire(subscription)
        expired = subscription.backlog.published_until(self.clock() - subscription.retention_s)
        for delivery in expired:
            subscription.backlog.remove(delivery)
            self._settled(subscription, delivery)
        if expired:
            log.warning("%s: %d messages are older than its retention", subscription.name, len(expired))

    def flush(self) -> None:
        """Write the collected settlements. On a failing disk they stay collected and are tried again."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        batch, self._unwritten = self._unwritten, Batch()
        if not batch:
            return
        try:
            self.store.commit(batch)
        except sqlite3.Error:
            log.exception("cannot write settlements; trying again")
            self._unwritten = batch
            self._flush_later(1.0)

    def _expire(self, subscription: Subscription) -> None:
        for delivery in subscription.backlog.expire(self.clock()):
            self._failed(subscription, delivery)

    def _failed(self, subscription: Subscription, delivery: Delivery) -> None:
        limit = subscription.max_attempts
        if limit is not None and delivery.failures >= limit and self._forward(subscription, delivery):
            return
        row = (delivery.failures, delivery.available_at_s, subscription.id, delivery.message.id)
        self._unwritten.failures.append(row)
        self._flush_later()

    def _forward(self, subscription: Subscription, delivery: Delivery) -> bool:
        """Move a message to the dead-letter topic; False if that is not possible, so that it is delivered again."""
        target = subscription.proto.dead_letter_policy.dead_letter_topic
        if target not in self.topics:
            log.warning("%s: dead-letter topic %s is gone; the message stays", subscription.name, target)
            return False
        if not self.topics[target].subscriptions:
            log.warning("%s: dead-letter topic %s has no subscription; message lost", subscription.name, target)
        letter = dead_letters.letter(subscription.name, delivery)
        try:
            self._publish(target, [letter], Batch(settled=[(subscription.id, delivery.message.id)]))
        except sqlite3.Error:
            log.exception("%s: cannot write the dead letter; the message stays", subscription.name)
            return False
        subscription.backlog.remove(delivery)
        self._drop_reference(delivery.message)
        return True

    def _settled(self, subscription: Subscription, delivery: Delivery) -> None:
        self._unwritten.settled.append((subscription.id, delivery.message.id))
        self._drop_reference(delivery.message)
        self._flush_later()

    def _drop_reference(self, message: StoredMessage) -> None:
        if message.references <= 0:
            self._unwritten.unreferenced.append((message.id,))
            self._flush_later()

    def _flush_later(self, delay_s: float = SETTLE_INTERVAL_S) -> None:
        if self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(delay_s, self.flush)

    def _load(self) -> None:
        for blob in self.store.topics():
            topic = proto.Topic.FromString(blob)
            self.topics[topic.name] = Topic(topic)
        for number, blob in self.store.subscriptions():
            self.attach(new_subscription(number, proto.Subscription.FromString(blob)))
        messages = {number: _stored(number, blob) for number, blob in self.store.messages()}
        for number, message_id, failures, available_at_s in self.store.deliveries():
            if number in self._by_id and message_id in messages:
                self._by_id[number].backlog.add(messages[message_id], available_at_s, failures)
        # Ids only grow, also over a restart that finds no message: the clock is ahead of all ids given before.
        self._next_message_id = max(int(self.clock() * 1e6), *messages, 0)


def _stored(number: int, blob: bytes) -> StoredMessage:
    message = proto.PubsubMessage.FromString(blob)
    return StoredMessage(number, message, len(blob), proto.seconds(message.publish_time))


def _parse_ack_id(subscription: Subscription, ack_id: str) -> tuple[int, int]:
    """(message id, lease) of an ack id of this subscription. Raises InvalidArgument."""
    try:
        number, message_id, lease = (int(part) for part in ack_id.split("-"))
    except ValueError:
        number = -1
    if number != subscription.id:
        raise InvalidArgument(f"invalid ack id for {subscription.name}")
    return message_id, lease
