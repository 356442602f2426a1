"""Which destinations an event goes to, and when the record is needed to tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.config.routes import RoutesFile
from shared.events import Event
from shared.routing import Routing, route_event
from tests.fakes.events import make_event


def routing(event: Event, *whens: dict[str, Any], record: Mapping[str, Any] | None = None) -> Routing:
    """What becomes of an event under these conditions, each that of a route with its number for a name."""
    routes = [{"name": str(number), "when": when, "to": "erp-push"} for number, when in enumerate(whens)]
    return route_event(event, RoutesFile.model_validate({"routes": routes}).routes, record)


def route(event: Event, *whens: dict[str, Any], record: Mapping[str, Any] | None = None) -> list[str]:
    """Numbers of the conditions that hold once the record is known."""
    return routing(event, *whens, record=record or {}).destinations.get("erp-push", [])


def undecided(event: Event, *whens: dict[str, Any]) -> list[str]:
    """Numbers of the conditions that need the record."""
    return [route.name for route in routing(event, *whens).undecided]


def test_type_pattern(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, bool]] = [
        ("work_order.created", "work_order.created", True),
        ("work_order.created", "work_order.created_by", False),
        ("work_order.*", "work_order.created", True),
        ("work_order.*", "work_order.part.used", True),
        ("work_order.*", "work_order_x.created", False),
        ("work_order.*", "work_order", False),
        ("asset.*", "work_order.created", False),
    ]
    for pattern, event_type, holds in cases:
        with subtests.test(pattern=pattern, event_type=event_type, holds=holds):
            assert bool(route(make_event(type=event_type), {"type": pattern})) is holds


def test_every_condition_must_hold_and_any_value_of_each() -> None:
    event = make_event(data={"priority": "HIGH", "colour": "red"})
    full = {"type": ["asset.*", "work_order.*"], "site": ["plant-1", "plant-2"], "priority": ["LOW", "HIGH"]}
    assert route(
        event,
        full,
        {**full, "site": "plant-2"},
        {**full, "priority": "LOW"},
        {**full, "fields": {"colour": ["blue", "red"]}},
        {**full, "fields": {"colour": "red", "size": 1}},
    ) == ["0", "3"]


def test_all_routes_are_tried_and_a_destination_is_named_once() -> None:
    routes = [
        {"name": "a", "when": {"type": "work_order.*"}, "to": ["erp-push", "notifications"]},
        {"name": "b", "when": {"type": "work_order.created"}, "to": "erp-push"},
    ]
    found = route_event(make_event(), RoutesFile.model_validate({"routes": routes}).routes)
    assert found.destinations == {"erp-push": ["a", "b"], "notifications": ["a"]}


@pytest.mark.parametrize(
    "data",
    [
        {"priority": "HIGH"},
        {"newWorkOrder": {"priority": "HIGH"}},
    ],
)
def test_field_in_payload_or_its_entity_needs_no_record(data: dict[str, Any]) -> None:
    when = {"type": "work_order.*", "priority": "HIGH"}
    assert route(make_event(data=data), when, record={"priority": "LOW"}) == ["0"]
    assert undecided(make_event(data=data), when, {**when, "priority": "LOW"}) == []


ASKING = {"type": "work_order.*", "priority": "HIGH"}


def test_record_is_needed_only_where_it_decides() -> None:
    event = make_event(data={"colour": "red"})
    assert undecided(
        event,
        {**ASKING, "type": "asset.*"},
        {**ASKING, "site": "plant-2"},
        {**ASKING, "fields": {"colour": "blue"}},
        {**ASKING, "fields": {"colour": "red"}},
        {"type": "work_order.*", "fields": {"extraFields.Area": "North"}},
        {"type": "work_order.*", "fields": {"assignee": [None]}},
    ) == ["3", "4", "5"]


def test_record_decides_what_the_payload_leaves_open() -> None:
    record = {"priority": "HIGH", "extraFields": {"Area": "North"}}
    fields = {"type": "work_order.*", "fields": {"extraFields.Area": "North"}}
    nobody = {"type": "work_order.*", "fields": {"assignee": [None]}}
    whens = (ASKING, fields, {**ASKING, "priority": "LOW"}, nobody)
    assert route(make_event(), *whens, record=record) == ["0", "1", "3"]
    assert routing(make_event(), *whens, record=record).undecided == []


def test_what_the_event_decides_does_not_wait_for_the_record() -> None:
    found = routing(make_event(), ASKING, {"type": "work_order.*"})
    assert found.destinations == {"erp-push": ["1"]}


def test_record_is_not_needed_for_a_destination_that_is_reached_anyway() -> None:
    routes = [
        {"name": "urgent", "when": ASKING, "to": "erp-push"},
        {"name": "all", "when": {"type": "work_order.*"}, "to": "erp-push"},
        {"name": "tell", "when": ASKING, "to": ["erp-push", "notifications"]},
    ]
    found = route_event(make_event(), RoutesFile.model_validate({"routes": routes}).routes)
    assert [route.name for route in found.undecided] == ["tell"]


def test_record_that_is_gone_meets_no_condition() -> None:
    assert route(make_event(), ASKING, {"type": "work_order.*"}, record={}) == ["1"]


def test_categories_are_names_or_objects_with_names(subtests: pytest.Subtests) -> None:
    cases: list[tuple[object, bool]] = [
        (["Safety"], True),
        ([{"id": 1, "name": "Safety"}], True),
        ([{"id": 1, "name": "Damage"}, {"id": 2, "name": "Safety"}], True),
        (["safety"], False),
        ([], False),
        (None, False),
        ("Safety", False),
        ([{"id": 1}], False),
        ([["Safety"]], False),
        ([{"name": ["Safety"]}], False),
        ([7, None], False),
    ]
    for categories, holds in cases:
        with subtests.test(categories=categories):
            event = make_event(data={"categories": categories})
            assert bool(route(event, {"type": "work_order.*", "category": ["Safety", "Fire"]})) is holds


def test_field_matches_by_value_and_a_list_by_any_of_its_items(subtests: pytest.Subtests) -> None:
    cases: list[tuple[object, object, bool]] = [
        (7, 7, True),
        ("7", 7, False),
        (["a", "b"], "b", True),
        (["a"], ["b", "c"], False),
        ({"a": 1}, {"a": 1}, True),
        (False, [False], True),
    ]
    for value, allowed, holds in cases:
        with subtests.test(value=value):
            event = make_event(data={"field": value})
            assert bool(route(event, {"type": "work_order.*", "fields": {"field": allowed}})) is holds
