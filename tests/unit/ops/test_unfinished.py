"""Which events a function is not done with, by what was told of a record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.config.routes import Route
from shared.state import ClaimKey, Done, InProgress, KnownClaim
from shared.sync.trace import Moment, Row, claims_told, events_told
from shared.sync.unfinished import logs_command, unfinished
from tests.fakes.sync_world import event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = ClaimKey("plant-1", "e1", "erp_push")
ROUTES = [
    Route.model_validate({"name": "erp", "when": {"type": "work_order.*"}, "to": "erp-push"}),
    Route.model_validate(
        {"name": "urgent", "when": {"type": "work_order.created", "priority": "HIGH"}, "to": "notifications"}
    ),
]


def told(event_id: str = "e1", **changes: Any) -> list[Moment]:
    data = replace(event(event_id), **changes).to_json().decode()
    return list(events_told([Row(NOON, f"m-{event_id}", data, json.dumps({"source": "webhook"}))]))


def claimed(holder: Done | InProgress, key: ClaimKey = KEY) -> list[Moment]:
    return list(claims_told([KnownClaim(key, holder)], NOON))


DONE = Done("done", "updated", NOON)
AT_IT = InProgress("erp_push/m1", NOON + timedelta(minutes=1))


def names(*moments: list[Moment], **work_order: Any) -> list[tuple[str, str, bool]]:
    found = unfinished([each for part in moments for each in part], ROUTES, work_order or None, NOON)
    return [(each.event_id, each.function, each.in_progress) for each in found]


def test_an_event_without_an_outcome_is_not_finished() -> None:
    assert names(told()) == [("e1", "erp_push", False)]


def test_an_event_that_is_being_worked_on_says_so() -> None:
    assert names(told(), claimed(AT_IT)) == [("e1", "erp_push", True)]


def test_an_event_with_an_outcome_is_finished(subtests: pytest.Subtests) -> None:
    for outcome in ["done", "skipped", "dead"]:
        with subtests.test(outcome=outcome):
            assert names(told(), claimed(replace(DONE, outcome=outcome))) == []
            assert names(told(), claimed(DONE), claimed(AT_IT, replace(KEY, nonce="r1"))) == []


def test_a_dead_letter_is_an_end_of_its_pipeline_alone() -> None:
    letter = Moment(NOON, "dead letter", "", "", "e1", {"pipeline": "erp-push"})
    assert names(told(), [letter]) == []
    assert names(told(), [replace(letter, data={"pipeline": "raw-events"})]) == [("e1", "erp_push", False)]


def test_each_destination_counts_for_itself() -> None:
    created = told(type="work_order.created")
    assert names(created, claimed(DONE), priority="HIGH") == [("e1", "notify", False)]
    assert names(created, claimed(DONE), priority="LOW") == []
    assert names(created, claimed(DONE)) == []  # nobody knows whether it is urgent


def test_an_event_that_no_route_sends_anywhere_is_not_waited_for() -> None:
    assert names(told(type="comment.created")) == []


def test_what_a_person_decided_and_the_engine_has_not_done_is_not_finished() -> None:
    decision = Moment(NOON, "audit", "decide", "", "e7", {})
    assert names([decision]) == [("e7", "erp_push", False)]
    assert names([decision], claimed(DONE, replace(KEY, event_id="e7"))) == []


def test_what_is_older_than_claims_are_kept_is_not_told() -> None:
    (old,) = told()
    assert names([replace(old, at=NOON - timedelta(days=30))]) == []


def test_an_archived_message_that_is_no_event_is_passed_over() -> None:
    assert names([Moment(NOON, "event", "?", "", "e1", {"event_id": "e1"})]) == []


def test_the_command_names_event_and_project() -> None:
    command = logs_command("e1", "acme-prod")
    assert command.startswith("gcloud logging read 'jsonPayload.event_id=\"e1\"' --project=acme-prod ")
