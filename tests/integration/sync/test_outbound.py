"""MaintainX to ERP through the real clients: every call goes over a socket to a simulator or the embedded Firestore."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.erp import ErpRecord
from shared.errors import OutcomeUnknown, RemoteUnavailable, TransientError
from shared.outcomes import Outcome
from shared.state import RecordKey
from shared.state.firestore import FirestoreStateStore
from shared.sync.engine import SyncEngine
from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import Killed, When, Wire, event
from tests.integration.sync.conftest import Stack


def test_a_work_order_s_whole_life_reaches_the_erp(stack: Stack) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order(description="Leak at drive end", dueDate="2026-09-16T22:30:00.000Z")
    assert engine.look_at(work_order, event("e1")).reason == "created"
    assert stack.is_in_step(work_order)
    assert stack.order()["dueDate"] == "2026-09-17"
    for number, status in enumerate(("IN_PROGRESS", "ON_HOLD", "DONE", "OPEN")):
        stack.set_status(work_order, status)
        assert engine.look_at(work_order, event(f"s{number}")).reason == "updated"
        assert stack.is_in_step(work_order)
    stack.delete(work_order)
    assert engine.look_at(work_order, replace(event("e9"), type="work_order.deleted")).reason == "cancelled"
    assert stack.order()["status"] == "CANCELLED"
    assert stack.trail.actions() == {"create": 1, "update": 4, "cancel": 1}
    assert stack.erp.counters(stack.site) == {"searches": 1, "creates": 1, "updates": 5}


@pytest.mark.parametrize(
    ("change", "reads", "erp_calls", "state_calls"), [("create", 1, 2, 4), ("update", 1, 1, 4), ("nothing", 1, 0, 3)]
)
def test_each_kind_of_work_costs_its_number_of_calls(
    stack: Stack, change: str, reads: int, erp_calls: int, state_calls: int
) -> None:
    work_order = stack.new_work_order()
    if change != "create":
        stack.engine().look_at(work_order, event("e0"))
    if change == "update":
        stack.change(work_order, title="Replace both seals")
    wire, before = Wire(), stack.firestore_calls()
    stack.engine(wire).look_at(work_order, event("e1"))
    calls = (wire.count("maintainx"), wire.count("erp"), stack.firestore_calls() - before)
    assert calls == (reads, erp_calls, state_calls)


def test_a_change_in_the_erp_meanwhile_is_merged(stack: Stack) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order()
    engine.look_at(work_order, event("e1"))
    stack.erp.edit(stack.site, stack.order()["id"], costCenter="4100", priority="2")
    stack.change(work_order, title="Replace both seals", priority="LOW")
    assert engine.look_at(work_order, event("e2")).reason == "merged"
    order = stack.order()
    assert (order["shortText"], order["costCenter"], order["priority"]) == ("Replace both seals", "4100", "2")
    assert stack.trail.entries()[-1]["policy"] == {"priority": "erp"}


@pytest.mark.parametrize("fault", ["drop_after", "error_after"])
def test_a_create_whose_answer_was_lost_is_found_and_not_repeated(stack: Stack, fault: str) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order()
    stack.erp.fault(fault, times=1, methods=["POST"], tenant=stack.site)
    with pytest.raises(OutcomeUnknown):
        engine.look_at(work_order, event("e1"))
    assert engine.look_at(work_order, event("e1")).reason == "created"
    assert stack.is_in_step(work_order)
    assert stack.erp.counters(stack.site) == {"searches": 2, "creates": 1, "reads": 1}
    assert stack.trail.actions() == {"create": 1}


def test_a_create_that_never_arrived_is_repeated_once_it_cannot_arrive_any_more(stack: Stack) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order()
    stack.erp.fault("drop_before", times=1, methods=["POST"], tenant=stack.site)
    with pytest.raises(OutcomeUnknown):
        engine.look_at(work_order, event("e1"))
    with pytest.raises(RemoteUnavailable, match="may still take effect"):
        engine.look_at(work_order, event("e1"))
    stack.wait(31)
    assert engine.look_at(work_order, event("e1")).reason == "created"
    assert stack.is_in_step(work_order)


def test_a_create_that_the_erp_does_after_we_gave_up_is_not_repeated(stack: Stack) -> None:
    engine = stack.engine(erp_timeout_s=1.0)
    create = engine.erp.create

    def slow(fields: Mapping[str, Any], reference: str) -> ErpRecord:
        try:
            return create(fields, reference)
        finally:
            stack.wait(20)  # as if the time-out were not shortened for the test

    engine.erp.create = slow  # type: ignore[method-assign]  # bent for one test
    work_order = stack.new_work_order()
    stack.erp.fault("slow_before", times=1, methods=["POST"], tenant=stack.site, delay_s=1.5)
    with pytest.raises(OutcomeUnknown):
        engine.look_at(work_order, event("e1"))
    stack.wait(29)  # since it was given up; 49 since it began
    with contextlib.suppress(RemoteUnavailable):  # which it raises unless the ERP is done already
        stack.engine().look_at(work_order, event("e1"))
    time.sleep(0.6)  # in which a create that was repeated would meet the slow one
    while not stack.erp.orders(stack.site):
        time.sleep(0.05)
    stack.engine().look_at(work_order, event("e1"))
    assert stack.is_in_step(work_order)  # fails if there are two
    assert stack.erp.counters(stack.site)["creates"] == 1


def test_an_update_whose_answer_was_lost_is_not_taken_for_a_change_of_the_erp(stack: Stack) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order(title="Replace seal")
    engine.look_at(work_order, event("e1"))
    stack.change(work_order, title="Replace both seals")
    stack.erp.fault("drop_after", times=1, methods=["PATCH"], tenant=stack.site)
    with pytest.raises(OutcomeUnknown):
        engine.look_at(work_order, event("e2"))
    stack.change(work_order, title="Replace seal")  # back to what both last agreed on
    assert engine.look_at(work_order, event("e3")).reason == "updated"
    assert stack.is_in_step(work_order)
    assert stack.trail.actions() == {"create": 1, "update": 2}


def test_after_an_outage_everything_is_made_good(stack: Stack) -> None:
    engine = stack.engine()
    work_order = stack.new_work_order()
    stack.erp.fault("outage", tenant=stack.site)
    for _ in range(3):
        with pytest.raises(RemoteUnavailable):
            engine.look_at(work_order, event("e1"))
    stack.erp.clear_faults()
    assert engine.look_at(work_order, event("e1")).reason == "created"


def calls_of_a_create() -> range:
    """lock, read, search, intent, create, audit, commit."""
    return range(1, 8)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", calls_of_a_create())
def test_a_process_that_dies_while_creating_leaves_one_order_after_the_next_delivery(
    stack: Stack, number: int, when: When
) -> None:
    work_order = stack.new_work_order()
    with pytest.raises(Killed):
        stack.engine(Wire(kill_at=number, when=when)).look_at(work_order, event("e1"))
    stack.wait(LEASE_S + 31)
    stack.change(work_order, title="Replace both seals")
    stack.engine().look_at(work_order, event("e1"))
    assert stack.is_in_step(work_order)
    assert stack.erp.counters(stack.site)["creates"] == 1
    assert stack.trail.actions()["create"] == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
def test_a_process_that_dies_while_updating_is_made_good_by_the_next_delivery(
    stack: Stack, number: int, when: When
) -> None:
    work_order = stack.new_work_order()
    stack.engine().look_at(work_order, event("e0"))
    stack.set_status(work_order, "DONE")
    with pytest.raises(Killed):
        stack.engine(Wire(kill_at=number, when=when)).look_at(work_order, event("e1"))
    stack.wait(LEASE_S + 1)
    stack.set_status(work_order, "OPEN")
    stack.engine().look_at(work_order, event("e2"))
    assert stack.is_in_step(work_order)
    counters = stack.erp.counters(stack.site)
    assert stack.trail.actions()["update"] == counters.get("updates", 0)


def test_many_instances_at_once_make_one_order(stack: Stack) -> None:
    work_order = stack.new_work_order()
    engines = [stack.engine() for _ in range(4)]
    together = threading.Barrier(len(engines))

    def work(engine: SyncEngine, number: int) -> list[Outcome]:
        together.wait()
        return [deliver_until_done(engine, work_order, f"e{number}-{round_}") for round_ in range(3)]

    with ThreadPoolExecutor(len(engines)) as pool:
        outcomes = [outcome for found in pool.map(work, engines, range(len(engines))) for outcome in found]
    assert [outcome.reason for outcome in outcomes].count("created") == 1
    assert {outcome.reason for outcome in outcomes} == {"created", "unchanged"}
    assert stack.is_in_step(work_order)
    assert stack.erp.counters(stack.site)["creates"] == 1


def test_instances_that_push_while_people_change_things_end_in_step(stack: Stack) -> None:
    work_order = stack.new_work_order()
    engines = [stack.engine() for _ in range(3)]

    def work(engine: SyncEngine, number: int) -> None:
        for round_ in range(4):
            stack.change(work_order, title=f"Title {number}.{round_}")
            deliver_until_done(engine, work_order, f"e{number}-{round_}")

    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(work, engines, range(len(engines))))
    assert stack.is_in_step(work_order)
    assert stack.erp.counters(stack.site)["creates"] == 1


def deliver_until_done(engine: SyncEngine, work_order: int, event_id: str) -> Outcome:
    """What Pub/Sub does, without the pauses."""
    pause = threading.Event()
    for _ in range(500):
        try:
            return engine.look_at(work_order, event(event_id))
        except TransientError:
            pause.wait(0.01)
    raise AssertionError(f"{event_id} was never done")


def test_sites_do_not_meet(stack: Stack) -> None:
    work_order = stack.new_work_order()
    stack.engine().look_at(work_order, event("e1"))
    store = FirestoreStateStore(project=stack.project)
    stack.closers.append(store.close)
    record = store.get_record(RecordKey(stack.site, "work_order", work_order))
    assert record is not None
    assert (record.state, record.erp_id, record.intent) == ("linked", stack.order()["id"], None)
    assert record.reference == stack.order()["externalReference"] == f"mx:{stack.site}:{work_order}"
    assert store.get_record(RecordKey("plant-other", "work_order", work_order)) is None
