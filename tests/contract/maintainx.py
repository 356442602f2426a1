"""MaintainX's OpenAPI document: reduced to the facts of what is used here, and made a document again.

The facts, by "GET /assets": parameters, body (a schema) and answers (a schema by status, null where nothing is told of
the body); and webhooks, a schema by type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from local.maintainx.app import OPERATIONS as SIMULATED
from shared.maintainx.operations import OPERATIONS as CALLED
from tests.contract.schemas import Change, Schema, Shapes, facts_of, mapped, resolved, shared

Document = dict[str, Any]
Facts = dict[str, Any]

_JSON = "application/json"


def operations() -> set[tuple[str, str]]:
    """What the simulator has or the client calls: ("GET", "/assets")."""
    simulated = {(operation.method, operation.path) for operation in SIMULATED}
    called = {(operation.method, operation.path) for operation in CALLED.values()}
    return simulated | called | {("GET", "/versions")}  # which the simulator has outside its table


def reduced(document: Mapping[str, Any], wanted: Iterable[tuple[str, str]]) -> Facts:
    """The facts of the operations `wanted` and of all webhooks. Raises ValueError if the document lacks one."""
    facts = {
        "openapi": document["openapi"],
        "version": document["info"]["version"],
        "operations": {f"{method} {path}": _operation(document, method, path) for method, path in sorted(wanted)},
        "webhooks": {
            name: _schema(hook["post"]["requestBody"]) for name, hook in sorted(document["x-webhooks"].items())
        },
    }
    facts = _each_schema(facts, facts_of)
    shapes = Shapes()
    _each_schema(facts, shapes.count)
    names = shapes.names()
    share = shared(names)
    said_once = {name: mapped(json.loads(text), name, share) for text, name in names.items()}
    return {**_each_schema(facts, share), "schemas": said_once}


def expanded(facts: Facts) -> Document:
    """An OpenAPI document with these facts."""
    whole = _each_schema(facts, resolved(facts["schemas"]))
    paths: Document = {}
    for key, told in whole["operations"].items():
        method, path = key.split(" ")
        paths.setdefault(path, {})[method.lower()] = {
            "parameters": told["parameters"],
            **({"requestBody": _content(told["body"])} if "body" in told else {}),
            "responses": {
                status: {} if schema is None else _content(schema) for status, schema in told["answers"].items()
            },
        }
    return {
        "openapi": facts["openapi"],
        "info": {"version": facts["version"]},
        "paths": paths,
        "x-webhooks": {name: {"post": {"requestBody": _content(schema)}} for name, schema in whole["webhooks"].items()},
    }


def _operation(document: Mapping[str, Any], method: str, path: str) -> Facts:
    described = document["paths"].get(path, {}).get(method.lower())
    if described is None:
        raise ValueError(f"the document has no {method} {path}, which the simulator or the client has")
    body = {"body": _schema(described["requestBody"])} if "requestBody" in described else {}
    return {
        **body,
        "parameters": [_parameter(parameter) for parameter in described.get("parameters", ())],
        "answers": {status: _answer(status, answer) for status, answer in sorted(described["responses"].items())},
    }


def _parameter(described: Mapping[str, Any]) -> Facts:
    required = {"required": True} if described.get("required") else {}
    return {"in": described["in"], "name": described["name"], **required, "schema": described["schema"]}


def _answer(status: str, described: Mapping[str, Any]) -> Schema | None:
    """The schema of a success. Refusals are judged by what was seen of them, not by the document."""
    return _schema(described) if status.startswith("2") and "content" in described else None


def _schema(described: Mapping[str, Any]) -> Schema:
    (kind,) = described["content"]
    if kind != _JSON:
        raise ValueError(f"a body of {kind}: only {_JSON} is known here")
    schema: Schema = described["content"][kind]["schema"]
    return schema


def _content(schema: Schema) -> Document:
    return {"content": {_JSON: {"schema": schema}}}


def _each_schema(facts: Facts, change: Change) -> Facts:
    return {
        **facts,
        "operations": {key: _each_in(key, told, change) for key, told in facts["operations"].items()},
        "webhooks": {name: change(schema, name) for name, schema in facts["webhooks"].items()},
    }


def _each_in(key: str, told: Facts, change: Change) -> Facts:
    made = {
        **told,
        "parameters": [{**one, "schema": change(one["schema"], one["name"])} for one in told["parameters"]],
        "answers": {
            status: None if schema is None else change(schema, f"answer to {key}")
            for status, schema in told["answers"].items()
        },
    }
    return {**made, "body": change(told["body"], f"body of {key}")} if "body" in told else made
