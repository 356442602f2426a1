"""Request bodies about the plant: places, categories, parts, meters and their triggers; and costs and requests."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from local.maintainx.bodies import Body, Moment, Priority


class LocationChange(Body):
    name: str = ""
    description: str | None = None
    address: str | None = None
    barcode: str | None = None
    parent_id: int | None = None
    extra_fields: dict[str, str] = Field(default_factory=dict)
    vendor_ids: list[int] = Field(default_factory=list)


class NewLocation(LocationChange):
    name: str


class CategoryChange(Body):
    label: str = ""
    description: str = ""


class NewCategory(CategoryChange):
    label: str


class WorkRequestChange(Body):
    title: str = ""
    description: str | None = None
    priority: Priority = "NONE"
    asset_id: int | None = None
    location_id: int | None = None
    extra_fields: dict[str, str] = Field(default_factory=dict)
    approver_team_id: int | None = None
    creator_contact_info: str | None = None


class NewWorkRequest(WorkRequestChange):
    title: str


class Expense(Body):
    type: Literal["EXPENSE"]
    cost_type: Literal["LABOR", "OTHER", "TRAVEL"]
    cost_per_unit: float | None
    description: str | None = None


class TimeSpent(Body):
    type: Literal["TIME"]
    cost_type: Literal["INSPECTION", "OTHER", "WORK"]
    duration_total: float | None
    hourly_rate: float | None = None
    description: str | None = None


NewCost = Annotated[Expense | TimeSpent, Field(discriminator="type")]


class _Stock(Body):
    location_id: int
    available_quantity: int = 0
    minimum_quantity: int | None = None
    maximum_quantity: int | None = None
    area: str | None = None


class _StockChange(Body):
    added_updated: list[_Stock] = Field(default_factory=list)
    removed_location_ids: list[int] = Field(default_factory=list)


class _Vendor(Body):
    vendor_id: int = 0
    part_number: str = ""


class _Committed(Body):
    kitted: int = 0
    reserved: int = 0
    staged: int = 0


class _PartFields(Body):
    not_simulated: ClassVar[tuple[str, ...]] = ("committedQuantities", "assignedQuantity")

    description: str | None = None
    area: str | None = None
    unit_cost: int | None = None
    available_quantity: int = 0
    minimum_quantity: int = 0
    barcode: str | None = None
    location_id: int | None = None
    part_types: list[str] = Field(default_factory=list)
    asset_ids: list[int] = Field(default_factory=list)
    team_ids: list[int] = Field(default_factory=list)
    extra_fields: dict[str, str] = Field(default_factory=dict)
    vendors: list[_Vendor] = Field(default_factory=list)
    vendor_ids: list[int] = Field(default_factory=list)
    committed_quantities: _Committed | None = None
    assigned_quantity: int | None = None


class NewPart(_PartFields):
    name: str
    locations: list[_Stock] = Field(default_factory=list)


class PartChange(_PartFields):
    not_simulated = (*_PartFields.not_simulated, "createdAt", "updatedAt", "deletedAt")

    name: str = ""
    locations: _StockChange = Field(default_factory=_StockChange)
    created_at: Moment | None = None
    updated_at: Moment | None = None
    deleted_at: Moment | None = None


class MeterChange(Body):
    not_simulated = ("readingFrequency",)

    name: str = ""
    description: str | None = None
    unit: str = ""
    asset_id: int | None = None
    location_id: int | None = None
    reading_frequency: Any = None


class NewMeter(MeterChange):
    name: str
    unit: str
    measurement_type: Literal["MANUAL", "IOT_DEVICE", "AUTOMATED_SENSOR"] = "MANUAL"


class BatchReading(Body):
    meter_id: int
    value: float
    reading_date: Moment | None = None


class SingleReading(Body):
    reading_value: float
    reading_date: Moment | None = None


Condition = Literal[
    "DECREMENTED_BY",
    "INCREMENTED_BY",
    "IS_EQUAL",
    "IS_GREATER",
    "IS_LESS",
    "INCREMENTED_BY_BASED_ON_LAST_READING",
    "DECREMENTED_BY_BASED_ON_LAST_READING",
]


class DataPoints(Body):
    numerator: int
    denominator: int


class _TriggerFields(Body):
    meter_id: int = 0
    amount: float = 0.0
    condition: Condition = "IS_GREATER"
    name: str = ""
    description: str = ""
    data_points: DataPoints = Field(default_factory=lambda: DataPoints(numerator=1, denominator=1))
    min_date_for_processing: Moment = ""
    next_trigger_value: float = 0.0
    period: int | None = None
    work_order_template_id: int = 0


class _NewTriggerFields(_TriggerFields):
    meter_id: int
    amount: float
    condition: Condition
    name: str


class NewMeterTrigger(Body):
    not_simulated = ("workOrderTemplate",)

    meter_trigger: _NewTriggerFields
    work_order_template: Any = None


class MeterTriggerChange(Body):
    meter_trigger: _TriggerFields = _TriggerFields()
