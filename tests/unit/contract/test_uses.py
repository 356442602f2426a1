"""That what is used is really found in the code, and that the code asks for nothing the vendor does not have."""

from __future__ import annotations

from typing import Any

import pytest

from shared.maintainx.contract import shipped, uses
from shared.maintainx.contract.schema import Field, flatten
from shared.maintainx.operations import OPERATIONS
from shared.maintainx.webhooks import WEBHOOK_TYPES
from tests.reference import maintainx_document

# Read because they are seen on the live system, though the document has them nowhere.
SEEN_LIVE = {("WorkRequest", "creatorId")}


def test_every_operation_of_the_table_is_called_by_some_method_of_the_client() -> None:
    assert uses.sent().keys() == {uses.operation_key(operation) for operation in OPERATIONS.values()}


def test_recorded_calls_set_every_parameter_and_try_every_value() -> None:
    query = uses.sent()["GET /workorders"].query
    assert query["statuses"] == {"OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"}
    assert {"-updatedAt", "dueDate"} <= query["sort"]
    assert {"cursor", "limit", "show_upcoming", "updatedAt[gte]", "notVendors"} <= query.keys()
    assert uses.sent()["POST /workorders"].query == {"skipWebhook": {"true"}}


def test_bodies_that_callers_choose_stand_for_all_fields_and_others_for_their_own() -> None:
    assert uses.sent()["POST /workorders"].body == {"*"}
    assert uses.sent()["POST /metertriggers"].body == {"meterTrigger", "meterTrigger.*"}
    assert uses.sent()["POST /meterreadings"].body == {"[].meterId", "[].value", "[].readingDate"}
    assert {"durationTotal", "costPerUnit"} <= uses.sent()["POST /workorders/{id}/costs"].body


def test_every_webhook_field_of_the_table_is_seen_to_be_read() -> None:
    for name, spec in WEBHOOK_TYPES.items():
        read = uses.webhook_fields(name, {})
        wanted = {spec.occurred_field, spec.id_path.partition(".")[0], spec.entity_field} - {""}
        assert wanted <= read, name


def test_field_that_is_read_for_one_value_only_is_seen() -> None:
    values = {"newStatus": {"enum": ["OPEN", "DONE"]}}
    assert "newSubStatus" in uses.webhook_fields("WORK_ORDER_STATUS_CHANGE", values)
    assert "newSubStatus" not in uses.webhook_fields("WORK_ORDER_STATUS_CHANGE", {})


def test_summary_holds_every_operation_and_every_webhook_type() -> None:
    assert set(shipped().operations) == uses.sent().keys(), "an operation that the vendor's document does not have"
    hooks = {name.removeprefix("webhook ") for name in shipped().tables if name.startswith("webhook ")}
    assert hooks == set(WEBHOOK_TYPES)


def test_everything_that_is_sent_is_in_the_vendors_document() -> None:
    for name, sent in uses.sent().items():
        table = shipped().tables.get(f"{name} query", {})
        assert sent.query.keys() <= table.keys(), name
        for parameter, values in sent.query.items():
            if table[parameter].enum:
                assert values <= set(table[parameter].enum), (name, parameter)


def test_no_field_of_a_model_is_unknown_to_the_vendor_everywhere() -> None:
    unknown: dict[type, set[str]] = {}
    for operation in OPERATIONS.values():
        table = shipped().tables.get(f"{uses.operation_key(operation)} answer", {})
        names = {path.rpartition(".")[2] for path in table}
        missing = {info.alias or name for name, info in operation.model.model_fields.items()} - names
        unknown[operation.model] = unknown.get(operation.model, missing) & missing
    found = {(model.__name__, name) for model, names in unknown.items() for name in names if names}
    assert found <= SEEN_LIVE


def test_ids_of_webhooks_are_where_the_table_says_and_no_other_type_has_one() -> None:
    document = maintainx_document()
    for name, hook in document["x-webhooks"].items():
        table = flatten(hook["post"]["requestBody"]["content"]["application/json"]["schema"])
        spec = WEBHOOK_TYPES[name]
        assert table[spec.occurred_field] == Field("string date-time", required=True), name
        if spec.id_path:
            assert (table[spec.id_path].type, table[spec.id_path].required) == ("number", True), name
        else:
            ids = {path for path in table if path.endswith("Id") and "." not in path}
            assert ids <= {"orgId", "actorId"}, name
        if spec.entity_field:
            assert table[spec.entity_field].type == "object", name


def test_schemas_become_flat_tables(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Field]]] = [
        ({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": Field("integer")}),
        (
            {"required": ["a"], "properties": {"a": {"type": "string", "format": "date", "nullable": True}}},
            {"a": Field("string date", required=True, nullable=True)},
        ),
        (
            {"type": "array", "items": {"properties": {"a": {"type": "array", "items": {"enum": ["X"]}}}}},
            {"[].a": Field("array of any", enum=("X",))},
        ),
        (
            {
                "oneOf": [
                    {"properties": {"type": {"enum": ["A"]}, "x": {"type": "number"}}},
                    {"properties": {"type": {"enum": ["B"]}}},
                ]
            },
            {"<A>.type": Field("any", enum=("A",)), "<A>.x": Field("number"), "<B>.type": Field("any", enum=("B",))},
        ),
        (
            {
                "oneOf": [
                    {"required": ["x"], "properties": {"x": {"enum": ["A"]}}},
                    {"properties": {"x": {"enum": ["B"]}}},
                ]
            },
            {"x": Field("any", enum=("A", "B"))},
        ),
        (
            {"properties": {"id": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}},
            {"id": Field("integer|string")},
        ),
    ]
    for schema, table in cases:
        with subtests.test(schema=schema):
            assert flatten(schema) == table
