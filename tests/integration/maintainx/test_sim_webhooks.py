"""Deliveries of the simulator: signatures, filters, options, faults, and what each act causes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local.maintainx.control_client import SimControl
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, verify
from tests.integration.maintainx.plant import ORG, OTHER_USER, PUMP, TEAM, USER, Receiver, api

SECRET = "mx_00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002"


@pytest.fixture
def driver(control: SimControl) -> Iterator[httpx.Client]:
    with api(control) as http:
        yield http


def subscribe(control: SimControl, receiver: Receiver, *types: str, **details: Any) -> None:
    targets = [{"type": name, "url": f"{receiver.url}/hooks/{name}?x=1", "secret": SECRET, **details} for name in types]
    control.seed({"id": ORG, "name": "Plant 1", "subscriptions": targets})


def bodies(control: SimControl, receiver: Receiver) -> list[dict[str, Any]]:
    """What arrived, in the order of the acts that caused it."""
    control.wait_idle()
    parsed: list[dict[str, Any]] = [json.loads(delivery.body) for delivery in receiver.received]
    return sorted(parsed, key=lambda body: str(body["occurredAt"]))


def new(driver: httpx.Client, **fields: Any) -> int:
    made: int = driver.post("/workorders", json={"title": "x", **fields}).json()["id"]
    return made


def test_delivery_is_signed_twice_with_real_time_whatever_the_clock_says(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    control.set_clock(datetime(2020, 1, 1, tzinfo=UTC))
    subscribe(control, receiver, "NEW_WORK_ORDER")
    new(driver, title="Pompe réparée")
    (body,) = bodies(control, receiver)
    (delivery,) = receiver.received
    assert body["occurredAt"].startswith("2020-01-01T00:00:00")
    verify(delivery.headers[BODY_SIGNATURE_HEADER], delivery.body, [SECRET], now_s=time.time())
    uri = f"{receiver.url}/hooks/NEW_WORK_ORDER?x=1".encode()
    verify(delivery.headers[URI_SIGNATURE_HEADER], uri, [SECRET], now_s=time.time())


def test_thin_body_has_ids_only_and_the_live_extras(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    subscribe(control, receiver, "NEW_WORK_ORDER")
    made = new(driver)
    (body,) = bodies(control, receiver)
    assert set(body) == {"eventType", "workOrderId", "orgId", "occurredAt", "customerId", "userId"}
    assert (body["workOrderId"], body["orgId"], body["userId"]) == (made, ORG, OTHER_USER)


def test_documented_body_without_the_live_extras(control: SimControl, driver: httpx.Client, receiver: Receiver) -> None:
    control.configure(event_type_in_body=False)
    subscribe(control, receiver, "NEW_WORK_ORDER", options={"serializeEntity": True})
    new(driver, assetId=PUMP, categories=["Safety"])
    (body,) = bodies(control, receiver)
    assert set(body) == {"workOrderId", "orgId", "occurredAt", "newWorkOrder"}
    assert body["newWorkOrder"]["categories"] == [{"id": 6, "name": "Safety", "description": "All about safety"}]
    assert "status" not in body["newWorkOrder"]
    assert "id" not in body["newWorkOrder"]


def test_status_changes_in_the_life_of_a_work_order(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    subscribe(control, receiver, "WORK_ORDER_STATUS_CHANGE")
    made = new(driver)
    for status in ("IN_PROGRESS", "IN_PROGRESS", "CANCELED", "OPEN", "DONE"):
        driver.patch(f"/workorders/{made}/status", json={"status": status})
    steps = [
        (body["oldStatus"], body.get("oldSubStatus"), body["newStatus"], body.get("newSubStatus"))
        for body in bodies(control, receiver)
    ]
    assert steps == [
        ("OPEN", None, "IN_PROGRESS", None),
        ("IN_PROGRESS", None, "DONE", "CANCELED"),
        ("DONE", "CANCELED", "OPEN", None),
        ("OPEN", None, "DONE", None),
    ]


def test_change_names_who_was_added_and_removed(control: SimControl, driver: httpx.Client, receiver: Receiver) -> None:
    subscribe(control, receiver, "WORK_ORDER_CHANGE")
    made = new(driver, assignees=[{"type": "USER", "id": USER}])
    assignees = [{"type": "USER", "id": OTHER_USER}, {"type": "TEAM", "id": TEAM}]
    driver.patch(f"/workorders/{made}", json={"assignees": assignees})
    (body,) = bodies(control, receiver)
    assert (body["addedAssigneeIds"], body["removedAssigneeIds"], body["addedTeamIds"]) == (
        [OTHER_USER],
        [USER],
        [TEAM],
    )


@pytest.mark.parametrize(
    ("type_", "filters", "arrivals"),
    [
        ("WORK_ORDER_STATUS_CHANGE", {"oneOfStatuses": ["DONE"]}, 1),
        ("WORK_ORDER_STATUS_CHANGE", {"oneOfStatuses": ["CANCELED", "ON_HOLD"]}, 1),
        ("WORK_ORDER_STATUS_CHANGE", {"oneOfStatuses": []}, 2),
        ("WORK_ORDER_CHANGE", {"oneOfProperties": ["PRIORITY"]}, 1),
        ("WORK_ORDER_CHANGE", {"oneOfProperties": ["TITLE", "PRIORITY"]}, 2),
        ("WORK_ORDER_CHANGE", {"oneOfProperties": ["ASSET"]}, 0),
        ("ASSET_STATUS_CHANGE", {"oneOfAssetStatusTypes": ["OFFLINE"]}, 1),
        ("ASSET_STATUS_CHANGE", {"oneOfCustomAssetStatusesIds": [31]}, 1),
        ("NEW_CATEGORY_ON_WORK_ORDER", {"oneOfCategories": ["Safety"]}, 1),
        ("NEW_CATEGORY_ON_WORK_ORDER", {"oneOfCategories": [5]}, 0),
    ],
)
def test_filters_of_subscriptions(
    control: SimControl, driver: httpx.Client, receiver: Receiver, type_: str, filters: dict[str, Any], arrivals: int
) -> None:
    subscribe(control, receiver, type_, filters=filters)
    made = new(driver)
    driver.patch(f"/workorders/{made}", json={"title": "y"})
    driver.patch(f"/workorders/{made}", json={"priority": "HIGH", "categories": ["Safety"]})
    driver.patch(f"/workorders/{made}/status", json={"status": "DONE"})
    driver.patch(f"/workorders/{made}/status", json={"status": "CANCELED"})
    driver.post(f"/assets/{PUMP}/status", json={"status": "OFFLINE", "customStatusId": 31})
    driver.post(f"/assets/{PUMP}/status", json={"status": "ONLINE"})
    assert len(bodies(control, receiver)) == arrivals


def test_only_filtered_properties_are_serialised_if_asked(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    options = {"serializeEntity": True, "onlySerializeFilteredProperties": True}
    subscribe(control, receiver, "WORK_ORDER_CHANGE", filters={"oneOfProperties": ["PRIORITY"]}, options=options)
    made = new(driver)
    driver.patch(f"/workorders/{made}", json={"priority": "HIGH", "title": "y"})
    (body,) = bodies(control, receiver)
    assert body["newWorkOrder"] == {"priority": "HIGH"}


def test_deletion_carries_the_last_state_under_its_odd_name(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    subscribe(control, receiver, "WORK_ORDER_DELETE", options={"serializeEntity": True})
    made = new(driver, title="Gone")
    driver.delete(f"/workorders/{made}")
    (body,) = bodies(control, receiver)
    assert body["WorkOrder"]["title"] == "Gone"
    assert driver.get(f"/workorders/{made}").status_code == 404


def test_asset_status_change_tells_old_and_new_interval(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    control.set_clock(datetime(2026, 9, 14, 12, tzinfo=UTC))
    subscribe(control, receiver, "ASSET_STATUS_CHANGE")
    driver.post(f"/assets/{PUMP}/status", json={"status": "OFFLINE", "downtimeType": "UNPLANNED"})
    (body,) = bodies(control, receiver)
    assert (body["oldStatus"]["status"], body["newStatus"]["status"]) == ("ONLINE", "OFFLINE")
    assert body["oldStatus"]["endedAt"] == body["newStatus"]["startedAt"]
    assert body["newStatus"]["endedAt"] is None


def test_overdue_is_told_once_when_the_clock_passes(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    control.set_clock(datetime(2026, 9, 14, 12, tzinfo=UTC))
    subscribe(control, receiver, "WORK_ORDER_OVERDUE")
    late = new(driver, dueDate="2026-09-14T13:00:00Z")
    done = new(driver, dueDate="2026-09-14T13:00:00Z")
    driver.patch(f"/workorders/{done}/status", json={"status": "DONE"})
    for hour in (12, 14, 15):
        control.set_clock(datetime(2026, 9, 14, hour, 30, tzinfo=UTC))
    (body,) = bodies(control, receiver)
    assert (body["workOrderId"], body["dueDate"]) == (late, "2026-09-14T13:00:00.000Z")
    assert "userId" not in body


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_skip_webhook_keeps_an_act_quiet(
    control: SimControl, driver: httpx.Client, receiver: Receiver, value: str
) -> None:
    subscribe(control, receiver, "NEW_WORK_ORDER", "WORK_ORDER_CHANGE")
    made = driver.post("/workorders", json={"title": "x"}, params={"skipWebhook": value}).json()["id"]
    driver.patch(f"/workorders/{made}", json={"title": "y"}, params={"skipWebhook": value})
    assert bodies(control, receiver) == []


def test_failed_delivery_is_not_sent_again_but_logged(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    subscribe(control, receiver, "NEW_WORK_ORDER")
    answers = iter([503, 204, 301])
    receiver.status_of = lambda _delivery: next(answers)
    for _ in range(3):
        new(driver)
        control.wait_idle()
    assert len(receiver.received) == 3
    assert {name: count for name, count in control.stats().items() if name != "calls"} == {
        "pending": 0,
        "delivered": 1,
        "timeout": 0,
        "unreachable": 0,
        "dropped": 0,
        "failed_by_status": {"503": 1, "301": 1},
    }
    log = control.deliveries(bodies=True)
    assert [(entry["outcome"], entry["status"]) for entry in log] == [
        ("failed", 503),
        ("delivered", 204),
        ("failed", 301),
    ]
    assert json.loads(log[0]["body"])["eventType"] == "NEW_WORK_ORDER"
    assert control.deliveries(after=log[1]["id"])[0]["id"] == log[2]["id"]


def test_slow_and_absent_receivers_are_given_up(control: SimControl, driver: httpx.Client, receiver: Receiver) -> None:
    control.configure(delivery_timeout_s=0.2)
    subscribe(control, receiver, "NEW_WORK_ORDER")
    dead = {"type": "NEW_WORK_ORDER", "url": "http://127.0.0.1:1/"}
    control.seed({"id": ORG, "name": "Plant 1", "subscriptions": [dead]})

    def dawdle(_delivery: object) -> int:
        time.sleep(0.5)
        return 204

    receiver.status_of = dawdle
    new(driver)
    stats = control.wait_idle()
    assert (stats["timeout"], stats["unreachable"], stats["delivered"]) == (1, 1, 0)


def test_faults_drop_duplicate_and_reorder(control: SimControl, driver: httpx.Client, receiver: Receiver) -> None:
    subscribe(control, receiver, "NEW_WORK_ORDER")
    control.configure(delivery_drop_ratio=0.3, delivery_duplicate_ratio=0.3, delivery_jitter_s=0.3)
    made = [new(driver) for _ in range(60)]
    stats = control.wait_idle()
    arrived = [json.loads(delivery.body)["workOrderId"] for delivery in receiver.received]
    log = control.deliveries()
    assert stats["dropped"] == sum(entry["outcome"] == "dropped" for entry in log) > 0
    assert len(log) == stats["dropped"] + stats["delivered"] > 60
    assert len(arrived) == stats["delivered"]
    assert len(set(arrived)) < len(arrived), "duplicates arrive"
    assert set(arrived) < set(made), "some never arrive"
    assert arrived != sorted(arrived), "order is lost"


def test_api_faults_spare_the_driver(control: SimControl, driver: httpx.Client) -> None:
    control.configure(api_error_ratio=1.0, api_error_status=500)
    with api(control, "token-of-a-user") as user:
        answer = user.get("/teams")
    assert (answer.status_code, answer.json()) == (500, {"error": "Something went wrong"})
    assert driver.get("/teams").status_code == 200
