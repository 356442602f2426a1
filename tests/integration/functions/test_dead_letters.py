"""Listing and replaying dead letters on a real broker."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Mapping, Sequence

import pytest
from google.cloud.pubsub_v1 import SubscriberClient

from shared.dead_letters.letter import DeadLetterFilter
from shared.dead_letters.queue import DeadLetters
from shared.errors import BrokerUnavailable
from shared.pubsub.dead_letter import dead_letter
from shared.pubsub.envelope import parse_push
from shared.topics import PIPELINES
from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.integration.conftest import Broker

ERP_PUSH = PIPELINES["erp-push"]
NOTIFY = PIPELINES["notify"]
ALL = DeadLetterFilter()


@pytest.fixture
def letters(broker: Broker) -> DeadLetters:
    return DeadLetters(broker.subscriber, broker.publisher)


def ids(listed: list[dict[str, object]]) -> set[object]:
    return {letter["event_id"] for letter in listed}


def test_listing_shows_what_an_operator_needs_and_takes_nothing_away(broker: Broker, letters: DeadLetters) -> None:
    message = parse_push(push_body(make_event(), attempt=5, attributes={"replay_count": "1"}))
    dead_letter(broker.publisher, "erp_push", message, error_class="RateLimited", error_message="erp: 429")
    for _ in range(2):
        (letter,) = letters.list(ERP_PUSH, ALL, 10)
        assert {key: letter[key] for key in letter if key not in ("message_id", "dead_since")} == {
            "pipeline": "erp-push",
            "site": "plant-1",
            "type": "work_order.created",
            "resource_id": "9001001",
            "event_id": "e1",
            "error_class": "RateLimited",
            "error_message": "erp: 429",
            "attempts": 5,
            "first_failed_at": "2026-09-14T12:00:01.500Z",
            "replays": 1,
        }
    assert letters.list(NOTIFY, ALL, 10) == []


def test_letter_that_pubsub_buried_itself_is_told_as_such(broker: Broker, letters: DeadLetters) -> None:
    attributes = {"site": "plant-1", "CloudPubSubDeadLetterSourceDeliveryCount": "7"}
    broker.publisher.publish(ERP_PUSH.dead_letters, b"x", attributes)
    (letter,) = letters.list(ERP_PUSH, ALL, 10)
    assert (letter["error_class"], letter["attempts"], letter["replays"]) == ("DeliveryAttemptsExhausted", 7, 0)


def test_replay_sends_the_message_on_without_its_reason_and_with_a_mark(broker: Broker, letters: DeadLetters) -> None:
    message = parse_push(push_body(make_event(), attempt=5))
    dead_letter(broker.publisher, "erp_push", message, error_class="RateLimited", error_message="erp: 429")
    report = letters.replay(ERP_PUSH, ALL, 10, dry_run=False)
    assert (report.seen, report.matched, report.replayed) == (1, 1, 1)
    (again,) = broker.waiting("erp-push")
    assert again.data == make_event().to_json()
    attributes = dict(again.attributes)
    assert attributes.pop("replay_id")
    assert attributes == {
        **make_event().attributes(),
        "replay_count": "1",
        "source": "replay",
        "first_failed_at": "2026-09-14T12:00:01.500Z",
    }
    assert letters.list(ERP_PUSH, ALL, 10) == []


def test_replay_of_a_replay_counts_on_and_has_a_mark_of_its_own(broker: Broker, letters: DeadLetters) -> None:
    broker.bury(ERP_PUSH, "a", replay_count="2", replay_id="old")
    letters.replay(ERP_PUSH, ALL, 10, dry_run=False)
    (again,) = broker.waiting("erp-push")
    assert again.attributes["replay_count"] == "3"
    assert again.attributes["replay_id"] != "old"


def test_letter_that_pubsub_buried_itself_is_found_by_the_class_that_is_shown(
    broker: Broker, letters: DeadLetters
) -> None:
    broker.bury(ERP_PUSH, "a")
    broker.publisher.publish(ERP_PUSH.dead_letters, b"b", {"event_id": "b"})
    wanted = DeadLetterFilter(error_class="DeliveryAttemptsExhausted")
    assert ids(letters.list(ERP_PUSH, wanted, 10)) == {"b"}


def test_filter_by_message_id(broker: Broker, letters: DeadLetters) -> None:
    broker.bury(ERP_PUSH, "a", "b")
    wanted = next(letter for letter in letters.list(ERP_PUSH, ALL, 10) if letter["event_id"] == "b")
    assert ids(letters.list(ERP_PUSH, DeadLetterFilter(message_id=wanted["message_id"]), 10)) == {"b"}


@pytest.mark.parametrize("junk", ["", "many", "-1", "²", "9" * 5000])
def test_junk_in_the_counters_does_not_stop_anything(junk: str, broker: Broker, letters: DeadLetters) -> None:
    broker.bury(ERP_PUSH, "a", replay_count=junk[:1000], attempt=junk[:1000])
    (letter,) = letters.list(ERP_PUSH, ALL, 10)
    assert (letter["replays"], letter["attempts"]) == (0, None)
    assert letters.replay(ERP_PUSH, ALL, 10, dry_run=False).replayed == 1
    (again,) = broker.waiting("erp-push")
    assert again.attributes["replay_count"] == "1"


def test_first_failure_is_remembered_over_replays(broker: Broker, letters: DeadLetters) -> None:
    message = parse_push(push_body(make_event(), attempt=1, attributes={"first_failed_at": "2026-09-01T00:00:00.000Z"}))
    dead_letter(broker.publisher, "erp_push", message, error_class="RateLimited", error_message="erp: 429")
    (letter,) = letters.list(ERP_PUSH, ALL, 10)
    assert letter["first_failed_at"] == "2026-09-01T00:00:00.000Z"


def test_what_dies_again_meanwhile_is_counted_apart_and_left(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.dead_letters.queue._REPLAY_BATCH", 1)
    broker.bury(ERP_PUSH, "a")

    class DiesAtOnce(FakePublisher):
        def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
            broker.publisher.publish_all(ERP_PUSH.dead_letters, messages)
            return super().publish_all(topic, messages)

    letters = DeadLetters(broker.subscriber, DiesAtOnce())
    report = letters.replay(ERP_PUSH, ALL, 10, dry_run=False)
    assert (report.seen, report.came_back, report.matched, report.replayed) == (1, 1, 1, 1)
    assert ids(letters.list(ERP_PUSH, ALL, 10)) == {"a"}


def test_replay_of_large_letters_stays_within_what_a_request_takes(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.dead_letters.queue._REPLAY_BATCH_BYTES", 2)
    broker.bury(ERP_PUSH, "a", "b", "c")
    fake = FakePublisher()
    assert DeadLetters(broker.subscriber, fake).replay(ERP_PUSH, ALL, 10, dry_run=False).replayed == 3
    assert fake.requests == [2, 1]


def test_discard_takes_one_letter_and_logs_what_it_was(
    broker: Broker, letters: DeadLetters, caplog: pytest.LogCaptureFixture
) -> None:
    broker.bury(ERP_PUSH, "a")
    broker.publisher.publish(ERP_PUSH.dead_letters, b"b" * 3000, {"error_class": "MalformedEvent"})
    poison = next(letter for letter in letters.list(ERP_PUSH, ALL, 10) if letter["event_id"] != "a")
    assert letters.discard(ERP_PUSH, "no such message") is None
    discarded = letters.discard(ERP_PUSH, poison["message_id"])
    assert discarded is not None
    assert (discarded["payload"], discarded["payload_bytes"]) == ("b" * 2000, 3000)
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert vars(record)["payload"] == "b" * 2000
    assert vars(record)["attributes"]["error_class"] == "MalformedEvent"
    assert ids(letters.list(ERP_PUSH, ALL, 10)) == {"a"}
    assert broker.waiting("erp-push") == []


def test_dry_run_moves_nothing(broker: Broker, letters: DeadLetters) -> None:
    broker.bury(ERP_PUSH, "a", "b")
    report = letters.replay(ERP_PUSH, ALL, 10, dry_run=True)
    assert (report.seen, report.matched, report.replayed) == (2, 2, 0)
    assert broker.waiting("erp-push") == []
    assert ids(letters.list(ERP_PUSH, ALL, 10)) == {"a", "b"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"site": "plant-2"}, {"c"}),
        ({"error_class": "MappingError"}, {"a", "b"}),
        ({"event_id": "b"}, {"b"}),
        ({"site": "plant-1", "error_class": "SecretMissing"}, set()),
        ({"resource_id": "7"}, {"a"}),
        ({"type": "asset.created"}, {"b"}),
    ],
)
def test_filter_by_each_field_and_all_of_them(
    wanted: dict[str, str], found: set[str], broker: Broker, letters: DeadLetters
) -> None:
    broker.bury(ERP_PUSH, "a", resource_id="7")
    broker.bury(ERP_PUSH, "b", type="asset.created")
    broker.bury(ERP_PUSH, "c", site="plant-2", error_class="SecretMissing")
    assert ids(letters.list(ERP_PUSH, DeadLetterFilter(**wanted), 10)) == found
    report = letters.replay(ERP_PUSH, DeadLetterFilter(**wanted), 10, dry_run=False)
    assert (report.seen, report.replayed) == (3, len(found))
    assert {message.data.decode() for message in broker.waiting("erp-push")} == found
    assert ids(letters.list(ERP_PUSH, ALL, 10)) == {"a", "b", "c"} - found


def test_limit_leaves_the_rest_at_hand_for_the_next_call(broker: Broker, letters: DeadLetters) -> None:
    broker.bury(ERP_PUSH, *(str(number) for number in range(10)))
    replayed: list[int] = [letters.replay(ERP_PUSH, ALL, 4, dry_run=False).replayed for _ in range(4)]
    assert replayed == [4, 4, 2, 0]
    assert len(broker.waiting("erp-push")) == 10


def test_more_letters_than_one_pull_or_one_give_back_takes(
    broker: Broker, letters: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.dead_letters.queue._PULL_BATCH", 7)
    monkeypatch.setattr("shared.dead_letters.queue._GIVE_BACK_BATCH", 3)
    broker.bury(ERP_PUSH, *(str(number) for number in range(20)))
    for _ in range(2):
        assert len(letters.list(ERP_PUSH, ALL, 100)) == 20


def test_broker_that_fails_in_the_middle_loses_nothing(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.dead_letters.queue._REPLAY_BATCH", 1)
    broker.bury(ERP_PUSH, "a", "b", "c")

    failing = FakePublisher(fails_after=1)
    with pytest.raises(BrokerUnavailable):
        DeadLetters(broker.subscriber, failing).replay(ERP_PUSH, ALL, 10, dry_run=False)
    sent = {message.data.decode() for message in failing.published}
    assert len(sent) == 1
    assert ids(DeadLetters(broker.subscriber, broker.publisher).list(ERP_PUSH, ALL, 10)) == {"a", "b", "c"} - sent


def test_subscription_that_does_not_exist_is_broker_unavailable(letters: DeadLetters) -> None:
    absent = dataclasses.replace(ERP_PUSH, target="never_made")
    with pytest.raises(BrokerUnavailable, match="never-made-dead"):
        letters.list(absent, ALL, 10)


def test_a_broker_that_does_not_answer_is_not_taken_for_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.dead_letters.queue._PROOF_TIMEOUT_S", 0.5)
    monkeypatch.setenv("DEAD_LETTER_PULL_TIMEOUT_S", "0.3")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project-silent")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{silent.getsockname()[1]}")
        subscriber = SubscriberClient()
        with subscriber, pytest.raises(BrokerUnavailable, match=r"notify-dead: .*Deadline"):
            DeadLetters(subscriber, FakePublisher()).list(NOTIFY, ALL, 10)
