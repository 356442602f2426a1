"""Every answer of the simulator, and every webhook it sends, against the vendor's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator

from local.maintainx.app import OPERATIONS
from local.maintainx.control_client import SimControl
from shared.maintainx.webhooks import known_types
from tests.integration.maintainx.plant import DRIVER, FAN, LOCATION, ORG, OTHER_USER, PUMP, TEAM, TOKEN, Receiver, api
from tests.reference import reference_path

ERROR_SHAPES: dict[str, Any] = {
    "oneOf": [
        {
            "type": "object",
            "required": ["error"],
            "properties": {"error": {"type": "string"}},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "required": ["errors"],
            "properties": {
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["error"],
                        "properties": {"error": {}, "fieldPath": {"type": "string"}, "fieldValue": {}},
                        "additionalProperties": False,
                    },
                }
            },
            "additionalProperties": False,
        },
    ]
}


def null_allowed(schema: Any) -> Any:
    """`schema` with `nullable` meaning what the vendor means: OpenAPI 3.0 ignores it beside `enum` and `oneOf`."""
    if isinstance(schema, list):
        return [null_allowed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: null_allowed(value) for name, value in schema.items()}
    if inner.get("nullable") is True and ("enum" in inner or "oneOf" in inner):
        return {"anyOf": [{"enum": [None]}, inner]}
    return inner


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    parsed: dict[str, Any] = null_allowed(json.loads(reference_path("maintainx-openapi.json").read_text()))
    return parsed


class Contract:
    """Calls operations by the names of the document and validates every answer."""

    def __init__(self, document: dict[str, Any], http: httpx.Client) -> None:
        self._document = document
        self._http = http
        self.called: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, body: Any = None, *, query: Any = None, expect: int, **ids: int) -> Any:
        self.called.add((method, path))
        response = self._http.request(method, path.format(**ids), json=body, params=query)
        assert response.status_code == expect, response.text
        documented = self._document["paths"][path][method.lower()]["responses"]
        assert str(expect) in documented
        if expect >= 400:
            OAS30Validator(ERROR_SHAPES).validate(response.json())
            return response.json()
        content = documented[str(expect)].get("content")
        if content is None:
            assert response.content == b""
            return None
        validator = OAS30Validator(content["application/json"]["schema"], format_checker=OAS30Validator.FORMAT_CHECKER)
        validator.validate(response.json())
        return response.json()


@pytest.fixture
def call(document: dict[str, Any], control: SimControl) -> Iterator[Contract]:
    with api(control) as http:
        yield Contract(document, http)


def walk(call: Contract) -> None:
    """Every operation, well used and badly used, in the life of a work order and an asset."""
    order = call(
        "POST",
        "/workorders",
        {
            "title": "Replace seal",
            "description": "Leak at drive end",
            "priority": "HIGH",
            "assetId": PUMP,
            "locationId": LOCATION,
            "assignees": [{"type": "USER", "id": "tech@example.com"}, {"type": "TEAM", "id": TEAM}],
            "categories": ["Mechanical"],
            "dueDate": "2030-09-16T16:00:00.000Z",
            "estimatedTime": 5400,
            "externalData": {"erp": "acme", "orderNo": "PM-10023"},
            "extraFields": {"Cost Center": "4100"},
        },
        expect=200,
    )["id"]
    call("POST", "/workorders", {"title": "Check belt"}, expect=200)
    every_expand = [
        *("thumbnail", "assignees", "categories", "parts", "asset", "location", "procedure", "vendor_ids", "times"),
        *("time_items", "expenditures", "extra_fields", "part_extra_fields", "asset_extra_fields"),
        *("location_extra_fields", "estimated_time"),
    ]
    page = call("GET", "/workorders", query={"limit": 1, "expand": every_expand}, expect=200)
    call("GET", "/workorders", query={"cursor": page["nextCursor"], "expand": every_expand}, expect=200)
    call("GET", "/workorders", query={"status": "OPEN"}, expect=400)
    call("GET", "/workorders", query={"limit": 250}, expect=400)
    call("GET", "/workorders/{id}", query={"expand": ["assignees", "asset", "estimated_time"]}, id=order, expect=200)
    call("GET", "/workorders/{id}", query={"useSequentialId": "true"}, id=1, expect=200)
    call("GET", "/workorders/{id}", id=1, expect=404)
    assignees = [{"type": "USER", "id": OTHER_USER}]
    change = {"title": "Replace both seals", "assignees": assignees, "categories": ["Mechanical", "Safety"]}
    call("PATCH", "/workorders/{id}", change, id=order, expect=200)
    call("PATCH", "/workorders/{id}", {"assignees": [{"id": 1}]}, id=order, expect=400)
    for status in ("IN_PROGRESS", "ON_HOLD", "DONE", "OPEN", "CANCELED"):
        call("PATCH", "/workorders/{id}/status", {"status": status}, id=order, expect=200)
    call("PATCH", "/workorders/{id}/status", {"status": "SKIPPED"}, id=order, expect=400)
    call("PATCH", "/workorders/{id}/partStatus", {"partStatus": "KITTED"}, id=order, expect=200)
    call("POST", "/workorders/{id}/comments", {"content": "Fini – café ☕"}, id=order, expect=201)
    call("POST", "/workorders/{id}/comments", {}, id=order, expect=400)
    call("GET", "/workorders/{id}/comments", id=order, expect=200)
    call("DELETE", "/workorders/{id}", id=order, expect=204)
    call("DELETE", "/workorders/{id}", id=order, expect=404)

    asset = call("POST", "/assets", {"name": "Conveyor", "model": {"name": "C-9"}}, expect=201)["id"]
    expand = ["barcode", "team_ids", "asset_types", "extra_fields", "vendor_ids", "status", "manufacturer", "model"]
    call("GET", "/assets", query={"expand": expand}, expect=200)
    call("GET", "/assets", query={"ERP": "10001"}, expect=200)
    call("GET", "/assets", query={"Nonsense": "1"}, expect=400)
    call("GET", "/assets/{id}", id=PUMP, expect=200)
    call("PATCH", "/assets/{id}", {"serialNumber": "C-1"}, id=asset, expect=200)
    offline = {"status": "OFFLINE", "downtimeType": "UNPLANNED", "description": "Jam"}
    made = call("POST", "/assets/{assetId}/status", offline, assetId=asset, expect=201)["assetStatus"]["id"]
    call("POST", "/assets/{assetId}/status", {"status": "BROKEN"}, assetId=asset, expect=400)
    call("GET", "/assetstatuses", query={"assetId": [asset, FAN], "sort": "startedAt"}, expect=200)
    call("PATCH", "/assetstatuses/{id}", {"downtimeType": "PLANNED"}, id=made, expect=200)
    call("GET", "/assetcustomstatuses", expect=200)
    call("DELETE", "/assets/{id}", id=asset, expect=204)

    target = {"type": "NEW_WORK_ORDER", "url": "http://127.0.0.1:9/x"}
    subscription = call("POST", "/subscriptions", target, expect=201)["id"]
    call("POST", "/subscriptions", {"type": "NO_SUCH_TYPE", "url": "http://127.0.0.1:9/x"}, expect=400)
    call("GET", "/subscriptions/{id}", id=subscription, expect=200)
    call("PATCH", "/subscriptions/{id}", {"type": "NEW_ASSET"}, id=subscription, expect=200)
    call("GET", "/subscriptions/{id}/secret", id=subscription, expect=200)
    call("DELETE", "/subscriptions/{id}", id=subscription, expect=204)
    call("GET", "/subscriptions/{id}", id=subscription, expect=404)
    for path in ("/organizations", "/teams", "/categories", "/versions"):
        call("GET", path, expect=200)
    call("GET", "/locations", query={"expand": ["extra_fields", "team_ids"], "Cost Center": "4100"}, expect=200)
    call("GET", "/users", query={"expand": ["role"]}, expect=200)


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
        OAS30Validator(schema, format_checker=OAS30Validator.FORMAT_CHECKER).validate(body)
        assert body["eventType"] == name
        assert body["orgId"] == ORG
        assert delivery.body == json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    assert seen == {
        *("NEW_WORK_ORDER", "WORK_ORDER_CHANGE", "WORK_ORDER_STATUS_CHANGE", "WORK_ORDER_DELETE"),
        *("WORK_ORDER_PART_STATUS_CHANGE", "NEW_CATEGORY_ON_WORK_ORDER", "NEW_COMMENT_ON_WORK_ORDER"),
        *("NEW_ASSET", "ASSET_STATUS_CHANGE", "WEBHOOK_CREATED", "WEBHOOK_ARCHIVED"),
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
        assert httpx.get(f"{control.api_url}/workorders", headers=headers, trust_env=False).status_code == 401
    lower = {"Authorization": f"bearer {TOKEN}"}
    assert httpx.get(f"{control.api_url}/workorders", headers=lower, trust_env=False).status_code == 200
