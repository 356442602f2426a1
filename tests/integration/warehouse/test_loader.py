"""The loader: nothing lost, nothing doubled, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from shared.errors import RecordNotFound, StateUnavailable, WarehouseUnavailable
from shared.maintainx.models import AssetStatus, WorkOrder
from shared.maintainx.queries import AssetStatusSort, WorkOrderFilter, WorkOrderRowExpand
from shared.warehouse import loader
from shared.warehouse.deletions import mark_deleted_by_comparison, mark_deleted_by_events
from shared.warehouse.gateway import Warehouse, scalar
from shared.warehouse.loader import load_asset_statuses, load_work_orders
from tests.integration.warehouse.events import append_event
from tests.integration.warehouse.samples import at

R = TypeVar("R", WorkOrder, AssetStatus)


@dataclass
class Plant:
    """A MaintainX with records, which counts the rows it gave away."""

    work_orders: list[WorkOrder] = field(default_factory=list)
    statuses: list[AssetStatus] = field(default_factory=list)
    given: int = 0

    def iter_work_orders(
        self,
        wanted: WorkOrderFilter = WorkOrderFilter(),  # noqa: B008  # immutable
        expand: tuple[WorkOrderRowExpand, ...] = (),  # noqa: ARG002  # the records here are whole
    ) -> Iterator[WorkOrder]:
        assert wanted.include_upcoming
        assert not wanted.statuses
        found = [o for o in self.work_orders if wanted.updated_from is None or _changed(o) >= wanted.updated_from]
        yield from self._give(sorted(found, key=_changed))

    def iter_asset_statuses(
        self,
        asset_ids: tuple[int, ...] = (),
        sort: AssetStatusSort = "-startedAt",
    ) -> Iterator[AssetStatus]:
        assert not asset_ids
        assert sort == "-updatedAt"
        yield from self._give(sorted(self.statuses, key=_changed, reverse=True))

    def get_work_order(self, work_order_id: int) -> WorkOrder:
        for order in self.work_orders:
            if order.id == work_order_id:
                return order
        raise RecordNotFound("gone", status=404)

    def _give(self, rows: list[R]) -> Iterator[R]:
        for row in rows:
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


def test_a_work_order_arrives_with_every_field(warehouse: Warehouse, site: str) -> None:
    wire = {
        "sequentialId": 412,
        "status": "DONE",
        "priority": "HIGH",
        "type": "REACTIVE",
        "asset": {"id": 2201},
        "locationId": 310,
        "categories": ["Mechanical", "Safety"],
        "startDate": "2026-11-02T00:00:00.000Z",
        "dueDate": "2026-11-03T16:00:00.000Z",
        "completedAt": "2026-11-02T08:31:40.870Z",
        "estimatedTime": 5400,
    }
    load_work_orders(warehouse, site, Plant([order(9, "2026-11-02T08:31", **wire)]), Marks())
    (row,) = current(warehouse, site)
    del row["loaded_at"]
    assert row == {
        "site": site,
        "work_order_id": 9,
        "sequential_id": 412,
        "title": "Check",
        "status": "DONE",
        "priority": "HIGH",
        "type": "REACTIVE",
        "asset_id": 2201,
        "location_id": 310,
        "categories": ["Mechanical", "Safety"],
        "created_at": at("2026-11-01 00:00"),
        "start_date": at("2026-11-02 00:00"),
        "due_date": at("2026-11-03 16:00"),
        "completed_at": at("2026-11-02 08:31:40.870"),
        "updated_at": at("2026-11-02 08:31"),
        "estimated_time_s": 5400,
        "deleted": False,
        "done_at": at("2026-11-02 08:31:40.870"),
    }


def test_loading_again_appends_only_what_changed(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3)]), Marks()
    first = load_work_orders(warehouse, site, plant, marks)
    assert (first.read, first.appended, first.known) == (3, 3, 0)
    assert first.watermark == at("2026-11-03 10:00")

    again = load_work_orders(warehouse, site, plant, marks)
    assert (again.read, again.appended, again.known) == (1, 0, 1)  # the overlap of 3 h holds only the last

    plant.work_orders[0] = order(1, "2026-11-03T11:00", status="DONE")
    third = load_work_orders(warehouse, site, plant, marks)
    assert (third.read, third.appended, third.known) == (2, 1, 1)
    assert [(row["work_order_id"], row["status"]) for row in current(warehouse, site)] == [
        (2, "OPEN"),
        (3, "OPEN"),
        (1, "DONE"),
    ]
    assert version_count(warehouse, site) == 4


def test_a_change_that_the_list_showed_late_is_found_in_the_overlap(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(1, "2026-11-02T12:00")]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    plant.work_orders.append(order(2, "2026-11-02T09:00"))  # older than the watermark by the whole overlap
    assert load_work_orders(warehouse, site, plant, marks).appended == 1
    assert load_work_orders(warehouse, site, plant, marks, overlap=timedelta(0)).watermark == at("2026-11-02 12:00")


def test_crash_between_load_and_watermark_loses_and_doubles_nothing(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3)]), Marks(broken=True)
    with pytest.raises(StateUnavailable):
        load_work_orders(warehouse, site, plant, marks)
    assert marks.values == {}
    marks.broken = False
    report = load_work_orders(warehouse, site, plant, marks)
    assert (report.read, report.appended, report.known) == (3, 0, 3)
    assert [row["work_order_id"] for row in current(warehouse, site)] == [1, 2, 3]
    assert version_count(warehouse, site) == 3


def test_crash_between_two_batches_loses_and_doubles_nothing(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, marks = Plant([order(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3, 4, 5)]), Marks()
    monkeypatch.setattr(loader, "BATCH_ROWS", 2)
    append, calls = Warehouse.append, iter(range(10))

    def failing(self: Warehouse, *arguments: object) -> None:
        if next(calls) == 1:
            raise WarehouseUnavailable("no answer")
        append(self, *arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(Warehouse, "append", failing)
    with pytest.raises(WarehouseUnavailable):
        load_work_orders(warehouse, site, plant, marks)
    assert version_count(warehouse, site) == 2
    report = load_work_orders(warehouse, site, plant, marks)
    assert (report.read, report.appended, report.known) == (5, 3, 2)
    assert version_count(warehouse, site) == 5


def test_rows_that_did_not_arrive_keep_the_watermark_where_it_is(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, marks = Warehouse.append, Marks()
    monkeypatch.setattr(Warehouse, "append", lambda self, table, rows, schema: append(self, table, rows[1:], schema))
    with pytest.raises(WarehouseUnavailable, match="2 rows sent, 1 arrived"):
        load_work_orders(warehouse, site, Plant([order(1, "2026-11-01T10:00"), order(2, "2026-11-02T10:00")]), marks)
    assert marks.values == {}


def test_a_version_doubled_by_two_loads_at_once_is_shown_once(warehouse: Warehouse, site: str) -> None:
    plant = Plant([order(1, "2026-11-01T10:00")])
    blind = Warehouse(warehouse.client, warehouse.dataset)
    load_work_orders(warehouse, site, plant, Marks())
    rows = warehouse.query("SELECT * FROM work_orders WHERE site = @site", {"site": scalar("STRING", site)})
    assert len(rows) == 1
    blind.query(
        "INSERT INTO work_orders (site, work_order_id, status, updated_at, deleted, loaded_at)"
        " SELECT site, work_order_id, status, updated_at, deleted, loaded_at FROM work_orders WHERE site = @site",
        {"site": scalar("STRING", site)},
    )
    assert version_count(warehouse, site) == 2
    assert len(current(warehouse, site)) == 1


def test_asset_statuses_are_read_back_to_the_watermark_and_no_further(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant(statuses=[status(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3, 4)]), Marks()
    assert load_asset_statuses(warehouse, site, plant, marks).appended == 4
    plant.statuses[3] = status(4, "2026-11-05T10:00", endedAt="2026-11-05T09:00:00.000Z", downtimeType="UNPLANNED")
    plant.given = 0
    report = load_asset_statuses(warehouse, site, plant, marks)
    assert (report.read, report.appended) == (1, 1)
    assert plant.given == 2  # the one that is too old ends the reading
    last = current(warehouse, site, "asset_statuses")[-1]
    assert (last["asset_status_id"], last["downtime_type"], last["ended_at"]) == (
        4,
        "UNPLANNED",
        at("2026-11-05 09:00"),
    )


def test_a_title_that_utf8_cannot_write_does_not_fail_the_load(warehouse: Warehouse, site: str) -> None:
    title = "Zündspule \ud83d\nprüfen \U0001f525"
    load_work_orders(warehouse, site, Plant([order(1, "2026-11-02T10:00", title=title)]), Marks())
    assert current(warehouse, site)[0]["title"] == "Zündspule ?\nprüfen \U0001f525"


def test_a_record_that_cannot_be_stored_is_reported_and_stops_nothing(warehouse: Warehouse, site: str) -> None:
    broken = AssetStatus.model_validate({"id": 5, "updatedAt": "2026-11-02T10:00:00.000Z"})
    plant = Plant(statuses=[broken, status(6, "2026-11-02T10:00")])
    report = load_asset_statuses(warehouse, site, plant, Marks())
    assert (report.read, report.appended, report.unusable) == (2, 1, ("5: no assetId",))


def test_a_deletion_that_an_event_told_of_leaves_a_tombstone(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(1, "2026-11-01T10:00"), order(2, "2026-11-01T10:00")]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    append_event(warehouse, site, "work_order.deleted", resource_id="2", occurred_at=at("2026-11-03 00:00"))
    append_event(warehouse, f"{site}-other", "work_order.deleted", resource_id="1", occurred_at=at("2026-11-03 00:00"))
    assert mark_deleted_by_events(warehouse, site, marks) == 1
    assert mark_deleted_by_events(warehouse, site, marks) == 0
    rows = current(warehouse, site)
    assert [(row["work_order_id"], row["deleted"], row["title"]) for row in rows] == [
        (1, False, "Check"),
        (2, True, "Check"),
    ]


def test_a_tombstone_wins_over_a_version_that_arrives_later(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(1, "2026-11-01T10:00")]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    append_event(warehouse, site, "work_order.deleted", resource_id="1", occurred_at=at("2026-11-03 00:00"))
    mark_deleted_by_events(warehouse, site, marks)
    plant.work_orders[0] = order(1, "2026-11-04T10:00")
    load_work_orders(warehouse, site, plant, marks)
    assert [row["deleted"] for row in current(warehouse, site)] == [True]


def test_a_deletion_that_no_event_told_of_is_found_by_comparison(warehouse: Warehouse, site: str) -> None:
    plant, marks = Plant([order(n, "2026-11-01T10:00") for n in (1, 2, 3)]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    del plant.work_orders[1]
    assert mark_deleted_by_comparison(warehouse, site, plant) == 1
    assert [row["work_order_id"] for row in current(warehouse, site) if row["deleted"]] == [2]
    assert mark_deleted_by_comparison(warehouse, site, plant) == 0


def test_a_work_order_that_only_the_list_leaves_out_is_not_deleted(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, marks = Plant([order(1, "2026-11-01T10:00")]), Marks()
    load_work_orders(warehouse, site, plant, marks)
    monkeypatch.setattr(plant, "iter_work_orders", lambda _wanted: iter(()))
    assert mark_deleted_by_comparison(warehouse, site, plant) == 0
