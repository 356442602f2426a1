"""Changes of which no webhook told are told of once; what is known, under way or too young is left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.deadline import deadline
from shared.errors import BrokerUnavailable, WarehouseUnavailable
from shared.events import Event, format_utc
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter
from shared.state import RecordKey, SyncRecord
from shared.sync import catch_up as module
from shared.sync.catch_up import FIRST_WINDOW, OVERLAP, WATERMARK, YOUNGEST, CatchUp, CatchUpReport
from tests.fakes.publisher import FakePublisher
from tests.fakes.state import MemoryStateStore

SITE = "plant-1"
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


@dataclass
class Plant:
    """MaintainX's list, the state, and the archive of one site."""

    now: datetime = NOON
    has_erp: bool = True
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    archived: dict[int, datetime] = field(default_factory=dict)
    broker: FakePublisher = field(default_factory=FakePublisher)
    asked: list[datetime] = field(default_factory=list)
    looked_up: list[int] = field(default_factory=list)
    archive_fault: Exception | None = None

    def __post_init__(self) -> None:
        self.state = MemoryStateStore(clock=lambda: self.now)

    # What happens in MaintainX

    def change(self, number: int, *, minutes_ago: float = 10, **fields: Any) -> datetime:
        at = self.now - timedelta(minutes=minutes_ago)
        row = self.rows.setdefault(number, {"id": number, "title": "Check", "createdAt": format_utc(at)})
        row.update(fields, updatedAt=format_utc(at))
        return at

    def is_synced(self, number: int, at: datetime) -> None:
        """The engine decided on the work order as it was at that time."""
        key = RecordKey(SITE, "work_order", number)
        locked = self.state.lock_record(key, owner="test", lease_s=60)
        assert locked is not None
        record = SyncRecord(
            site=SITE,
            kind="work_order",
            maintainx_id=number,
            erp_id=f"E{number}",
            reference=f"mx:{SITE}:{number}",
            base={},
            base_hash="",
            erp_version=None,
            state="linked",
            intent=None,
            updated_at_utc=at,
            maintainx_updated_at=at,
        )
        self.state.save_record(locked, record)

    # Ports

    def iter_work_orders(self, wanted: WorkOrderFilter = WorkOrderFilter()) -> Iterator[WorkOrder]:  # noqa: B008
        assert wanted.updated_from is not None
        assert wanted.sort == "updatedAt"
        assert wanted.include_upcoming
        self.asked.append(wanted.updated_from)
        found = [row for row in self.rows.values() if row["updatedAt"] >= format_utc(wanted.updated_from)]
        for row in sorted(found, key=lambda row: str(row["updatedAt"])):
            yield WorkOrder.model_validate(row)

    def told_of(self, site: str, work_order_ids: Collection[int], since: datetime) -> Mapping[int, datetime]:
        assert site == SITE
        if self.archive_fault is not None:
            raise self.archive_fault
        self.looked_up += sorted(work_order_ids)
        return {number: at for number, at in self.archived.items() if number in work_order_ids and at >= since}

    # The function

    @property
    def catch_up(self) -> CatchUp:
        return CatchUp(SITE, self.has_erp, self, self.state, self, self.broker, clock=lambda: self.now)

    def run(self, since: datetime | None = None) -> CatchUpReport:
        return self.catch_up.run(since)

    def told(self) -> list[tuple[str, int | None]]:
        return [(message.event.type, message.event.record_id) for message in self.broker.to("events")]


def counts(report: CatchUpReport) -> tuple[int, int, int, int, int]:
    assert report.read == report.seen + report.told + report.published + report.too_young + len(report.unusable)
    return report.read, report.seen, report.told, report.published, report.too_young


@pytest.mark.parametrize("has_erp", [True, False], ids=["with an ERP", "without an ERP"])
def test_change_that_nobody_told_of_is_told_of_once(has_erp: bool) -> None:
    plant = Plant(has_erp=has_erp)
    plant.change(1)
    assert counts(plant.run()) == (1, 0, 0, 1, 0)
    plant.now += timedelta(minutes=15)
    # The sync has not done it yet: `seen` is not said of what the ERP lacks.
    assert counts(plant.run()) == ((1, 0, 1, 0, 0) if has_erp else (1, 1, 0, 0, 0))
    assert plant.told() == [("work_order.created", 1)]


@pytest.mark.parametrize("has_erp", [True, False], ids=["with an ERP", "without an ERP"])
def test_change_that_a_webhook_told_of_is_left_alone(has_erp: bool) -> None:
    """Also while the ERP is down, or in a status that gets no order: then there is no sync record to tell by."""
    plant = Plant(has_erp=has_erp)
    plant.archived[1] = plant.change(1)
    assert counts(plant.run()) == (1, 0, 1, 0, 0)
    assert plant.told() == []


def test_later_change_than_the_one_told_of_is_missed() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=30)
    plant.archived[1] = plant.now - timedelta(minutes=30)
    plant.change(1, minutes_ago=10)
    assert counts(plant.run()) == (1, 0, 0, 1, 0)
    assert plant.told() == [("work_order.updated", 1)]


def test_change_that_the_sync_has_decided_on_is_seen_without_asking_the_archive() -> None:
    """Our own writes to MaintainX make no webhook; only the sync record knows of them."""
    plant = Plant()
    plant.is_synced(1, plant.change(1))
    assert counts(plant.run()) == (1, 1, 0, 0, 0)
    assert plant.looked_up == []


