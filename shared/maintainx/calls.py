"""How the MaintainX API is called: keys, rate limit, what is tried again, pages, and what an answer must be.

Tried again when MaintainX does not answer or fails on its side:
- reads;
- PATCH and DELETE, which say how the record shall be, so that a second time changes nothing. (MaintainX knows no
  If-Match: what somebody else wrote in the seconds between the tries is overwritten, as by a PATCH sent that late.)
- POST only if it never left this machine. MaintainX has no idempotency key: one whose answer was lost may have been
  done, which OutcomeUnknown says; only the caller can look (see `shared.maintainx.creation`).
A 429 was not carried out, so everything waits for the rate limit if it opens soon. No wait and no try goes past the
deadline of the request that is being served (`shared.deadline`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx
import stamina

from shared import http
from shared.deadline import remaining_s
from shared.errors import (
    AuthenticationFailed,
    NetworkFailed,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    ServerFailed,
)
from shared.maintainx import queries
from shared.maintainx.answers import json_of, record_of, validated
from shared.maintainx.failures import SYSTEM, OtherLimit, failure
from shared.maintainx.models import M, R
from shared.maintainx.operations import Operation
from shared.maintainx.pacing import Gate, Pacer
from shared.maintainx.readings import ReadingLimits
from shared.maintainx.recent import Recent

PAGE_SIZE = queries.MAX_PAGE_SIZE
_TIMEOUT_S = 10.0
_ATTEMPTS = 4
_ATTEMPTS_TIMEOUT_S = 10.0
_LONGEST_PAUSE_S = 3.0
_MAX_RATE_WAITS = 3
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

T = TypeVar("T")


class Calls:
    """The connection to one organization. The resources of the API are mixed into it (`shared.maintainx.api`)."""

    def __init__(
        self,
        base_url: str,
        api_key: Callable[[], str],
        organization_id: int,
        *,
        refresh_key: Callable[[], str] | None = None,
        transport: httpx.BaseTransport | None = None,
        max_wait_s: float = 20.0,
        gate: Gate | None = None,
        reading_limits: ReadingLimits | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._refresh_key = refresh_key
        self._organization_id = organization_id
        self._transport = transport
        self._gate: Gate = gate or Pacer(max_wait_s)
        self._reading_limits = reading_limits
        self._http: httpx.Client | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections; the client opens new ones if it is used again."""
        with self._lock:
            client, self._http = self._http, None
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # What resources are made of

    def _get(self, operation: Operation[M], record_id: int | str, query: queries.Params = ()) -> M:
        return record_of(operation, self._read(_path(operation, record_id), query))

    def _rows(
        self,
        operation: Operation[R],
        query: queries.Params,
        page_size: int,
        record_id: int | str | None = None,
    ) -> Iterator[R]:
        """Rows of all pages, each page read when it is needed. A row that comes again is left out unless newer."""
        path = _path(operation, record_id)
        recent = Recent()
        cursor: str | None = None
        while True:
            # The filters go with every page: the cursor does not carry them.
            body = self._read(path, (*query, *queries.page(page_size, cursor)))
            rows = body.get(operation.envelope) if isinstance(body, dict) else None
            if not isinstance(rows, list):
                raise RemoteRejected(f"{SYSTEM}: GET {path}: answer has no list {operation.envelope}", status=200)
            for row in rows:
                record = validated(operation, row)
                if recent.is_news(record.id, getattr(record, "updated_at", None)):
                    yield record
            last, cursor = cursor, body.get("nextCursor")
            if cursor is None:
                return
            if not isinstance(cursor, str) or cursor == last:
                raise RemoteRejected(f"{SYSTEM}: GET {path}: the cursor does not move on", status=200)

    def _post(
        self,
        operation: Operation[M],
        fields: Mapping[str, Any] | list[Any],
        record_id: int | str | None = None,
        *,
        skip_webhook: bool = False,
    ) -> Any:
        """The JSON of the answer. Raises OutcomeUnknown if it may have been done although MaintainX did not say so."""
        path = _path(operation, record_id)
        query = queries.flag("skipWebhook", skip_webhook or None)
        try:
            return self._repeated(_was_not_sent, lambda: json_of(self._paced("POST", path, json=fields, params=query)))
        except (RateLimited, NotTakenOn):
            raise
        except RemoteUnavailable as error:
            # 503 with Retry-After (of other 5xx it is not read) is a refusal in so many words: it was not taken on.
            if _was_not_sent(error) or error.retry_after_s is not None:
                raise
            raise OutcomeUnknown(str(error)) from error

    def _create(
        self,
        operation: Operation[M],
        fields: Mapping[str, Any],
        record_id: int | str | None = None,
        *,
        skip_webhook: bool = False,
    ) -> M:
        body = self._post(operation, fields, record_id, skip_webhook=skip_webhook)
        try:
            return record_of(operation, body)
        except (RemoteRejected, ServerFailed) as error:  # it is done, but we cannot read what was made
            raise OutcomeUnknown(str(error)) from error

    def _change(
        self,
        operation: Operation[M],
        record_id: int | str,
        fields: Mapping[str, Any],
        *,
        skip_webhook: bool = False,
    ) -> M:
        path = _path(operation, record_id)
        query = queries.flag("skipWebhook", skip_webhook or None)
        answer = self._repeated(
            _worth_another_try, lambda: json_of(self._paced("PATCH", path, json=dict(fields), params=query))
        )
        return record_of(operation, answer)

    def _delete(self, operation: Operation[Any], record_id: int | str, *, skip_webhook: bool = False) -> None:
        """RecordNotFound only if it was gone before: after a try without answer, it is what was wanted."""
        path = _path(operation, record_id)
        query = queries.flag("skipWebhook", skip_webhook or None)
        tries = 0

        def delete() -> None:
            nonlocal tries
            tries += 1
            try:
                self._paced("DELETE", path, params=query)
            except RecordNotFound:
                if tries == 1:
                    raise

        self._repeated(_worth_another_try, delete)

    # One request

    def _read(self, path: str, query: queries.Params = ()) -> Any:
        return self._repeated(_worth_another_try, lambda: json_of(self._paced("GET", path, params=query)))

    def _repeated(self, worth: Callable[[Exception], bool], call: Callable[[], T]) -> T:
        for attempt in stamina.retry_context(
            on=lambda error: worth(error) and remaining_s() > _LONGEST_PAUSE_S,
            attempts=_ATTEMPTS,
            timeout=_ATTEMPTS_TIMEOUT_S,
            wait_initial=0.2,
            wait_max=_LONGEST_PAUSE_S,
        ):
            with attempt:
                return call()
        raise AssertionError("unreachable: stamina raises the last error")

    def _paced(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One call inside the rate limit; one that was refused by it is sent again once it opens."""
        refusals = 0
        while True:
            try:
                return self._authenticated(method, path, **options)
            except OtherLimit as other:
                raise RateLimited(str(other), retry_after_s=other.retry_after_s) from other
            except RateLimited as limited:
                refusals += 1
                limited.retry_after_s = self._gate.blocked_s() or limited.retry_after_s
                if limited.retry_after_s is None or refusals > _MAX_RATE_WAITS:
                    raise

    def _authenticated(self, method: str, path: str, **options: Any) -> httpx.Response:
        if remaining_s() <= 0:  # before the key is looked up and the rate limit asked
            raise NotTakenOn(f"{SYSTEM}: {method} {path}: not sent, no time is left for it")
        key = self._api_key()
        try:
            return self._send(method, path, key, **options)
        except AuthenticationFailed:
            fresh = self._refresh_key() if self._refresh_key else key
            if fresh == key:
                raise
            return self._send(method, path, fresh, **options)

    def _send(self, method: str, path: str, key: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        passed = {"permit": self._gate.enter()}
        url = f"{self._base_url}{path}"
        try:
            return http.send(
                self._client(),
                method,
                url,
                system=SYSTEM,
                judge=lambda response, _: failure(response),
                headers=headers,
                extensions=passed,
                **options,
            )
        except RemoteUnavailable as error:
            if isinstance(error.__cause__, httpx.RequestError):
                raise NetworkFailed(str(error)) from error.__cause__
            raise

    def _client(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = http.open_client(
                    transport=self._transport,
                    timeout=_TIMEOUT_S,
                    # Needed with keys of several organizations, right with all others.
                    headers={"x-organization-id": str(self._organization_id), "Accept": "application/json"},
                    # Before the body is read: how long that takes must not move the end of the rate window.
                    event_hooks={"response": [self._note]},
                )
            return self._http

    def _note(self, response: httpx.Response) -> None:
        self._gate.note(response.request.extensions.get("permit"), response)


def _worth_another_try(error: Exception) -> bool:
    return isinstance(error, (NetworkFailed, ServerFailed))


def _was_not_sent(error: Exception) -> bool:
    return isinstance(error, NetworkFailed) and isinstance(error.__cause__, _NOT_SENT)


def _path(operation: Operation[Any], record_id: int | str | None) -> str:
    """Ids come from messages too: only digits may enter a path."""
    if record_id is None:
        return operation.path
    text = str(record_id)
    if not (text.isascii() and text.isdigit()):
        raise RecordNotFound(f"{SYSTEM}: {text!r} is no id of a record", status=404)
    return re.sub(r"\{\w+\}", text, operation.path)
