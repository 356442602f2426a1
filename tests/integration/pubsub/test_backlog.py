"""The backlog of one subscription against a model, over any sequence of events."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from local.pubsub import proto
from local.pubsub.backlog import Backlog, Delivery, Holder, StoredMessage
from local.pubsub.retry import IMMEDIATE, PUSH_DEFAULT, Backoff
from tests.examples import examples, steps

UNLIMITED = 10**9


def message(number: int, key: str = "") -> StoredMessage:
    """A stored message, published at second `number`."""
    return StoredMessage(number, proto.PubsubMessage(data=b"x", ordering_key=key), 10, float(number))


def test_backoff_doubles_from_its_minimum_to_its_maximum() -> None:
    assert [PUSH_DEFAULT.after(failures) for failures in (1, 2, 3, 4, 10, 11, 5000)] == [
        0.1, 0.2, 0.4, 0.8, 51.2, 60.0, 60.0,
    ]  # fmt: skip
    assert Backoff(5, 20).after(1) == 5
    assert IMMEDIATE.after(7) == 0


def test_a_lease_that_ran_out_still_counts_until_the_message_is_handed_out_again() -> None:
    backlog = Backlog()
    backlog.add(message(1), 0)
    [first] = backlog.lease(0, 10, 5, UNLIMITED)
    assert backlog.expire(11) == [first]
    assert backlog.ack(1, 1) is first
    assert len(backlog) == 0


def test_a_lease_of_an_earlier_delivery_does_not_count() -> None:
    backlog = Backlog()
    backlog.add(message(1), 0)
    backlog.lease(0, 10, 5, UNLIMITED)
    backlog.expire(11)
    backlog.lease(11, 10, 5, UNLIMITED)
    assert backlog.ack(1, 1) is None
    assert backlog.nack(1, 1, 12) is None
    assert backlog.extend(1, 1, 99) is False
    assert backlog.ack(1, 2) is not None


def test_an_extended_lease_ends_at_its_new_time() -> None:
    backlog = Backlog()
    backlog.add(message(1), 0)
    backlog.lease(0, 10, 5, UNLIMITED)
    assert backlog.extend(1, 1, 30)
    assert backlog.expire(29) == []
    assert len(backlog.expire(30)) == 1


def test_a_message_larger_than_the_limit_is_handed_out_alone() -> None:
    backlog = Backlog()
    backlog.add(message(1), 0)
    backlog.add(message(2), 0)
    assert [each.message.id for each in backlog.lease(0, 10, 5, max_bytes=1)] == [1]


def test_a_failed_message_goes_behind_those_that_became_available_before_it() -> None:
    backlog = Backlog()
    for number in (1, 2):
        backlog.add(message(number), float(number))
    backlog.lease(5, 10, 1, UNLIMITED)
    backlog.nack(1, 1, 5)
    assert [each.message.id for each in backlog.lease(5, 10, 5, UNLIMITED)] == [2, 1]


class BacklogMachine(RuleBasedStateMachine):
    """Adds, leases, acks, nacks, extends, drops and lets time pass, and keeps its own simple account."""

    ordered = False

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(ordered=self.ordered, backoff=Backoff(1, 8))
        self.now_s = 1000.0
        self.added = 0
        self.open: dict[int, tuple[str, int]] = {}  # message id -> ordering key, failures
        self.leases: dict[int, tuple[int, float, bool]] = {}  # message id -> lease, until, by the holder
        self.holder = Holder()

    @rule(key=st.sampled_from(["", "k", "l"]))
    def publish(self, key: str) -> None:
        self.added += 1
        self.backlog.add(message(self.added, key), self.now_s)
        self.open[self.added] = (key, 0)

    @rule(count=st.integers(1, 4), deadline_s=st.integers(1, 20), held=st.booleans())
    def lease(self, count: int, deadline_s: int, held: bool) -> None:
        self._expire()
        holder = self.holder if held else None
        taken = self.backlog.lease(self.now_s, deadline_s, count, UNLIMITED, holder)
        assert len(taken) <= count
        for delivery in taken:
            number = delivery.message.id
            assert number in self.open
            assert number not in self.leases, "handed out twice"
            assert delivery.attempt == self.open[number][1] + 1
            self._check_order(delivery)
            self.leases[number] = (delivery.lease, self.now_s + deadline_s, held)

    def _check_order(self, delivery: Delivery) -> None:
        key = self.open[delivery.message.id][0]
        if self.ordered and key:
            earlier = [number for number, each in self.open.items() if each[0] == key]
            assert delivery.message.id == min(earlier), "a later message of a key overtook"

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.leases)))
        assert self.backlog.ack(number, self.leases.pop(number)[0]) is not None
        del self.open[number]

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def nack(self, data: st.DataObject) -> None:
        self._expire()
        if self.leases:
            number = data.draw(st.sampled_from(sorted(self.leases)))
            failed = self.backlog.nack(number, self.leases[number][0], self.now_s)
            assert failed is not None
            self._failed(failed)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), deadline_s=st.integers(1, 30))
    def extend(self, data: st.DataObject, deadline_s: int) -> None:
        self._expire()
        if self.leases:
            number = data.draw(st.sampled_from(sorted(self.leases)))
            lease, _, held = self.leases[number]
            assert self.backlog.extend(number, lease, self.now_s + deadline_s)
            self.leases[number] = (lease, self.now_s + deadline_s, held)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.open)))
        self.backlog.remove(self.backlog.deliveries[number])
        del self.open[number]
        self.leases.pop(number, None)

    @rule(seconds=st.integers(1, 15))
    def time_passes(self, seconds: int) -> None:
        self.now_s += seconds
        self._expire()

    def _expire(self) -> None:
        ended = {number for number, (_, until_s, _) in self.leases.items() if until_s <= self.now_s}
        failed = self.backlog.expire(self.now_s)
        assert {each.message.id for each in failed} == ended
        for each in failed:
            self._failed(each)

    def _failed(self, delivery: Delivery) -> None:
        number = delivery.message.id
        key, failures = self.open[number]
        self.open[number] = (key, failures + 1)
        del self.leases[number]
        assert delivery.available_at_s == self.now_s + min(8, 2**failures)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        assert set(self.backlog.deliveries) == set(self.open)
        assert self.backlog.leased == len(self.leases)
        held = sum(by_holder for _, _, by_holder in self.leases.values())
        assert (self.holder.messages, self.holder.size_bytes) == (held, 10 * held)

    def teardown(self) -> None:
        """Whatever happened, a patient consumer gets every open message."""
        self.backlog.expire(self.now_s + 100)
        got: list[int] = []
        while taken := self.backlog.lease(self.now_s + 200, 10, 3, UNLIMITED):
            for delivery in taken:
                got.append(delivery.message.id)
                self.backlog.ack(delivery.message.id, delivery.lease)
        assert sorted(got) == sorted(self.open)


class OrderedBacklogMachine(BacklogMachine):
    """The same with ordering keys."""

    ordered = True


BacklogMachine.TestCase.settings = settings(max_examples=examples(30), stateful_step_count=steps(40))
OrderedBacklogMachine.TestCase.settings = BacklogMachine.TestCase.settings
TestBacklog = BacklogMachine.TestCase
TestOrderedBacklog = OrderedBacklogMachine.TestCase
