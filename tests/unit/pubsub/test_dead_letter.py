"""What is written on a message that is buried."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import parse_utc
from shared.pubsub.dead_letter import dead_letter
from shared.pubsub.envelope import PushMessage, parse_push
from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher, Published

MESSAGE = parse_push(push_body(make_event(), attempt=3))


def bury(message: PushMessage = MESSAGE, *, function: str = "notify", **reason: Any) -> Published:
    broker = FakePublisher()
    dead_letter(broker, function, message, **{"error_class": "MappingError", "error_message": "no", **reason})
    (published,) = broker.published
    return published


@pytest.mark.parametrize(
    ("function", "topic"),
    [("notify", "notify-dead"), ("erp_push", "erp-push-dead"), ("event_router", "event-router-dead")],
)
def test_each_function_buries_in_its_own_topic(function: str, topic: str) -> None:
    assert bury(function=function).topic == topic


def test_data_and_attributes_stay_and_the_reason_is_added() -> None:
    published = bury()
    assert published.data == MESSAGE.data
    assert published.attributes.items() >= make_event().attributes().items()
    reason = {key: value for key, value in published.attributes.items() if key not in MESSAGE.attributes}
    assert set(reason) == {
        "error_class",
        "error_message",
        "function",
        "attempt",
        "failed_at",
        "first_failed_at",
        "message_id",
    }
    assert (reason["error_class"], reason["function"], reason["attempt"]) == ("MappingError", "notify", "3")


def test_first_failure_is_now_or_when_the_message_first_came() -> None:
    first = bury(replace(MESSAGE, delivery_attempt=1)).attributes
    assert first["first_failed_at"] == first["failed_at"]
    assert abs((parse_utc(first["failed_at"]) - datetime.now(UTC)).total_seconds()) < 60
    later = bury().attributes
    assert parse_utc(later["first_failed_at"]) == MESSAGE.published_at


def test_attempt_of_a_subscription_without_dead_letter_policy_is_one() -> None:
    assert bury(replace(MESSAGE, delivery_attempt=None)).attributes["attempt"] == "1"


@given(st.text(st.characters(exclude_categories=()), max_size=3000))
def test_reason_of_any_length_and_content_fits_an_attribute(error_message: str) -> None:
    kept = bury(error_message=error_message).attributes["error_message"]
    assert len(kept.encode()) <= 1024
    if len(error_message) < 200 and error_message.isprintable():
        assert kept == error_message
