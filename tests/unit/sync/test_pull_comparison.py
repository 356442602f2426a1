"""The comparison reads every linked record, from where the last one ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.deadline import deadline, remaining_s
from shared.erp.base import ErpRecord
from shared.errors import (
    AuthenticationFailed,
    BreakerOpen,
    BridgeError,
    ConfigError,
    NotTakenOn,
    PermissionDenied,
    RemoteRejected,
    RemoteUnavailable,
    ServerFailed,
)
from shared.state import RecordKey
from shared.sync import pull as module
from shared.sync.findings import Finding
from shared.sync.pull import POSITION, _Failures
from tests.fakes.sync_world import SITE, WORK_ORDER
from tests.unit.sync.pull_plant import Plant

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


def test_comparison_finds_what_is_gone_and_what_differs_whenever_it_happened() -> None:
    plant = Plant(4)
    gone, changed = WORK_ORDER + 1, WORK_ORDER + 2
    plant.wait(60 * 86400)
    plant.edit(changed, status="IN_WORK")
    plant.wait(60 * 86400)
    del plant.tenant.orders[plant.record_of(gone).erp_id or ""]
    report = plant.pull.compare_all()
    assert (report.read, report.published, report.complete) == (4, 2, True)
    assert sorted(plant.found()) == [gone, changed]
    events = {message.event.record_id: message.event for message in plant.broker.published}
    assert plant.look_at(gone, events[gone]) == "parked"
    assert plant.look_at(changed, events[changed]) == "pulled"


def test_comparison_does_not_tell_again_of_what_is_parked_as_gone() -> None:
    plant = Plant()
    plant.delete_in_erp()
    plant.pull.compare_all()
    plant.look_at(WORK_ORDER, plant.broker.published[0].event)
    plant.wait(86400)
    assert dict(plant.pull.compare_all().skipped) == {"parked": 1}


def test_comparison_goes_on_where_it_ended_and_then_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    plant = Plant(5)
    left = iter([100.0, 0.0] + [100.0] * 20)
    monkeypatch.setattr(module, "remaining_s", lambda: next(left))
    first = plant.pull.compare_all()
    assert (first.read, first.complete) == (2, False)
    second = plant.pull.compare_all()
    assert (second.read, second.complete) == (3, True)
    assert plant.state.get_memo(SITE, POSITION) == {}
    assert plant.pull.compare_all().read == 5


def test_comparison_goes_on_past_a_record_that_the_erp_refuses_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(3)
    refused = plant.record_of(WORK_ORDER).erp_id
    get = plant.erp.get

    def refuse(erp_id: str) -> ErpRecord:
        if erp_id == refused:
            raise RemoteRejected("no authorization for this plant", status=403)
        return get(erp_id)

    monkeypatch.setattr(plant.erp, "get", refuse)
    report = plant.pull.compare_all()
    assert (report.read, dict(report.skipped)) == (3, {"unreadable": 1, "own_write": 2})
    assert report.ids == {"unreadable": [refused]}


def failing(plant: Plant, monkeypatch: pytest.MonkeyPatch, error: BridgeError, *numbers: int) -> set[str | None]:
    """From now on the ERP shows this error in place of these work orders' records; their ids."""
    ids = {plant.record_of(WORK_ORDER + number).erp_id for number in numbers}
    get = plant.erp.get

    def fail(erp_id: str) -> ErpRecord:
        if erp_id in ids:
            raise error
        return get(erp_id)

    monkeypatch.setattr(plant.erp, "get", fail)
    return ids


@pytest.mark.parametrize("error", [ServerFailed("500"), ConfigError("no time"), RemoteUnavailable("slow")])
def test_comparison_goes_on_past_records_that_always_fail(monkeypatch: pytest.MonkeyPatch, error: BridgeError) -> None:
    plant = Plant(12)
    ids = failing(plant, monkeypatch, error, 0, 1, 2, 3, 6, 7, 8, 9)
    plant.edit(WORK_ORDER + 11, priority="3")
    report = plant.pull.compare_all()
    assert (report.complete, dict(report.skipped)) == (True, {"unreadable": 8, "own_write": 3})
    assert set(report.ids["unreadable"]) == ids
    assert plant.found() == [WORK_ORDER + 11]


