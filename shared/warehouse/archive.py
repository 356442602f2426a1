"""The archive of events as a witness: of which changes were we told?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.warehouse.gateway import Warehouse, scalar, texts
from shared.warehouse.tables import text

# Types that tell of a change that moves a work order's `updatedAt`. Others would hide a change that was missed: a
# comment comes after it and does not move `updatedAt`.
CHANGES = ("work_order.created", "work_order.updated", "work_order.status_changed", "work_order.completed")
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EventArchive:
    """The table raw_events, which Pub/Sub writes some seconds after an event was published."""

    warehouse: Warehouse

    def told_of(self, site: str, work_order_ids: Collection[int], since: datetime) -> dict[int, datetime]:
        """Work order -> when its latest change that we were told of happened; none for those never told of.

        since: nothing that was published before is read. Raises WarehouseUnavailable or PermanentError.
        """
        if not work_order_ids:
            return {}
        rows = self.warehouse.query(
            text("told_of_work_orders.sql"),
            {
                "site": scalar("STRING", site),
                "ids": texts(str(each) for each in work_order_ids),
                "types": texts(CHANGES),
                "since": scalar("TIMESTAMP", since - _CLOCK_SKEW),
            },
        )
        return {row["work_order_id"]: row["told_at"] for row in rows if row["told_at"] is not None}
