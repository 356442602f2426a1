"""Request bodies: pydantic models in the API's names, and validation errors in the vendor's shape."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from local.maintainx.problems import Refusal, detail, plain
from shared.errors import MalformedEvent
from shared.events import format_utc, parse_utc
from shared.maintainx.webhooks import known_types

Priority = Literal["NONE", "LOW", "MEDIUM", "HIGH"]


def _moment_text(text: str) -> str:
    try:
        return format_utc(parse_utc(text))
    except MalformedEvent as error:
        raise ValueError(str(error)) from error


Moment = Annotated[str, AfterValidator(_moment_text)]
_UNION_TAGS = frozenset({"int", "str", "float", "dict[str,any]", "EXPENSE", "TIME"})


class Body(BaseModel):
    """Strict about types; unknown keys are not used (undocumented; see Settings.reject_unknown_body_keys).

    not_simulated: documented fields that the simulator has nothing for; a request that sets one is refused.
    """

    model_config = ConfigDict(alias_generator=to_camel, strict=True)
    not_simulated: ClassVar[tuple[str, ...]] = ()

    def given(self) -> dict[str, Any]:
        """The fields that the request names, null included, in the API's names."""
        given = self.model_dump(by_alias=True, exclude_unset=True, exclude=set(self.model_extra or ()))
        for name in self.not_simulated:
            if given.pop(name, None) is not None:
                raise plain(501, f"{name} is not simulated")
        return given


class Assignee(Body):
    type: Literal["USER", "TEAM"]
    id: int | str


class PartUsed(Body):
    part_id: int
    quantity_used: int
    location_id: int | None = None
    copy_on_recurring: Literal["NoCopy", "Copy", "Default"] = "Default"


class PartUsedChange(PartUsed):
    quantity_used: int = 1


class _WorkOrderFields(Body):
    asset_id: int | None = None
    assignees: list[Assignee] = []
    requester_id: int | str | None = None
    categories: list[str] = []
    description: str | None = None
    due_date: Moment | None = None
    start_date: Moment | None = None
    estimated_time: int | None = None
    external_data: dict[str, Any] | int | float | str | None = None
    location_id: int | None = None
    priority: Priority = "NONE"
    type: Literal["OTHER", "REACTIVE", "PREVENTIVE"] = "REACTIVE"
    extra_fields: dict[str, str] = {}
    vendor_ids: list[int] = []


class NewWorkOrder(_WorkOrderFields):
    not_simulated = ("procedure", "procedureTemplateId", "workOrderTemplateId", "repeatability")

    title: str
    is_parent: bool | None = None
    parent_id: int | None = None
    parts_used: list[PartUsed] = []
    work_request_id: int | None = None
    skip_rest_hook: bool = False
    procedure: Any = None
    procedure_template_id: Any = None
    work_order_template_id: Any = None
    repeatability: Any = None


class WorkOrderChange(_WorkOrderFields):
    not_simulated = ("procedure", "procedureTemplateId", "recurrenceInfo")

    title: str = ""
    parts_used: list[PartUsedChange] = []
    procedure: Any = None
    procedure_template_id: Any = None
    recurrence_info: Any = None


class StatusChange(Body):
    status: Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED"]  # SKIPPED cannot be written


class PartStatusChange(Body):
    part_status: Literal["NO_PARTS", "ASSIGNED", "RESERVED", "KITTED", "STAGED", "ISSUED"]


class NewComment(Body):
    content: str


class _Named(Body):
    id: int | None = None
    name: str | None = None


class AssetChange(Body):
    not_simulated = ("depreciation",)

    name: str = ""
    description: str | None = None
    barcode: str | None = None
    criticality_id: int | None = None
    parent_id: int | None = None
    location_id: int | None = None
    team_ids: list[int] = []
    asset_types: list[str] = []
    extra_fields: dict[str, str] = {}
    vendor_ids: list[int] = []
    serial_number: str | None = None
    manufacturer: _Named | None = None
    model: _Named | None = None
    depreciation: Any = None


class NewAsset(AssetChange):
    name: str


class AssetStatusBody(Body):
    """Nothing is required, says the vendor."""

    status: Literal["ONLINE", "OFFLINE", "IGNORE"] = "ONLINE"
    custom_status_id: int | None = None
    downtime_type: Literal["PLANNED", "UNPLANNED"] | None = None
    started_at: Moment = ""
    ended_at: Moment | None = None
    description: str | None = None


def _webhook_type(name: str) -> str:
    if name not in known_types():
        raise ValueError("unknown type")
    return name


class NewSubscription(Body):
    type: Annotated[str, AfterValidator(_webhook_type)]
    url: str = Field(max_length=512, pattern=r"^https?://[^\s/]+")
    filters: dict[str, list[int | str] | str] = {}
    options: dict[str, bool] = {}


class SubscriptionChange(Body):
    type: Annotated[str, AfterValidator(_webhook_type)] = ""
    url: str = Field(default="", max_length=512, pattern=r"^https?://[^\s/]+")


def parse(model: Any, raw: bytes, *, reject_unknown: bool) -> Any:
    """The body as `model` (a Body, a list or a union of them), or a 400 that names every wrong field."""
    try:
        return _adapter(model).validate_json(raw, extra="forbid" if reject_unknown else "allow")
    except ValidationError as invalid:
        details = [_detail(dict(error)) for error in invalid.errors()]
        by_path = {entry.get("fieldPath"): entry for entry in details}  # a union reports once a member
        raise Refusal(400, {"errors": list(by_path.values())}) from invalid


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


def _detail(error: dict[str, Any]) -> dict[str, Any]:
    path = ".".join(str(part) for part in error["loc"] if part not in _UNION_TAGS)
    name = path.rpartition(".")[2]
    match error["type"]:
        case "missing":
            return detail(f"should have required property '{name}'", path)
        case "literal_error" | "value_error":
            return detail(f"Invalid {_words(name)}", path, error["input"])
        case "json_invalid":
            return detail("body is not valid JSON")
        case "union_tag_invalid" | "union_tag_not_found":
            return detail("Invalid type", "type")
    return detail(error["msg"], path, error["input"])


def _words(name: str) -> str:
    """`partStatus` as "part status"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
