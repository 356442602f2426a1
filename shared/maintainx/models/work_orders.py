"""Work orders, what is said about them and what they cost; work requests.

Source: MaintainX REST API v1, work orders and work requests.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.maintainx.models.base import Moment, Record, Value


class AssetReference(Record):
    """The asset inside a work order that was read with `expand=asset`."""

    name: str | None = None
    serial_number: str | None = None
    location_id: int | None = None


class Assignee(Value):
    """type: USER or TEAM."""

    type: str
    id: int | str


class Progress(Value):
    """How often each status was entered; canceled and skipped count as done."""

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


class Comment(Record):
    """A comment on a work order; `content` is empty if it is only a photo."""

    author_id: int | None = None
    content: str = ""
    created_at: Moment | None = None


class CostRow(Value):
    """One cost entry. type: EXPENSE, PART, TIME. Money in cents, `duration_total_s` in seconds.

    quantity: number of parts, or hours. id and total (of the whole work order) only in the answer to its creation.
    """

    type: str | None = None
    cost_per_unit: float | None = None
    description: str | None = None
    quantity: float | None = None
    row_total: float | None = None
    duration_total_s: float | None = Field(default=None, alias="durationTotal")
    user_id: int | None = None
    part_id: int | None = None
    id: int | None = None
    total: float | None = None


class Costs(Value):
    """All costs of a work order; `total` in cents."""

    total: float
    rows: tuple[CostRow, ...]


class WorkRequest(Record):
    """What somebody asked for. request_status: PENDING, REJECTED, APPROVED, DONE. Approved: it has a work order."""

    title: str = ""
    description: str | None = None
    priority: str | None = None
    request_status: str | None = None
    asset_id: int | None = None
    location_id: int | None = None
    work_order_id: int | None = None
    approver_team_id: int | None = None
    creator_id: int | None = None
    extra_fields: dict[str, Any] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
