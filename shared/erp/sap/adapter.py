"""SAP S/4HANA: maintenance orders over the OData V2 service API_MAINTENANCEORDER (version 0002)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.erp.base import NO_REFERENCE, ErpDescription, ErpRecord
from shared.erp.connection import ErpConnection, json_of, object_of
from shared.erp.sap import changes as changed_orders
from shared.erp.sap.description import describe_settings, described
from shared.erp.sap.failures import explain, judge
from shared.erp.sap.fields import KEY, LONG_TEXT, STATUS, STATUS_LINE
from shared.erp.sap.metadata import fields_in
from shared.erp.sap.odata import (
    ORDERS,
    TEXTS,
    TEXTS_OF_ORDER,
    Entity,
    entity_of,
    etag_of,
    order_path,
    page_of,
    plain_number,
    text_literal,
    text_path,
    with_query,
)
from shared.erp.sap.records import OrderForm, texts_of
from shared.erp.sap.session import SapSession
from shared.erp.sap.status import RULES, Function, next_step, status_in
from shared.erp.sap.values import iso
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    ConfigError,
    DuplicateRecord,
    OutcomeUnknown,
    PermissionDenied,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)
from shared.secrets import Secrets

_MAX_STEPS = 6
# A refusal that another state of the order does not explain.
_NOT_OF_THE_STATE = (AuthenticationFailed, PermissionDenied, RecordNotFound)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SapErp:
    """`shared.erp.base.ErpAdapter` over OData V2; make one for a process and share it between threads.

    An order's id is its number without leading zeros. References must have no capitals (`reference_sent`). transport:
    only for tests; None for the network. clock: UTC.
    """

    def __init__(
        self,
        config: ErpConfig,
        secrets: Secrets,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._config = config.sap
        self._clock = clock
        self._place = f"{config.base_url}{config.sap.service_path}?sap-client={config.sap.client or ''}"
        logon = {"sap-client": config.sap.client, "sap-language": config.sap.language}
        self._connection = ErpConnection(
            config,
            secrets,
            headers={name: value for name, value in logon.items() if value is not None},
            explain=explain,
            judge=judge(config.sap.busy_codes),
            transport=transport,
        )
        self._session = SapSession(self._connection, config.sap.service_path)
        self._form = OrderForm(config.sap)
        self._description = describe_settings(config.sap)

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self._config.settle_s

    @property
    def description(self) -> ErpDescription:
        """See ErpAdapter."""
        return self._description

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def describe(self) -> ErpDescription:
        """See ErpAdapter. ConfigError if the service has no orders, or they lack the field for our reference."""
        response = self._session.read("$metadata", headers={"Accept": "application/xml"})
        fields = fields_in(response.content)
        if fields is None:
            raise ConfigError(f"erp: sap.service_path {self._config.service_path} describes no {ORDERS}")
        field = fields.get(self._config.reference_field)
        if field is None:
            raise ConfigError(f"erp: this SAP has no field {self._config.reference_field} (sap.reference_field)")
        return described(self._config, fields, field.max_length or self._config.reference_length)

    def probe(self) -> None:
        """See ErpAdapter. The newest order's status line shows in which language SAP answers."""
        self.find_by_reference(NO_REFERENCE)
        query = {"$select": f"{KEY},{STATUS_LINE}", "$orderby": f"{KEY} desc", "$top": "1"}
        rows, _ = self._page(self._session.read(with_query(ORDERS, query)))
        for order in rows:
            line = order.get(STATUS_LINE)
            if status_in(line, self._config.status_codes) is None:
                number = plain_number(str(order[KEY]))
                text = f"erp: order {number} has the status line {line!r}, of which no code is known"
                remedy = "name the codes in sap.status_codes, or have SICF's logon data leave the language to us (EN)"
                raise ConfigError(f"{text}: {remedy}")

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter. An answer that does not hold the order is followed by a search for it.

        RequestID lets a SAP that was set up for it know a repetition: the same for a reference and the hour of the day,
        as SAP refuses an id that it has had and forgotten.
        """
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        headers = {
            "RequestID": uuid.uuid5(uuid.NAMESPACE_URL, f"{self._place}#{reference}@{iso(hour)}").hex,
            "RepeatabilityCreation": iso(hour),
        }
        response = self._session.write("POST", ORDERS, json=self._form.new(fields, reference), headers=headers)
        order = entity_of(object_of(response))
        if order is None:
            return self._created(reference)
        record = self._form.record(order, response.headers.get("ETag"))
        told = {name: value for name, value in record.fields.items() if (name, value) != (STATUS, None)}
        return replace(record, reference=reference, fields=told)

    def get(self, erp_id: str) -> ErpRecord:
        """See ErpAdapter."""
        return self._record(self._session.read(with_query(order_path(erp_id), self._expand)))

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter. ConfigError if SAP answers orders with other references: it does not search then."""
        wanted = self._form.reference_sent(reference)
        query = {"$filter": f"{self._config.reference_field} eq {text_literal(wanted)}", "$top": "2", **self._expand}
        rows, _ = self._page(self._session.read(with_query(ORDERS, query)))
        found = [self._form.record(row) for row in rows]
        if any(self._form.reference_sent(record.reference or "") != wanted for record in found):
            raise ConfigError(f"erp: SAP does not search by {self._config.reference_field} (sap.reference_field)")
        if len(found) > 1:
            numbers = ", ".join(record.id for record in found)
            raise DuplicateRecord(f"erp: orders {numbers} all have {self._config.reference_field} {reference!r}")
        return found[0] if found else None

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """See ErpAdapter. SAP answers 204, so that nothing is told but a version, and that of a header alone.

        The long text is a second write, after that of the header, which alone checks the version. Which of the two was
        done shows when one looks again.
        """
        number = plain_number(erp_id)
        header = {name: value for name, value in changes.items() if name != LONG_TEXT}
        body, etag = self._form.body(header), version
        look = self._look(number, version) if LONG_TEXT in changes else None
        if header:
            response = self._write_changes(order_path(number), body, version)
            etag = response.headers.get("ETag")
        if look is not None:
            with _after_a_write(bool(header)):
                wrote = self._write_text(number, changes[LONG_TEXT], look, alone=not header)
            etag = None if wrote else etag
        return ErpRecord(number, None, {}, etag)

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See ErpAdapter. Function imports take no version and tell none; their success tells the status.

        They are steps of their own: whatever ends them half-way, the rest follows from the status that is read then.
        """
        number, written = plain_number(erp_id), False
        here: str | None = current
        for _ in range(_MAX_STEPS):
            if RULES.holds(status, here):
                return ErpRecord(number, None, {STATUS: here}, None if written else version)
            step = next_step(here, status, self._config)
            with _after_a_write(written):
                here = self._take(step, number, here)
            written = True
        raise VersionConflict(f"erp: order {number} is {here}, not {status}, after {_MAX_STEPS} steps")

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """See ErpAdapter. Whether a status or a confirmation counts as a change is not known of every SAP."""
        for order in changed_orders.changed_since(self._all, since.astimezone(UTC), self._config.page_size):
            yield self._form.record(order)

    @property
    def _expand(self) -> dict[str, str]:
        return {"$expand": TEXTS_OF_ORDER} if self._config.long_text else {}

    def _created(self, reference: str) -> ErpRecord:
        try:
            found = self.find_by_reference(reference)
        except BridgeError as error:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but not read back: {error}") from error
        if found is None:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but it is not to be found yet")
        return found

    def _look(self, number: str, version: str | None) -> Entity:
        """The order as it is before a text is written, which SAP does without a look at the order's version."""
        order, etag = self._with_texts(number)
        if version is not None and etag != version:
            raise VersionConflict(f"erp: order {number} is not at version {version} any more")
        return order

    def _with_texts(self, number: str) -> tuple[Entity, str | None]:
        """The order, its texts in it, and its version."""
        response = self._session.read(with_query(order_path(number), {"$expand": TEXTS_OF_ORDER}))
        order = self._order(response)
        return order, etag_of(order) or response.headers.get("ETag")

    def _write_text(self, number: str, text: Any, look: Entity, *, alone: bool) -> bool:
        """Whether there was anything to write."""
        existing = self._form.text_in(texts_of(look) or [])
        words = "" if text is None else str(text)
        if existing is not None:
            key = self._form.text_key()
            # A write to the header moves the versions of its texts too.
            etag = etag_of(existing) if alone else None
            self._write_changes(text_path(number, key["TextObjectType"], key["Language"]), {TEXTS: words}, etag)
        elif words:
            body = {**self._form.text_key(), TEXTS: words}
            self._session.write("POST", f"{order_path(number)}/{TEXTS_OF_ORDER}", json=body)
        return existing is not None or bool(words)

    def _write_changes(self, path: str, body: Mapping[str, Any], etag: str | None) -> httpx.Response:
        method, tunnel = ("POST", {"X-HTTP-Method": "MERGE"}) if self._config.merge_tunnel else ("PATCH", {})
        return self._session.write(method, path, json=dict(body), headers={"If-Match": etag or "*", **tunnel})

    def _take(self, step: Function, number: str, here: str | None) -> str | None:
        """Take one step; the status that it leads to. VersionConflict if the order was not in status `here`."""
        query = step.query(number, self._config, self._clock())
        try:
            self._session.write("POST", with_query(step.name, query))
        except RemoteRejected as error:
            if isinstance(error, _NOT_OF_THE_STATE) or self._status_of(number) == here:
                raise
            raise VersionConflict(f"erp: order {number} is not {here} any more: {error}") from error
        if step.leads_to is not None:
            return step.leads_to
        with _after_a_write(True):
            return self._status_of(number)

    def _status_of(self, number: str) -> str | None:
        query = {"$select": f"{KEY},{STATUS_LINE}"}
        status: str | None = self._record(self._session.read(with_query(order_path(number), query))).fields.get(STATUS)
        return status

    def _all(self, query: dict[str, str]) -> Iterator[Entity]:
        path: str | None = with_query(ORDERS, {**query, **self._expand})
        while path is not None:
            rows, following = self._page(self._session.read(path))
            yield from rows
            path = None if following is None else f"{ORDERS}?{following}"

    def _page(self, response: httpx.Response) -> tuple[list[Entity], str | None]:
        page = page_of(json_of(response))
        if page is None or not all(entity_of({"d": row}) for row in page[0]):
            raise ConfigError(f"erp: {self._config.service_path}/{ORDERS} does not answer a list of orders")
        return page

    def _order(self, response: httpx.Response) -> Entity:
        order = entity_of(json_of(response))
        if order is None:
            raise ConfigError(f"erp: {self._config.service_path}/{ORDERS} does not answer an order")
        return order

    def _record(self, response: httpx.Response) -> ErpRecord:
        return self._form.record(self._order(response), response.headers.get("ETag"))


@contextmanager
def _after_a_write(written: bool) -> Iterator[None]:
    """What fails for the moment after a part was done is no failure of which one could say that nothing was done."""
    try:
        yield
    except RemoteUnavailable as error:
        if not written or isinstance(error, OutcomeUnknown):
            raise
        raise OutcomeUnknown(f"after a part was done: {error}", retry_after_s=error.retry_after_s) from error
