"""The service's entity types and their properties, as `$metadata` shows them.

Names, types, lengths and flags are those of the vendor's metadata for version 0002; the table is a part of it (a test
compares the two). `form` is sap:display-format: SAP turns `UpperCase` into capitals, takes only digits as
`NonNegative`, and keeps only the day of a `Date`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

EdmType = Literal[
    "Edm.String",
    "Edm.DateTimeOffset",
    "Edm.DateTime",
    "Edm.Time",
    "Edm.Decimal",
    "Edm.Int64",
    "Edm.Int32",
    "Edm.Byte",
    "Edm.Boolean",
]
Form = Literal["", "UpperCase", "NonNegative", "Date"]


@dataclass(frozen=True, slots=True)
class Property:
    """One property. max_length: characters, None for no limit. alpha: digits are shown without leading zeros."""

    name: str
    type: EdmType = "Edm.String"
    max_length: int | None = None
    form: Form = ""
    creatable: bool = True
    updatable: bool = True
    filterable: bool = True
    sortable: bool = True
    precision: int | None = None
    scale: int | None = None
    alpha: bool = False


@dataclass(frozen=True, slots=True)
class EntityType:
    """One entity type and its set. key: names; navigations: name -> the set it leads to; creatable: by POST to the set
    itself (else only through the parent)."""

    name: str
    set_name: str
    key: tuple[str, ...]
    properties: Mapping[str, Property]
    navigations: Mapping[str, str] = field(default_factory=dict)
    creatable: bool = False
    deletable: bool = True


def _text(name: str, length: int | None) -> Property:
    return Property(name, max_length=length)


def _code(name: str, length: int, *, alpha: bool = False) -> Property:
    return Property(name, max_length=length, form="UpperCase", alpha=alpha)


def _digits(name: str, length: int) -> Property:
    return Property(name, max_length=length, form="NonNegative")


def _time(name: str) -> Property:
    return Property(name, "Edm.DateTimeOffset", precision=0)


def _day(name: str) -> Property:
    return Property(name, "Edm.DateTime", form="Date", precision=0)


def _clock(name: str) -> Property:
    return Property(name, "Edm.Time", precision=0)


def _decimal(name: str, precision: int, scale: int) -> Property:
    return Property(name, "Edm.Decimal", precision=precision, scale=scale)


def _fixed(made: Property) -> Property:
    """Set at the create, never changed."""
    return replace(made, updatable=False)


def _shown(made: Property) -> Property:
    """SAP alone fills it."""
    return replace(made, creatable=False, updatable=False)


def _status_line(name: str) -> Property:
    return replace(_shown(_text(name, 40)), filterable=False, sortable=False)


_ORDER = (
    _fixed(_code("MaintenanceOrder", 12, alpha=True)),
    _fixed(_code("MaintenanceOrderType", 4)),
    _text("MaintenanceOrderDesc", 40),
    _code("MaintPriority", 1),
    _fixed(_code("MaintenancePlanningPlant", 4)),
    _code("MaintenancePlant", 4),
    _code("MainWorkCenter", 8),
    _code("MainWorkCenterPlant", 4),
    _code("Equipment", 18, alpha=True),
    _shown(_text("EquipmentName", 40)),
    _text("FunctionalLocation", 30),
    _time("MaintOrdBasicStartDateTime"),
    _time("MaintOrdBasicEndDateTime"),
    _shown(_day("MaintOrdBasicStartDate")),
    _shown(_clock("MaintOrdBasicStartTime")),
    _shown(_day("MaintOrdBasicEndDate")),
    _shown(_clock("MaintOrdBasicEndTime")),
    _shown(_time("MaintOrdSchedldBscStrtDateTime")),
    _shown(_time("MaintOrdSchedldBscEndDateTime")),
    _day("LatestAcceptableCompletionDate"),
    _code("MaintenanceActivityType", 3),
    _code("MaintenancePlannerGroup", 3),
    _code("MaintOrdPersonResponsible", 12),
    _code("OperationSystemCondition", 1),
    _code("MaintenanceNotification", 12),
    _code("CostCenter", 10),
    _code("ResponsibleCostCenter", 10),
    _code("ProfitCenter", 10),
    _code("WBSElement", 24),
    _code("BusinessArea", 4),
    _code("Assembly", 40),
    _code("Product", 40),
    _text("SerialNumber", 18),
    _code("AssetLocation", 10),
    _code("AssetRoom", 8),
    _code("PlantSection", 3),
    _code("ABCIndicator", 1),
    _code("MaintObjectFreeDefinedAttrib", 30),
    _code("ReferenceElement", 40),
    _shown(_code("MaintOrdProcessPhaseCode", 2)),
    _shown(_code("MaintOrdProcessSubPhaseCode", 4)),
    _shown(_time("LastChangeDateTime")),
    _shown(_time("MaintOrderCreationDateTime")),
    _shown(_code("LastChangeByUser", 12)),
    _shown(_code("CreatedByUser", 12)),
    _shown(_time("MainWorkCompletedDateTime")),
    _shown(_time("MaintOrderReferenceDateTime")),
    _shown(_code("MaintenancePlan", 12)),
    _shown(_code("MaintenanceItem", 16)),
    _shown(Property("MaintenanceCall", "Edm.Int32")),
    _shown(_code("CompanyCode", 4)),
    _shown(_code("ControllingArea", 4)),
    _shown(Property("MaintenanceObjectList", "Edm.Int64")),
    _shown(Property("OrderHasLongText", "Edm.Boolean")),
    _status_line("SystemStatusText"),
    _status_line("UserStatusText"),
    replace(_shown(_code("TechnicalObject", 40)), sortable=False),
    replace(_shown(_code("TechnicalObjectLabel", 40)), sortable=False),
    replace(_shown(_code("TechObjIsEquipOrFuncnlLoc", 20)), sortable=False),
)

_OPERATION = (
    _shown(_code("MaintenanceOrder", 12, alpha=True)),
    _fixed(_code("MaintenanceOrderOperation", 4)),
    _fixed(_code("MaintenanceOrderSubOperation", 4)),
    _code("OperationControlKey", 4),
    _code("WorkCenter", 8),
    _code("Plant", 4),
    _text("OperationDescription", 40),
    _decimal("MaintOrdOperationWorkDuration", 7, 1),
    _text("MaintOrdOpWorkDurationUnit", 3),
    _decimal("MaintOrderOperationDuration", 5, 1),
    _text("MaintOrdOperationDurationUnit", 3),
    Property("NumberOfCapacities", "Edm.Byte"),
    _digits("OperationPersonResponsible", 8),
    _code("ActivityType", 6),
    _code("Equipment", 18, alpha=True),
    _text("FunctionalLocation", 30),
    _code("MaintOperationExecStageCode", 10),
    _shown(_decimal("ActualWorkQuantity", 13, 3)),
    _shown(_digits("MaintOrderConfirmation", 10)),
    _shown(_digits("MaintOrderConfCntrValue", 8)),
    _shown(Property("IsMarkedForDeletion", "Edm.Boolean")),
    _status_line("SystemStatusText"),
)

_LONG_TEXT = (
    _shown(_code("MaintenanceOrder", 12, alpha=True)),
    _fixed(_code("TextObjectType", 4)),
    _fixed(_text("Language", 2)),
    replace(_text("MaintenanceOrderLongText", None), sortable=False),
)


def _named(properties: Iterable[Property]) -> dict[str, Property]:
    return {made.name: made for made in properties}


ORDER = EntityType(
    "MaintenanceOrderType",
    "MaintenanceOrder",
    ("MaintenanceOrder",),
    _named(_ORDER),
    {
        "to_MaintenanceOrderOperation": "MaintenanceOrderOperation",
        "to_MaintenanceOrderLongText": "MaintenanceOrderLongText",
    },
    creatable=True,
    deletable=False,
)
OPERATION = EntityType(
    "MaintenanceOrderOperationType",
    "MaintenanceOrderOperation",
    ("MaintenanceOrder", "MaintenanceOrderOperation", "MaintenanceOrderSubOperation"),
    _named(_OPERATION),
)
LONG_TEXT = EntityType(
    "MaintenanceOrderLongText_Type",
    "MaintenanceOrderLongText",
    ("MaintenanceOrder", "TextObjectType", "Language"),
    _named(_LONG_TEXT),
)

Model = Mapping[str, EntityType]  # set -> type
MODEL: Model = {made.set_name: made for made in (ORDER, OPERATION, LONG_TEXT)}


def model_without(missing: frozenset[str]) -> Model:
    """The entity types of a system that does not know the properties `missing` yet (keys always stay)."""
    return {
        set_name: replace(
            made, properties={n: p for n, p in made.properties.items() if n not in missing or n in made.key}
        )
        for set_name, made in MODEL.items()
    }
