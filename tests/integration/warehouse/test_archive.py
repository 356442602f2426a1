"""The archive as a witness, on BigQuery's stand-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.warehouse.archive import EventArchive
from shared.warehouse.gateway import Warehouse
from tests.integration.warehouse.events import append_event
from tests.integration.warehouse.samples import at

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_latest_change_that_an_event_told_of_is_found(warehouse: Warehouse, site: str) -> None:
    early, late = at("2026-11-01 10:00"), at("2026-11-02 10:00")
    append_event(warehouse, site, "work_order.created", resource_id="1", occurred_at=early)
    append_event(warehouse, site, "work_order.status_changed", resource_id="1", occurred_at=late)
    append_event(warehouse, site, "work_order.completed", resource_id="2", occurred_at=early)
    append_event(warehouse, site, "work_order.updated", resource_id="4", occurred_at=late)
    told = EventArchive(warehouse).told_of(site, [1, 2, 3], LONG_AGO)
    assert told == {1: late, 2: early}


def test_what_does_not_tell_of_a_change_is_no_witness(warehouse: Warehouse, site: str) -> None:
    when = at("2026-11-02 10:00")
    append_event(warehouse, site, "work_order.comment_added", resource_id="1", occurred_at=when)
    append_event(warehouse, site, "asset.status_changed", resource_id="1", occurred_at=when)
    append_event(warehouse, f"{site}-other", "work_order.updated", resource_id="1", occurred_at=when)
    assert EventArchive(warehouse).told_of(site, [1], LONG_AGO) == {}


def test_what_was_published_long_before_is_not_read(warehouse: Warehouse, site: str) -> None:
    append_event(warehouse, site, "work_order.updated", resource_id="1", occurred_at=at("2026-11-02 10:00"))
    long_after = datetime.now(UTC) + timedelta(hours=2)  # the clocks may be an hour apart
    assert EventArchive(warehouse).told_of(site, [1], long_after) == {}


def test_nothing_is_asked_for_no_work_order(warehouse: Warehouse, site: str) -> None:
    assert EventArchive(warehouse).told_of(site, [], LONG_AGO) == {}
