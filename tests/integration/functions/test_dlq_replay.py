"""dlq_replay as it is served, on a real broker."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import functions_framework
import pytest

from shared.pubsub.publisher import publisher
from shared.topics import PIPELINES
from tests.integration.conftest import Broker

SOURCE = Path(__file__).resolve().parents[3] / "functions" / "dlq_replay" / "main.py"
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Sends a request to the function; status and JSON body."""
    monkeypatch.setenv("FUNCTION_TARGET", "")  # the framework writes it
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(publisher, "_client", None)  # made for this test's broker
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    framework: Any = functions_framework
    client = framework.create_app("dlq_replay", str(SOURCE), "http").test_client()

    def send(method: str, **options: Any) -> tuple[int, Any]:
        answer = client.open("/", method=method, **options)
        return answer.status_code, answer.get_json(silent=True)

    yield send
    root.handlers[:] = handlers
    root.setLevel(level)
    made = publisher._client
    if made is not None:
        made.stop()
        made.transport.close()
    sys.modules.pop("main", None)


def test_get_lists_and_post_replays(call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["notify"], "a", "b")
    status, body = call("GET", query_string={"pipeline": "notify", "event_id": "a"})
    assert (status, body["pipeline"], body["count"]) == (200, "notify", 1)
    assert body["letters"][0]["event_id"] == "a"
    status, body = call("POST", json={"pipeline": "notify", "event_id": "a"})
    assert (status, body["seen"], body["matched"], body["replayed"], body["dry_run"]) == (200, 2, 1, 1, False)
    assert [message.data for message in broker.waiting("notify")] == [b"a"]
    assert call("GET", query_string={"pipeline": "notify"})[1]["count"] == 1


def test_dry_run_and_limit(call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["erp-push"], "a", "b", "c")
    status, body = call("POST", json={"pipeline": "erp-push", "limit": 2, "dry_run": True})
    assert (status, body["matched"], body["replayed"], len(body["letters"])) == (200, 2, 0, 2)
    assert call("GET", query_string={"pipeline": "erp-push", "limit": "1"})[1]["count"] == 1
    assert broker.waiting("erp-push") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pipeline": "nonsense"},
        {"pipeline": None},
        {"pipeline": "notify", "limit": 0},
        {"pipeline": "notify", "limit": 10_001},
        {"pipeline": "notify", "limit": "many"},
        {"pipeline": "notify", "sites": "plant-1"},
        {"pipeline": "notify", "dry_run": "perhaps"},
        [],
        "notify",
        None,
    ],
)
def test_bad_request_is_told_and_replays_nothing(body: object, call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["notify"], "a")
    status, answer = call("POST", data=json.dumps(body), content_type="application/json")
    assert (status, answer["error"]) in ((400, "bad request"), (400, "unknown pipeline"))
    assert broker.waiting("notify") == []
    status, answer = call("POST", data=b"{", content_type="application/json")
    assert status == 400


def test_misspelt_filter_does_not_replay_everything(call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["notify"], "a")
    assert call("GET", query_string={"pipeline": "notify", "event": "x"})[0] == 400
    assert call("POST", json={"pipeline": "notify", "Site": "plant-9"})[0] == 400
    assert call("POST", query_string={"pipeline": "notify"})[0] == 400
    assert broker.waiting("notify") == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(method: str, call: Call) -> None:
    assert call(method, json={"pipeline": "notify"})[0] == 405


def test_broker_that_does_not_have_the_subscription_is_503(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESOURCE_PREFIX", "absent-")
    for method, options in (
        ("GET", {"query_string": {"pipeline": "notify"}}),
        ("POST", {"json": {"pipeline": "notify"}}),
    ):
        status, body = call(method, **options)
        assert status == 503
        assert "absent-notify-dead" in body["error"]


def test_discard_takes_exactly_the_named_letter(call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["notify"], "a", "b")
    letters = call("GET", query_string={"pipeline": "notify"})[1]["letters"]
    poison = next(letter["message_id"] for letter in letters if letter["event_id"] == "a")
    order = {"action": "discard", "pipeline": "notify", "message_id": poison}
    status, body = call("POST", json=order)
    assert (status, body["discarded"]["payload"], body["discarded"]["attributes"]["event_id"]) == (200, "a", "a")
    assert call("POST", json=order)[0] == 404
    assert [each["event_id"] for each in call("GET", query_string={"pipeline": "notify"})[1]["letters"]] == ["b"]
    assert broker.waiting("notify") == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"message_id": ""},
        {"message_id": None},
        {"message_id": "1", "site": "plant-1"},
        {"message_id": "1", "pipeline": "x"},
        {"action": "destroy", "message_id": "1"},
    ],
)
def test_discard_needs_a_message_id_and_nothing_else(more: dict[str, Any], call: Call, broker: Broker) -> None:
    broker.bury(PIPELINES["notify"], "a")
    assert call("POST", json={"action": "discard", "pipeline": "notify", **more})[0] == 400
    assert call("GET", query_string={"pipeline": "notify"})[1]["count"] == 1


@pytest.mark.parametrize("query", ["pipeline=notify&site=", "pipeline=notify&site=a&site=b", "pipeline=", "site=a"])
def test_empty_or_repeated_filter_is_refused(query: str, call: Call) -> None:
    status, answer = call("GET", query_string=query)
    assert (status, len(answer["faults"])) == (400, 1)


def test_body_that_is_not_sent_as_json_is_told_so(call: Call) -> None:
    status, answer = call("POST", data=b'{"pipeline": "notify"}')
    assert status == 400
    assert "Content-Type: application/json" in answer["faults"][0]


def test_replay_is_logged_with_filters_and_what_was_replayed(
    call: Call, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.bury(PIPELINES["notify"], "a", "b")
    call("POST", json={"pipeline": "notify", "site": "plant-1"})
    replay_ids = {message.attributes["replay_id"] for message in broker.waiting("notify")}
    (line,) = [vars(record) for record in caplog.records if record.getMessage() == "replayed 2 of 2 dead letters"]
    assert (line["filters"], sorted(line["event_ids"])) == ({"site": "plant-1"}, ["a", "b"])
    assert replay_ids == {line["replay_id"]}
