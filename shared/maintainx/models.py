"""Records of MaintainX as it sends them, read tolerantly.

MaintainX leaves null fields out and adds fields and enumeration values without notice. So every field but the id may be
absent (None), enumerations are plain text, and unknown fields are kept in `model_extra`. Times are aware datetimes in
UTC, durations integer seconds, money integer cents. Source: MaintainX REST API v1, sections on each entity.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    model_validator,
)
from pydantic.alias_generators import to_camel


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Record(BaseModel):
    """Base of all records. Attributes are snake_case, the wire is camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    id: int
    _wire: dict[str, Any] = PrivateAttr(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        """The JSON object exactly as MaintainX sent it, in its names and with fields that are unknown here."""
        return self._wire

    @model_validator(mode="wrap")
    @classmethod
    def _keep_wire(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        record = handler(value)
        if isinstance(value, dict):
            record._wire = value
        return record


class AssetReference(Record):
    """The asset inside a work order that was read with `expand=asset`."""

    name: str | None = None
    serial_number: str | None = None
    location_id: int | None = None


class Assignee(BaseModel):
    """type: USER or TEAM."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str
    id: int | str


class Progress(BaseModel):
    """How often each status was entered; canceled and skipped count as done."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    open_count: int = 0
    in_progress_count: int = 0
    on_hold_count: int = 0
    done_count: int = 0


class WorkOrder(Record):
    """A work order: row of a list or detail. A row has asset and assignees only if asked for by `expand`.

    status: OPEN, IN_PROGRESS, ON_HOLD, DONE, CANCELED, SKIPPED. type: REACTIVE, PREVENTIVE, OTHER, CYCLE_COUNT.
    categories: labels. completed_at: when it was last done. Comments move last_message_sent_at, not updated_at.
    """

    sequential_id: int | None = None
    organization_id: int | None = None
    title: str = ""
    description: str | None = None
    status: str | None = None
    priority: str | None = None
    type: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    completed_at: Moment | None = None
    due_date: Moment | None = None
    start_date: Moment | None = None
    last_message_sent_at: Moment | None = None
    creator_id: int | None = None
    completer_id: int | None = None
    requester_id: int | None = None
    location_id: int | None = None
    parent_id: int | None = None
    estimated_time_s: int | None = Field(default=None, alias="estimatedTime")
    part_status: str | None = None
    categories: tuple[str, ...] | None = None
    vendor_ids: tuple[int, ...] | None = None
    extra_fields: dict[str, Any] | None = None
    external_data: Any = None
    progress: Progress | None = None
    row_asset: AssetReference | None = Field(default=None, alias="asset")
    detail_asset_id: int | None = Field(default=None, alias="assetId")
    row_assignees: tuple[Assignee, ...] | None = Field(default=None, alias="assignees")
    detail_assignee_ids: tuple[int, ...] | None = Field(default=None, alias="assigneeIds")
    detail_team_ids: tuple[int, ...] | None = Field(default=None, alias="teamIds")

    @property
    def asset_id(self) -> int | None:
        """From `assetId` (detail) or `asset.id` (row with expand)."""
        if self.detail_asset_id is not None:
            return self.detail_asset_id
        return self.row_asset.id if self.row_asset else None

    @property
    def assignee_ids(self) -> tuple[int, ...] | None:
        """Users, from either form; None if the record does not say."""
        return self._assigned("USER", self.detail_assignee_ids)

    @property
    def team_ids(self) -> tuple[int, ...] | None:
        """Teams, from either form; None if the record does not say."""
        return self._assigned("TEAM", self.detail_team_ids)

    def _assigned(self, type_: str, detail: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if detail is not None or self.row_assignees is None:
            return detail
        return tuple(item.id for item in self.row_assignees if item.type == type_ and isinstance(item.id, int))


class AssetStatus(Record):
    """One interval of an asset's history; `ended_at` None: it lasts. status: ONLINE, OFFLINE, IGNORE.

    downtime_type: PLANNED, UNPLANNED or None (not classified).
    """

    asset_id: int | None = None
    organization_id: int | None = None
    status: str | None = None
    downtime_type: str | None = None
    custom_status_id: int | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    description: str | None = None
    creator_id: int | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    deleted_at: Moment | None = None


class Asset(Record):
    """An asset; `status` only in details, or in rows with `expand=status`."""

    name: str = ""
    description: str | None = None
    parent_id: int | None = None
    location_id: int | None = None
    criticality_id: int | None = None
    serial_number: str | None = None
    barcode: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    asset_types: tuple[str, ...] | None = None
    team_ids: tuple[int, ...] | None = None
    extra_fields: dict[str, Any] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    status: AssetStatus | None = None


class Subscription(Record):
    """A webhook subscription. status: VALID or PENDING_APPROVAL. secret: only in the answer to its creation."""

    type: str | None = None
    url: str | None = None
    status: str | None = None
    secret: str | None = Field(default=None, repr=False)


R = TypeVar("R", bound=Record)


class Page(BaseModel, Generic[R]):
    """One page of a list, whatever key MaintainX keeps its rows under."""

    rows: tuple[R, ...]
    next_cursor: str | None = None
