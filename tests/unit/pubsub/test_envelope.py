"""The body of a push request: Google's form, and nothing but MalformedEnvelope for anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pubsub.envelope import MalformedEnvelope, parse_push
from tests.fakes.events import make_event, push_body


def changed(message: dict[str, Any] | None = None, **fields: Any) -> bytes:
    body = json.loads(push_body(b"data"))
    body["message"].update(message or {})
    return json.dumps({**body, **fields}).encode()


def without(*path: str) -> bytes:
    body = json.loads(push_body(b"data"))
    target = body
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return json.dumps(body).encode()


def test_push_in_googles_form_is_understood() -> None:
    event = make_event()
    message = parse_push(push_body(event, attempt=3, message_id="77", attributes={"replay_id": "r1"}))
    assert (message.message_id, message.subscription, message.delivery_attempt) == (
        "77",
        "projects/p/subscriptions/worker",
        3,
    )
    assert message.data == event.to_json()
    assert message.attributes == {**event.attributes(), "replay_id": "r1"}
    assert message.published_at == datetime(2026, 9, 14, 12, 0, 1, 500_000, tzinfo=UTC)
    assert message.replay_id == "r1"


def test_message_without_data_attributes_or_attempt_is_a_message() -> None:
    assert parse_push(without("message", "data")).data == b""
    message = parse_push(without("message", "attributes"))
    assert (message.attributes, message.replay_id) == ({}, "")
    assert parse_push(push_body(b"x", attempt=None)).delivery_attempt is None


def test_anything_else_is_malformed(subtests: pytest.Subtests) -> None:
    cases: list[bytes] = [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        b'{"message": null}',
        without("message"),
        without("subscription"),
        without("message", "messageId"),
        without("message", "publishTime"),
        changed(message={"data": "not base64!"}),
        changed(message={"data": None}),
        changed(message={"data": "YQ"}),
        changed(message={"data": 7}),
        changed(message={"attributes": ["a"]}),
        changed(message={"publishTime": "now"}),
        changed(deliveryAttempt="many"),
        changed(deliveryAttempt=[1]),
        changed(deliveryAttempt=1).replace(b'"deliveryAttempt": 1', b'"deliveryAttempt": 1e999'),
        changed(deliveryAttempt=1).replace(b'"deliveryAttempt": 1', b'"deliveryAttempt": NaN'),
    ]
    for body in cases:
        with subtests.test(body=body), pytest.raises(MalformedEnvelope, match="not a Pub/Sub push request"):
            parse_push(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
messages = st.dictionaries(st.sampled_from(["data", "attributes", "messageId", "publishTime"]), json_values)


@given(
    st.binary()
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.builds(changed, message=messages, deliveryAttempt=json_values, subscription=json_values)
)
def test_arbitrary_bytes_are_a_push_or_malformed(body: bytes) -> None:
    try:
        parse_push(body)
    except MalformedEnvelope:
        return
