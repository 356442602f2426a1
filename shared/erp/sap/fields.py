"""The fields of an order's header, as API_MAINTENANCEORDER (version 0002) describes them in its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.config.erp_sap import SapErpConfig
from shared.erp.base import ErpField, FieldType

EdmType = Literal["String", "DateTimeOffset", "DateTime", "Time", "Decimal", "Int64", "Int32", "Boolean"]

STATUS = "SystemStatus"
"""The one status that counts most in the line `SystemStatusText`; not a field of SAP's."""
LONG_TEXT = "LongText"
"""The order's long text, which SAP keeps beside the header; not a field of SAP's."""
STATUS_LINE = "SystemStatusText"
CREATED_AT, CHANGED_AT = "MaintOrderCreationDateTime", "LastChangeDateTime"
KEY = "MaintenanceOrder"

# SAP's `PT06H00M00S` stays a text: no field with it can be written.
_TYPES: Mapping[EdmType, FieldType] = {
    "String": "text",
    "Time": "text",
    "DateTimeOffset": "time",
    "DateTime": "date",
    "Decimal": "number",
    "Int64": "number",
    "Int32": "number",
    "Boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class SapField:
    """One field. max_length: characters; capitals: SAP keeps its text in capitals; planned: a date of the plan or of
    the work, which `dates: plant` reads as the plant's wall clock."""

    name: str
    edm: EdmType
    max_length: int | None = None
    creatable: bool = True
    updatable: bool = True
    capitals: bool = False
    planned: bool = False

    def described(self) -> ErpField:
        """The field as a mapping sees it."""
        return ErpField(
            name=self.name,
            type=_TYPES[self.edm],
            max_length=self.max_length,
            creatable=self.creatable,
            updatable=self.updatable,
        )


def header_fields(config: SapErpConfig) -> Mapping[str, SapField]:
    """SAP's fields and the customer's own, by name."""
    custom = {
        name: SapField(name, _CUSTOM_TYPES[made.type], made.max_length, capitals=made.capitals)
        for name, made in config.custom_fields.items()
    }
    return {**HEADER, **custom}


def _parsed(row: str) -> SapField:
    name, edm, length, flags = row.split()
    return SapField(
        name,
        edm,  # type: ignore[arg-type]  # one of EdmType, as a test checks
        None if length == "-" else int(length),
        creatable="C" in flags,
        updatable="U" in flags,
        capitals="^" in flags,
        planned="w" in flags,
    )


_CUSTOM_TYPES: Mapping[FieldType, EdmType] = {
    "text": "String",
    "number": "Decimal",
    "boolean": "Boolean",
    "date": "DateTime",
    "time": "DateTimeOffset",
}
# Name, type, length and flags: C can be set with a create, U with an update, ^ in capitals, w `planned`, - nothing.
_TABLE = """
MaintenanceOrder               String         12 C^
MaintOrderRoutingNumber        String         10 CU
MaintenanceOrderType           String          4 C^
MaintenanceOrderDesc           String         40 CU
MaintOrdBasicStartDateTime     DateTimeOffset  - CUw
MaintOrdBasicEndDateTime       DateTimeOffset  - CUw
MaintOrdBasicStartDate         DateTime        - -
MaintOrdBasicStartTime         Time            - -
MaintOrdBasicEndDate           DateTime        - -
MaintOrdBasicEndTime           Time            - -
MaintOrdSchedldBscStrtDateTime DateTimeOffset  - w
MaintOrdSchedldBscEndDateTime  DateTimeOffset  - w
ScheduledBasicStartDate        DateTime        - -
ScheduledBasicStartTime        Time            - -
ScheduledBasicEndDate          DateTime        - -
ScheduledBasicEndTime          Time            - -
MaintOrderReferenceDateTime    DateTimeOffset  - w
MaintOrderReferenceDate        DateTime        - -
MaintOrderReferenceTime        Time            - -
MainWorkCompletedDateTime      DateTimeOffset  - w
MaintenanceNotification        String         12 CU^
OrdIsNotSchedldAutomatically   String          1 CU^
ControllingArea                String          4 ^
MainWorkCenterInternalID       String          8 CU
MainWorkCenterTypeCode         String          2 ^
MainWorkCenter                 String          8 CU^
MainWorkCenterPlant            String          4 CU^
WorkCenterInternalID           String          8 CU
WorkCenterTypeCode             String          2 ^
WorkCenter                     String          8 CU^
MaintenancePlanningPlant       String          4 C^
MaintenancePlant               String          4 CU^
Assembly                       String         40 CU^
MaintOrdProcessPhaseCode       String          2 ^
MaintOrdProcessSubPhaseCode    String          4 ^
BusinessArea                   String          4 CU^
CompanyCode                    String          4 ^
CostCenter                     String         10 CU^
CostingSheet                   String          6 CU^
ReferenceElement               String         40 CU^
FunctionalArea                 String         16 CU^
AdditionalDeviceData           String         40 CU^
Equipment                      String         18 CU^
EquipmentName                  String         40 -
FunctionalLocation             String         30 CU
MaintenanceOrderPlanningCode   String          1 CU^
MaintenancePlannerGroup        String          3 CU^
MaintenanceActivityType        String          3 CU^
MaintPriority                  String          1 CU^
MaintPriorityType              String          2 ^
OrderProcessingGroup           String          2 -
ProfitCenter                   String         10 CU^
ResponsibleCostCenter          String         10 CU^
Currency                       String          5 ^
MaintenanceRevision            String          8 CU^
SerialNumber                   String         18 CU
Product                        String         40 CU^
SuperiorProjectNetwork         String         12 ^
OperationSystemCondition       String          1 CU^
WBSElement                     String         24 CU^
WBSElementInternalID           String          8 CU
ProjectInternalID              String          8 CU
ControllingObjectClass         String          2 CU^
MaintenanceOrderInternalID     String         22 ^
MaintenanceObjectList          Int64           - -
MaintObjectLocAcctAssgmtNmbr   String         12 ^
AssetLocation                  String         10 CU^
AssetRoom                      String          8 CU^
PlantSection                   String          3 CU^
ABCIndicator                   String          1 CU^
MaintObjectFreeDefinedAttrib   String         30 CU^
BasicSchedulingType            String          1 CU^
LatestAcceptableCompletionDate DateTime        - CU
MaintOrdPersonResponsible      String         12 CU^
LastChangeByUser               String         12 ^
LastChangeDateTime             DateTimeOffset  - -
CreatedByUser                  String         12 ^
MaintOrderCreationDateTime     DateTimeOffset  - -
OrderHasLongText               Boolean         - -
MaintenanceOrderOverheadCode   String          6 CU^
PlannedCostsCostingVariant     String          4 ^
ActualCostsCostingVariant      String          4 ^
MaintenancePlan                String         12 ^
MaintenanceCall                Int32           - -
MaintenanceItem                String         16 ^
LeadingOrder                   String         12 ^
TaskListType                   String          1 ^
TaskListGroup                  String          8 ^
TaskListGroupCounter           String          2 ^
LocAcctAssgmtWBSElement        String         24 CU^
LocAcctAssgmtWBSElmntIntID     String          8 CU
ControllingSettlementProfile   String          6 CU^
LocAcctAssgmtBusinessArea      String          4 CU^
LocAcctAssgmtControllingArea   String          4 ^
LocAcctAssgmtCompanyCode       String          4 CU^
MaintOrderProcessingContext    String          2 C^
SystemStatusText               String         40 -
UserStatusText                 String         40 -
TechnicalObject                String         40 ^
TechnicalObjectLabel           String         40 ^
TechObjIsEquipOrFuncnlLoc      String         20 ^
"""
HEADER: Mapping[str, SapField] = {made.name: made for made in map(_parsed, _TABLE.strip().splitlines())}
