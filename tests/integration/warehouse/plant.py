"""A MaintainX and watermarks in memory, for loads that are to fail at a chosen point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from shared.errors import RateLimited, RecordNotFound, StateUnavailable
from shared.maintainx.models import AssetStatus, WorkOrder
from shared.maintainx.queries import AssetStatusSort, WorkOrderExpand, WorkOrderFilter, WorkOrderRowExpand
from shared.warehouse.gateway import Warehouse, scalar

R = TypeVar("R", WorkOrder, AssetStatus)


@dataclass
class Plant:
    """A MaintainX with records, which counts the rows it gave away and, after `allowed` of them, gives no more.

    invisible: ids that neither the list nor a read shows, as for a user without the right to their location.
    """

    work_orders: list[WorkOrder] = field(default_factory=list)
    statuses: list[AssetStatus] = field(default_factory=list)
    given: int = 0
    allowed: int | None = None
    invisible: set[int] = field(default_factory=set)

    def iter_work_orders(
        self,
        wanted: WorkOrderFilter = WorkOrderFilter(),  # noqa: B008  # immutable
        expand: tuple[WorkOrderRowExpand, ...] = (),  # noqa: ARG002  # the records here are whole
    ) -> Iterator[WorkOrder]:
        assert wanted.include_upcoming
        assert not wanted.statuses
        seen = [o for o in self.work_orders if o.id not in self.invisible]
        found = [o for o in seen if wanted.updated_from is None or _changed(o) >= wanted.updated_from]
        yield from self._give(sorted(found, key=_changed))

    def iter_asset_statuses(
        self,
        asset_ids: tuple[int, ...] = (),
        sort: AssetStatusSort = "-startedAt",
    ) -> Iterator[AssetStatus]:
        assert not asset_ids
        assert sort == "-updatedAt"
        yield from self._give(sorted(self.statuses, key=_changed, reverse=True))

    def get_work_order(
        self,
        work_order_id: int,
        expand: tuple[WorkOrderExpand, ...] = (),  # noqa: ARG002  # the records here are whole
    ) -> WorkOrder:
        for order in self.work_orders:
            if order.id == work_order_id and order.id not in self.invisible:
                return order
        raise RecordNotFound("gone", status=404)

    def _give(self, rows: list[R]) -> Iterator[R]:
        for row in rows:
            if self.given == self.allowed:
                raise RateLimited("used up", retry_after_s=60)
            self.given += 1
            yield row


@dataclass
class Marks:
    """Watermarks in memory; `broken`: the store does not answer to writes."""

    values: dict[tuple[str, str], datetime] = field(default_factory=dict)
    broken: bool = False

    def get_watermark(self, site: str, name: str) -> datetime | None:
        return self.values.get((site, name))

    def advance_watermark(self, site: str, name: str, to_utc: datetime) -> datetime:
        if self.broken:
            raise StateUnavailable("no answer")
        key = (site, name)
        self.values[key] = max(to_utc, self.values.get(key, to_utc))
        return self.values[key]


def _changed(record: WorkOrder | AssetStatus) -> datetime:
    assert record.updated_at is not None
    return record.updated_at


def order(number: int, updated_at: str, **given: object) -> WorkOrder:
    wire = {"id": number, "title": "Check", "status": "OPEN", "updatedAt": f"{updated_at}:00.000Z", **given}
    return WorkOrder.model_validate({"createdAt": "2026-11-01T00:00:00.000Z", **wire})


def status(number: int, updated_at: str, **given: object) -> AssetStatus:
    wire = {"id": number, "assetId": 7, "status": "OFFLINE", "startedAt": "2026-11-01T00:00:00.000Z"}
    return AssetStatus.model_validate({**wire, "updatedAt": f"{updated_at}:00.000Z", **given})


def current(warehouse: Warehouse, site: str, table: str = "work_orders") -> list[dict[str, object]]:
    sql = f"SELECT * FROM {table}_current WHERE site = @site ORDER BY updated_at"
    return [dict(row.items()) for row in warehouse.query(sql, {"site": scalar("STRING", site)})]


def version_count(warehouse: Warehouse, site: str) -> int:
    count: int = warehouse.query(
        "SELECT COUNT(*) AS n FROM work_orders WHERE site = @site", {"site": scalar("STRING", site)}
    )[0]["n"]
    return count
