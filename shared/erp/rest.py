"""The configurable adapter for an ERP with a plain REST interface: JSON records, one collection, ETag and If-Match."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from shared.config.erp import ErpConfig
from shared.erp.base import ErpDescription, ErpRecord
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    ConfigError,
    DuplicateRecord,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
)
from shared.http import send
from shared.secrets import Secrets

_CONNECT_TIMEOUT_S = 5.0
# The request never left this machine, so the ERP cannot have acted on it.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class RestErp:
    """`shared.erp.base.ErpAdapter` over REST; make one for a process and share it between threads.

    Records are flat JSON objects. transport: only for tests; None for the network.
    """

    def __init__(self, config: ErpConfig, secrets: Secrets, *, transport: httpx.BaseTransport | None = None) -> None:
        self._rest = config.rest
        self._secret_name = config.credentials_secret
        self._secrets = secrets
        timeout_s = self._rest.timeout_s
        self._client = httpx.Client(
            base_url=config.base_url,
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s)),
            transport=transport,
            headers={"Accept": "application/json"},
        )

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self._rest.settle_s

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter. An answer that does not hold the record is followed by a search for it."""
        body = {**fields, self._rest.reference_field: reference}
        response = self._write("POST", self._rest.collection_path, json=body)
        answer = _object(response)
        if self._rest.id_field in answer:
            return self._record(answer, response)
        try:
            found = self.find_by_reference(reference)
        except BridgeError as error:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but not read back: {error}") from error
        if found is None:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but it is not to be found yet")
        return found

    def get(self, erp_id: str) -> ErpRecord:
        """See ErpAdapter."""
        response = self._send("GET", self._path(erp_id))
        return self._record(_json(response), response)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter.

        An ERP that ignores the search parameter answers its first page of everything: ConfigError, since neither
        "found" nor "not there" could be believed.
        """
        parameter = self._rest.reference_parameter
        body = _json(self._send("GET", self._rest.collection_path, params={parameter: reference}))
        key = self._rest.collection_key
        items = body if key is None else body.get(key) if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise ConfigError(f"erp: GET {self._rest.collection_path}: no list at rest.collection_key {key!r}")
        found = [self._record(item, None) for item in items]
        if any(record.reference != reference for record in found):
            raise ConfigError(f"erp: GET {self._rest.collection_path} does not search by rest.reference_parameter")
        if len(found) > 1:
            ids = ", ".join(record.id for record in found)
            raise DuplicateRecord(f"erp: records {ids} all have {self._rest.reference_field} {reference!r}")
        return found[0] if found else None

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """See ErpAdapter. An answer without body (204) tells no more than the new version."""
        headers = {} if version is None else {"If-Match": version}
        response = self._write("PATCH", self._path(erp_id), json=dict(changes), headers=headers)
        fields = _object(response) or dict(changes)
        return ErpRecord(erp_id, fields.get(self._rest.reference_field), fields, self._version(response))

    @property
    def description(self) -> ErpDescription:
        """See ErpAdapter."""
        return ErpDescription()

    def describe(self) -> ErpDescription:
        """See ErpAdapter."""
        return self.description

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See ErpAdapter. The status is a field like any other here."""
        raise NotImplementedError

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """See ErpAdapter."""
        raise NotImplementedError

    def _path(self, erp_id: str) -> str:
        return self._rest.record_path.replace("{id}", quote(erp_id, safe=""))

    def _record(self, body: Any, response: httpx.Response | None) -> ErpRecord:
        if not isinstance(body, dict) or body.get(self._rest.id_field) in (None, ""):
            raise ConfigError(f"erp: the answer is not a record with rest.id_field {self._rest.id_field!r}")
        reference = body.get(self._rest.reference_field)
        return ErpRecord(
            id=str(body[self._rest.id_field]),
            reference=None if reference is None else str(reference),
            fields=body,
            version=None if response is None else self._version(response),
        )

    def _version(self, response: httpx.Response) -> str | None:
        return None if self._rest.version_header is None else response.headers.get(self._rest.version_header)

    def _write(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send a write; OutcomeUnknown if the ERP may have done it although it did not say so."""
        try:
            return self._send(method, url, **options)
        except (RateLimited, NotTakenOn):
            raise
        except RemoteUnavailable as error:
            # 503 with Retry-After is a refusal in so many words: the ERP did not take the request on.
            if isinstance(error.__cause__, _NOT_SENT) or error.retry_after_s is not None:
                raise
            raise OutcomeUnknown(str(error)) from error

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send with the credentials as remembered; once more with those of the moment if the ERP refuses them."""
        try:
            return self._send_as(self._secrets.get, method, url, **options)
        except AuthenticationFailed:
            if self._secret_name is None:
                raise
            return self._send_as(self._secrets.refresh, method, url, **options)

    def _send_as(self, read_secret: Callable[[str], str], method: str, url: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self._secret_name is not None:
            headers |= _AUTHORIZATION[self._rest.auth](read_secret(self._secret_name))
        busy = self._rest.busy_statuses
        return send(self._client, method, url, system="erp", refused_for_now=busy, headers=headers, **options)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        request = response.request
        text = f"erp: {request.method} {request.url.path}: {response.status_code}, but the body is not JSON"
        raise RemoteRejected(text, status=response.status_code) from error


def _object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in an answer; empty if there is none. The write is done, so nothing here may be an error."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


_AUTHORIZATION: dict[str, Callable[[str], dict[str, str]]] = {
    "bearer": lambda token: {"Authorization": f"Bearer {token}"},
    "basic": lambda pair: {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"},
    "none": lambda _secret: {},
}
