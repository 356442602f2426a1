"""The configurable adapter for an ERP with a plain REST interface: JSON records, one collection, ETag and If-Match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from shared.config.erp import ErpConfig
from shared.erp.base import ErpDescription, ErpRecord
from shared.erp.connection import ErpConnection, json_of, object_of
from shared.errors import BridgeError, ConfigError, DuplicateRecord, OutcomeUnknown
from shared.secrets import Secrets


class RestErp:
    """`shared.erp.base.ErpAdapter` over REST; make one for a process and share it between threads.

    Records are flat JSON objects. transport: only for tests; None for the network.
    """

    def __init__(self, config: ErpConfig, secrets: Secrets, *, transport: httpx.BaseTransport | None = None) -> None:
        self._rest = config.rest
        self._connection = ErpConnection(config, secrets, transport=transport)

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self._rest.settle_s

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter. An answer that does not hold the record is followed by a search for it."""
        body = {**fields, self._rest.reference_field: reference}
        response = self._write("POST", self._rest.collection_path, body)
        answer = object_of(response)
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
        response = self._read(self._path(erp_id))
        return self._record(json_of(response), response)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter.

        An ERP that ignores the search parameter answers its first page of everything: ConfigError, since neither
        "found" nor "not there" could be believed.
        """
        parameter = self._rest.reference_parameter
        body = json_of(self._read(self._rest.collection_path, params={parameter: reference}))
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
        response = self._write("PATCH", self._path(erp_id), dict(changes), headers=headers)
        fields = object_of(response) or dict(changes)
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

    def _read(self, url: str, **options: Any) -> httpx.Response:
        return self._connection.read(url, refused_for_now=self._rest.busy_statuses, **options)

    def _write(self, method: str, url: str, body: dict[str, Any], **options: Any) -> httpx.Response:
        return self._connection.write(method, url, refused_for_now=self._rest.busy_statuses, json=body, **options)
