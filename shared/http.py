"""One way to speak HTTP to other systems: every failure becomes an error of our tree."""

from __future__ import annotations

import email.utils
import math
import re
import ssl
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from shared.deadline import remaining_s
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    NotTakenOn,
    PermissionDenied,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    UnsendableRequest,
    VersionConflict,
)
from shared.http_words import address, in_words, path_of, without_credentials, without_words

_REJECTIONS: dict[int, type[RemoteRejected]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: RecordNotFound,
}
# What httpx raises for a request that cannot be made, or not be sent as it is.
_UNMAKEABLE = (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol, TypeError, ValueError)
_UNSENDABLE = (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol, UnicodeError)
# Locked; too early (RFC 8470): the same request may be accepted later.
_REFUSED_FOR_NOW = frozenset({423, 425})
# Not implemented; HTTP version not supported (RFC 9110, 15.6.2 and 15.6.6): the same request is never accepted, and
# nothing of it was done.
_NEVER = frozenset({501, 505})
_ERROR_TEXT_LIMIT = 300

Explain = Callable[[httpx.Response], str]
"""What an unsuccessful answer says is wrong, in words; without it, the body as it is."""
Judge = Callable[[httpx.Response, str], BridgeError | None]
"""The error that an unsuccessful answer means, with this message, where its status alone does not tell; else None."""


def send(
    client: httpx.Client,
    method: str,
    url: str,
    *,
    system: str,
    refused_for_now: Collection[int] = (),
    explain: Explain | None = None,
    judge: Judge | None = None,
    **options: Any,
) -> httpx.Response:
    """Send one request and return its 2xx answer, within what is left of the deadline (`shared.deadline`).

    `system` names the other side in messages; `refused_for_now`: statuses beside 423 and 425 with which it refuses what
    it may accept later; `explain` and `judge` know its own way of saying what is wrong. Raises RemoteUnavailable (no
    answer, 408, 5xx but 501 and 505), NotTakenOn (those statuses, or no time left), RateLimited (429), VersionConflict
    (412), AuthenticationFailed, PermissionDenied, RecordNotFound, RemoteRejected (any other status), or what `judge`
    says; UnsendableRequest if the request itself is not legal, and only if nothing of it was sent. Messages and causes
    never quote the request.
    Redirects count as rejected: an API that moves is a mistake in the configuration.
    """
    if remaining_s() <= 0:
        raise NotTakenOn(f"{system}: {method} {path_of(url)}: not sent, no time is left for it")
    timeout = httpx.Timeout(options.pop("timeout", client.timeout))
    try:
        request = client.build_request(method, url, timeout=_within_deadline(timeout), **options)
    except _UNMAKEABLE as error:
        raise _unsendable(f"{system}: {method} {path_of(url)}", error) from None
    body = request.stream = _Body(request.stream)
    try:
        response = client.send(request, stream=True)
        try:
            response.stream = _UntilDeadline(response.stream, request)
            response.read()
        finally:
            response.close()
    except Exception as error:
        what = f"{system}: {method} {address(request.url)}"
        if isinstance(error, _UNSENDABLE) and not body.is_under_way:
            raise _unsendable(what, error) from None
        if isinstance(error, httpx.RequestError):  # with those of an answer that cannot be decoded
            raise RemoteUnavailable(f"{what}: {in_words(error)}") from without_words(error)
        if body.is_under_way:  # h11 gives up a body half-way, httpx fails at a redirect's odd address
            words = f"{type(error).__name__} after the request was sent"
            raise RemoteUnavailable(f"{what}: {words}") from httpx.ProtocolError(words)
        raise
    if response.is_success:
        return response
    if response.status_code in refused_for_now:
        raise NotTakenOn(_text(response, system, explain))
    judged = None if judge is None else judge(response, _text(response, system, explain))
    if judged is not None:
        raise judged
    raise failure(response, system=system, explain=explain)


def open_client(**options: Any) -> httpx.Client:
    """An httpx client; UnsendableRequest if its headers, or the proxy that the environment names, are not legal."""
    try:
        return httpx.Client(verify=_trusted(), **options)
    except _UNMAKEABLE as error:
        raise _unsendable("HTTP client (its headers, or the environment's HTTP_PROXY, HTTPS_PROXY)", error) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, for all clients of a process: reading them takes some 20 ms."""
    return httpx.create_ssl_context()


def failure(
    response: httpx.Response, *, system: str, explain: Explain | None = None
) -> RemoteUnavailable | VersionConflict | RemoteRejected:
    """The error that an unsuccessful answer means. Retry-After has a meaning with 429 and 503 only (RFC 9110, 6585)."""
    status, text = response.status_code, _text(response, system, explain)
    if status == 429:
        return RateLimited(text, retry_after_s=retry_after_s(response))
    if status in _REFUSED_FOR_NOW:
        return NotTakenOn(text)
    if status == 408 or (status >= 500 and status not in _NEVER):
        return RemoteUnavailable(text, retry_after_s=retry_after_s(response) if status == 503 else None)
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


def _text(response: httpx.Response, system: str, explain: Explain | None) -> str:
    said = response.text if explain is None else explain(response)
    request = response.request
    body = " ".join(without_credentials(said, request).split())[:_ERROR_TEXT_LIMIT]
    return f"{system}: {request.method} {request.url.path}: {response.status_code} {body}"


def _unsendable(what: str, error: Exception) -> UnsendableRequest:
    """Without the library's words: they quote what is not legal, and that may be a credential."""
    return UnsendableRequest(
        f"{what}: nothing was sent, the request is not legal ({type(error).__name__}): look at the settings "
        "and the record that it is made of"
    )


def _within_deadline(timeout: httpx.Timeout) -> httpx.Timeout:
    left_s = remaining_s()
    if left_s == math.inf:
        return timeout
    phases_s = timeout.as_dict().items()
    return httpx.Timeout(**{phase: left_s if limit_s is None else min(limit_s, left_s) for phase, limit_s in phases_s})


class _Body(httpx.SyncByteStream):
    """The body of a request; it is asked for when the head has been sent, also where it is empty."""

    def __init__(self, pieces: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        assert isinstance(pieces, httpx.SyncByteStream)  # noqa: S101  # of a synchronous client
        self._pieces = pieces
        self.is_under_way = False

    def __iter__(self) -> Iterator[bytes]:
        self.is_under_way = True
        yield from self._pieces

    def close(self) -> None:
        self._pieces.close()


class _UntilDeadline(httpx.SyncByteStream):
    """The body of an answer; httpx's own time-outs begin anew with every piece of it."""

    def __init__(self, pieces: httpx.SyncByteStream | httpx.AsyncByteStream, request: httpx.Request) -> None:
        assert isinstance(pieces, httpx.SyncByteStream)  # noqa: S101  # of a synchronous client
        self._pieces = pieces
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece
            if remaining_s() <= 0:
                raise httpx.ReadTimeout("the answer takes longer than there is time", request=self._request)

    def close(self) -> None:
        self._pieces.close()
