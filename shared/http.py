"""One way to speak HTTP to other systems: every failure becomes an error of our tree."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.errors import (
    AuthenticationFailed,
    PermissionDenied,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)

_REJECTIONS: dict[int, type[RemoteRejected]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: RecordNotFound,
}
_ERROR_TEXT_LIMIT = 300


def send(client: httpx.Client, method: str, url: str, *, system: str, **options: Any) -> httpx.Response:
    """Send one request and return its 2xx answer.

    `system` names the other side in messages. Raises RemoteUnavailable (no answer, 408, 5xx), RateLimited (429),
    VersionConflict (412), AuthenticationFailed, PermissionDenied, RecordNotFound, RemoteRejected (any other status).
    Redirects count as rejected: an API that moves is a mistake in the configuration.
    """
    try:
        response = client.request(method, url, **options)
    except httpx.RequestError as error:  # with those of an answer that cannot be decoded
        raise RemoteUnavailable(f"{system}: {method} {url}: {type(error).__name__}: {error}") from error
    if response.is_success:
        return response
    raise failure(response, system=system)


def failure(response: httpx.Response, *, system: str) -> RemoteUnavailable | VersionConflict | RemoteRejected:
    """The error that an unsuccessful answer means."""
    request, status = response.request, response.status_code
    text = f"{system}: {request.method} {request.url.path}: {status} {_error_text(response)}"
    if status == 429:
        return RateLimited(text, retry_after_s=retry_after_s(response))
    if status == 408 or status >= 500:
        return RemoteUnavailable(text, retry_after_s=retry_after_s(response))
    if status == 412:
        return VersionConflict(text)
    return _REJECTIONS.get(status, RemoteRejected)(text, status=status)


def retry_after_s(response: httpx.Response) -> float | None:
    """The Retry-After header (RFC 9110, 10.2.3: seconds or a date) in seconds from now; None if absent or odd."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _error_text(response: httpx.Response) -> str:
    return " ".join(response.text.split())[:_ERROR_TEXT_LIMIT]
