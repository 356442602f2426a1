"""The attributes of work orders and of their operations: type, length, and what may be done with each.

Names are those of Oracle's documentation. Lengths, and whether an attribute may change after the create, are not
published for all of them; the table errs on the strict side (README).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Type = Literal["string", "integer", "number", "boolean", "datetime"]
Changes = Literal["never", "insert", "always"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. changes: whether a client may write it never, only with the create, or always.

    max_length: characters, of strings. queryable: in `q` and `orderBy`. mandatory: an existing record never lacks it.
    """

    name: str
    type: Type
    max_length: int | None = None
    changes: Changes = "never"
    queryable: bool = True
    mandatory: bool = False


Attributes = Mapping[str, Attribute]


def _by_name(attributes: Iterable[Attribute]) -> Attributes:
    return {attribute.name: attribute for attribute in attributes}


_ORDER = (
    Attribute("WorkOrderId", "integer", mandatory=True),
    Attribute("WorkOrderNumber", "string", 120, "insert", mandatory=True),
    Attribute("OrganizationId", "integer", changes="insert", mandatory=True),
    Attribute("OrganizationCode", "string", 18, "insert", mandatory=True),
    Attribute("AssetId", "integer", changes="insert", mandatory=True),
    Attribute("AssetNumber", "string", 80, "insert", mandatory=True),
    Attribute("AssetDescription", "string", 240, queryable=False),
    Attribute("WorkOrderDescription", "string", 240, "always"),
    Attribute("WorkOrderTypeCode", "string", 30, "always", mandatory=True),
    Attribute("WorkOrderType", "string", 80, queryable=False),
    Attribute("WorkOrderSubTypeCode", "string", 30, "always"),
    Attribute("WorkOrderSubType", "string", 80, queryable=False),
    Attribute("WorkOrderStatusCode", "string", 30, "always", mandatory=True),
    Attribute("WorkOrderStatus", "string", 80, queryable=False),
    Attribute("WorkOrderStatusId", "integer"),
    Attribute("WorkOrderPriority", "number", changes="always"),
    Attribute("PlannedStartDate", "datetime", changes="always"),
    Attribute("PlannedCompletionDate", "datetime", changes="always"),
    Attribute("PlannedStartQuantity", "number", changes="always", queryable=False),
    Attribute("UOMCode", "string", 3, "insert", queryable=False),
    Attribute("InventoryItemId", "integer", changes="always", queryable=False),
    Attribute("ItemNumber", "string", 300, "always", queryable=False),
    Attribute("MntWorkDefinitionCode", "string", 30, "insert", queryable=False),
    Attribute("MntWorkDefinitionName", "string", 120, "insert", queryable=False),
    Attribute("WorkDefinitionId", "integer", changes="insert", queryable=False),
    Attribute("WorkDefinitionVersionId", "integer", changes="insert", queryable=False),
    Attribute("WorkDefinitionAsOfDateMnt", "datetime", changes="insert", queryable=False),
    Attribute("ExplosionFlag", "boolean", changes="insert", queryable=False),
    Attribute("MaintenanceProgramId", "integer", queryable=False),
    Attribute("MaintenanceProgramCode", "string", 30, queryable=False),
    Attribute("MaintenanceProgramName", "string", 120, queryable=False),
    Attribute("ActualStartDate", "datetime"),
    Attribute("ActualCompletionDate", "datetime"),
    Attribute("ReleasedDate", "datetime"),
    Attribute("ClosedDate", "datetime"),
    Attribute("CanceledReason", "string", 240, "always", queryable=False),
    Attribute("WorkMethodCode", "string", 30),
    Attribute("AllowCompletionToInventoryFlag", "boolean", changes="always", queryable=False),
    Attribute("CompletionSubinventoryCode", "string", 10, "always", queryable=False),
    Attribute("AllowOutOfSequenceOperationCompletionFlag", "boolean", changes="always", queryable=False),
    Attribute("WarrantyRepairFlag", "boolean", changes="always", queryable=False),
)
_WHEN_CHANGED = (
    Attribute("CreationDate", "datetime", mandatory=True),
    Attribute("LastUpdateDate", "datetime", mandatory=True),
)

WITH_LAST_UPDATE = _by_name((*_ORDER, *_WHEN_CHANGED))
WITHOUT_LAST_UPDATE = _by_name(_ORDER)

OPERATION = _by_name(
    (
        Attribute("WoOperationId", "integer", mandatory=True),
        Attribute("OperationSequenceNumber", "number", changes="insert", mandatory=True),
        Attribute("OperationName", "string", 120, "always"),
        Attribute("OperationDescription", "string", 240, "always", queryable=False),
        Attribute("StandardOperationId", "integer", changes="insert"),
        Attribute("StandardOperationCode", "string", 30, "insert"),
        Attribute("WorkCenterCode", "string", 30, "always"),
        Attribute("PlannedStartDate", "datetime", changes="always"),
        Attribute("PlannedCompletionDate", "datetime", changes="always"),
        Attribute("ActualStartDate", "datetime"),
        Attribute("ActualCompletionDate", "datetime"),
        Attribute("CountPointOperationFlag", "boolean", changes="always", queryable=False),
        Attribute("AutoTransactFlag", "boolean", changes="always", queryable=False),
    )
)

CHILD = "WorkOrderOperation"
"""The only child resource that is simulated."""
