"""Records as MaintainX sends them: thin rows, details, absent fields, fields of tomorrow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.maintainx.models import Asset, AssetStatus, Subscription, WorkOrder

ROW: dict[str, Any] = {
    "id": 9001001,
    "sequentialId": 412,
    "title": "Replace seal on feed pump",
    "status": "OPEN",
    "updatedAt": "2026-09-14T12:00:00.000Z",
    "asset": {"id": 2201, "name": "Feed pump P-2", "description": None},
    "assignees": [{"type": "USER", "id": 81}, {"type": "TEAM", "id": 12}],
    "categories": ["Mechanical"],
}
DETAIL: dict[str, Any] = {
    **{name: ROW[name] for name in ("id", "sequentialId", "title", "updatedAt")},
    "status": "DONE",
    "organizationId": 4242,
    "assetId": 2201,
    "assigneeIds": [81],
    "teamIds": [12],
    "estimatedTime": 5400,
    "externalData": {"erp": "acme"},
    "progress": {"openCount": 1, "inProgressCount": 1, "onHoldCount": 0, "doneCount": 1},
    "completedAt": "2026-09-15T10:31:40.870+02:00",
}


@pytest.mark.parametrize("wire", [ROW, DETAIL])
def test_asset_and_assignees_are_found_in_rows_and_details(wire: dict[str, Any]) -> None:
    order = WorkOrder.model_validate(wire)
    assert (order.asset_id, order.assignee_ids, order.team_ids) == (2201, (81,), (12,))


def test_plain_row_says_nothing_about_asset_and_assignees() -> None:
    order = WorkOrder.model_validate({"id": 1, "title": "x"})
    assert (order.asset_id, order.assignee_ids, order.team_ids, order.completed_at) == (None, None, None, None)


def test_times_are_utc_and_durations_seconds() -> None:
    order = WorkOrder.model_validate(DETAIL)
    assert order.completed_at == datetime(2026, 9, 15, 8, 31, 40, 870_000, tzinfo=UTC)
    assert order.completed_at.tzinfo is UTC
    assert order.estimated_time_s == 5400
    assert order.progress is not None
    assert order.progress.done_count == 1


def test_unknown_fields_and_enumeration_values_are_kept() -> None:
    wire = {**ROW, "status": "FROZEN", "priority": "EXTREME", "novelty": {"a": 1}}
    order = WorkOrder.model_validate(wire)
    assert (order.status, order.priority) == ("FROZEN", "EXTREME")
    assert order.model_extra == {"novelty": {"a": 1}}
    assert order.wire() == wire


def test_null_and_absent_are_the_same_when_read() -> None:
    absent = WorkOrder.model_validate({"id": 1, "title": "x"})
    null = WorkOrder.model_validate({"id": 1, "title": "x", "dueDate": None, "asset": None, "assignees": None})
    for name in ("due_date", "asset_id", "assignee_ids"):
        assert getattr(absent, name) is getattr(null, name) is None


def test_what_is_no_work_order_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[object] = [{"title": "x"}, {"id": "x"}, {"id": 1, "updatedAt": "2026-09-14T12:00:00"}, [], None]
    for wire in cases:
        with subtests.test(wire=wire), pytest.raises(ValidationError):
            WorkOrder.model_validate(wire)


def test_secret_of_a_subscription_does_not_show_in_logs() -> None:
    subscription = Subscription.model_validate({"id": 1, "status": "VALID", "secret": "mx_secret"})
    assert subscription.secret == "mx_secret"
    assert "mx_secret" not in repr(subscription)


def test_asset_carries_its_current_status() -> None:
    status = {"id": 5, "status": "OFFLINE", "downtimeType": "PLANNED", "startedAt": "2026-09-14T11:40:00.000Z"}
    asset = Asset.model_validate({"id": 2201, "name": "Pump", "status": status})
    assert isinstance(asset.status, AssetStatus)
    assert (asset.status.downtime_type, asset.status.ended_at) == ("PLANNED", None)


@given(extra=st.dictionaries(st.text(min_size=1), st.none() | st.integers() | st.text()))
def test_any_further_field_passes_through(extra: dict[str, Any]) -> None:
    known = {field.alias or name for name, field in WorkOrder.model_fields.items()} | set(WorkOrder.model_fields)
    wire = {**{name: value for name, value in extra.items() if name not in known}, "id": 1}
    assert WorkOrder.model_validate(wire).wire() == wire
