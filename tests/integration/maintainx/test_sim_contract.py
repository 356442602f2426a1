"""Every answer of the simulator, and every webhook it sends, against the vendor's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local import loopback
from local.maintainx import subscriptions
from local.maintainx.app import OPERATIONS
from local.maintainx.control_client import SimControl
from shared.maintainx.webhooks import known_types
from tests.integration.maintainx.contract import Contract, body_schema, load_document, validator
from tests.integration.maintainx.plant import DRIVER, ORG, TOKEN, Receiver, api
from tests.integration.maintainx.walk import walk


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_document()


@pytest.fixture
def call(document: dict[str, Any], control: SimControl) -> Iterator[Contract]:
    with api(control) as http:
        yield Contract(document, http)


@pytest.mark.parametrize("omit_nulls", [True, False])
def test_every_answer_follows_the_vendors_document(call: Contract, control: SimControl, omit_nulls: bool) -> None:
    control.configure(omit_nulls=omit_nulls)
    walk(call)
    simulated = {(operation.method, operation.path) for operation in OPERATIONS}
    assert simulated <= call.called, "an operation is simulated but not walked"


def test_every_webhook_follows_the_vendors_document(
    document: dict[str, Any], call: Contract, control: SimControl, receiver: Receiver
) -> None:
    options = {"serializeEntity": True}
    targets = [{"type": name, "url": f"{receiver.url}/{name}", "options": options} for name in sorted(known_types())]
    control.seed({"id": ORG, "name": "Plant 1", "subscriptions": targets})
    walk(call)
    stats = control.wait_idle()
    assert stats["delivered"] == len(receiver.received) > 0
    seen = set()
    for delivery in receiver.received:
        name = delivery.path.strip("/")
        seen.add(name)
        schema = document["x-webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]
        body = json.loads(delivery.body)
        validator(schema).validate(body)
        assert body["eventType"] == name
        assert body["orgId"] == ORG
        assert delivery.body == json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    assert seen == {
        *("NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_DELETE"),
        *("WORK_ORDER_PART_STATUS_CHANGE", "NEW_CATEGORY_ON_WORK_ORDER", "NEW_COMMENT_ON_WORK_ORDER"),
        *("NEW_ASSET", "ASSET_STATUS_CHANGE", "WEBHOOK_CREATED", "WEBHOOK_ARCHIVED", "NEW_LOCATION"),
        *("NEW_PART", "PART_CHANGE", "PART_DELETE", "PART_QUANTITY_CHANGE", "METER_TRIGGER_STATE_CHANGE"),
        *("NEW_WORK_REQUEST", "WORK_REQUEST_STATUS_CHANGE"),
    }


def test_every_simulated_query_parameter_is_documented_and_none_is_missing(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        declared = document["paths"][operation.path][operation.method.lower()].get("parameters", [])
        documented = {parameter["name"] for parameter in declared if parameter["in"] == "query"}
        assert set(operation.query) == documented - {"customFieldName"}, (operation.method, operation.path)
        for parameter in declared:
            items = parameter["schema"].get("items", parameter["schema"])
            if parameter["in"] == "query" and "enum" in items:
                # team_ids was added to the live system after the document (seen in September 2026).
                assert set(operation.query[parameter["name"]].choices) - {"team_ids"} == set(items["enum"]) - {
                    "team_ids"
                }, (operation.path, parameter["name"])


def test_unknown_token_is_unauthorized(control: SimControl) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nobody"},
        {"Authorization": DRIVER},
        {"Authorization": f"Basic {TOKEN}"},
    ):
        assert loopback.get(f"{control.api_url}/workorders", headers=headers).status_code == 401
    lower = {"Authorization": f"bearer {TOKEN}"}
    assert loopback.get(f"{control.api_url}/workorders", headers=lower).status_code == 200


def test_filters_and_options_of_subscriptions_are_the_documented_ones(document: dict[str, Any]) -> None:
    variants = body_schema(document, "POST", "/subscriptions")["oneOf"]
    assert {variant["properties"]["type"]["enum"][0] for variant in variants} == set(known_types())
    for variant in variants:
        fields = variant["properties"]
        (name,) = fields["type"]["enum"]
        options = fields.get("options", {}).get("properties", {})
        assert set(subscriptions.OPTIONS.get(name, ())) == set(options), name
        filters = fields.get("filters", {}).get("properties", {})
        assert set(subscriptions.FILTERS.get(name, {})) == set(filters), name
        for label, schema in filters.items():
            known = subscriptions.FILTERS[name][label]
            if isinstance(known, tuple):
                assert set(known) == set(schema["items"]["enum"]), (name, label)
