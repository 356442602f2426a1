"""Items of Oracle's answers as ErpRecord, and fields as the body of a write: pure, by the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from shared.config.erp_oracle import OracleErpConfig
from shared.erp.base import ErpField, ErpRecord
from shared.erp.connection import object_of
from shared.erp.oracle.answers import version_of
from shared.erp.oracle.fields import CHANGED, ID, ORGANIZATION, known_fields
from shared.erp.oracle.status import STATUS_FIELD
from shared.erp.oracle.values import canonical, moment, wire
from shared.errors import RemoteRejected


class Records:
    """Translates between the two forms of an order."""

    def __init__(self, settings: OracleErpConfig) -> None:
        self._settings = settings
        self._fields: Mapping[str, ErpField] = known_fields(settings)

    def body(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Canonical fields as they are sent."""
        return {name: wire(self._kind(name), value) for name, value in fields.items()}

    def fields(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of an item in canonical form: no links, no children; a status code of the tenant's as ours."""
        plain = {name: value for name, value in item.items() if not isinstance(value, dict | list)}
        found = {name: canonical(self._kind(name), value) for name, value in plain.items()}
        if STATUS_FIELD in found:
            found[STATUS_FIELD] = self._settings.status_codes.get(str(found[STATUS_FIELD]), found[STATUS_FIELD])
        return found

    def listed(self, item: Any) -> ErpRecord:
        """An item of a list or of a single read, without version. RemoteRejected if it is no order."""
        if not isinstance(item, dict) or item.get(ID) in (None, ""):
            raise RemoteRejected(f"erp: the answer is not a work order with {ID}", status=200)
        fields = self.fields(item)
        reference = fields.get(self._settings.reference_field)
        return ErpRecord(
            id=str(item[ID]),
            reference=None if reference is None else str(reference),
            fields=fields,
            version=None,
            changed_at=moment(item.get(CHANGED)),
        )

    def read(self, item: Any, response: httpx.Response) -> ErpRecord:
        """The order that a single read, or a create, answers, with its version."""
        record = self.listed(item)
        return ErpRecord(record.id, record.reference, record.fields, version_of(response, item), record.changed_at)

    def written(self, erp_id: str, response: httpx.Response) -> ErpRecord:
        """The order after an update, as the answer shows it; no field of it if the answer has no body."""
        item = object_of(response)
        if item.get(ID) not in (None, ""):
            return self.read(item, response)
        return ErpRecord(erp_id, None, {}, version_of(response, {}))

    def is_ours(self, record: ErpRecord) -> bool:
        """Whether the order is of the configured organization, as far as it tells."""
        return record.fields.get(ORGANIZATION) in (None, self._settings.organization_code)

    def _kind(self, name: str) -> Any:
        known = self._fields.get(name)
        return None if known is None else known.type
