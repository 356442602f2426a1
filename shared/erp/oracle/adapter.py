"""The adapter for Oracle Fusion Cloud Maintenance (REST resource maintenanceWorkOrders).

It has been tried against the documented behaviour only, never a real tenant. What is not documented is a setting, or
asked of the tenant, or said where it matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.erp.base import NO_REFERENCE, ErpDescription, ErpRecord
from shared.erp.connection import json_of, object_of
from shared.erp.oracle import queries
from shared.erp.oracle.completion import Operations
from shared.erp.oracle.fields import ID, ORGANIZATION, attributes, described, field_of, known_fields, queryable
from shared.erp.oracle.records import Records
from shared.erp.oracle.resource import OPERATIONS, WorkOrders
from shared.erp.oracle.status import STATUS_FIELD, UNRELEASED
from shared.erp.oracle.steps import Walk
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    ConfigError,
    DuplicateRecord,
    OutcomeUnknown,
    PermissionDenied,
    RemoteRejected,
)
from shared.secrets import Secrets


class OracleErp:
    """`shared.erp.base.ErpAdapter` for Oracle; make one for a process and share it between threads.

    A record's id is its WorkOrderId as text. The reference is the WorkOrderNumber (`oracle.reference_field`), which
    the client may choose and Oracle takes once in an organization; an order that was made in Oracle has its own number
    there. transport: only for tests; None for the network.
    """

    def __init__(self, config: ErpConfig, secrets: Secrets, *, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = config.oracle
        if self._settings.organization_code is None:
            raise ConfigError("erp: oracle.organization_code must say which maintenance plant")
        self._orders = WorkOrders(config, secrets, transport)
        self._operations = Operations(self._orders, self._settings)
        self._records = Records(self._settings)
        self._searchable: frozenset[str] | None = None

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self._settings.settle_s

    def close(self) -> None:
        """Close the connections."""
        self._orders.connection.close()

    @property
    def description(self) -> ErpDescription:
        """See ErpAdapter. The documented fields and `oracle.extra_fields`."""
        return described(self._settings, known_fields(self._settings))

    def describe(self) -> ErpDescription:
        """See ErpAdapter. The tenant's own fields, without children and flexfields."""
        found = [field for one in self._attributes() if (field := field_of(one)) is not None]
        return described(self._settings, {field.name: field for field in found})

    def probe(self) -> None:
        """See ErpAdapter."""
        self.find_by_reference(NO_REFERENCE)

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter.

        A create that Oracle refuses is followed by a search: if there is an order of that number in the organization,
        it was made by us before, and is the answer.
        """
        settings = self._settings
        body = {
            **self._records.body(fields),
            ORGANIZATION: settings.organization_code,
            settings.reference_field: reference,
            STATUS_FIELD: UNRELEASED,
        }
        if settings.first_operation is not None and settings.first_operation.with_create:
            body[OPERATIONS] = [self._operations.first]
        try:
            response = self._orders.create(body)
        except (AuthenticationFailed, PermissionDenied):
            raise
        except RemoteRejected:
            found = self.find_by_reference(reference)
            if found is None:
                raise
            return found
        item = object_of(response)
        return self._records.read(item, response) if item.get(ID) else self._made(reference)

    def get(self, erp_id: str) -> ErpRecord:
        """See ErpAdapter."""
        response = self._orders.read(erp_id)
        return self._records.read(json_of(response), response)

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter. Numbers are unique in an organization; orders of others are not looked at."""
        field = self._settings.reference_field
        records = []
        for item in self._orders.search(queries.equal(field, reference)):
            record = self._records.listed(item)
            if record.reference != reference:
                raise ConfigError(f"erp: the search for {field} {reference!r} finds order {record.id}: no such search")
            if self._records.is_ours(record):
                records.append(record)
        if len(records) > 1:
            ids = ", ".join(record.id for record in records)
            raise DuplicateRecord(f"erp: orders {ids} all have {field} {reference!r}")
        return records[0] if records else None

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """See ErpAdapter. A tenant whose orders have no versions overwrites what was written since they were read."""
        response = self._orders.update(erp_id, self._records.body(changes), version)
        return self._records.written(erp_id, response)

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See ErpAdapter.

        Writes the status, or, to complete an order, reports its open operations done. An order that has no operation
        when it is released or completed gets `oracle.first_operation` before.
        """
        walk = Walk(self._orders, self._operations, self._records, erp_id)
        return walk.to(status, current=current, version=version)

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """See ErpAdapter. More than what changed, if the tenant cannot be asked for that: see `queries.changed_since`.

        Whether every change of an order (a transaction, say) moves its LastUpdateDate is not documented. The versions
        are None: a list does not tell them.
        """
        searchable = self._searchable or queryable(self._attributes())
        query = queries.changed_since(since, searchable, self._settings)
        yield from (one for one in map(self._records.listed, self._orders.search(query)) if self._records.is_ours(one))

    def _attributes(self) -> list[dict[str, Any]]:
        told = attributes(self._orders.describe())
        self._searchable = queryable(told)
        return told

    def _made(self, reference: str) -> ErpRecord:
        try:
            found = self.find_by_reference(reference)
        except BridgeError as error:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but not read back: {error}") from error
        if found is None:
            raise OutcomeUnknown(f"erp: create of {reference!r} was accepted, but it is not to be found yet")
        return found
