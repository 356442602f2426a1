"""Assets, their status history, and the reports on why one failed.

Source: MaintainX REST API v1, assets, asset statuses and root cause analysis reports.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.maintainx.models.base import Moment, Record


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


class RootCauseReport(Record):
    """A root cause analysis. status: DONE, DRAFT. Durations None: a date is missing."""

    organization_id: int | None = None
    status: str | None = None
    main_asset_id: int | None = None
    main_asset_status_id: int | None = None
    incident_started_at: Moment | None = None
    incident_ended_at: Moment | None = None
    incident_duration_s: int | None = Field(default=None, alias="incidentDuration")
    repair_time_s: int | None = Field(default=None, alias="repairTime")
    creator_id: int | None = None
    related_asset_ids: tuple[int, ...] | None = None
    work_order_ids: tuple[int, ...] | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    completed_at: Moment | None = None
    archived_at: Moment | None = None
