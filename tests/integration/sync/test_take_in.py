"""An order that was made in the ERP becomes one work order, through the real clients and over sockets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.config.record_policies import OnNewInErp
from shared.errors import OutcomeUnknown, TransientError
from shared.events import Event
from shared.maintainx.creation import SETTLE_S
from shared.outcomes import Outcome
from shared.sync.new_in_erp import RESOURCE, mark_of
from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import Killed, When, Wire, event, example_mapping
from tests.integration.maintainx.plant import PUMP, TOKEN
from tests.integration.sync.conftest import Stack

ORDER = {
    "shortText": "Change the oil",
    "longText": "Every 500 hours",
    "status": "NEW",
    "priority": "2",
    "orderType": "PM02",
    "equipment": str(PUMP),
    "dueDate": "2026-09-20",
    "plant": "2020",
    "externalReference": "",
}


@pytest.fixture
def planned(stack: Stack) -> str:
    """An order that a planner has made; its id."""
    stack.mapping = example_mapping().model_copy(update={"on_new_in_erp": OnNewInErp(action="create")})
    return stack.erp.create(stack.site, **ORDER)


def new(erp_id: str, event_id: str = "n1") -> Event:
    return replace(event(event_id), type="work_order.new_in_erp", resource=RESOURCE, resource_id=erp_id, source="poll")


def made_of(stack: Stack, erp_id: str) -> list[dict[str, Any]]:
    """The work orders that were made of the order, as MaintainX itself shows them."""
    rows = stack.api.get("/workorders", params={"limit": 200, "sort": "-createdAt"}).raise_for_status().json()
    shown = [stack.api.get(f"/workorders/{row['id']}").json()["workOrder"] for row in rows["workOrders"]]
    return [row for row in shown if row.get("externalData") == mark_of(stack.site, erp_id)]


def must_be_in_step(stack: Stack, erp_id: str) -> None:
    (row,) = made_of(stack, erp_id)
    shown = {name: row.get(name) for name in ("title", "description", "status", "priority", "type", "assetId")}
    assert shown == {
        "title": "Change the oil",
        "description": "Every 500 hours",
        "status": "OPEN",
        "priority": "MEDIUM",
        "type": "PREVENTIVE",
        "assetId": PUMP,
    }
    assert row["dueDate"] == "2026-09-20T10:00:00.000Z"
    assert stack.order().items() >= ORDER.items()
    assert "creates" not in stack.erp.counters(stack.site)
    assert stack.engine().look_at(row["id"], event("w1")).reason == "unchanged"


def test_the_order_becomes_a_work_order_and_changes_of_both_sides_travel_from_then_on(
    stack: Stack, planned: str
) -> None:
    assert stack.engine().take_in(planned, new(planned)).reason == "adopted"
    must_be_in_step(stack, planned)
    number = made_of(stack, planned)[0]["id"]
    stack.set_status(number, "IN_PROGRESS")
    assert stack.engine().look_at(number, event("e2")).reason == "updated"
    assert stack.order()["status"] == "IN_WORK"
    stack.erp.edit(stack.site, planned, shortText="Change oil and filter")
    assert stack.engine().take_in(planned, new(planned, "n2")).reason == "pulled"
    assert made_of(stack, planned)[0]["title"] == "Change oil and filter"
    assert stack.trail.actions() == {"create": 1, "adopt": 1, "agree": 1, "update": 2}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 17))
def test_a_process_that_dies_leaves_one_work_order_in_the_end(
    stack: Stack, planned: str, number: int, when: When
) -> None:
    with pytest.raises(Killed):
        stack.engine(Wire(kill_at=number, when=when)).take_in(planned, new(planned))
    stack.wait(LEASE_S + 1)
    try:
        stack.engine().take_in(planned, new(planned))
    except OutcomeUnknown:
        stack.wait(SETTLE_S)
        stack.engine().take_in(planned, new(planned))
    must_be_in_step(stack, planned)
    assert stack.trail.actions()["create"] == 1


def test_a_creation_that_was_done_and_answered_with_an_error_is_found_and_not_repeated(
    stack: Stack, planned: str
) -> None:
    stack.token = TOKEN  # of a user whom faults meet
    stack.maintainx.fail_next(1, after=True)
    with pytest.raises(OutcomeUnknown):
        stack.engine().take_in(planned, new(planned))
    assert len(made_of(stack, planned)) == 1
    assert stack.engine().take_in(planned, new(planned)).reason == "adopted"
    must_be_in_step(stack, planned)


def test_the_webhook_of_the_creation_links_it_first(stack: Stack, planned: str) -> None:
    stack.token = TOKEN  # of a user whom faults meet
    stack.maintainx.fail_next(1, after=True)
    with pytest.raises(OutcomeUnknown):
        stack.engine().take_in(planned, new(planned))
    (row,) = made_of(stack, planned)
    assert stack.engine().look_at(row["id"], event("w0")).reason == "adopted"
    assert stack.engine().take_in(planned, new(planned)).reason == "in_step"
    must_be_in_step(stack, planned)


def test_many_instances_at_once_make_one_work_order(stack: Stack, planned: str) -> None:
    engines = [stack.engine() for _ in range(4)]
    together = threading.Barrier(len(engines))

    def work(number: int) -> Outcome:
        together.wait()
        pause = threading.Event()
        for _ in range(500):
            try:
                return engines[number].take_in(planned, new(planned, f"n{number}"))
            except TransientError:
                pause.wait(0.01)
        raise AssertionError("never done")

    with ThreadPoolExecutor(len(engines)) as pool:
        outcomes = [outcome.reason for outcome in pool.map(work, range(len(engines)))]
    assert outcomes.count("adopted") == 1
    must_be_in_step(stack, planned)


def test_it_costs_two_calls_to_maintainx_and_two_to_the_erp(stack: Stack, planned: str) -> None:
    wire = Wire()
    stack.engine(wire).take_in(planned, new(planned))
    assert [call for call in wire.calls if call.startswith(("maintainx.", "erp.")) and "description" not in call] == [
        "erp.get",
        "maintainx.create_work_order",
        "maintainx.get_work_order",
        "erp.get",
    ]
