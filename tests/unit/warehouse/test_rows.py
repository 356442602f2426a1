"""Records of MaintainX as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.maintainx.models import AssetStatus, WorkOrder
from shared.warehouse.rows import Unusable, asset_status_row, work_order_row
from shared.warehouse.tables import table

LOADED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORK_ORDER: dict[str, Any] = {"id": 1, "status": "OPEN", "updatedAt": "2026-11-01T00:00:00.000Z"}
ASSET_STATUS: dict[str, Any] = {**WORK_ORDER, "assetId": 7, "startedAt": "2026-11-01T00:00:00.000Z"}


def test_rows_have_exactly_the_columns_of_the_tables() -> None:
    rows = {
        "work_orders": work_order_row("plant-1", WorkOrder.model_validate(WORK_ORDER), LOADED_AT),
        "asset_statuses": asset_status_row("plant-1", AssetStatus.model_validate(ASSET_STATUS), LOADED_AT),
    }
    for name, row in rows.items():
        schema = {field.name: field for field in table(name).schema}
        assert row.keys() == schema.keys()
        assert [key for key, field in schema.items() if field.mode == "REQUIRED" and row[key] is None] == []


@pytest.mark.parametrize("field", ["status", "updatedAt"])
def test_a_work_order_without_what_tells_versions_apart_is_unusable(field: str) -> None:
    record = WorkOrder.model_validate({key: value for key, value in WORK_ORDER.items() if key != field})
    with pytest.raises(Unusable, match=f"no {field}"):
        work_order_row("plant-1", record, LOADED_AT)


def test_an_asset_status_that_cannot_be_placed_is_unusable(subtests: pytest.Subtests) -> None:
    for field in ["assetId", "status", "startedAt", "updatedAt"]:
        with subtests.test(field=field):
            record = AssetStatus.model_validate({key: value for key, value in ASSET_STATUS.items() if key != field})
            with pytest.raises(Unusable, match=f"no {field}"):
                asset_status_row("plant-1", record, LOADED_AT)


def test_a_deleted_interval_is_marked() -> None:
    record = AssetStatus.model_validate({**ASSET_STATUS, "deletedAt": "2026-11-02T00:00:00.000Z"})
    assert asset_status_row("plant-1", record, LOADED_AT)["deleted"] is True
