"""Records what a client sends and gets, and judges it by the vendor's OpenAPI document."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.maintainx.contract import body_schema, validator


class Recorder(httpx.HTTPTransport):
    """A transport that keeps each exchange."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[tuple[httpx.Request, httpx.Response]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        self.exchanges.append((request, response))
        return response


@dataclass
class Judge:
    """Raises AssertionError or ValidationError for an exchange that the document does not allow."""

    document: dict[str, Any]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def check(self, request: httpx.Request, response: httpx.Response) -> None:
        template = self._template(request)
        self.seen.add((request.method, template))
        declared = self.document["paths"][template][request.method.lower()]
        parameters = {item["name"]: item for item in declared.get("parameters", []) if item["in"] == "query"}
        self._check_query(request, parameters)
        schema = body_schema(self.document, request.method, template)
        if schema is None:
            assert request.content == b"", f"{request.method} {template} has no body"
        else:
            validator(strict(schema)).validate(json.loads(request.content))
        documented = declared["responses"]
        assert str(response.status_code) in documented
        content = documented[str(response.status_code)].get("content")
        if content is not None:
            validator(content["application/json"]["schema"]).validate(response.json())

    def _template(self, request: httpx.Request) -> str:
        """The document's name of the path; a literal path comes before one with a placeholder."""
        path = request.url.path.removeprefix("/v1")
        for template in sorted(self.document["paths"], key=lambda name: name.count("{")):
            fits = re.fullmatch(re.sub(r"\\\{\w+\\\}", r"[0-9]+", re.escape(template)), path)
            if fits and request.method.lower() in self.document["paths"][template]:
                return str(template)
        raise AssertionError(f"the document has no {request.method} {path}")

    def _check_query(self, request: httpx.Request, parameters: dict[str, Any]) -> None:
        items = request.url.params.multi_items()
        times = Counter(name for name, _ in items)
        for name, text in items:
            declared = parameters.get(name) or parameters.get("customFieldName")
            assert declared is not None, f"{request.url.path} has no parameter {name}"
            schema = declared["schema"]
            is_list = schema.get("type") == "array"
            assert is_list or times[name] == 1, f"{name} is given {times[name]} times"
            validator(schema["items"] if is_list else schema).validate(
                typed(text, schema["items"] if is_list else schema)
            )


def typed(text: str, schema: dict[str, Any]) -> Any:
    """The value that a query text stands for, if it can be of the schema's type."""
    if schema.get("type") in ("integer", "number") and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def strict(schema: Any) -> Any:
    """`schema` with no properties but the documented ones."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: strict(value) for name, value in schema.items()}
    if isinstance(inner.get("properties"), dict) and "oneOf" not in inner:
        inner.setdefault("additionalProperties", False)
    return inner