@pytest.mark.parametrize("error", [ServerFailed("500"), ConfigError("no time")])
def test_comparison_stops_after_five_failures_in_a_row_and_the_next_goes_on_behind_them(
    monkeypatch: pytest.MonkeyPatch, error: BridgeError
) -> None:
    plant = Plant(12)
    failing(plant, monkeypatch, error, 2, 3, 4, 5, 6, 7)
    plant.edit(WORK_ORDER, priority="3")
    plant.edit(WORK_ORDER + 10, priority="3")
    with pytest.raises(type(error)):
        plant.pull.compare_all()
    assert plant.found() == [WORK_ORDER]
    assert plant.state.get_memo(SITE, POSITION)["after"] == WORK_ORDER + 6
    assert dict(plant.pull.compare_all().skipped) == {"unreadable": 1, "own_write": 3}
    assert plant.found() == [WORK_ORDER, WORK_ORDER + 10]
    assert plant.state.get_memo(SITE, POSITION) == {}


def test_comparison_goes_on_past_any_number_of_records_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(12)
    failing(plant, monkeypatch, PermissionDenied("another plant's", status=403), *range(1, 12))
    assert dict(plant.pull.compare_all().skipped) == {"unreadable": 11, "own_write": 1}


@pytest.mark.parametrize(
    "error", [ServerFailed("500"), ConfigError("no time"), PermissionDenied("no", status=403), RemoteUnavailable("x")]
)
def test_comparison_that_can_read_nothing_at_all_fails(monkeypatch: pytest.MonkeyPatch, error: BridgeError) -> None:
    plant = Plant(3)
    failing(plant, monkeypatch, error, 0, 1, 2)
    with pytest.raises(type(error)):
        plant.pull.compare_all()


@pytest.mark.parametrize("error", [AuthenticationFailed("401", status=401), BreakerOpen("open")])
def test_comparison_stops_at_an_error_of_all_records_and_keeps_its_place(
    monkeypatch: pytest.MonkeyPatch, error: BridgeError
) -> None:
    plant = Plant(5)
    failing(plant, monkeypatch, error, 2, 3, 4)
    plant.edit(WORK_ORDER, priority="3")
    with pytest.raises(type(error)):
        plant.pull.compare_all()
    assert plant.found() == [WORK_ORDER]
    assert plant.state.get_memo(SITE, POSITION)["after"] == WORK_ORDER + 1


def test_comparison_works_with_the_deadline_around_it_in_each_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = Plant(3)
    get, left = plant.erp.get, []

    def note(erp_id: str) -> ErpRecord:
        left.append(remaining_s())
        return get(erp_id)

    monkeypatch.setattr(plant.erp, "get", note)
    with deadline(600):
        plant.pull.compare_all()
    assert len(left) == 3
    assert max(left) <= 600


def test_status_that_is_no_new_version_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for run in (Plant.run, lambda plant: plant.pull.compare_all()):
        plant = Plant()
        plant.wait(60)
        plant.edit(WORK_ORDER, status="IN_WORK")
        plant.order().version -= 1
        assert plant.erp.get(plant.order().id).version == plant.record_of(WORK_ORDER).erp_version
        run(plant)
        assert plant.found() == [WORK_ORDER]
        assert plant.look_at(WORK_ORDER, plant.broker.published[0].event) == "pulled"


def test_comparison_of_the_next_night_tells_again_of_what_came_to_nothing() -> None:
    plant = Plant()
    plant.edit(WORK_ORDER, priority="3")
    for wait_s in (0, 3600, 24 * 3600):  # noon, one o'clock, the next day
        plant.wait(wait_s)
        plant.pull.compare_all()
    first, again, next_day = (message.event.event_id for message in plant.broker.published)
    assert first == again != next_day


def test_record_removed_at_the_position_does_not_matter() -> None:
    plant = Plant(3)
    plant.state.put_memo(SITE, POSITION, {"after": WORK_ORDER - 1})
    assert plant.state.get_record(RecordKey(SITE, "work_order", WORK_ORDER - 1)) is None
    assert plant.pull.compare_all().read == 3


def test_a_comparison_that_runs_out_of_time_blames_no_record_and_passes_over_none() -> None:
    late = [(Finding(str(number), "unreadable", None), NotTakenOn("no time is left")) for number in range(8)]
    failures = _Failures()
    with deadline(0.0):
        assert list(failures.passed_over(late)) == []
    assert (failures.out_of_time, failures.stop, failures.last) == (True, None, None)
