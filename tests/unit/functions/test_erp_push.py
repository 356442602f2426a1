"""erp_push as it is served: what it makes of events, and of what the sync engine answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared import bootstrap
from shared.events import Event
from shared.state import RecordKey
from shared.sync.conflicts import resolved_event
from shared.sync.new_in_erp import new_event
from tests.fakes.events import push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.state import MemoryStateStore
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event
from tests.unit.conftest import LogLines

Load = Callable[[str], FlaskClient]
Push = Callable[[Event], int]


@pytest.fixture
def world(state: MemoryStateStore, monkeypatch: pytest.MonkeyPatch) -> World:
    """The two systems between which the function works."""
    world = World(both_ways_mapping(shortText={"policy": "manual"}))
    monkeypatch.setattr(bootstrap, "sync_engine", lambda _site: world.engine(Wire()))
    return world


@pytest.fixture
def push(load: Load, world: World) -> Push:
    """Delivers one event; the status of the answer."""

    def deliver(about: Event) -> int:
        answer = load("erp_push").post("/", data=push_body(about), content_type="application/json")
        return answer.status_code

    return deliver


def outcomes(logged: LogLines) -> list[tuple[Any, Any]]:
    return [(line["outcome"], line["reason"]) for line in logged() if line.get("outcome")]


def test_a_new_work_order_gets_an_order_and_a_repeated_event_is_not_looked_at_again(
    push: Push, world: World, logged: LogLines
) -> None:
    assert (push(event("e1")), push(event("e1"))) == (204, 204)
    assert world.tenant.counters["creates"] == 1
    assert outcomes(logged) == [("done", "created"), ("skipped", "duplicate")]


def test_a_change_in_the_erp_is_pulled(push: Push, world: World, logged: LogLines) -> None:
    push(event("e1"))
    world.edit_erp(priority="3")
    assert push(erp_event()) == 204
    assert world.work_orders[WORK_ORDER]["priority"] == "LOW"
    assert outcomes(logged)[-1] == ("done", "pulled")


def test_an_order_that_was_made_in_the_erp_becomes_a_work_order_once(
    push: Push, world: World, logged: LogLines
) -> None:
    world.mapping = both_ways_mapping(on_new_in_erp={"action": "create"})
    erp_id = world.tenant.create({"shortText": "Change the oil", "orderType": "PM02"}).id
    about = new_event(SITE, world.mapping, world.erp.get(erp_id), world.now)
    assert (push(about), push(about), push(replace(about, event_id="n2"))) == (204, 204, 204)
    assert [row["title"] for row in world.work_orders.values()][1:] == ["Change the oil"]
    assert outcomes(logged)[:2] == [("done", "adopted"), ("skipped", "duplicate")]


def test_a_conflict_is_parked_and_the_decision_of_a_person_is_done(push: Push, world: World, logged: LogLines) -> None:
    push(event("e1"))
    world.change(title="Technician's title")
    world.edit_erp(shortText="Planner's title")
    assert push(erp_event()) == 204
    assert outcomes(logged)[-1] == ("done", "parked")
    record = world.note_choice({"shortText": "erp"})
    assert push(resolved_event(record, world.now)) == 204
    assert world.work_orders[WORK_ORDER]["title"] == "Planner's title"
    assert outcomes(logged)[-1] == ("done", "pulled")


def test_what_is_about_no_work_order_is_skipped(push: Push, world: World, logged: LogLines) -> None:
    assert push(replace(event(), resource="asset", type="asset.status_changed")) == 204
    assert outcomes(logged) == [("skipped", "not_a_work_order")]


def test_an_event_that_names_no_work_order_is_buried(push: Push, broker: FakePublisher) -> None:
    assert push(replace(event(), resource_id="")) == 204
    (message,) = broker.published
    assert message.attributes["error_class"] == "MalformedEvent"


def test_a_value_without_mapping_is_buried_with_the_reason(push: Push, world: World, broker: FakePublisher) -> None:
    world.change(status="INSPECTED")
    assert push(event()) == 204
    (message,) = broker.published
    assert message.attributes["error_class"] == "MappingError"
    assert "status -> status: 'INSPECTED' is not in values" in message.attributes["error_message"]


def test_a_record_on_which_somebody_works_gives_the_event_back(push: Push, world: World) -> None:
    push(event("e1"))
    key = RecordKey(SITE, "work_order", WORK_ORDER)
    locked = world.state.lock_record(key, owner="other", lease_s=60)
    assert locked is not None
    assert push(event("e2")) == 503
    world.state.unlock_record(locked)
    assert push(event("e2")) == 204


def test_a_work_order_that_is_not_visible_gives_the_event_back(push: Push, world: World) -> None:
    world.delete()
    assert push(event("e1")) == 503
