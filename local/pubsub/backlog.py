"""The unacknowledged messages of one subscription: who may have which message now. Pure: no clock, no I/O.

A delivery is waiting (until `available_at_s`), leased (until `leased_until_s`), or, in an ordered subscription, queued
behind an earlier message of its ordering key. Times are Unix seconds and passed in.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.pubsub.proto import Proto
from local.pubsub.retry import IMMEDIATE, Backoff

_COMPACT_ABOVE = 1000


@dataclass(slots=True, eq=False)
class StoredMessage:
    """One published message, shared by the subscriptions that have yet to acknowledge it (`references`)."""

    id: int
    proto: Proto
    size_bytes: int
    published_at_s: float
    references: int = 0


@dataclass(slots=True, eq=False)
class Holder:
    """What one consumer has leased and not settled: the flow control of a stream."""

    messages: int = 0
    size_bytes: int = 0


@dataclass(slots=True, eq=False)
class Delivery:
    """One message on its way to one subscription. `failures` counts nacks and expired leases."""

    message: StoredMessage
    available_at_s: float
    failures: int = 0
    lease: int = 0
    leased_until_s: float | None = None
    holder: Holder | None = None

    @property
    def attempt(self) -> int:
        """Number of the current or next delivery attempt, from 1."""
        return self.failures + 1


@dataclass(slots=True)
class Backlog:
    """All deliveries of a subscription, by message id in publish order."""

    ordered: bool = False
    backoff: Backoff = IMMEDIATE
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    leased: int = 0
    _waiting: list[tuple[float, int]] = field(default_factory=list)
    _leases: list[tuple[float, int, int]] = field(default_factory=list)
    _lanes: dict[str, deque[Delivery]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.deliveries)

    def add(self, message: StoredMessage, available_at_s: float, failures: int = 0) -> None:
        """Take a message in; the caller adds in publish order."""
        delivery = Delivery(message, available_at_s, failures)
        message.references += 1
        self.deliveries[message.id] = delivery
        lane = self._lane(message)
        if lane is not None:
            lane.append(delivery)
        if lane is None or lane[0] is delivery:
            self._wait(delivery)

    def lease(
        self, now_s: float, deadline_s: float, max_messages: int, max_bytes: int, holder: Holder | None = None
    ) -> list[Delivery]:
        """Up to `max_messages` available deliveries, leased until now + deadline. One may exceed `max_bytes` alone."""
        taken: list[Delivery] = []
        size_bytes = 0
        while len(taken) < max_messages and (delivery := self._first_waiting()) is not None:
            size_bytes += delivery.message.size_bytes
            if delivery.available_at_s > now_s or (taken and size_bytes > max_bytes):
                break
            heapq.heappop(self._waiting)
            self._grant(delivery, now_s + deadline_s, holder)
            taken.append(delivery)
        return taken

    def ack(self, message_id: int, lease: int) -> Delivery | None:
        """Remove a delivery. None if it is gone or was handed out again since `lease`.

        A lease that ran out still counts until the message is handed out again: the work was done.
        """
        delivery = self.deliveries.get(message_id)
        if delivery is None or delivery.lease != lease or lease == 0:
            return None
        self.remove(delivery)
        return delivery

    def nack(self, message_id: int, lease: int, now_s: float) -> Delivery | None:
        """Count a failure and put the message back with backoff. None if this lease does not hold it any more."""
        delivery = self.deliveries.get(message_id)
        if delivery is None or delivery.lease != lease or delivery.leased_until_s is None:
            return None
        self._fail(delivery, now_s)
        return delivery

    def extend(self, message_id: int, lease: int, until_s: float) -> bool:
        """Move the end of a lease. False if this lease does not hold the message any more."""
        delivery = self.deliveries.get(message_id)
        if delivery is None or delivery.lease != lease or delivery.leased_until_s is None:
            return False
        delivery.leased_until_s = until_s
        heapq.heappush(self._leases, (until_s, message_id, lease))
        return True

    def expire(self, now_s: float) -> list[Delivery]:
        """The deliveries whose lease has run out, each counted as a failure and put back with backoff."""
        failed = []
        while (entry := self._first_lease()) is not None and entry[0] <= now_s:
            heapq.heappop(self._leases)
            delivery = self.deliveries[entry[1]]
            self._fail(delivery, now_s)
            failed.append(delivery)
        return failed

    def published_until(self, time_s: float) -> list[Delivery]:
        """The deliveries of messages published at or before `time_s`, oldest first."""
        return list(self._oldest_until(time_s))

    def remove(self, delivery: Delivery) -> None:
        """Forget a delivery, and let the next message of its ordering key go."""
        del self.deliveries[delivery.message.id]
        delivery.message.references -= 1
        self._release(delivery)
        lane = self._lane(delivery.message)
        if lane is None:
            return
        was_head = lane[0] is delivery
        lane.remove(delivery)
        if not lane:
            del self._lanes[delivery.message.proto.ordering_key]
        elif was_head:
            self._wait(lane[0])

    def next_change_s(self) -> float | None:
        """When the next message becomes available or the next lease ends; None if neither will."""
        waiting, lease = self._first_waiting(), self._first_lease()
        times = [waiting.available_at_s] if waiting is not None else []
        if lease is not None:
            times.append(lease[0])
        return min(times, default=None)

    def waiting_at_least(self, count: int) -> bool:
        """Whether about `count` messages wait (an upper estimate: removed ones may still be counted)."""
        return len(self._waiting) >= count

    def _lane(self, message: StoredMessage) -> deque[Delivery] | None:
        """The messages of this one's ordering key, of which only the first is waiting or leased."""
        if not self.ordered or not message.proto.ordering_key:
            return None
        return self._lanes.setdefault(message.proto.ordering_key, deque())

    def _wait(self, delivery: Delivery) -> None:
        heapq.heappush(self._waiting, (delivery.available_at_s, delivery.message.id))

    def _grant(self, delivery: Delivery, until_s: float, holder: Holder | None) -> None:
        delivery.lease += 1
        delivery.leased_until_s = until_s
        delivery.holder = holder
        self.leased += 1
        if holder is not None:
            holder.messages += 1
            holder.size_bytes += delivery.message.size_bytes
        heapq.heappush(self._leases, (until_s, delivery.message.id, delivery.lease))
        if len(self._leases) > 2 * self.leased + _COMPACT_ABOVE:
            self._leases = [entry for entry in self._leases if self._holds(entry)]
            heapq.heapify(self._leases)

    def _release(self, delivery: Delivery) -> None:
        if delivery.leased_until_s is None:
            return
        delivery.leased_until_s = None
        self.leased -= 1
        if delivery.holder is not None:
            delivery.holder.messages -= 1
            delivery.holder.size_bytes -= delivery.message.size_bytes
            delivery.holder = None

    def _fail(self, delivery: Delivery, now_s: float) -> None:
        self._release(delivery)
        delivery.failures += 1
        delivery.available_at_s = now_s + self.backoff.after(delivery.failures)
        self._wait(delivery)

    def _first_waiting(self) -> Delivery | None:
        """The delivery that becomes available first; entries of deliveries removed meanwhile are dropped."""
        while self._waiting:
            available_at_s, message_id = self._waiting[0]
            delivery = self.deliveries.get(message_id)
            if delivery and delivery.leased_until_s is None and delivery.available_at_s == available_at_s:
                return delivery
            heapq.heappop(self._waiting)
        return None

    def _first_lease(self) -> tuple[float, int, int] | None:
        """The lease that ends first; entries of settled or extended leases are dropped."""
        while self._leases and not self._holds(self._leases[0]):
            heapq.heappop(self._leases)
        return self._leases[0] if self._leases else None

    def _holds(self, entry: tuple[float, int, int]) -> bool:
        until_s, message_id, lease = entry
        delivery = self.deliveries.get(message_id)
        return delivery is not None and delivery.lease == lease and delivery.leased_until_s == until_s

    def _oldest_until(self, time_s: float) -> Iterator[Delivery]:
        for delivery in self.deliveries.values():
            if delivery.message.published_at_s > time_s:
                return
            yield delivery
