"""Which fields a maintenance work order has: what is documented, and what a tenant's own `describe` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.config.erp_oracle import OracleErpConfig
from shared.erp.base import ErpDescription, ErpField, FieldType
from shared.erp.oracle.status import STATUS_FIELD, STATUS_RULES
from shared.errors import RemoteRejected

RESOURCE = "maintenanceWorkOrders"
ID = "WorkOrderId"
NUMBER = "WorkOrderNumber"
ORGANIZATION = "OrganizationCode"
PLANNED_START = "PlannedStartDate"
CHANGED = "LastUpdateDate"
_REFERENCE_LENGTH = 40  # of a field of which nothing is known


def _read_only(name: str, kind: FieldType = "text") -> ErpField:
    return ErpField(name, kind, creatable=False, updatable=False)


def _create_only(name: str, kind: FieldType = "text", max_length: int | None = None) -> ErpField:
    return ErpField(name, kind, max_length, updatable=False)


_DOCUMENTED = (
    _read_only(ID, "number"),
    _create_only(NUMBER, max_length=120),
    _create_only(ORGANIZATION, max_length=18),
    _create_only("OrganizationId", "number"),
    _create_only("AssetId", "number"),
    _create_only("AssetNumber", max_length=80),
    _read_only("AssetDescription"),
    ErpField("WorkOrderDescription", "text", 240),
    ErpField("WorkOrderTypeCode", "text", 30),
    _read_only("WorkOrderType"),
    ErpField("WorkOrderSubTypeCode", "text", 30),
    _read_only("WorkOrderSubType"),
    ErpField(STATUS_FIELD, "text", 30),
    _read_only("WorkOrderStatus"),
    _read_only("WorkOrderStatusId", "number"),
    ErpField("WorkOrderPriority", "number"),
    ErpField(PLANNED_START, "time"),
    ErpField("PlannedCompletionDate", "time"),
    _read_only("ActualStartDate", "time"),
    _read_only("ActualCompletionDate", "time"),
    _read_only("ReleasedDate", "time"),
    _read_only("ClosedDate", "time"),
    ErpField("CanceledReason"),
    _read_only("WorkMethodCode"),
    _create_only("MntWorkDefinitionCode"),
    _create_only("MntWorkDefinitionName"),
    _create_only("WorkDefinitionId", "number"),
    _create_only("WorkDefinitionVersionId", "number"),
    _create_only("WorkDefinitionAsOfDateMnt", "time"),
    _create_only("ExplosionFlag", "boolean"),
    ErpField("PlannedStartQuantity", "number"),
    _create_only("UOMCode", max_length=3),
    ErpField("InventoryItemId", "number"),
    ErpField("ItemNumber"),
    ErpField("AllowCompletionToInventoryFlag", "boolean"),
    ErpField("CompletionSubinventoryCode"),
    ErpField("AllowOutOfSequenceOperationCompletionFlag", "boolean"),
    ErpField("WarrantyRepairFlag", "boolean"),
    _read_only("MaintenanceProgramId", "number"),
    _read_only("MaintenanceProgramCode"),
    _read_only("MaintenanceProgramName"),
    _read_only("CreationDate", "time"),
    _read_only(CHANGED, "time"),
)
DOCUMENTED: Mapping[str, ErpField] = {one.name: one for one in _DOCUMENTED}
"""Oracle publishes neither all lengths nor what may change after the create; in doubt the table is strict.

Flexfields are not among them: they are in a child resource of their own.
"""

# Children and attachments have other types; they are no fields.
_KINDS: dict[str, FieldType] = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "time",
    "date-time": "time",
}


def described(settings: OracleErpConfig, fields: Mapping[str, ErpField]) -> ErpDescription:
    """The description of an order with these fields. The reference is written once, by us, with the create."""
    reference = fields.get(settings.reference_field)
    length = reference.max_length if reference is not None else None
    return ErpDescription(fields, STATUS_RULES, length or _REFERENCE_LENGTH, settings.lengths)


def known_fields(settings: OracleErpConfig) -> dict[str, ErpField]:
    """The documented fields and those that the settings add."""
    return {**DOCUMENTED, **{name: ErpField(name, kind) for name, kind in settings.extra_fields.items()}}


def attributes(answer: Any) -> list[dict[str, Any]]:
    """The attributes in an answer of `describe`. RemoteRejected if it has none."""
    try:
        found = answer["Resources"][RESOURCE]["attributes"]
        return [one for one in found if isinstance(one["name"], str)]
    except (KeyError, TypeError) as error:
        raise RemoteRejected(f"erp: describe of {RESOURCE} tells no attributes", status=200) from error


def field_of(attribute: Mapping[str, Any]) -> ErpField | None:
    """A field as `describe` tells it; None if it is of a type that no mapping can write."""
    kind = _KINDS.get(str(attribute.get("type")))
    if kind is None:
        return None
    writable = attribute.get("updatable") is True
    changes = str(attribute.get("allowChanges", "always" if writable else "never"))
    return ErpField(
        str(attribute["name"]),
        kind,
        _length(attribute.get("maxLength")) if kind == "text" else None,
        creatable=writable or changes != "never",
        updatable=writable and changes == "always",
    )


def queryable(attributes: list[dict[str, Any]]) -> frozenset[str]:
    """Names of the attributes that may be searched by."""
    return frozenset(str(one["name"]) for one in attributes if one.get("queryable") is True)


def _length(value: Any) -> int | None:
    digits = str(value)
    return int(digits) if digits.isascii() and digits.isdigit() and int(digits) > 0 else None
