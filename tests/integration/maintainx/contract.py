"""The vendor's OpenAPI document as a judge of requests, answers and webhooks."""

from __future__ import annotations

from typing import Any

import httpx
from openapi_schema_validator import OAS30Validator

from tests.reference import maintainx_document

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


def load_document() -> dict[str, Any]:
    """The document to judge by."""
    allowed: dict[str, Any] = null_allowed(maintainx_document())
    return allowed


def validator(schema: Any) -> OAS30Validator:
    return OAS30Validator(schema, format_checker=OAS30Validator.FORMAT_CHECKER)


def body_schema(document: dict[str, Any], method: str, path: str) -> Any:
    """The schema of a request's body; None if the operation has none."""
    body = document["paths"][path][method.lower()].get("requestBody")
    return body["content"]["application/json"]["schema"] if body else None


class Contract:
    """Calls operations by the names of the document and validates every answer."""

    def __init__(self, document: dict[str, Any], http: httpx.Client) -> None:
        self._document = document
        self._http = http
        self.called: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, body: Any = None, *, query: Any = None, expect: int, **ids: int) -> Any:
        self.called.add((method, path))
        if expect < 400 and body is not None:
            validator(body_schema(self._document, method, path)).validate(body)
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
        validator(content["application/json"]["schema"]).validate(response.json())
        return response.json()