def test_change_after_the_last_look_of_the_sync_is_told_of_as_an_update() -> None:
    plant = Plant()
    plant.is_synced(1, plant.change(1, minutes_ago=30))
    plant.change(1, minutes_ago=10)
    assert counts(plant.run()) == (1, 0, 0, 1, 0)
    assert plant.told() == [("work_order.updated", 1)]


def test_old_work_order_that_nobody_knew_is_told_of_as_an_update() -> None:
    plant = Plant()
    plant.change(1, createdAt="2020-01-01T00:00:00.000Z")
    plant.run()
    assert plant.told() == [("work_order.updated", 1)]


def test_young_change_is_left_for_the_next_run_and_the_watermark_does_not_pass_it() -> None:
    plant = Plant()
    old = plant.change(1, minutes_ago=10)
    plant.change(2, minutes_ago=1)
    report = plant.run()
    assert counts(report) == (2, 0, 0, 1, 1)
    assert report.watermark == old
    plant.now += timedelta(minutes=15)
    assert plant.run().published == 1
    assert [number for _, number in plant.told()] == [1, 2]


def test_change_of_just_that_age_is_old_enough() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=YOUNGEST.total_seconds() / 60)
    assert plant.run().published == 1


def test_change_in_the_future_hides_nothing() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=-60 * 24)
    plant.change(2)
    assert counts(plant.run()) == (2, 0, 0, 1, 1)
    assert (plant.state.get_watermark(SITE, WATERMARK) or plant.now) < plant.now


def test_row_that_the_list_shows_late_is_found() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=5)
    plant.run()
    plant.change(2, minutes_ago=100)
    plant.now += timedelta(minutes=15)
    assert plant.run().published == 1
    assert [number for _, number in plant.told()] == [1, 2]


def test_first_run_looks_back_a_stated_time_and_the_next_an_overlap() -> None:
    plant = Plant()
    at = plant.change(1)
    plant.run()
    plant.run()
    assert plant.asked == [plant.now - FIRST_WINDOW, at - OVERLAP]


def test_person_may_name_where_to_begin() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=60 * 24 * 20)
    since = plant.now - timedelta(days=30)
    assert plant.run(since).published == 1
    assert plant.asked == [since]


def test_event_carries_what_routes_ask_for() -> None:
    plant = Plant()
    at = plant.change(1, priority="HIGH", status="OPEN")
    plant.run()
    (message,) = plant.broker.published
    event: Event = message.event
    assert (event.source, event.origin, event.occurred_at) == ("poll", "catch_up", at)
    assert event.data == {
        "workOrderId": 1,
        "occurredAt": format_utc(at),
        "title": "Check",
        "priority": "HIGH",
        "status": "OPEN",
    }


def test_same_version_is_the_same_event_also_if_two_runs_find_it() -> None:
    plant = Plant()
    plant.change(1)
    plant.run()
    plant.state = MemoryStateStore(clock=lambda: plant.now)
    plant.now += timedelta(minutes=1)
    plant.run()
    first, second = (message.event.event_id for message in plant.broker.published)
    assert first == second


@pytest.mark.parametrize("part", ["broker", "archive"])
def test_run_that_fails_forgets_nothing(part: str) -> None:
    plant = Plant()
    plant.change(1)
    plant.broker.fault = BrokerUnavailable("no") if part == "broker" else None
    plant.archive_fault = WarehouseUnavailable("no") if part == "archive" else None
    with pytest.raises((BrokerUnavailable, WarehouseUnavailable)):
        plant.run()
    assert plant.state.get_watermark(SITE, WATERMARK) is None
    assert plant.state.get_memo(SITE, WATERMARK) == {}
    plant.broker.fault = plant.archive_fault = None
    assert plant.run().published == 1


def test_run_that_is_cut_short_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    plant = Plant()
    for number in range(1, 6):
        plant.change(number, minutes_ago=20 - number)
    left = iter([100.0] * 4 + [0.0] + [100.0] * 10)
    monkeypatch.setattr(module, "remaining_s", lambda: next(left))
    first = plant.run()
    assert (first.complete, first.published) == (False, 4)
    second = plant.run()
    assert (second.complete, second.published, second.told) == (True, 1, 4)
    assert [number for _, number in plant.told()] == [1, 2, 3, 4, 5]


def test_run_without_time_does_nothing() -> None:
    plant = Plant()
    plant.change(1)
    with deadline(0):
        report = plant.run()
    assert (report.complete, report.read, plant.broker.published) == (False, 0, [])


def test_row_that_does_not_say_when_it_changed_is_named() -> None:
    plant = Plant()
    plant.change(1)

    def rows(wanted: WorkOrderFilter = WorkOrderFilter()) -> Iterator[WorkOrder]:  # noqa: B008
        yield from (WorkOrder.model_validate({"id": 7}), *plant.iter_work_orders(wanted))

    source = Plant()
    source.iter_work_orders = rows  # type: ignore[method-assign]
    report = replace(plant.catch_up, source=source).run()
    assert (report.unusable, report.published) == ([7], 1)


def test_memo_keeps_only_what_the_next_run_looks_at_again() -> None:
    plant = Plant()
    plant.change(1, minutes_ago=10)
    plant.run()
    plant.now += timedelta(hours=6)
    plant.change(2, minutes_ago=10)
    plant.run()
    assert list(plant.state.get_memo(SITE, WATERMARK)) == ["2"]


def test_memo_that_is_full_costs_only_another_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 2)
    plant = Plant()
    for number in range(1, 4):
        plant.archived[number] = plant.change(number, minutes_ago=20 - number)
    plant.run()
    assert sorted(plant.state.get_memo(SITE, WATERMARK)) == ["2", "3"]
    assert counts(plant.run()) == (3, 0, 3, 0, 0)
