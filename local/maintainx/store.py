"""All records of the simulated organizations, in the API's own field names.

Records are dictionaries that are never changed in place: a write puts a new one. So a list may go on showing an older
state (`list_lag_s`) by keeping a reference to it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]

TABLES = (
    "users",
    "teams",
    "locations",
    "categories",
    "assets",
    "assetCustomStatuses",
    "assetStatuses",
    "workOrders",
    "comments",
    "costs",
    "workRequests",
    "parts",
    "meters",
    "meterReadings",
    "meterTriggers",
    "rootCauseAnalysisReports",
    "subscriptions",
)


class Table:
    """Records by id, and what lists show of them: the same, or the state of some seconds ago."""

    def __init__(self, lag_s: Callable[[], float]) -> None:
        self._lag_s = lag_s
        self._current: dict[int, Record] = {}
        self._listed: dict[int, Record] = {}
        self._unlisted: deque[tuple[float, int, Record | None]] = deque()

    def get(self, record_id: int) -> Record | None:
        return self._current.get(record_id)

    def put(self, record: Record) -> None:
        self._current[record["id"]] = record
        self._unlisted.append((time.monotonic() + self._lag_s(), record["id"], record))

    def drop(self, record_id: int, *, listed: Record | None = None) -> None:
        """Delete; lists go on showing `listed` in its place, if there is one."""
        del self._current[record_id]
        self._unlisted.append((time.monotonic() + self._lag_s(), record_id, listed))

    def current(self) -> Collection[Record]:
        return self._current.values()

    def listed(self) -> Collection[Record]:
        now = time.monotonic()
        while self._unlisted and self._unlisted[0][0] <= now:
            _, record_id, record = self._unlisted.popleft()
            if record is None:
                self._listed.pop(record_id, None)
            else:
                self._listed[record_id] = record
        return self._listed.values()


@dataclass(slots=True)
class Organization:
    """One MaintainX organization; `tables` has the names of TABLES."""

    id: int
    name: str
    time_zone: str
    tables: dict[str, Table]
    work_orders_numbered: int = 0

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def next_sequential_id(self) -> int:
        self.work_orders_numbered += 1
        return self.work_orders_numbered


@dataclass(frozen=True, slots=True)
class Token:
    """An API token: one user, in one or several organizations. `privileged`: no rate limit and no faults."""

    token: str
    user_id: int
    organization_ids: tuple[int, ...]
    privileged: bool = False


@dataclass(slots=True)
class Store:
    """Organizations and tokens; ids are unique over all organizations, as at MaintainX."""

    lag_s: Callable[[], float] = lambda: 0.0
    organizations: dict[int, Organization] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    last_id: int = 9_000_000

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def organization(self, organization_id: int, *, name: str = "", time_zone: str = "UTC") -> Organization:
        """The organization of this id, made if it is new."""
        if organization_id not in self.organizations:
            tables = {table: Table(self.lag_s) for table in TABLES}
            self.organizations[organization_id] = Organization(organization_id, name, time_zone, tables)
        return self.organizations[organization_id]

    def put(self, organization: Organization, table: str, record: Record) -> None:
        """Put a record that brings its own id, and keep new ids clear of it."""
        self.last_id = max(self.last_id, record["id"])
        organization[table].put(record)

    def dump(self, organization: Organization) -> dict[str, list[Record]]:
        """Every record of an organization as it is now, by table."""
        return {name: list(table.current()) for name, table in organization.tables.items()}
