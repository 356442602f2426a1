"""A person's decision and a person's link, with the engine that acts on them, in one process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import BrokerUnavailable, ConfigError, RecordBusy
from shared.events import Event
from shared.state import ClaimKey, RecordKey
from shared.sync.operator import Operator
from shared.sync.parts import KIND, blank_record
from shared.sync.reservation import reservation
from tests.fakes.publisher import FakePublisher
from tests.fakes.sync_world import SITE, WORK_ORDER, World, event, example_mapping

KEY = RecordKey(SITE, "work_order", WORK_ORDER)


class Sender(FakePublisher):
    """Hands audit entries to the world."""

    def __init__(self, world: World, *, fails_after: int | None = None) -> None:
        super().__init__(fails_after=fails_after)
        self.world = world

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        number = super().publish(topic, data, attributes)
        return self.world.publish(topic, data, attributes) if topic == "audit" else number

    @property
    def events(self) -> list[Event]:
        """The events for the engine."""
        return [message.event for message in self.to("erp-push")]


def by(world: World, sender: Sender) -> Operator:
    return Operator(world.state, sender, "olga", clock=lambda: world.now, sleep=world.wait)


def manual_world() -> World:
    """A world in which the title is parked."""
    mapping = example_mapping()
    fields = [r.model_copy(update={"policy": "manual"}) if r.erp == "shortText" else r for r in mapping.fields]
    world = World(mapping.model_copy(update={"fields": fields}))
    assert world.deliver().reason == "created"
    world.change(title="Ours")
    world.edit_erp(shortText="Theirs")
    assert world.deliver(replace(event("e2"), type="work_order.changed_in_erp")).reason == "parked"
    world.published.clear()
    return world


@pytest.mark.parametrize(("take", "stays"), [("maintainx", "Ours"), ("erp", "Theirs")])
def test_a_decision_is_carried_out_by_the_engine(take: Any, stays: str) -> None:
    world = manual_world()
    sender = Sender(world)
    decided = by(world, sender).resolve(KEY, take, None)
    assert decided is not None
    assert decided.conflicts["shortText"]["decided"] == take
    (told,) = sender.events
    assert (told.type, told.record_id, told.source) == ("work_order.conflict_resolved", WORK_ORDER, "operator")
    assert world.deliver(told).kind == "done"
    assert world.work_orders[WORK_ORDER]["title"] == stays
    assert world.order().fields["shortText"] == stays
    assert world.record().conflicts == {}
    decision = next(entry for entry in world.published if entry["action"] == "decide")
    assert (decision["actor"], decision["policy"]) == ("operator olga", {"shortText": take})
    assert decision["parked"] == {"shortText": {"reason": "both_changed", "maintainx": "Ours", "erp": "Theirs"}}


def test_nothing_parked_is_no_decision_and_leaves_no_trace() -> None:
    world = World()
    sender = Sender(world)
    assert by(world, sender).resolve(KEY, "erp", None) is None
    assert world.state.get_record(KEY) is None
    assert world.state.lock_record(KEY, owner="next", lease_s=1) is not None
    assert (sender.events, world.published) == ([], [])


def test_a_field_that_is_not_parked_is_refused_and_the_record_is_free_again() -> None:
    world = manual_world()
    with pytest.raises(ConfigError, match="'longText' of work order 9001001 is not parked; waiting: shortText"):
        by(world, Sender(world)).resolve(KEY, "erp", ["shortText", "longText"])
    assert world.state.lock_record(KEY, owner="next", lease_s=1) is not None
    assert world.record().conflicts["shortText"]["decided"] is None


def test_a_decision_for_values_that_changed_meanwhile_does_not_count() -> None:
    world = manual_world()
    sender = Sender(world)
    by(world, sender).resolve(KEY, "maintainx", None)
    world.edit_erp(shortText="Theirs, newer")
    assert world.deliver(sender.events[0]).reason == "parked"
    assert world.order().fields["shortText"] == "Theirs, newer"


@pytest.mark.parametrize("dies_after", [0, 1])
def test_a_decision_can_be_repeated_after_a_crash(dies_after: int) -> None:
    world = manual_world()
    with pytest.raises(BrokerUnavailable):
        by(world, Sender(world, fails_after=dies_after)).resolve(KEY, "erp", None)
    sender = Sender(world)
    world.wait(1)
    assert by(world, sender).resolve(KEY, "erp", None) is not None
    assert world.deliver(sender.events[0]).reason == "pulled"
    assert by(world, sender).resolve(KEY, "erp", None) is None


def test_a_busy_record_is_waited_for_and_then_given_up() -> None:
    world = manual_world()
    assert world.state.lock_record(KEY, owner="engine", lease_s=60) is not None
    with pytest.raises(RecordBusy, match="work order 9001001 of plant-1 is being worked on"):
        by(world, Sender(world)).resolve(KEY, "erp", None)
    world.wait(57)  # its lease ends while the operator waits
    assert by(world, Sender(world)).resolve(KEY, "erp", None) is not None


def existing() -> tuple[World, str]:
    """A world with an order that nobody linked, and its id."""
    world = World()
    fields = {**world.wanted(), "priority": "3", "externalReference": "", "longText": "What the ERP has"}
    order = world.tenant.create(fields)
    world.erp.stamped(order)
    return world, order.id


def test_a_link_is_compared_field_by_field_by_policy() -> None:
    world, erp_id = existing()
    sender = Sender(world)
    assert by(world, sender).link(KEY, erp_id, "mx:plant-1:9001001") == "linked"
    assert world.record().state == "linked"
    (told,) = sender.events
    assert world.deliver(told).reason == "merged"
    assert len(world.tenant.orders) == 1
    assert world.work_orders[WORK_ORDER]["priority"] == "LOW"  # its policy is erp
    assert world.order().fields["longText"] == "Leak at drive end"  # the others are MaintainX's
    assert next(entry["action"] for entry in world.published) == "link"
    assert by(world, sender).link(KEY, erp_id, "mx:plant-1:9001001") == "already"
    assert len(sender.events) == 1


@pytest.mark.parametrize("dies_after", [0, 1])
def test_a_link_that_was_broken_off_is_announced_by_the_next_run(dies_after: int) -> None:
    world, erp_id = existing()
    with pytest.raises(BrokerUnavailable):
        by(world, Sender(world, fails_after=dies_after)).link(KEY, erp_id, "r")
    first, second = Sender(world), Sender(world)
    world.wait(5)
    assert by(world, first).link(KEY, erp_id, "r") == "asked_again"
    world.wait(5)
    assert by(world, second).link(KEY, erp_id, "r") == "asked_again"
    assert first.events[0].event_id == second.events[0].event_id
    assert len({entry["entry_id"] for entry in world.published}) == 1


def test_neither_record_is_taken_from_another_link() -> None:
    world, erp_id = existing()
    operator = by(world, Sender(world))
    assert operator.link(KEY, erp_id, "r") == "linked"
    assert operator.link(KEY, "another", "r") == "taken"
    assert operator.link(replace(KEY, maintainx_id=5), erp_id, "r5") == "taken"
    assert world.state.get_record(replace(KEY, maintainx_id=5)) is None


def test_of_two_who_link_one_erp_record_at_the_same_time_one_finds_it_taken() -> None:
    """The second asks while the first has looked whether the ERP's record is free, and has not saved its link yet."""
    world, erp_id = existing()
    other = replace(KEY, maintainx_id=5)
    results: list[Any] = []
    with ThreadPoolExecutor(1) as threads:
        first_saved, lock = threading.Event(), world.state.lock_record

        def wait(_seconds: float) -> None:
            first_saved.wait(60)

        patient = Operator(world.state, Sender(world), "piet", clock=lambda: world.now, sleep=wait)

        def lock_while_the_other_asks(key: RecordKey, **options: Any) -> Any:
            if key == KEY:
                results.append(threads.submit(patient.link, other, erp_id, "r5"))
                asked.wait(60)
            return lock(key, **options)

        asked, claim = threading.Event(), world.state.claim

        def claim_and_tell(key: ClaimKey, **options: Any) -> Any:
            result = claim(key, **options)
            if options["owner"] == "operator/piet":
                asked.set()
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(world.state, "lock_record", lock_while_the_other_asks)
            patch.setattr(world.state, "claim", claim_and_tell)
            assert by(world, Sender(world)).link(KEY, erp_id, "r") == "linked"
            first_saved.set()
            assert results[0].result(60) == "taken"
    assert world.state.get_record(other) is None


