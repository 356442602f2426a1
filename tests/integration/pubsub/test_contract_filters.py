"""Contract: filters of subscriptions."""

from __future__ import annotations

import pytest
from google.api_core import exceptions

from tests.integration.pubsub.conftest import Bench


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attributes.site = "a"', ["a"]),
        ("attributes:site", ["a", "b"]),
        ("NOT attributes:site", ["none"]),
        ('hasPrefix(attributes.site, "b")', ["b"]),
    ],
)
def test_only_matching_messages_are_delivered(bench: Bench, text: str, expected: list[str]) -> None:
    topic = bench.topic()
    subscription = bench.subscription(topic, filter=text)
    bench.publish(
        topic,
        {"data": b"a", "attributes": {"site": "a"}},
        {"data": b"b", "attributes": {"site": "b"}},
        {"data": b"none"},
    )
    came = bench.pull(subscription, len(expected))
    assert sorted(each.message.data.decode() for each in came) == expected


def test_a_text_that_is_no_filter_is_refused(bench: Bench) -> None:
    topic = bench.topic()
    with pytest.raises(exceptions.InvalidArgument):
        bench.subscription(topic, filter="this is no filter")
