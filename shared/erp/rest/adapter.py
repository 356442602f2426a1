"""`shared.erp.base.ErpAdapter` for an ERP with a REST interface."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from shared.config.erp import ErpConfig
from shared.erp.base import NO_REFERENCE, ErpDescription, ErpRecord
from shared.erp.connection import ErpConnection, json_of, object_of
from shared.erp.descriptions import description_of
from shared.erp.rest import moments
from shared.erp.rest.paging import Ask, pages
from shared.erp.rest.paths import at, explanation
from shared.erp.rest.records import id_in_location, listed, record_of, told_of
from shared.errors import (
    BridgeError,
    ConfigError,
    DuplicateRecord,
    OutcomeUnknown,
    RemoteRejected,
    StatusNotPossible,
    VersionConflict,
)
from shared.secrets import Secrets


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RestErp:
    """`shared.erp.base.ErpAdapter` over REST; make one for a process and share it between threads.

    Records are flat JSON objects. transport: only for tests; None for the network. clock: UTC.
    """

    def __init__(
        self,
        config: ErpConfig,
        secrets: Secrets,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._rest = config.rest
        self._clock = clock
        self._description = description_of(config)
        explain = explanation(config.rest.error_paths) if config.rest.error_paths else None
        self._connection = ErpConnection(
            config, secrets, headers=config.rest.headers, explain=explain, transport=transport
        )

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self._rest.settle_s

    @property
    def description(self) -> ErpDescription:
        """See ErpAdapter. What the settings say."""
        return self._description

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def describe(self) -> ErpDescription:
        """See ErpAdapter."""
        return self._description

    def probe(self) -> None:
        """See ErpAdapter."""
        self.find_by_reference(NO_REFERENCE)

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter. An answer that does not tell the new id is followed by a look for the record.

        The key that tells a create that is sent twice is of the reference and the day (UTC): an ERP that remembers keys
        for long would answer the record of before, if that was deleted and is to be made anew.
        """
        header = self._rest.idempotency_header
        once = f"{reference}#{self._clock().astimezone(UTC).date().isoformat()}"
        headers = {} if header is None else {header: str(uuid.uuid5(uuid.NAMESPACE_URL, once))}
        body = {**fields, self._rest.reference_field: reference}
        response = self._write("POST", self._rest.collection_path, body, headers)
        answer = self._answered(response)
        if answer is not None:
            return self._told(str(answer[self._rest.id_field]), answer, response)
        erp_id = id_in_location(self._rest, response)
        try:
            found = self.find_by_reference(reference) if erp_id is None else self.get(erp_id)
        except BridgeError as error:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but not read back: {error}") from error
        if found is None:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but it is not to be found yet")
        return found

    def get(self, erp_id: str) -> ErpRecord:
        """See ErpAdapter."""
        response, body = self._read_record(erp_id)
        return record_of(self._rest, body, response)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter.

        An ERP that ignores the search parameter answers its first page of everything: ConfigError, since neither
        "found" nor "not there" could be believed.
        """
        rest = self._rest
        found: dict[str, ErpRecord] = {}
        for items in pages(self._read_page, rest, _search(rest.reference_parameter, "{reference}", reference)):
            for record in (record_of(rest, item, None) for item in items):
                if record.reference != reference:
                    raise ConfigError(f"erp: GET {rest.collection_path} does not search by rest.reference_parameter")
                found[record.id] = record
            if len(found) > 1:
                raise DuplicateRecord(f"erp: records {', '.join(found)} all have {rest.reference_field} {reference!r}")
            if rest.paging is not None and rest.paging.style in ("offset", "page"):
                break  # so few fit on one page, and asking for an empty second one would double every search
        return next(iter(found.values()), None)

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """See ErpAdapter. An answer that is not known to show the record as stored tells no more than its version."""
        rest = self._rest
        body: Mapping[str, Any] = changes
        if rest.sends_whole_record:
            body, version = self._whole_record(erp_id, changes, version)
        headers = {**rest.update_headers, **({} if version is None else {rest.match_header: version})}
        try:
            response = self._write(rest.update_method, self._path(erp_id), body, headers)
        except RemoteRejected as error:
            if version is not None and error.status in rest.conflict_statuses:
                raise VersionConflict(str(error)) from error
            raise
        return self._told(erp_id, self._answered(response) or {}, response)

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See ErpAdapter. The status is a field like any other here, so this is an update."""
        rules = self._description.status
        if rules is None or current in rules.final or status not in rules.writable:
            raise StatusNotPossible(f"erp: record {erp_id}: rest.status does not lead from {current} to {status}")
        return self.update(erp_id, {rules.name: status}, version)

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """See ErpAdapter. ConfigError for a row without an id too: nobody knows what it is about."""
        if self._rest.changed_parameter is None:
            raise ConfigError("erp: rest.changed_parameter is missing: without it nobody can ask what changed")
        time = moments.written(since, self._rest.changed_format)
        return self._changed(_search(self._rest.changed_parameter, "{since}", time))

    def _changed(self, query: tuple[tuple[str, str], ...]) -> Iterator[ErpRecord]:
        seen: set[tuple[object, ...]] = set()
        for items in pages(self._read_page, self._rest, query):
            for record in (listed(self._rest, item) for item in items):
                state = (record.id, record.changed_at, record.version)
                if state not in seen:  # pages shift while they are read
                    seen.add(state)
                    yield record

    def _whole_record(
        self, erp_id: str, changes: Mapping[str, Any], version: str | None
    ) -> tuple[dict[str, Any], str | None]:
        """The record as it is, without what the ERP alone writes, with the changes; and the version it is at."""
        rest = self._rest
        response, body = self._read_record(erp_id)
        current = record_of(rest, body, response)
        if version is not None and current.version != version:
            raise VersionConflict(f"erp: record {erp_id} is at {current.version}, not {version}")
        own = {rest.id_field, rest.version_field, rest.changed_field}
        known = None if rest.fields is None else {name for name, field in rest.fields.items() if field.updatable}
        kept = {
            name: value
            for name, value in body.items()
            if name not in own and (known is None or name in known or name == rest.reference_field)
        }
        return {**kept, **changes}, current.version

    def _told(self, erp_id: str, answer: Mapping[str, Any], response: httpx.Response) -> ErpRecord:
        return told_of(self._rest, erp_id, answer if self._rest.answers == "stored" else {}, response)

    def _answered(self, response: httpx.Response) -> dict[str, Any] | None:
        """The record in the answer to a write; None if the answer has none."""
        body: Any = object_of(response)
        found = body if self._rest.record_key is None else at(body, self._rest.record_key)
        return found if isinstance(found, dict) and found.get(self._rest.id_field) not in (None, "") else None

    def _read_record(self, erp_id: str) -> tuple[httpx.Response, Any]:
        parameters = tuple(self._rest.parameters.items()) or None
        response = self._read(self._path(erp_id), params=parameters)
        body = json_of(response)
        return response, body if self._rest.record_key is None else at(body, self._rest.record_key)

    def _read_page(self, ask: Ask) -> httpx.Response:
        return self._read(ask.url, params=ask.params or None)

    def _path(self, erp_id: str) -> str:
        return self._rest.record_path.replace("{id}", quote(erp_id, safe=""))

    def _read(self, url: str, **options: Any) -> httpx.Response:
        return self._connection.read(url, refused_for_now=self._rest.busy_statuses, **options)

    def _write(self, method: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        return self._connection.write(
            method,
            url,
            refused_for_now=self._rest.busy_statuses,
            json=dict(body),
            headers=headers,
            params=tuple(self._rest.parameters.items()) or None,
        )


def _search(parameter: str, place: str, value: str) -> tuple[tuple[str, str], ...]:
    """`name`, or `name=...{place}...`, as a query with the value in it."""
    name, equals, template = parameter.partition("=")
    return ((name, template.replace(place, value) if equals else value),)
