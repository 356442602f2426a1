"""Meter readings, their own rate limits, and the triggers that they set off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.maintainx.control_client import SimControl
from local.maintainx.triggers import Reading, after_reading, first_trigger_value
from tests.integration.maintainx.plant import ORG, PUMP, TOKEN, Receiver, api

START = datetime(2026, 9, 14, 12, tzinfo=UTC)
HAND, SENSOR = 5001, 5002
METERS = [
    {"id": HAND, "name": "Oil level", "unit": "mm"},
    {"id": SENSOR, "name": "Temperature", "unit": "C", "assetId": PUMP, "measurementType": "AUTOMATED_SENSOR"},
]


@pytest.fixture
def user(control: SimControl) -> Iterator[httpx.Client]:
    control.seed({"id": ORG, "name": "Plant 1", "meters": METERS})
    control.configure(token_cap=100_000, organization_cap=100_000)
    with api(control, TOKEN) as http:
        yield http


def batch(user: httpx.Client, *pairs: tuple[int, float], **more: Any) -> httpx.Response:
    return user.post("/meterreadings", json=[{"meterId": meter, "value": value, **more} for meter, value in pairs])


def test_manual_readings_are_limited_over_all_endpoints_and_a_batch_counts_once(
    control: SimControl, user: httpx.Client
) -> None:
    for number in range(5):
        assert batch(user, *[(HAND, number)] * 20).status_code == 201
        assert user.post(f"/meters/{HAND}/readings", json={"readingValue": number}).status_code == 201
    refused = batch(user, (HAND, 1))
    assert refused.status_code == 429
    assert refused.json()["error"] == ("Too Many Requests. Manual meter readings are limited to 10 every 24h 00m 00s.")
    assert user.post(f"/meters/{HAND}/readings", json={"readingValue": 1}).status_code == 429
    assert batch(user, (SENSOR, 1)).status_code == 201, "automated ones have a limit of their own"
    assert len(control.records(ORG)["meterReadings"]) == 106, "what is refused is not kept"


def test_automated_batches_are_limited_by_count_of_calls(control: SimControl, user: httpx.Client) -> None:
    control.configure(automated_batches_cap=3, automated_batches_window_s=3600.0)
    answers = [batch(user, (SENSOR, 1), (SENSOR, 2)).status_code for _ in range(4)]
    assert answers == [201, 201, 201, 429]


def test_default_of_automated_batches_is_the_documented_one(control: SimControl, user: httpx.Client) -> None:
    assert control.configure()["automated_batches_cap"] == 100
    assert control.configure()["automated_batches_window_s"] == 60.0
    assert user.get("/meters").status_code == 200


def test_single_automated_readings_are_one_in_ten_seconds(control: SimControl, user: httpx.Client) -> None:
    control.configure(automated_single_window_s=3600.0)
    path = f"/meters/{SENSOR}/readings"
    first = user.post(path, json={"readingValue": 71.4})
    assert first.status_code == 201
    assert first.json()["id"].startswith(f"{SENSOR}-")
    second = user.post(path, json={"readingValue": 71.5})
    assert (second.status_code, second.json()["error"][:40]) == (429, "Too many requests. Please retry in 3600 ")
    assert batch(user, (SENSOR, 71.5)).status_code == 201, "which is why batches are recommended"


def test_reading_too_far_in_the_past_is_refused_for_automated_meters_only(
    control: SimControl, user: httpx.Client
) -> None:
    control.set_clock(START)
    old = "2026-09-11T11:59:59Z"
    refused = batch(user, (SENSOR, 1), readingDate=old)
    assert (refused.status_code, refused.json()["errors"][0]["fieldPath"]) == (400, "readingDate")
    assert batch(user, (HAND, 1), readingDate=old).status_code == 201
    assert batch(user, (SENSOR, 1), readingDate="2026-09-11T12:00:00Z").status_code == 201


def test_batch_with_one_unknown_meter_is_kept_not_at_all(control: SimControl, user: httpx.Client) -> None:
    assert batch(user, (SENSOR, 1), (1, 1)).status_code == 404
    assert control.records(ORG)["meterReadings"] == []


def test_last_reading_is_the_latest_by_its_own_date(control: SimControl, user: httpx.Client) -> None:
    control.set_clock(START)
    batch(user, (SENSOR, 80), readingDate="2026-09-14T11:00:00Z")
    batch(user, (SENSOR, 20), readingDate="2026-09-14T10:00:00Z")
    (row,) = user.get("/meters", params={"assets": [PUMP], "expand": "last_reading"}).json()["meters"]
    assert (row["lastReading"]["value"], row["lastReading"]["readingDate"]) == (80, "2026-09-14T11:00:00.000Z")
    assert "lastReading" not in user.get(f"/meters/{SENSOR}").json()["meter"]


def test_reading_beyond_the_threshold_triggers_and_each_change_of_state_is_told_once(
    control: SimControl, user: httpx.Client, receiver: Receiver
) -> None:
    target = {"type": "METER_TRIGGER_STATE_CHANGE", "url": f"{receiver.url}/hook"}
    control.seed({"id": ORG, "name": "Plant 1", "subscriptions": [target]})
    hot = {"meterId": SENSOR, "name": "Too hot", "amount": 90, "condition": "IS_GREATER"}
    trigger = user.post("/metertriggers", json={"meterTrigger": hot}).json()["id"]
    for value in (70, 90, 95, 99, 60):
        batch(user, (SENSOR, value))
        control.wait_idle()
    told = [json.loads(delivery.body) for delivery in receiver.received]
    assert [(body["oldState"], body["newState"]) for body in told] == [
        ("INSUFFICIENT_DATA", "STABLE"),
        ("STABLE", "TRIGGERED"),
        ("TRIGGERED", "STABLE"),
    ]
    assert {(body["meterTriggerId"], body["meterId"]) for body in told} == {(trigger, SENSOR)}


def test_filter_by_state_lets_only_triggered_through(
    control: SimControl, user: httpx.Client, receiver: Receiver
) -> None:
    filters = {"oneOfStates": ["TRIGGERED"]}
    target = {"type": "METER_TRIGGER_STATE_CHANGE", "url": f"{receiver.url}/hook", "filters": filters}
    control.seed({"id": ORG, "name": "Plant 1", "subscriptions": [target]})
    hot = {"meterId": SENSOR, "name": "Too hot", "amount": 90, "condition": "IS_GREATER"}
    user.post("/metertriggers", json={"meterTrigger": hot})
    batch(user, (SENSOR, 70), (SENSOR, 95), (SENSOR, 70))
    control.wait_idle()
    assert [json.loads(delivery.body)["newState"] for delivery in receiver.received] == ["TRIGGERED"]


def test_trigger_begins_with_its_date(control: SimControl, user: httpx.Client) -> None:
    control.set_clock(START)
    hot = {"meterId": SENSOR, "name": "Later", "amount": 90, "condition": "IS_GREATER"}
    later = {"meterTrigger": {**hot, "minDateForProcessing": "2026-09-15T00:00:00.000Z"}}
    trigger = user.post("/metertriggers", json=later).json()["id"]
    batch(user, (SENSOR, 95))
    assert state(user, trigger) == "INACTIVE"
    control.set_clock(START + timedelta(days=1))
    batch(user, (SENSOR, 95))
    assert state(user, trigger) == "TRIGGERED"


def test_changed_condition_counts_from_the_next_reading(user: httpx.Client) -> None:
    hot = {"meterId": SENSOR, "name": "Hot", "amount": 90, "condition": "IS_GREATER"}
    trigger = user.post("/metertriggers", json={"meterTrigger": hot}).json()["id"]
    assert user.patch(f"/metertriggers/{trigger}", json={"meterTrigger": {"amount": 50}}).status_code == 204
    batch(user, (SENSOR, 60))
    assert state(user, trigger) == "TRIGGERED"


def test_template_of_a_trigger_is_refused_not_dropped(user: httpx.Client) -> None:
    hot = {"meterId": SENSOR, "name": "Hot", "amount": 90, "condition": "IS_GREATER"}
    for body in ({"meterTrigger": hot, "workOrderTemplate": {}}, {"meterTrigger": {**hot, "workOrderTemplateId": 1}}):
        assert user.post("/metertriggers", json=body).status_code == 501


def state(user: httpx.Client, trigger: int) -> str:
    name: str = user.get(f"/metertriggers/{trigger}").json()["meterTrigger"]["state"]
    return name


def run(trigger: dict[str, Any], values: list[float], *, apart_s: int = 60) -> list[str]:
    """The states after each reading."""
    trigger = {"dataPoints": None, "period": None, **trigger}
    trigger["nextTriggerValue"] = first_trigger_value(trigger, None)
    readings, states = [], []
    for number, value in enumerate(values):
        readings.append(Reading(value, START + timedelta(seconds=number * apart_s)))
        name, trigger["nextTriggerValue"] = after_reading(trigger, readings)
        states.append(name)
    return states


T, S, LITTLE = "TRIGGERED", "STABLE", "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("trigger", "values", "states"),
    [
        ({"condition": "IS_GREATER", "amount": 5}, [4, 5, 6], [S, S, T]),
        ({"condition": "IS_LESS", "amount": 5}, [6, 5, 4], [S, S, T]),
        ({"condition": "IS_EQUAL", "amount": 5}, [4, 5, 6], [S, T, S]),
        ({"condition": "IS_GREATER", "amount": 5, "dataPoints": {"numerator": 2, "denominator": 3}}, [6, 1, 6, 1, 1],
         [LITTLE, LITTLE, T, S, S]),
        ({"condition": "IS_GREATER", "amount": 5, "dataPoints": {"numerator": 2, "denominator": 3}, "period": 60},
         [6, 1, 6], [LITTLE, LITTLE, LITTLE]),
        ({"condition": "INCREMENTED_BY", "amount": 100}, [99, 100, 150, 350, 399, 400], [S, T, S, T, S, T]),
        ({"condition": "INCREMENTED_BY_BASED_ON_LAST_READING", "amount": 100}, [99, 150, 249, 250], [S, T, S, T]),
        ({"condition": "DECREMENTED_BY", "amount": 10}, [0, -10, -15, -20], [S, T, S, T]),
    ],
)  # fmt: skip
def test_conditions(trigger: dict[str, Any], values: list[float], states: list[str]) -> None:
    assert run(trigger, values) == states


@given(
    amount=st.integers(1, 50),
    steps=st.lists(st.integers(0, 120), max_size=30),
    condition=st.sampled_from(["INCREMENTED_BY", "INCREMENTED_BY_BASED_ON_LAST_READING"]),
)
def test_next_trigger_value_is_always_ahead_of_a_growing_meter(amount: int, steps: list[int], condition: str) -> None:
    trigger: dict[str, Any] = {"condition": condition, "amount": amount, "dataPoints": None, "period": None}
    trigger["nextTriggerValue"] = first_trigger_value(trigger, None)
    value = 0
    for step in steps:
        value += step
        wanted = trigger["nextTriggerValue"]
        name, trigger["nextTriggerValue"] = after_reading(trigger, [Reading(value, START)])
        assert (name == "TRIGGERED") == (value >= wanted)
        assert value < trigger["nextTriggerValue"] <= value + amount
