"""routes.yaml: how a rule may be written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.config.routes import DESTINATIONS, Route, RoutesFile
from shared.topics import TOPICS


def route(**fields: Any) -> dict[str, Any]:
    return {"name": "r", "when": {"type": "work_order.created"}, "to": "erp-push", **fields}


def test_one_value_may_be_written_without_a_list() -> None:
    when = {"type": "work_order.*", "site": "plant-1", "priority": "HIGH", "category": "Safety", "fields": {"a.b": 1}}
    parsed = Route.model_validate(route(when=when))
    assert (parsed.to, parsed.when.type, parsed.when.site) == (["erp-push"], ["work_order.*"], ["plant-1"])
    assert (parsed.when.priority, parsed.when.category, parsed.when.fields) == (["HIGH"], ["Safety"], {"a.b": [1]})


def test_mistake_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {"to": []},
        {"to": "nowhere"},
        {"to": None},
        {"name": ""},
        {"when": {}},
        {"when": {"type": []}},
        {"when": {"type": "WORK_ORDER.created"}},
        {"when": {"type": "work_order"}},
        {"when": {"type": "*"}},
        {"when": {"type": "work_order.cre*"}},
        {"when": {"type": "work_order.created", "priority": "URGENT"}},
        {"when": {"type": "work_order.created", "colour": "red"}},
        {"unless": {}},
    ]
    for fields in cases:
        with subtests.test(fields=fields), pytest.raises(ValidationError):
            RoutesFile.model_validate({"routes": [route(**fields)]})


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="more than one route is called r"):
        RoutesFile.model_validate({"routes": [route(), route()]})


def test_every_destination_is_a_topic() -> None:
    assert set(DESTINATIONS) <= set(TOPICS)


def test_file_without_routes_or_with_unclear_events_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {"routes": []},
        {"other_events": ["sensor.*"]},
        {"other_events": ["Alarm"]},
        {"other_events": "sensor.alert"},
    ]
    for fields in cases:
        with subtests.test(fields=fields), pytest.raises(ValidationError):
            RoutesFile.model_validate({"routes": [route()], **fields})


def test_events_of_gateways_and_sensors_are_listed_by_their_full_names() -> None:
    assert RoutesFile.model_validate({"routes": [route()], "other_events": ["sensor.alert"]}).other_events
