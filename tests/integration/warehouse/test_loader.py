"""The loader: nothing lost, nothing doubled, whatever dies in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import RateLimited, StateUnavailable, WarehouseUnavailable
from shared.maintainx.models import AssetStatus
from shared.warehouse import loader
from shared.warehouse.gateway import Warehouse, scalar
from shared.warehouse.loader import load_asset_statuses, load_work_orders
from tests.integration.warehouse.plant import Marks, Plant, current, order, status, version_count
from tests.integration.warehouse.samples import at


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
    assert (report.read, report.appended, report.known) == (4, 3, 1)  # from the last row of the first batch on
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


def test_a_first_load_that_is_cut_short_every_time_is_finished_by_the_runs_after_it(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MaintainX refuses after four rows, a batch is two, and the watermark never goes back."""
    plant, marks = Plant([order(n, f"2026-11-{n:02}T10:00") for n in range(1, 13)], allowed=4), Marks()
    monkeypatch.setattr(loader, "BATCH_ROWS", 2)
    for _ in range(12):
        plant.given = 0
        try:
            load_work_orders(warehouse, site, plant, marks)
        except RateLimited:
            continue
        break
    else:
        pytest.fail("the load never came to its end")
    assert [row["work_order_id"] for row in current(warehouse, site)] == list(range(1, 13))
    assert version_count(warehouse, site) == 12


def test_the_watermark_of_a_batch_waits_until_its_rows_have_arrived(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, marks = Plant([order(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3, 4)]), Marks()
    monkeypatch.setattr(loader, "BATCH_ROWS", 2)
    append = Warehouse.append
    monkeypatch.setattr(Warehouse, "append", lambda self, table, rows, schema: append(self, table, rows[1:], schema))
    with pytest.raises(WarehouseUnavailable, match="2 rows sent, 1 arrived"):
        load_work_orders(warehouse, site, plant, marks)
    assert marks.values == {}


def test_a_latest_first_load_that_is_cut_short_leaves_its_watermark(
    warehouse: Warehouse, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has not read yet is older than what it has."""
    plant, marks = Plant(statuses=[status(n, f"2026-11-0{n}T10:00") for n in (1, 2, 3, 4)], allowed=3), Marks()
    monkeypatch.setattr(loader, "BATCH_ROWS", 2)
    with pytest.raises(RateLimited):
        load_asset_statuses(warehouse, site, plant, marks)
    assert marks.values == {}
    plant.allowed = None
    assert load_asset_statuses(warehouse, site, plant, marks).appended == 2
    assert len(current(warehouse, site, "asset_statuses")) == 4


def test_a_change_in_the_future_is_stored_and_reported_but_hides_no_later_one(warehouse: Warehouse, site: str) -> None:
    started_at = datetime.now(UTC)
    wrong, right = "2199-01-01T00:00", f"{started_at - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    plant, marks = Plant([order(1, wrong)], [status(1, wrong)]), Marks()
    loads = [load_work_orders(warehouse, site, plant, marks), load_asset_statuses(warehouse, site, plant, marks)]
    for load in loads:
        assert (load.appended, load.from_future) == (1, ("1: 2199-01-01T00:00:00+00:00",))
        assert load.watermark is not None
        assert started_at <= load.watermark <= datetime.now(UTC)
    plant.work_orders.append(order(2, right))
    plant.statuses.append(status(2, right))
    assert load_work_orders(warehouse, site, plant, marks).appended == 1
    assert load_asset_statuses(warehouse, site, plant, marks).appended == 1
