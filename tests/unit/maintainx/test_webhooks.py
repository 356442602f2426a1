"""Webhook types against the vendor's document, and what each delivery becomes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import Event
from shared.maintainx.webhooks import WEBHOOK_TYPES, contradicting_type, entity_of, known_types, to_event
from tests.reference import maintainx_document

RECEIVED = datetime(2026, 9, 14, 12, 0, 1, tzinfo=UTC)
OCCURRED = datetime(2026, 9, 14, 12, tzinfo=UTC)


def event(webhook_type: str, data: dict[str, Any]) -> Event:
    return to_event("plant-1", webhook_type, json.dumps(data).encode(), data, RECEIVED)


def body_schemas() -> dict[str, Any]:
    document = maintainx_document()
    return {
        name: hook["post"]["requestBody"]["content"]["application/json"]["schema"]
        for name, hook in document["x-webhooks"].items()
    }


def test_every_documented_type_is_known_and_no_other() -> None:
    assert known_types() == frozenset(body_schemas())
    assert len(known_types()) == 46


def test_fields_of_the_table_exist_in_the_vendors_document() -> None:
    for name, schema in body_schemas().items():
        spec = WEBHOOK_TYPES[name]
        properties = schema["properties"]
        assert spec.occurred_field in schema["required"], name
        if spec.id_path:
            assert spec.id_path.partition(".")[0] in schema["required"], name
        if spec.entity_field:
            assert properties[spec.entity_field]["type"] == "object", name
        else:
            serialised = [field for field in properties if field.lower().endswith(("workorder", "asset", "part"))]
            assert not serialised, name


def test_canonical_names_are_dotted_lower_case_and_distinct() -> None:
    names = [spec.event for spec in WEBHOOK_TYPES.values()]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.count(".") == 1 for name in names)


def test_type_resource_and_id(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, dict[str, Any], str, str, str]] = [
        ("NEW_WORK_ORDER", {"workOrderId": 9001001}, "work_order.created", "work_order", "9001001"),
        ("WORK_ORDER_CHANGE", {"workOrderId": 9001001.0}, "work_order.updated", "work_order", "9001001"),
        ("WORK_ORDER_DELETE", {"workOrderId": "9001001"}, "work_order.deleted", "work_order", "9001001"),
        ("WORK_REQUEST_STATUS_CHANGE", {"requestId": 555}, "work_request.status_changed", "work_request", "555"),
        ("NEW_WORK_REQUEST", {"workRequestId": 555}, "work_request.created", "work_request", "555"),
        ("PART_TRANSFER", {"sourceData": {"partId": 3}}, "part.transferred", "part", "3"),
        ("USER_LOGIN_FAILURE", {"orgId": 1}, "audit.user_login_failure", "audit", ""),
        ("SOMETHING_NEW", {"workOrderId": 1}, "maintainx.something_new", "maintainx", ""),
    ]
    for webhook_type, data, type_, resource, resource_id in cases:
        with subtests.test(webhook_type=webhook_type):
            made = event(webhook_type, data)
            assert (made.type, made.resource, made.resource_id) == (type_, resource, resource_id)
            assert (made.site, made.source, made.origin, made.data) == ("plant-1", "webhook", webhook_type, data)


def test_only_done_without_sub_status_is_a_completion(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"newStatus": "DONE"}, "work_order.completed"),
        ({"newStatus": "DONE", "newSubStatus": None}, "work_order.completed"),
        ({"newStatus": "DONE", "newSubStatus": "CANCELED"}, "work_order.status_changed"),
        ({"newStatus": "DONE", "newSubStatus": "SKIPPED"}, "work_order.status_changed"),
        ({"newStatus": "IN_PROGRESS"}, "work_order.status_changed"),
    ]
    for change, type_ in cases:
        with subtests.test(change=change):
            assert event("WORK_ORDER_STATUS_CHANGE", {"workOrderId": 1, "oldStatus": "OPEN", **change}).type == type_


def test_odd_id_becomes_empty(subtests: pytest.Subtests) -> None:
    cases: list[object] = [None, True, [], {}, float("nan"), float("inf"), 1e300, 1.5, "a/../b", "", "x" * 65]
    for identifier in cases:
        with subtests.test(identifier=identifier):
            assert event("NEW_WORK_ORDER", {"workOrderId": identifier}).resource_id == ""


def test_time_of_the_event(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, dict[str, Any], datetime]] = [
        ("NEW_PART", {"occurredAt": "2026-09-14T12:00:00.000Z"}, OCCURRED),
        ("NEW_PART", {"occurredAt": "2026-09-14T14:00:00+02:00"}, OCCURRED),
        ("PART_TRANSFER", {"triggeredAt": "2026-09-14T12:00:00.000Z"}, OCCURRED),
        ("NEW_PART", {}, RECEIVED),
        ("NEW_PART", {"occurredAt": 1789387200}, RECEIVED),
        ("NEW_PART", {"occurredAt": "yesterday"}, RECEIVED),
        ("NEW_PART", {"occurredAt": "2026-09-14T12:00:00"}, RECEIVED),
        ("NEW_PART", {"occurredAt": "0001-01-01T00:00:00+14:00"}, RECEIVED),
    ]
    for webhook_type, data, expected in cases:
        with subtests.test(webhook_type=webhook_type, data=data, expected=expected):
            assert event(webhook_type, data).occurred_at == expected


def test_same_delivery_twice_has_one_id_and_another_type_another() -> None:
    data = {"workOrderId": 1, "orgId": 2}
    assert event("NEW_WORK_ORDER", data).event_id == event("NEW_WORK_ORDER", data).event_id
    assert event("NEW_WORK_ORDER", data).event_id != event("WORK_ORDER_CHANGE", data).event_id


def test_type_of_the_url_wins_over_the_body_and_the_contradiction_is_reported() -> None:
    data = {"eventType": "NEW_WORK_ORDER", "workOrderId": 1}
    assert event("WORK_ORDER_DELETE", data).type == "work_order.deleted"
    assert contradicting_type("WORK_ORDER_DELETE", data) == "NEW_WORK_ORDER"
    assert contradicting_type("NEW_WORK_ORDER", data) is None
    assert contradicting_type("NEW_WORK_ORDER", {}) is None


def test_entity_is_found_under_each_name_that_maintainx_uses() -> None:
    entity = {"title": "Replace seal"}
    assert entity_of("WORK_ORDER_CHANGE", {"newWorkOrder": entity}) == entity
    assert entity_of("WORK_ORDER_DELETE", {"WorkOrder": entity}) == entity
    assert entity_of("PART_DELETE", {"deletedPart": entity}) == entity
    assert entity_of("WORK_ORDER_CHANGE", {}) is None
    assert entity_of("WORK_ORDER_CHANGE", {"newWorkOrder": "gone"}) is None
    assert entity_of("NEW_VENDOR", {"": entity}) is None
    assert entity_of("SOMETHING_NEW", {"": entity}) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
known_fields = st.sampled_from(
    ["workOrderId", "occurredAt", "triggeredAt", "sourceData", "newStatus", "newSubStatus", "eventType", "newWorkOrder"]
)


@given(webhook_type=st.sampled_from(sorted(WEBHOOK_TYPES)), data=st.dictionaries(known_fields | st.text(), json_values))
def test_any_json_object_becomes_an_event(webhook_type: str, data: dict[str, Any]) -> None:
    made = event(webhook_type, data)
    assert made.type.startswith(f"{made.resource}.")
    assert made.occurred_at.tzinfo is not None
    entity_of(webhook_type, data)
    contradicting_type(webhook_type, data)


def test_ingress_imports_stay_light() -> None:
    script = (
        "import sys, shared.maintainx.signature, shared.maintainx.webhooks\n"
        "print([name for name in ('httpx', 'pydantic', 'stamina', 'grpc', 'yaml') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
