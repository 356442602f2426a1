"""What people change in the ERP is found, once, and nothing that was found is forgotten before it is published."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.deadline import deadline, remaining_s
from shared.erp.base import ErpRecord, UnreadableRecord
from shared.errors import (
    AuthenticationFailed,
    BreakerOpen,
    BridgeError,
    BrokerUnavailable,
    ConfigError,
    NotTakenOn,
    PermissionDenied,
    RemoteRejected,
    RemoteUnavailable,
    ServerFailed,
)
from shared.events import Event
from shared.state import RecordKey, SyncRecord
from shared.sync import pull as module
from shared.sync.findings import Finding
from shared.sync.pull import DONE, FIRST_WINDOW, OVERLAP, POSITION, WATERMARK, Pull, PullReport, _Failures
from tests.fakes.publisher import FakePublisher
from tests.fakes.state import MemoryStateStore
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, event, work_order

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


class Plant(World):
    """A world with several work orders, its pull, and what that published."""

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        self.broker = FakePublisher()
        for number in range(WORK_ORDER, WORK_ORDER + count):
            self.work_orders[number] = work_order(id=number, updatedAt="2026-09-14T12:00:00.000Z")
            self.look_at(number)

    def look_at(self, number: int, about: Event | None = None) -> str:
        outcome = self.engine(Wire()).look_at(number, about or event(f"e{number}"))
        return outcome.reason

    @property
    def pull(self) -> Pull:
        return Pull(SITE, self.mapping, self.erp, self.state, self.broker, clock=lambda: self.now)

    def run(self, since: datetime | None = None) -> PullReport:
        return self.pull.changed(since)

    def edit(self, number: int, **fields: Any) -> None:
        order = next(o for o in self.tenant.orders.values() if o.fields["externalReference"] == f"mx:{SITE}:{number}")
        self.tenant.change(order, fields, counter="user_edits")
        self.erp.stamped(order)

    def record_of(self, number: int) -> SyncRecord:
        record = self.state.get_record(RecordKey(SITE, "work_order", number))
        assert record is not None
        return record

    def found(self) -> list[int]:
        return [message.event.record_id or 0 for message in self.broker.to("erp-push")]


def test_change_in_the_erp_is_published_and_reaches_maintainx() -> None:
    plant = Plant()
    plant.wait(60)
    plant.edit(WORK_ORDER, priority="3")
    report = plant.run()
    assert (report.read, report.published, report.complete) == (1, 1, True)
    (message,) = plant.broker.to("erp-push")
    assert message.event.data["fields"] == ["priority"]
    assert plant.look_at(WORK_ORDER, message.event) == "pulled"
    assert plant.work_orders[WORK_ORDER]["priority"] == "LOW"


def test_our_own_write_is_counted_and_not_published() -> None:
    plant = Plant(3)
    report = plant.run()
    assert (report.read, report.published, dict(report.skipped)) == (3, 0, {"own_write": 3})


def test_write_of_equal_values_is_no_change() -> None:
    plant = Plant()
    plant.edit(WORK_ORDER, priority="1")
    assert dict(plant.run().skipped) == {"unchanged": 1}


def test_orders_that_are_not_ours_are_counted_and_the_first_are_named() -> None:
    plant = Plant(0)
    for _ in range(25):
        plant.tenant.create({"shortText": "of the ERP's own", "orderType": "PM01"})
    report = plant.run(datetime(2020, 1, 1, tzinfo=UTC))
    assert (report.read, dict(report.skipped), len(report.ids["not_linked"])) == (25, {"not_linked": 25}, 20)


def test_second_order_with_our_reference_is_named_and_not_followed() -> None:
    plant = Plant()
    plant.wait(1)
    double = plant.erp.create({"shortText": "double", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    assert plant.run().ids == {"doubled": [double.id]}
    assert plant.found() == []


def test_linked_order_is_found_by_its_reference_where_our_state_was_lost() -> None:
    plant = Plant()
    plant.state = type(plant.state)(clock=lambda: plant.now)
    plant.run()
    assert plant.found() == [WORK_ORDER]
    assert plant.look_at(WORK_ORDER, plant.broker.published[0].event) == "adopted"


def test_first_run_looks_back_a_stated_time() -> None:
    plant = Plant()
    assert plant.run().since == plant.now - FIRST_WINDOW


def test_next_run_begins_an_overlap_before_the_newest_change_seen() -> None:
    plant = Plant()
    changed_at = plant.now
    plant.wait(3600)
    assert plant.run().watermark == changed_at
    plant.wait(300)
    assert plant.run().since == changed_at - OVERLAP


def test_change_found_in_two_runs_is_the_same_event() -> None:
    plant = Plant()
    plant.wait(60)
    plant.edit(WORK_ORDER, priority="3")
    plant.run()
    plant.wait(300)
    plant.run()
    assert len(plant.broker.published) == 2
    assert len({message.event.event_id for message in plant.broker.published}) == 1


def test_erp_whose_clock_is_ahead_does_not_push_the_watermark_beyond_ours() -> None:
    plant = Plant()
    began = plant.now
    plant.wait(3 * 86400)
    plant.edit(WORK_ORDER, priority="3")
    plant.now = began
    assert plant.run().watermark == began
    assert plant.found() == [WORK_ORDER]


def test_quiet_run_leaves_the_watermark_where_it_is() -> None:
    plant = Plant(0)
    assert plant.run().watermark is None
    assert plant.state.get_watermark(SITE, WATERMARK) is None


class Listing:
    """An ERP that lists what it is given, and may end in the middle."""

    def __init__(self, plant: Plant, records: list[ErpRecord], fault: Exception | None = None) -> None:
        self.description = plant.erp.description
        self._records, self._fault = records, fault

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:  # noqa: ARG002  # the port's
        yield from self._records
        if self._fault is not None:
            raise self._fault


def test_erp_that_tells_no_times_has_the_run_itself_as_watermark() -> None:
    plant = Plant()
    records = [replace(plant.erp.get(plant.order().id), changed_at=None)]
    plant.wait(60)
    report = replace(plant.pull, erp=Listing(plant, records)).changed()  # type: ignore[arg-type]  # only lists
    assert report.watermark == plant.now


@pytest.mark.parametrize(
    ("fault", "erp_fault"), [(BrokerUnavailable("no"), None), (None, RemoteUnavailable("the second page"))]
)
def test_run_that_fails_in_the_middle_forgets_nothing(fault: Exception | None, erp_fault: Exception | None) -> None:
    plant = Plant()
    plant.wait(60)
    plant.edit(WORK_ORDER, priority="3")
    plant.broker.fault = fault
    listing = Listing(plant, list(plant.erp.changed_since(datetime(2020, 1, 1, tzinfo=UTC))), erp_fault)
    with pytest.raises((BrokerUnavailable, RemoteUnavailable)):
        replace(plant.pull, erp=listing).changed()  # type: ignore[arg-type]  # only lists
    assert plant.state.get_watermark(SITE, WATERMARK) is None
    plant.broker.fault = None
    plant.run()
    assert WORK_ORDER in plant.found()


def test_run_without_time_leaves_the_watermark_and_says_so() -> None:
    plant = Plant(3)
    with deadline(0):
        report = plant.run()
    assert (report.complete, report.read, report.watermark) == (False, 0, None)


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


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("1234"), st.integers(0, 900), st.booleans()), max_size=12))
def test_after_any_edits_and_runs_both_sides_agree(edits: list[tuple[int, str, int, bool]]) -> None:
    """Whoever edits when, and however many runs come between: after one more run and its messages all is in step."""
    plant = Plant(4)
    for number, priority, wait_s, runs in edits:
        plant.wait(wait_s)
        plant.edit(WORK_ORDER + number, priority=priority)
        if runs:
            plant.run()
    plant.wait(1)
    plant.run()
    seen: set[str] = set()
    for message in plant.broker.to("erp-push"):
        if message.event.event_id not in seen:  # as the consumer's claims have it
            seen.add(message.event.event_id)
            plant.look_at(message.event.record_id or 0, message.event)
    names = {"1": "HIGH", "2": "MEDIUM", "3": "LOW", "4": "NONE"}
    for order in plant.tenant.orders.values():
        number = int(order.fields["externalReference"].rpartition(":")[2])
        assert plant.work_orders[number]["priority"] == names[order.fields["priority"]]


# Comparison


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
    assert plant.state.get_memo(SITE, POSITION) == {"after": WORK_ORDER + 6}
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
    assert plant.state.get_memo(SITE, POSITION) == {"after": WORK_ORDER + 1}


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
