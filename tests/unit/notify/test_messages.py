"""What people read: ids, states and what assets are called; never free text or people's names."""

from __future__ import annotations

from typing import Any, cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.notify.messages import REASONS, Notification, notification
from shared.notify.names import AssetNames
from shared.state import SyncRecord
from shared.sync.conflicts import DELETION, ORPHAN, Parked, Reason, conflict_event
from tests.fakes.events import AT_UTC, make_event

OFFLINE = {"newStatus": {"status": "OFFLINE"}}


def test_headline_and_urgency(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("work_order.created", {}, "work order 7: created", "info"),
        ("work_order.part_status_changed", {}, "work order 7: part status changed", "info"),
        ("work_order.completed", {"newStatus": "DONE"}, "work order 7 is DONE", "success"),
        ("work_order.status_changed", {"newStatus": "ON_HOLD"}, "work order 7 is ON_HOLD", "info"),
        (
            "work_order.status_changed",
            {"newStatus": "DONE", "newSubStatus": "CANCELED"},
            "work order 7 is CANCELED",
            "info",
        ),
        ("work_order.status_changed", {}, "work order 7 is status unknown", "info"),
        ("work_order.overdue", {"dueDate": "2026-09-14"}, "work order 7 is overdue since 2026-09-14", "warning"),
        ("work_order.overdue", {}, "work order 7 is overdue since ?", "warning"),
        ("asset.status_changed", {"newStatus": {"status": "OFFLINE"}}, "asset 7 is OFFLINE", "failure"),
        (
            "asset.status_changed",
            {"newStatus": {"status": "OFFLINE", "downtimeType": "PLANNED"}},
            "asset 7 is OFFLINE (PLANNED)",
            "failure",
        ),
        ("asset.status_changed", {"newStatus": {"status": "ONLINE"}}, "asset 7 is ONLINE", "success"),
        ("asset.status_changed", {}, "asset 7 is status unknown", "info"),
        ("meter_trigger.changed", {"newState": "TRIGGERED"}, "meter trigger 7 is TRIGGERED", "warning"),
        ("meter_trigger.changed", {"newState": "RESET"}, "meter trigger 7 is RESET", "info"),
    ]
    for event_type, data, headline, urgency in cases:
        with subtests.test(event_type=event_type, data=data, headline=headline, urgency=urgency):
            event = make_event(type=event_type, resource=event_type.partition(".")[0], resource_id="7", data=data)
            text = notification(event, "Plant One")
            assert (text.title, text.urgency) == (f"[Plant One] {headline}", urgency)


PUMP = AssetNames(2201, "Feed pump 2", "Boiler house")
DONE = {"newStatus": "DONE"}


def test_asset_is_named_as_far_as_it_is_known(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, dict[str, Any], AssetNames | None, str]] = [
        ("asset.status_changed", OFFLINE, PUMP, "asset Feed pump 2 (2201), Boiler house, is OFFLINE"),
        ("asset.status_changed", OFFLINE, AssetNames(2201, "Feed pump 2"), "asset Feed pump 2 (2201) is OFFLINE"),
        ("asset.status_changed", OFFLINE, AssetNames(2201), "asset 2201 is OFFLINE"),
        ("asset.created", {}, PUMP, "asset Feed pump 2 (2201), Boiler house: created"),
        ("work_order.completed", DONE, PUMP, "work order 7 on Feed pump 2 (2201), Boiler house, is DONE"),
        ("work_order.completed", DONE, AssetNames(2201), "work order 7 on asset 2201 is DONE"),
        ("work_order.created", {}, PUMP, "work order 7 on Feed pump 2 (2201), Boiler house: created"),
        ("work_order.created", {}, AssetNames(2201, "Feed pump 2"), "work order 7 on Feed pump 2 (2201): created"),
        (
            "work_order.overdue",
            {"dueDate": "2026-09-14"},
            PUMP,
            "work order 7 on Feed pump 2 (2201), Boiler house, is overdue since 2026-09-14",
        ),
        ("meter_trigger.changed", {"newState": "TRIGGERED"}, None, "meter trigger 7 is TRIGGERED"),
    ]
    for event_type, data, about, headline in cases:
        with subtests.test(event_type=event_type, data=data, about=about, headline=headline):
            resource = event_type.partition(".")[0]
            number = "2201" if resource == "asset" else "7"
            event = make_event(type=event_type, resource=resource, resource_id=number, data=data)
            assert notification(event, "P", about).title == f"[P] {headline}"


