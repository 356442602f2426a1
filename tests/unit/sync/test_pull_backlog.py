"""A run that has no time for everything, or fails in the middle, leaves the next one less to do."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.erp.base import ErpRecord, UnreadableRecord
from shared.errors import (
    ConfigError,
    RemoteUnavailable,
)
from shared.state import SyncRecord
from shared.sync import pull as module
from shared.sync.pull import DONE, WATERMARK, PullReport
from tests.fakes.state import MemoryStateStore
from tests.fakes.sync_world import SITE, WORK_ORDER
from tests.unit.sync.pull_plant import Listing, Plant

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


class Hasty(MemoryStateStore):
    """A store whose lookups use up the time of a run."""

    def __init__(self, lookups: int) -> None:
        super().__init__()
        self.lookups, self.left = lookups, lookups
        self._counting = threading.Lock()

    def next_run(self) -> None:
        self.left = self.lookups

    def remaining_s(self) -> float:
        return 100.0 if self.left > 0 else 0.0

    def find_record(self, site: str, kind: str, *, erp_id: str) -> SyncRecord | None:  # noqa: ARG002  # the port's
        with self._counting:
            self.left -= 1
        return None


def backlog(count: int, **fields: Any) -> list[ErpRecord]:
    """Records of work orders that our state does not know, in no sequence of their times."""
    made = [
        ErpRecord(str(number), f"mx:{SITE}:{number}", {"x": 1}, "v1", NOON + timedelta(seconds=(number * 7919) % count))
        for number in range(1, count + 1)
    ]
    return [replace(record, **fields) for record in made]


def test_backlog_that_no_run_has_time_for_is_worked_off_by_several(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(0)
    plant.wait(3600)
    store = Hasty(500)
    monkeypatch.setattr(module, "remaining_s", store.remaining_s)
    records = backlog(3000)
    pull = replace(plant.pull, erp=Listing(plant, records), state=store)  # type: ignore[arg-type]  # only lists
    reports: list[PullReport] = []
    while not reports or not reports[-1].complete:
        assert len(reports) < 8
        store.next_run()
        plant.wait(300)  # the first window would move with it
        reports.append(pull.changed())
        assert reports[-1].complete or (reports[-1].got_on and reports[-1].watermark is None)
    assert sorted(plant.found()) == list(range(1, 3001))
    assert len({report.since for report in reports}) == 1
    assert [report.published for report in reports[:2]] == [500, 500]
    assert reports[-1].watermark == max(record.changed_at for record in records if record.changed_at)
    assert store.get_memo(SITE, DONE) == {}


def test_record_that_changes_while_the_backlog_is_worked_off_is_found_as_it_is_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant = Plant(0)
    store = Hasty(100)
    monkeypatch.setattr(module, "remaining_s", store.remaining_s)
    records = backlog(150)
    erp = Listing(plant, records)
    pull = replace(plant.pull, erp=erp, state=store)  # type: ignore[arg-type]  # only lists
    assert not pull.changed().complete
    records[0] = replace(records[0], version="v2")
    store.next_run()
    assert pull.changed().complete
    assert plant.found().count(1) == 2
    assert set(plant.found()) == set(range(1, 151))


def test_run_that_fails_in_the_middle_has_its_work_passed_over_by_the_next() -> None:
    plant = Plant(0)
    records = backlog(150)
    pull = replace(plant.pull, erp=Listing(plant, records[:100], RemoteUnavailable("the second page")))  # type: ignore[arg-type]  # only lists
    with pytest.raises(RemoteUnavailable):
        replace(pull, erp=Listing(plant, records[:100] + records[:50], RemoteUnavailable("x"))).changed()  # type: ignore[arg-type]
    report = replace(pull, erp=Listing(plant, records)).changed()  # type: ignore[arg-type]
    assert (report.read, report.skipped["seen"], report.published) == (150, 100, 50)


def test_erp_without_versions_and_times_gets_nothing_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(0)
    store = Hasty(100)
    monkeypatch.setattr(module, "remaining_s", store.remaining_s)
    listing = Listing(plant, backlog(150, version=None, changed_at=None))
    report = replace(plant.pull, erp=listing, state=store).changed()  # type: ignore[arg-type]  # only lists
    assert (report.complete, report.got_on, report.read) == (False, False, 100)


def test_what_a_person_asked_for_and_the_schedule_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(0)
    plant.wait(3600)
    store = Hasty(100)
    monkeypatch.setattr(module, "remaining_s", store.remaining_s)
    pull = replace(plant.pull, erp=Listing(plant, backlog(150)), state=store)  # type: ignore[arg-type]  # only lists
    assert not pull.changed().complete
    store.next_run()
    assert pull.changed(NOON).published == 100  # from the begin
    store.next_run()
    last = pull.changed(NOON)
    assert (last.complete, last.skipped["seen"], last.watermark) == (True, 100, None)
    store.next_run()
    assert pull.changed().skipped["seen"] == 100


def test_run_for_less_than_what_is_due_does_not_move_the_watermark() -> None:
    plant = Plant()
    plant.wait(60)
    assert plant.run(plant.now - timedelta(hours=1)).watermark is None
    at = plant.run().watermark
    plant.wait(3600)
    plant.edit(WORK_ORDER, priority="3")
    assert plant.run(plant.now - timedelta(minutes=1)).watermark is None
    assert plant.state.get_watermark(SITE, WATERMARK) == at
    assert plant.run(plant.now - timedelta(days=1)).watermark == plant.now


def test_row_that_cannot_be_understood_is_counted_and_the_others_are_found(caplog: pytest.LogCaptureFixture) -> None:
    plant = Plant(0)
    unclear = UnreadableRecord("7", None, {}, None, why="'soon' is not a time")
    listing = Listing(plant, [*backlog(2), unclear])
    report = replace(plant.pull, erp=listing).changed()  # type: ignore[arg-type]  # only lists
    assert (report.complete, report.published, report.ids) == (True, 2, {"unreadable": ["7"]})
    assert "record 7 of the ERP: 'soon' is not a time" in caplog.text


def test_run_that_understands_nothing_fails_and_moves_nothing() -> None:
    plant = Plant(0)
    rows = [UnreadableRecord(str(number), None, {}, None, why="'soon' is not a time") for number in range(3)]
    with pytest.raises(ConfigError, match=r"none of the 3 records .* 'soon' is not a time"):
        replace(plant.pull, erp=Listing(plant, list(rows))).changed()  # type: ignore[arg-type]  # only lists
    assert plant.state.get_watermark(SITE, WATERMARK) is None
