"""Which bodies the simulator takes, against the vendor's schema: the same yes or no for thousands of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from openapi_schema_validator import OAS30Validator

from local.maintainx.app import OPERATIONS
from local.maintainx.bodies import parse
from local.maintainx.call import Operation
from local.maintainx.problems import Refusal
from tests.integration.maintainx.contract import body_schema, load_document

MOMENT = "2026-09-14T12:00:00.000Z"
SAMPLES: tuple[Any, ...] = (
    *(None, True, 7, 1.5, "text", "NO_SUCH_MEMBER", MOMENT),
    *([], [7], ["text"], [None], {}, {"x": 1}),
)
# Stricter than the schema on purpose: what it calls a number or any text is an id, a time or a URL all the same.
IDS = frozenset({"vendorIds", "parentId", "meterId", "assetId", "locationId", "approverTeamId", "customStatusId"})
TIMES = frozenset({"dueDate", "startDate", "startedAt", "endedAt", "readingDate", "minDateForProcessing"})
# The schema of these does not say so, but without the one field there is nothing to do.
NEEDED = {"/workorders/{id}/status": "status"}
WITH_BODY = [operation for operation in OPERATIONS if operation.body is not None and operation.path != "/subscriptions"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_document()


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: f"{operation.method} {operation.path}")
def test_body_is_taken_exactly_if_the_vendors_schema_allows_it(document: dict[str, Any], operation: Operation) -> None:
    schema = body_schema(document, operation.method, operation.path)
    judge = OAS30Validator(schema)
    verdicts = {True: 0, False: 0}
    for path, body in variants(schema, not_simulated(operation)):
        allowed = judge.is_valid(body)
        verdicts[allowed] += 1
        if allowed and on_purpose(operation, path, body):
            continue
        assert taken(operation, body) == allowed, (path, body)
    assert min(verdicts.values()) >= 1, verdicts
    assert sum(verdicts.values()) > len(SAMPLES)


def taken(operation: Operation, body: Any) -> bool:
    try:
        parse(operation.body, json.dumps(body).encode(), reject_unknown=False)
    except Refusal as refusal:
        return refusal.status != 400
    return True


def not_simulated(operation: Operation) -> frozenset[str]:
    models = get_args(operation.body) or (operation.body,)
    return frozenset(name for model in models for name in getattr(model, "not_simulated", ()))


def on_purpose(operation: Operation, path: tuple[str, ...], body: Any) -> bool:
    if operation.path in NEEDED and NEEDED[operation.path] not in body:
        return True
    value = body
    for name in path:
        value = value[int(name)] if isinstance(value, list) else value.get(name)
    if IDS.intersection(path) and (value == 1.5 or value == [1.5]):
        return True
    if path == ("url",):
        return True
    return bool(TIMES.intersection(path)) and isinstance(value, str) and value != MOMENT


def variants(schema: Any, skipped: frozenset[str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Bodies that are right but for at most one place, and the path of that place."""
    yield (), minimal(schema)
    for sample in SAMPLES:
        yield (), sample
    for member in [*schema.get("oneOf", ()), *schema.get("anyOf", ())]:
        yield from variants(member, skipped)
    for choice in schema.get("enum", ()):
        yield (), choice
    if "items" in schema:
        for path, value in variants(schema["items"], skipped):
            yield ("0", *path), [value]
    base = minimal(schema)
    for name, inner in schema.get("properties", {}).items():
        if name in skipped:
            continue
        for path, value in variants(inner, skipped):
            yield (name, *path), {**base, name: value}
        if name in base:
            yield (), {other: value for other, value in base.items() if other != name}


def minimal(schema: Any) -> Any:
    """The least that the schema allows."""
    if "oneOf" in schema or "anyOf" in schema:
        return minimal((schema.get("oneOf") or schema["anyOf"])[-1])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: minimal(schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return []
        case "string":
            return MOMENT if schema.get("format") == "date-time" else "text"
        case "boolean":
            return True
    return 7
