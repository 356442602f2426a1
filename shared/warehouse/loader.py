"""Appends what changed in MaintainX to the warehouse.

Order of things, so that a crash anywhere loses and doubles nothing: read from the watermark less an overlap, append the
versions that are not there yet, count them in the table, and only then move the watermark. What a crash left behind is
read again and recognised by id and time of change; the `_current` views would hide a double anyway. Where the oldest
change comes first, all this is done batch by batch, so that a first load that is cut short goes on where it ended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Protocol, TypeVar

from shared.errors import WarehouseUnavailable
from shared.maintainx.models import AssetStatus, WorkOrder
from shared.maintainx.queries import AssetStatusSort, WorkOrderExpand, WorkOrderFilter, WorkOrderRowExpand
from shared.warehouse.gateway import Warehouse, scalar
from shared.warehouse.rows import Row, Unusable, asset_status_row, work_order_row
from shared.warehouse.tables import table

# Lists of MaintainX lag behind writes by up to an hour or two (measured on the live system).
OVERLAP = timedelta(hours=3)
BATCH_ROWS = 5_000
_CLOCK_SKEW = timedelta(minutes=5)
EXPAND: tuple[WorkOrderRowExpand, ...] = ("asset", "categories", "estimated_time")

log = logging.getLogger(__name__)
R = TypeVar("R", WorkOrder, AssetStatus)


class Source(Protocol):
    """Where records come from: `shared.maintainx.client.MaintainXClient`."""

    def iter_work_orders(
        self, wanted: WorkOrderFilter = ..., expand: tuple[WorkOrderRowExpand, ...] = ...
    ) -> Iterator[WorkOrder]: ...

    def iter_asset_statuses(
        self, asset_ids: tuple[int, ...] = ..., sort: AssetStatusSort = ...
    ) -> Iterator[AssetStatus]: ...

    def get_work_order(self, work_order_id: int, expand: tuple[WorkOrderExpand, ...] = ...) -> WorkOrder: ...


class Watermarks(Protocol):
    """How far each flow has come: `shared.state.StateStore`."""

    def get_watermark(self, site: str, name: str) -> datetime | None: ...

    def advance_watermark(self, site: str, name: str, to_utc: datetime) -> datetime: ...


@dataclass(frozen=True, slots=True)
class TableLoad:
    """What one load did: read = appended + known + len(unusable).

    known: versions that the table had already. unusable: "id: reason" of records that cannot be stored.
    from_future: "id: time of change" of records that are later than our clock; they are stored like the others.
    watermark: the newest change seen so far, not later than the start of the load; None while there is none.
    """

    table: str
    read: int
    appended: int
    known: int
    unusable: tuple[str, ...]
    from_future: tuple[str, ...]
    watermark: datetime | None


def load_work_orders(
    warehouse: Warehouse, site: str, source: Source, watermarks: Watermarks, *, overlap: timedelta = OVERLAP
) -> TableLoad:
    """Append the versions of work orders since the watermark; all of them at the first run.

    Oldest change first: one that happens while the pages are read moves to the end and is seen there. Not filtered by
    status, so neither canceled nor skipped ones are left out. Raises the errors of source, warehouse and watermarks.
    """

    def changed(since: datetime | None) -> Iterator[WorkOrder]:
        return source.iter_work_orders(WorkOrderFilter(updated_from=since, sort="updatedAt"), EXPAND)

    flow = _Flow(warehouse, site, "work_orders", "work_order_id", watermarks, overlap, oldest_first=True)
    return flow.run(changed, work_order_row)


def load_asset_statuses(
    warehouse: Warehouse, site: str, source: Source, watermarks: Watermarks, *, overlap: timedelta = OVERLAP
) -> TableLoad:
    """Append the versions of asset status intervals since the watermark; all of them at the first run.

    MaintainX has no date filter for them: read latest change first, up to the first that is older than wanted.
    """

    def changed(since: datetime | None) -> Iterator[AssetStatus]:
        rows = source.iter_asset_statuses(sort="-updatedAt")
        return takewhile(lambda row: since is None or row.updated_at is None or row.updated_at >= since, rows)

    flow = _Flow(warehouse, site, "asset_statuses", "asset_status_id", watermarks, overlap, oldest_first=False)
    return flow.run(changed, asset_status_row)


@dataclass(frozen=True)
class _Flow:
    warehouse: Warehouse
    site: str
    table: str
    id_column: str
    watermarks: Watermarks
    overlap: timedelta
    oldest_first: bool

    def run(
        self, changed: Callable[[datetime | None], Iterable[R]], to_row: Callable[[str, R, datetime], Row]
    ) -> TableLoad:
        name = f"warehouse:{self.table}"
        watermark = self.watermarks.get_watermark(self.site, name)
        since = None if watermark is None else watermark - self.overlap
        known_versions = self._versions(since)
        loaded_at = datetime.now(UTC)
        read, known, newest = 0, 0, watermark
        rows: list[Row] = []
        appended = 0
        unusable: list[str] = []
        from_future: list[str] = []
        for record in changed(since):
            read += 1
            try:
                row = to_row(self.site, record, loaded_at)
            except Unusable as reason:
                unusable.append(f"{record.id}: {reason}")
                continue
            changed_at = datetime.fromisoformat(row["updated_at"])
            if changed_at > datetime.now(UTC) + _CLOCK_SKEW:
                from_future.append(f"{record.id}: {row['updated_at']}")
            # A watermark in the future would hide every true change until then.
            changed_before = min(changed_at, loaded_at)
            newest = changed_before if newest is None else max(newest, changed_before)
            if (record.id, changed_at) in known_versions:
                known += 1
                continue
            known_versions.add((record.id, changed_at))
            rows.append(row)
            if len(rows) == BATCH_ROWS:
                appended += self._append(rows)
                rows = []
                if self.oldest_first:
                    self._check(loaded_at, appended)
                    watermark = self.watermarks.advance_watermark(self.site, name, newest)
        appended += self._append(rows)
        self._check(loaded_at, appended)
        for records, fault in ((unusable, "cannot be stored"), (from_future, "were changed in the future")):
            if records:
                log.warning("%d records of %s %s", len(records), self.table, fault, extra={"records": records[:20]})
        if newest is not None and newest != watermark:
            newest = self.watermarks.advance_watermark(self.site, name, newest)
        return TableLoad(self.table, read, appended, known, tuple(unusable), tuple(from_future), newest)

    def _versions(self, since: datetime | None) -> set[tuple[int, datetime]]:
        rows = self.warehouse.query(
            f"SELECT {self.id_column} AS id, updated_at FROM {self.table}"
            " WHERE site = @site AND updated_at >= @since AND NOT deleted",
            {
                "site": scalar("STRING", self.site),
                "since": scalar("TIMESTAMP", since or datetime(1970, 1, 1, tzinfo=UTC)),
            },
        )
        return {(row["id"], row["updated_at"]) for row in rows}

    def _append(self, rows: list[Row]) -> int:
        if rows:
            self.warehouse.append(self.table, rows, table(self.table).schema)
        return len(rows)

    def _check(self, loaded_at: datetime, appended: int) -> None:
        """Compare what arrived with what was sent, before the watermark says that it is there."""
        if not appended:
            return
        rows = self.warehouse.query(
            f"SELECT COUNT(*) AS n FROM {self.table} WHERE site = @site AND loaded_at = @loaded_at",
            {"site": scalar("STRING", self.site), "loaded_at": scalar("TIMESTAMP", loaded_at)},
        )
        arrived = rows[0]["n"]
        if arrived != appended:
            raise WarehouseUnavailable(f"{self.table} of {self.site}: {appended} rows sent, {arrived} arrived")
