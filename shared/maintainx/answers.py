"""What a successful answer of MaintainX must be: JSON, and a record of the operation's model. Pure."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import ValidationError

from shared.errors import RemoteRejected, ServerFailed
from shared.maintainx.failures import SYSTEM
from shared.maintainx.models import M
from shared.maintainx.operations import Operation


def json_of(response: httpx.Response) -> Any:
    """The body; {} if there is none by its status. ServerFailed if it is not JSON."""
    if response.status_code == 204:
        return {}
    try:
        return response.json()
    except ValueError as error:
        request = response.request
        raise ServerFailed(f"{SYSTEM}: {request.method} {request.url.path}: answer is not JSON") from error


def record_of(operation: Operation[M], body: Any) -> M:
    """The record in its envelope. ServerFailed if the body is no object, RemoteRejected if it is no such record."""
    if not isinstance(body, dict):
        raise ServerFailed(f"{SYSTEM}: {operation.method} {operation.path}: answer is not a JSON object")
    return validated(operation, body.get(operation.envelope) if operation.envelope else body)


def validated(operation: Operation[M], value: object) -> M:
    """The record in an answer; RemoteRejected if it is none."""
    try:
        return operation.model.model_validate(value)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, entry["loc"])) or "body" for entry in error.errors())
        text = f"{SYSTEM}: {operation.method} {operation.path}: answer is no {operation.model.__name__}: {places}"
        raise RemoteRejected(text, status=200) from error
