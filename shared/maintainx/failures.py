"""What an unsuccessful answer of MaintainX means. Pure.

Two shapes of body occur, for no reason that the client could rely on: `{"error": text}` and
`{"errors": [{"error": text, "fieldPath": "assignees.0.type", "fieldValue": ...}]}`. Anything else is tolerated.
Source: MaintainX REST API v1, error responses of all operations; "Rate Limiting".
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from shared import http
from shared.errors import (
    Fault,
    NotTakenOn,
    PermanentError,
    RateLimited,
    RemoteUnavailable,
    ServerFailed,
    TransientError,
    ValidationFailed,
)

SYSTEM = "MaintainX"
_RETRY_IN = re.compile(r"retry in (\d{1,5}) seconds", re.IGNORECASE)


class OtherLimit(RateLimited):
    """A 429 although the headers say that requests remain: a limit of its own, of meter readings for example.

    To wait for the window of the headers is no use. Callers of the client see a plain RateLimited.
    """


def failure(response: httpx.Response) -> TransientError | PermanentError:
    """The error of our tree; ValidationFailed with its faults for a 400."""
    error = http.failure(response, system=SYSTEM)
    if isinstance(error, RateLimited):
        return _limited(response, error)
    if isinstance(error, RemoteUnavailable) and not isinstance(error, NotTakenOn):
        return ServerFailed(str(error), retry_after_s=error.retry_after_s)
    if response.status_code == 400:
        return ValidationFailed(str(error), status=400, faults=faults(response))
    return error


def is_of_another_limit(response: httpx.Response) -> bool:
    """Whether a 429 is not of the limits that its headers tell of."""
    return response.status_code == 429 and bool(header_count(response, "X-Rate-Limit-Remaining"))


def header_count(response: httpx.Response, name: str) -> int | None:
    """A header that counts something; None if it is absent or odd."""
    text = response.headers.get(name, "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def header_seconds(response: httpx.Response, name: str) -> float | None:
    """A header that says how many seconds are left, of a day at most; None if it is absent or odd."""
    try:
        value = float(response.headers.get(name, ""))
    except ValueError:
        return None
    return value if 0 <= value < 86_400 else None  # NaN compares false


def _limited(response: httpx.Response, error: RateLimited) -> RateLimited:
    if not is_of_another_limit(response):
        return error
    said = _RETRY_IN.search(response.text)
    in_s = float(said[1]) if said else None
    return OtherLimit(str(error), retry_after_s=in_s if error.retry_after_s is None else error.retry_after_s)


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
