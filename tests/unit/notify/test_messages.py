"""What people read: ids and states, never free text or names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.notify.messages import notification
from tests.fakes.events import make_event


@pytest.mark.parametrize(
    ("event_type", "data", "headline", "urgency"),
    [
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
    ],
)
def test_headline_and_urgency(event_type: str, data: dict[str, Any], headline: str, urgency: str) -> None:
    event = make_event(type=event_type, resource=event_type.partition(".")[0], resource_id="7", data=data)
    text = notification(event, "Plant One")
    assert (text.title, text.urgency) == (f"[Plant One] {headline}", urgency)


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
