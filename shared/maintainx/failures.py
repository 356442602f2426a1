"""What an unsuccessful answer of MaintainX means. Pure.

Two shapes of body occur, for no reason that the client could rely on: `{"error": text}` and
`{"errors": [{"error": text, "fieldPath": "assignees.0.type", "fieldValue": ...}]}`. Anything else is tolerated.
Source: MaintainX REST API v1, error responses of all operations.
"""

from __future__ import annotations

from typing import Any

import httpx

from shared import http
from shared.errors import (
    Fault,
    PermanentError,
    RateLimited,
    RemoteUnavailable,
    ServerFailed,
    TransientError,
    ValidationFailed,
)

SYSTEM = "MaintainX"


def failure(response: httpx.Response) -> TransientError | PermanentError:
    """The error of our tree; ValidationFailed with its faults for a 400."""
    error = http.failure(response, system=SYSTEM)
    if isinstance(error, RemoteUnavailable) and not isinstance(error, RateLimited):
        return ServerFailed(str(error), retry_after_s=error.retry_after_s)
    if response.status_code == 400:
        return ValidationFailed(str(error), status=400, faults=faults(response))
    return error


def faults(response: httpx.Response) -> tuple[Fault, ...]:
    """What the body complains about, in its order; empty if it has neither shape. Values are data, so left out."""
    try:
        body: Any = response.json()
    except ValueError:
        return ()
    if not isinstance(body, dict):
        return ()
    listed = body.get("errors")
    entries = listed if isinstance(listed, list) else [body]
    return tuple(
        Fault(entry["error"], path if isinstance(path := entry.get("fieldPath"), str) else "")
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("error"), str)
    )
