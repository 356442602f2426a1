"""Contract: topics and subscriptions, what is stored of them and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions

from tests.integration.pubsub.conftest import Bench


def test_a_topic_is_found_under_its_name(bench: Bench) -> None:
    topic = bench.topic(labels={"team": "maintenance"}, message_retention_duration={"seconds": 3600})
    found = bench.publisher.get_topic(request={"topic": topic})
    assert found.name == topic
    assert dict(found.labels) == {"team": "maintenance"}
    assert found.message_retention_duration.total_seconds() == 3600


def test_topics_are_listed_by_project_in_pages(bench: Bench) -> None:
    created = [bench.topic(f"topic-{number}") for number in range(5)]
    pages = bench.publisher.list_topics(request={"project": bench.project, "page_size": 2})
    assert sorted(topic.name for topic in pages) == created


def test_a_deleted_topic_is_gone_and_its_subscription_says_so(bench: Bench) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic)
    bench.publisher.delete_topic(request={"topic": topic})
    with pytest.raises(exceptions.NotFound):
        bench.publisher.get_topic(request={"topic": topic})
    found = bench.subscriber.get_subscription(request={"subscription": subscription})
    assert found.topic == "_deleted-topic_"


def test_a_deleted_subscription_is_gone(bench: Bench) -> None:
    subscription = bench.subscription(bench.topic())
    bench.subscriber.delete_subscription(request={"subscription": subscription})
    with pytest.raises(exceptions.NotFound):
        bench.subscriber.get_subscription(request={"subscription": subscription})
    assert list(bench.subscriber.list_subscriptions(request={"project": bench.project})) == []


def test_a_topic_lists_its_subscriptions(bench: Bench) -> None:
    topic, other = bench.topic(), bench.topic("other")
    mine = [bench.subscription(topic, f"mine-{number}") for number in range(2)]
    bench.subscription(other, "theirs")
    assert sorted(bench.publisher.list_topic_subscriptions(request={"topic": topic})) == mine


def test_a_subscription_gets_the_documented_defaults(bench: Bench) -> None:
    subscription = bench.subscription(bench.topic())
    found = bench.subscriber.get_subscription(request={"subscription": subscription})
    assert found.ack_deadline_seconds == 10
    assert found.message_retention_duration.total_seconds() == 7 * 24 * 3600


def test_a_taken_name_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    bench.subscription(topic)
    with pytest.raises(exceptions.AlreadyExists):
        bench.topic()
    with pytest.raises(exceptions.AlreadyExists):
        bench.subscription(topic)


def test_a_subscription_to_a_missing_topic_is_refused(bench: Bench) -> None:
    with pytest.raises(exceptions.NotFound):
        bench.subscription(f"{bench.project}/topics/missing")


def test_publishing_to_a_missing_topic_is_refused(bench: Bench) -> None:
    with pytest.raises(exceptions.NotFound):
        bench.publish(f"{bench.project}/topics/missing", {"data": b"x"})


@pytest.mark.parametrize("name", ["ab", "1topic", "with space", "googtopic", ""])
def test_a_malformed_topic_name_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        bench.topic(name)


REFUSED: dict[str, dict[str, Any]] = {
    "backoff over 600 s": {"retry_policy": {"maximum_backoff": {"seconds": 601}}},
    "retention under 10 min": {"message_retention_duration": {"seconds": 599}},
    "retention over 31 d": {"message_retention_duration": {"seconds": 31 * 86400 + 1}},
    "ack deadline over 600 s": {"ack_deadline_seconds": 601},
    "push endpoint that is no URL": {"push_config": {"push_endpoint": "nowhere"}},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_a_setting_beyond_its_limits_is_refused(bench: Bench, fields: dict[str, Any]) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.subscription(topic, **fields)


@pytest.mark.parametrize("attempts", [4, 101])
def test_delivery_attempts_beyond_their_limits_are_refused(bench: Bench, attempts: int) -> None:
    topic = bench.topic()
    policy = {"dead_letter_topic": topic, "max_delivery_attempts": attempts}
    with pytest.raises(exceptions.OutOfRange):
        bench.subscription(topic, dead_letter_policy=policy)


def test_a_missing_dead_letter_topic_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    policy = {"dead_letter_topic": f"{bench.project}/topics/missing", "max_delivery_attempts": 5}
    with pytest.raises(exceptions.NotFound):
        bench.subscription(topic, dead_letter_policy=policy)


def test_an_ack_deadline_under_10_s_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.subscription(topic, ack_deadline_seconds=5)


@pytest.mark.parametrize("message", [{"data": b""}, {"ordering_key": "k"}])
def test_an_empty_message_is_refused(bench: Bench, message: dict[str, Any]) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.publish(topic, message)


def test_a_message_with_101_attributes_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.publish(topic, {"attributes": {f"key-{number}": "v" for number in range(101)}})


def test_a_message_over_10_mb_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.publish(topic, {"data": b"x" * 10_000_001})


def test_an_update_changes_the_masked_fields_only(bench: Bench) -> None:
    subscription = bench.subscription(
        bench.topic(), ack_deadline_seconds=30, labels={"old": "1"}, retry_policy={"minimum_backoff": {"seconds": 5}}
    )
    wanted = {"name": subscription, "ack_deadline_seconds": 60, "labels": {"new": "1"}}
    paths = ["ack_deadline_seconds", "retry_policy"]
    answer = bench.subscriber.update_subscription(request={"subscription": wanted, "update_mask": {"paths": paths}})
    assert answer.ack_deadline_seconds == 60
    assert dict(answer.labels) == {"old": "1"}
    assert "retry_policy" not in answer
    assert bench.subscriber.get_subscription(request={"subscription": subscription}) == answer


def test_an_update_of_topic_labels_replaces_them(bench: Bench) -> None:
    topic = bench.topic(labels={"old": "1"})
    answer = bench.publisher.update_topic(
        request={"topic": {"name": topic, "labels": {"new": "1"}}, "update_mask": {"paths": ["labels"]}}
    )
    assert dict(answer.labels) == {"new": "1"}


@pytest.mark.parametrize("paths", [[], ["topic"], ["filter"], ["no_such_field"]])
def test_an_update_of_what_cannot_change_is_refused(bench: Bench, paths: list[str]) -> None:
    subscription = bench.subscription(bench.topic())
    with pytest.raises(exceptions.InvalidArgument):
        bench.subscriber.update_subscription(
            request={"subscription": {"name": subscription}, "update_mask": {"paths": paths}}
        )