def conflict(**reasons: str) -> Notification:
    parked = {
        name: Parked(
            reason=cast(Reason, reason), maintainx="SECRET", sent="SECRET", erp="SECRET", since="", event_id="e1"
        )
        for name, reason in reasons.items()
    }
    record = SyncRecord(
        site="plant-1",
        kind="work_order",
        maintainx_id=9001001,
        erp_id="4711",
        reference="mx:plant-1:9001001",
        base={},
        base_hash="",
        erp_version=None,
        state="linked",
        intent=None,
        updated_at_utc=AT_UTC,
    )
    return notification(conflict_event(record, parked, AT_UTC), "P")


def test_conflict_names_the_fields_and_what_shows_them(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({"status": "both_changed"}, "work order 9001001: 1 field waits for a person (status)"),
        (
            {"status": "both_changed", "dueDate": "erp_refuses"},
            "work order 9001001: 2 fields wait for a person (status, dueDate)",
        ),
        ({DELETION: "deleted"}, "work order 9001001 waits for a person: the work order was deleted"),
        ({ORPHAN: "gone"}, "work order 9001001 waits for a person: the ERP's record is gone"),
    ]
    for reasons, headline in cases:
        with subtests.test(reasons=reasons):
            text = conflict(**reasons)
            assert (text.title, text.urgency) == (f"[P] {headline}", "warning")
            assert "`ops conflicts show plant-1 9001001`" in text.body
            for name, reason in reasons.items():
                assert f"{name}: {REASONS[reason]}" in text.body.splitlines()
            assert "SECRET" not in text.title + text.body


def test_every_reason_to_park_is_said_in_words() -> None:
    assert set(REASONS) == set(get_args(Reason))


def test_conflict_of_another_shape_is_told_too(subtests: pytest.Subtests) -> None:
    cases: list[object] = [None, [], "x", {}, {"status": None}, {"status": {"reason": 7}}]
    for fields in cases:
        with subtests.test(fields=fields):
            event = make_event(type="sync.conflict", resource="sync", resource_id="7", data={"fields": fields})
            assert notification(event, "P").title.startswith("[P] work order 7")


def test_event_about_no_single_record_has_no_hole_in_its_headline() -> None:
    event = make_event(type="audit.user_login_failure", resource="audit", resource_id="")
    assert notification(event, "Plant One").title == "[Plant One] audit: user login failure"


def test_body_lets_the_event_be_found() -> None:
    assert notification(make_event(), "P").body == "work_order.created, 2026-09-14T12:00:00.000Z\nevent e1"


def test_free_text_and_names_stay_in_maintainx() -> None:
    data = {
        "newStatus": "DONE",
        "title": "SECRET title",
        "newWorkOrder": {"description": "SECRET text", "assignees": ["SECRET name"]},
    }
    for event_type in ("work_order.created", "work_order.status_changed", "work_order.comment_added"):
        text = notification(make_event(type=event_type, data=data), "P")
        assert "SECRET" not in text.title + text.body


values = st.none() | st.text() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())
types = ["asset.status_changed", "meter_trigger.changed", "work_order.completed", "work_order.overdue", "x.y", "odd"]


@given(
    st.sampled_from(types),
    st.dictionaries(st.sampled_from(["newStatus", "newSubStatus", "newState", "dueDate"]), values),
)
def test_any_payload_can_be_told(event_type: str, data: dict[str, Any]) -> None:
    assert notification(make_event(type=event_type, data=data), "P").title.startswith("[P] ")
