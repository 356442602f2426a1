"""Which destinations an event goes to, and when MaintainX is asked for the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from shared.config.routes import RoutesFile
from shared.errors import RemoteUnavailable
from shared.events import Event
from shared.routing import destinations
from tests.fakes.events import make_event


class Reader:
    """Gives one record, and counts how often it is asked."""

    def __init__(self, record: Mapping[str, Any] | None = None) -> None:
        self.record = record
        self.asked = 0

    def __call__(self, _: Event) -> Mapping[str, Any] | None:
        self.asked += 1
        return self.record


def route(event: Event, *whens: dict[str, Any], reader: Reader | None = None) -> list[str]:
    """Numbers of the conditions that hold."""
    routes = [{"name": str(number), "when": when, "to": "erp-push"} for number, when in enumerate(whens)]
    found = destinations(event, RoutesFile.model_validate({"routes": routes}).routes, reader or Reader())
    return found.get("erp-push", [])


@pytest.mark.parametrize(
    ("pattern", "event_type", "holds"),
    [
        ("work_order.created", "work_order.created", True),
        ("work_order.created", "work_order.created_by", False),
        ("work_order.*", "work_order.created", True),
        ("work_order.*", "work_order.part.used", True),
        ("work_order.*", "work_order_x.created", False),
        ("work_order.*", "work_order", False),
        ("asset.*", "work_order.created", False),
    ],
)
def test_type_pattern(pattern: str, event_type: str, holds: bool) -> None:
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
    found = destinations(make_event(), RoutesFile.model_validate({"routes": routes}).routes, Reader())
    assert found == {"erp-push": ["a", "b"], "notifications": ["a"]}


@pytest.mark.parametrize(
    "data",
    [
        {"priority": "HIGH"},
        {"newWorkOrder": {"priority": "HIGH"}},
    ],
)
def test_field_in_payload_or_its_entity_needs_no_reading(data: dict[str, Any]) -> None:
    reader = Reader({"priority": "LOW"})
    assert route(make_event(data=data), {"type": "work_order.*", "priority": "HIGH"}, reader=reader) == ["0"]
    assert reader.asked == 0


def test_record_is_read_once_for_all_routes_and_only_if_a_rule_asks() -> None:
    reader = Reader({"priority": "HIGH", "extraFields": {"Area": "North"}})
    asking = {"type": "work_order.*", "priority": "HIGH"}
    assert route(make_event(), {"type": "asset.*", "priority": "HIGH"}, {"type": "work_order.*"}, reader=reader) == [
        "1"
    ]
    assert reader.asked == 0
    fields = {"type": "work_order.*", "fields": {"extraFields.Area": "North"}}
    assert route(make_event(), asking, fields, {**asking, "priority": "LOW"}, reader=reader) == ["0", "1"]
    assert reader.asked == 1


def test_record_that_is_gone_meets_no_condition_and_is_asked_for_once() -> None:
    reader = Reader(None)
    when = {"type": "work_order.*", "priority": "HIGH"}
    assert route(make_event(), when, when, {"type": "work_order.*"}, reader=reader) == ["2"]
    assert reader.asked == 1


def test_reader_that_fails_is_an_error_and_not_a_route_less() -> None:
    def fail(event: Event) -> None:
        raise RemoteUnavailable("maintainx: GET /workorders/1: 503")

    routes = RoutesFile.model_validate(
        {"routes": [{"name": "r", "when": {"type": "work_order.*", "priority": "HIGH"}, "to": "erp-push"}]}
    ).routes
    with pytest.raises(RemoteUnavailable):
        destinations(make_event(), routes, fail)


@pytest.mark.parametrize(
    ("categories", "holds"),
    [
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
    ],
)
def test_categories_are_names_or_objects_with_names(categories: object, holds: bool) -> None:
    event = make_event(data={"categories": categories})
    assert bool(route(event, {"type": "work_order.*", "category": ["Safety", "Fire"]})) is holds


@pytest.mark.parametrize(
    ("value", "allowed", "holds"),
    [
        (7, 7, True),
        ("7", 7, False),
        (["a", "b"], "b", True),
        (["a"], ["b", "c"], False),
        ({"a": 1}, {"a": 1}, True),
        (False, [False], True),
    ],
)
def test_field_matches_by_value_and_a_list_by_any_of_its_items(value: object, allowed: object, holds: bool) -> None:
    event = make_event(data={"field": value})
    assert bool(route(event, {"type": "work_order.*", "fields": {"field": allowed}})) is holds
