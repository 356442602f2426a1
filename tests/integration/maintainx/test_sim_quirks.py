"""Each quirk and fault of the simulator: what it does, and that its switch turns it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local.maintainx.control_client import SimControl
from tests.integration.maintainx.plant import DRIVER, ORG, PUMP, TOKEN, Receiver, api

START = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def driver(control: SimControl) -> Iterator[httpx.Client]:
    with api(control) as http:
        yield http


def new(driver: httpx.Client, **fields: Any) -> int:
    made: int = driver.post("/workorders", json={"title": "x", **fields}).json()["id"]
    return made


def detail(driver: httpx.Client, order: int) -> dict[str, Any]:
    record: dict[str, Any] = driver.get(f"/workorders/{order}").json()["workOrder"]
    return record


def rows(driver: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = driver.get("/workorders", params=params).json()["workOrders"]
    return listed


@pytest.mark.parametrize("switch", [True, False])
def test_filter_of_canceled_and_skipped_together_finds_nothing(
    control: SimControl, driver: httpx.Client, switch: bool
) -> None:
    control.configure(canceled_and_skipped_list_is_empty=switch)
    made = new(driver)
    driver.patch(f"/workorders/{made}/status", json={"status": "CANCELED"})
    assert len(rows(driver, statuses=["CANCELED", "SKIPPED"])) == (0 if switch else 1)
    assert len(rows(driver, statuses=["CANCELED"])) == 1


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("what", ["comments", "costs"])
def test_comments_and_costs_do_not_move_updated_at(
    control: SimControl, driver: httpx.Client, moves: bool, what: str
) -> None:
    control.configure(comments_and_costs_move_updated_at=moves)
    made = new(driver)
    before = detail(driver, made)["updatedAt"]
    body = {"content": "hello"} if what == "comments" else EXPENSE
    assert driver.post(f"/workorders/{made}/{what}", json=body).status_code == 201
    assert (detail(driver, made)["updatedAt"] > before) is moves


@pytest.mark.parametrize("vanishes", [True, False])
def test_deleted_work_order_vanishes_from_lists(control: SimControl, driver: httpx.Client, vanishes: bool) -> None:
    control.configure(deleted_rows_vanish=vanishes)
    made = new(driver)
    assert driver.delete(f"/workorders/{made}").status_code == 204
    assert driver.get(f"/workorders/{made}").status_code == 404
    assert [(row["id"], "deletedAt" in row) for row in rows(driver)] == ([] if vanishes else [(made, True)])


@pytest.mark.parametrize("moves", [True, False])
def test_row_deleted_while_paging_hides_another_one(control: SimControl, driver: httpx.Client, moves: bool) -> None:
    control.configure(offset_paging_moves_rows=moves)
    ids = [driver.post("/parts", json={"name": f"Part {n}"}).json()["id"] for n in range(4)]
    first = driver.get("/parts", params={"limit": 2}).json()
    assert driver.delete(f"/parts/{ids[0]}").status_code == 204
    second = driver.get("/parts", params={"limit": 2, "cursor": first["nextCursor"]}).json()
    seen = [row["id"] for page in (first, second) for row in page["parts"]]
    assert seen == ([ids[0], ids[1], ids[3]] if moves else ids)


def test_row_that_changes_while_paging_by_offset_comes_twice(driver: httpx.Client) -> None:
    ids = [driver.post("/parts", json={"name": f"Part {n}"}).json()["id"] for n in range(3)]
    first = driver.get("/parts", params={"limit": 2, "sort": "-updatedAt"}).json()
    driver.patch(f"/parts/{ids[0]}", json={"name": "Renamed"})
    query = {"limit": 2, "sort": "-updatedAt", "cursor": first["nextCursor"]}
    second = driver.get("/parts", params=query).json()
    seen = [row["id"] for page in (first, second) for row in page["parts"]]
    assert seen == [ids[2], ids[1], ids[1]], "the changed row is never seen, another one twice"


def test_storm_of_429_comes_whatever_the_window_says_and_spares_the_driver(
    control: SimControl, driver: httpx.Client
) -> None:
    control.configure(storm_429_ratio=1.0, storm_429_reset_s=7.0)
    with api(control, TOKEN) as user:
        answer = user.get("/teams")
    assert answer.status_code == 429
    assert answer.headers["X-Rate-Limit-Remaining"] == "0"
    assert answer.headers["X-Rate-Limit-Reset"] == "7"
    assert driver.get("/teams").status_code == 200
    control.configure(storm_429_ratio=0.0)
    with api(control, TOKEN) as user:
        assert user.get("/teams").status_code == 200


def test_retry_after_is_sent_only_if_switched_on(control: SimControl) -> None:
    control.configure(storm_429_ratio=1.0, retry_after_header=True)
    with api(control, TOKEN) as user:
        assert user.get("/teams").headers["Retry-After"] == "10"


def test_slow_answers_outlast_an_impatient_client_and_spare_the_driver(
    control: SimControl, driver: httpx.Client
) -> None:
    control.configure(api_delay_s=600.0)
    with api(control, TOKEN) as user, pytest.raises(httpx.ReadTimeout):
        user.get("/teams", timeout=0.2)
    assert driver.get("/teams").status_code == 200


def test_nulls_are_left_out_unless_switched(control: SimControl, driver: httpx.Client) -> None:
    made = new(driver)
    assert "assetId" not in detail(driver, made)
    control.configure(omit_nulls=False)
    assert detail(driver, made)["assetId"] is None


def test_unknown_category_is_refused_unless_switched(control: SimControl, driver: httpx.Client) -> None:
    body = {"title": "x", "categories": ["Nonsense"]}
    assert driver.post("/workorders", json=body).status_code == 400
    control.configure(reject_unknown_categories=False)
    assert driver.post("/workorders", json=body).status_code == 200


def test_subscription_that_fails_for_long_is_deleted_and_a_success_starts_anew(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    control.configure(delete_failing_subscription_after_s=86_400.0)
    target = {"type": "NEW_WORK_ORDER", "url": f"{receiver.url}/hook"}
    (subscription,) = control.seed({"id": ORG, "name": "Plant 1", "subscriptions": [target]})
    alive = []
    for hours, status in ((0, 503), (23, 503), (24, 204), (30, 503), (53, 503), (54, 503), (55, 204)):
        receiver.status_of = lambda _delivery, answer=status: answer  # type: ignore[misc]  # bound for this round
        control.set_clock(datetime(2026, 9, 14 + hours // 24, hours % 24, tzinfo=UTC))
        new(driver)
        control.wait_idle()
        alive.append(driver.get(f"/subscriptions/{subscription}").status_code == 200)
    assert alive == [True, True, True, True, True, False, False]
    assert len(receiver.received) == 6, "nothing is sent to a deleted subscription"


def test_subscription_is_never_deleted_by_default(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    receiver.status_of = lambda _delivery: 500
    target = {"type": "NEW_WORK_ORDER", "url": f"{receiver.url}/hook"}
    (subscription,) = control.seed({"id": ORG, "name": "Plant 1", "subscriptions": [target]})
    for year in (2026, 2027, 2028):
        control.set_clock(datetime(year, 1, 1, tzinfo=UTC))
        new(driver)
        control.wait_idle()
    assert driver.get(f"/subscriptions/{subscription}").status_code == 200


@pytest.mark.parametrize(
    ("type_", "filters", "status"),
    [
        ("WORK_ORDER_STATUS_CHANGE", {"oneOfStatuses": ["DONE"]}, 201),
        ("WORK_ORDER_STATUS_CHANGE", {"oneOfStatuses": ["FINISHED"]}, 400),
        ("WORK_ORDER_PART_STATUS_CHANGE", {"oneOfPartStatuses": ["KITTED"]}, 400),
        ("ASSET_STATUS_CHANGE", {"oneOfCustomAssetStatusesIds": ["31"]}, 400),
        ("NEW_SLASH_COMMAND", {"command": "stop"}, 201),
        ("NEW_WORK_ORDER", {"oneOfStatuses": ["DONE"]}, 201),
    ],
)
def test_filters_of_subscriptions_are_checked_against_their_type(
    driver: httpx.Client, type_: str, filters: dict[str, Any], status: int
) -> None:
    body = {"type": type_, "url": "http://127.0.0.1:9/x", "filters": filters}
    assert driver.post("/subscriptions", json=body).status_code == status


def test_filter_that_a_type_does_not_know_is_refused_if_unknown_keys_are(
    control: SimControl, driver: httpx.Client
) -> None:
    control.configure(reject_unknown_body_keys=True)
    body = {"type": "NEW_WORK_ORDER", "url": "http://127.0.0.1:9/x", "filters": {"oneOfStatuses": ["DONE"]}}
    assert driver.post("/subscriptions", json=body).json()["errors"][0]["fieldPath"] == "filters.oneOfStatuses"


def test_work_request_is_approved_by_a_work_order_and_done_with_it(control: SimControl, driver: httpx.Client) -> None:
    made = driver.post("/workrequests", json={"title": "Noise", "assetId": PUMP}).json()["id"]
    assert status_of(driver, made) == ("PENDING", None)
    order = new(driver, workRequestId=made)
    assert status_of(driver, made) == ("APPROVED", order)
    again = driver.post("/workorders", json={"title": "x", "workRequestId": made})
    assert again.json()["errors"][0]["fieldPath"] == "workRequestId"
    driver.patch(f"/workorders/{order}/status", json={"status": "CANCELED"})
    assert status_of(driver, made) == ("APPROVED", order)
    driver.patch(f"/workorders/{order}/status", json={"status": "DONE"})
    assert status_of(driver, made) == ("DONE", order)
    assert len(control.records(ORG)["workOrders"]) == 1, "the refused one was not made"


def status_of(driver: httpx.Client, request: int) -> tuple[str, int | None]:
    record = driver.get(f"/workrequests/{request}").json()["workRequest"]
    return record["requestStatus"], record.get("workOrderId")


def test_costs_add_up_in_cents(driver: httpx.Client) -> None:
    part = driver.post("/parts", json={"name": "Seal", "unitCost": 1250}).json()["id"]
    order = new(driver, partsUsed=[{"partId": part, "quantityUsed": 2}])
    assert driver.post(f"/workorders/{order}/costs", json=EXPENSE).json()["total"] == 6500 + 2500
    work = {"type": "TIME", "costType": "WORK", "durationTotal": 5400, "hourlyRate": 4500}
    made = driver.post(f"/workorders/{order}/costs", json=work).json()
    assert (made["quantity"], made["rowTotal"], made["total"]) == (1.5, 6750, 15750)
    costs = driver.get(f"/workorders/{order}/costs").json()["costs"]
    assert costs["total"] == 15750
    assert [(row["type"], row["rowTotal"]) for row in costs["rows"]] == [
        ("EXPENSE", 6500),
        ("TIME", 6750),
        ("PART", 2500),
    ]


def test_stock_by_location_adds_up_and_its_change_is_told(
    control: SimControl, driver: httpx.Client, receiver: Receiver
) -> None:
    target = {"type": "PART_QUANTITY_CHANGE", "url": f"{receiver.url}/hook"}
    control.seed(
        {"id": ORG, "name": "Plant 1", "subscriptions": [target], "locations": [{"id": 311, "name": "Hall 2"}]}
    )
    stock = [{"locationId": 310, "availableQuantity": 4}, {"locationId": 311, "availableQuantity": 1}]
    part = driver.post("/parts", json={"name": "Seal", "locations": stock}).json()["id"]
    change = {"addedUpdated": [{"locationId": 310, "availableQuantity": 7}], "removedLocationIds": [311]}
    assert driver.patch(f"/parts/{part}", json={"locations": change}).json()["part"]["availableQuantity"] == 7
    driver.patch(f"/parts/{part}", json={"name": "Seal ring"})
    control.wait_idle()
    (told,) = [httpx.Response(200, content=delivery.body).json() for delivery in receiver.received]
    assert (told["quantityDiff"], told["oldQuantity"], told["newQuantity"]) == (2, 5, 7)
    assert [(row["locationId"], row["quantityDiff"]) for row in told["locations"]] == [(310, 3), (311, -1)]


def test_driver_token_is_the_only_one_without_limits(control: SimControl, driver: httpx.Client) -> None:
    assert driver.headers["Authorization"] == f"Bearer {DRIVER}"
    assert driver.get("/teams").headers["X-Rate-Limit-Remaining"] == "1000000"


EXPENSE = {"type": "EXPENSE", "costType": "TRAVEL", "costPerUnit": 6500, "description": "Courier"}
