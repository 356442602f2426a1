"""What people change in the ERP is found, once, and nothing that was found is forgotten before it is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.deadline import deadline
from shared.errors import (
    BrokerUnavailable,
    RemoteUnavailable,
)
from shared.sync.conflicts import DOUBLED
from shared.sync.pull import FIRST_WINDOW, OVERLAP, WATERMARK
from tests.examples import examples
from tests.fakes.sync_world import SITE, WORK_ORDER, erp_event, event
from tests.unit.sync.pull_plant import Listing, Plant

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


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


def test_second_order_with_our_reference_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    plant = Plant()
    linked = plant.record_of(WORK_ORDER).erp_id
    plant.wait(1)
    double = plant.erp.create({"shortText": "double", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    assert plant.run().published == 1
    assert f"records {linked} and {double.id} of the ERP carry one reference" in caplog.text
    (message,) = plant.broker.to("erp-push")
    assert plant.look_at(WORK_ORDER, message.event) == "parked"
    record = plant.record_of(WORK_ORDER)
    assert (record.erp_id, set(record.conflicts), record.conflicts[DOUBLED]["erp"]) == (linked, {DOUBLED}, double.id)
    (told,) = plant.announced
    assert told.data["fields"][DOUBLED]["detail"] == f"{linked} and {double.id} both carry mx:{SITE}:{WORK_ORDER}"
    plant.wait(60)
    assert dict(plant.run().skipped) == {"own_write": 1, "parked": 1} or plant.found() == [WORK_ORDER]
    for number in range(2):
        plant.look_at(WORK_ORDER, event(f"again-{number}"))
    assert len(plant.announced) == 1


@pytest.mark.parametrize("which", ["the other", "the linked one"])
def test_the_question_goes_away_with_one_of_the_two(which: str) -> None:
    plant = Plant()
    linked = str(plant.record_of(WORK_ORDER).erp_id)
    plant.wait(1)
    double = plant.erp.create({"shortText": "double", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    plant.run()
    plant.look_at(WORK_ORDER, plant.broker.to("erp-push")[0].event)
    del plant.tenant.orders[double.id if which == "the other" else linked]
    plant.look_at(WORK_ORDER, event("after"))
    record = plant.record_of(WORK_ORDER)
    assert (record.conflicts, record.erp_id) == ({}, linked if which == "the other" else double.id)


def test_an_event_about_a_record_that_is_no_double_parks_nothing() -> None:
    plant = Plant()
    for erp_id in ("4711", plant.erp.create({"shortText": "x", "orderType": "PM01"}, "mx:plant-9:1").id):
        about = replace(erp_event(f"p{erp_id}"), data={"erpId": erp_id})
        assert plant.look_at(WORK_ORDER, about) == "in_step"


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


@settings(max_examples=examples(40))
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