def test_an_erp_record_that_another_operator_links_right_now_is_waited_for_and_then_given_up() -> None:
    world, erp_id = existing()
    world.state.claim(reservation(SITE, erp_id), owner="operator/piet", lease_s=60)
    with pytest.raises(RecordBusy, match=f"ERP record {erp_id} of plant-1 is being worked on"):
        by(world, Sender(world)).link(KEY, erp_id, "r")
    world.wait(60)
    assert by(world, Sender(world)).link(KEY, erp_id, "r") == "linked"


def test_a_record_that_is_being_made_is_not_linked() -> None:
    world, erp_id = existing()
    locked = world.state.lock_record(KEY, owner="engine", lease_s=60)
    assert locked is not None
    linked = by(world, Sender(world))
    world.state.save_record(
        locked, replace(blank_record(RecordKey(SITE, KIND, WORK_ORDER), "r", world.now), intent={"action": "create"})
    )
    assert linked.link(KEY, erp_id, "r") == "taken"


def test_an_orphaned_record_may_be_linked_anew() -> None:
    world, erp_id = existing()
    operator = by(world, Sender(world))
    assert operator.link(KEY, erp_id, "r") == "linked"
    locked = world.state.lock_record(KEY, owner="engine", lease_s=60)
    assert locked is not None
    world.state.save_record(locked, replace(world.record(), state="orphaned", base={"x": {}}))
    sender = Sender(world)
    world.wait(1)
    assert by(world, sender).link(KEY, erp_id, "r") == "linked"
    assert (world.record().state, world.record().base) == ("linked", {})
    assert world.deliver(sender.events[0]).kind == "done"
