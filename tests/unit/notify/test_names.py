"""What an asset is called, for a notification: named where it can be had, and never a reason not to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stamina

from shared.deadline import remaining_s
from shared.maintainx.cache import ReadCache
from shared.maintainx.client import MaintainXClient
from shared.maintainx.directory import LIFETIMES, Directory
from shared.notify.names import AssetNames, Names
from tests.fakes.events import make_event

RECORDS: dict[str, dict[str, Any]] = {
    "/assets/2201": {"asset": {"id": 2201, "name": " Feed\npump  2 ", "locationId": 310}},
    "/assets/2202": {"asset": {"id": 2202, "name": "x" * 200}},
    "/locations/310": {"location": {"id": 310, "name": "Boiler house"}},
    "/workorders/7": {"workOrder": {"id": 7, "title": "x", "assetId": 2201}},
    "/workorders/8": {"workOrder": {"id": 8, "title": "x"}},
}
NAMED = AssetNames(2201, "Feed pump 2", "Boiler house")


class Plant:
    """MaintainX, which answers or not, and a clock for all."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.asked: list[str] = []
        self.left_s: list[float] = []
        self.trouble: dict[str, Callable[[], httpx.Response]] = {}
        transport = httpx.MockTransport(self.answer)
        client = MaintainXClient("https://maintainx.test", lambda: "k", 1, transport=transport, max_wait_s=0.0)
        self.directory = Directory(client, ReadCache(LIFETIMES, clock=lambda: self.now_s))
        self.names = Names(lambda _: self.directory, patience_s=60.0, clock=lambda: self.now_s)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        self.left_s.append(remaining_s())
        for prefix, trouble in self.trouble.items():
            if path.startswith(prefix):
                return trouble()
        return httpx.Response(200, json=RECORDS[path]) if path in RECORDS else httpx.Response(404)

    def of(self, resource: str, record_id: int | str, **fields: Any) -> AssetNames | None:
        return self.names.of(make_event(resource=resource, resource_id=str(record_id), **fields))


@pytest.fixture
def plant() -> Plant:
    return Plant()


@pytest.fixture(autouse=True)
def _no_backoff() -> Any:
    with stamina.set_testing(True, attempts=1):
        yield


def dead() -> httpx.Response:
    raise httpx.ConnectError("x")


def test_asset_is_named_with_its_location_in_one_line(plant: Plant) -> None:
    assert plant.of("asset", 2201) == NAMED
    assert plant.of("asset", 2202) == AssetNames(2202, "x" * 79 + "…")


def test_asset_of_a_work_order_is_in_the_payload_or_asked_for(plant: Plant) -> None:
    assert plant.of("work_order", 9, data={"newWorkOrder": {"assetId": 2201}}) == NAMED
    assert plant.of("work_order", 9, data={"newWorkOrder": {"asset": {"id": 2201}}}) == NAMED
    assert plant.asked == ["/assets/2201", "/locations/310"]
    assert plant.of("work_order", 7) == plant.of("work_order", 7) == NAMED
    assert plant.asked[2:] == ["/workorders/7"]
    assert plant.of("work_order", 8) is None


@pytest.mark.parametrize(("resource", "record_id"), [("meter_trigger", 7), ("asset", ""), ("sync", 7), ("asset", "x")])
def test_nothing_is_asked_about_other_events(plant: Plant, resource: str, record_id: int | str) -> None:
    assert plant.of(resource, record_id) is None
    assert plant.asked == []


@pytest.mark.parametrize("trouble", [dead, lambda: httpx.Response(503), lambda: httpx.Response(401), lambda: 1 / 0])
def test_what_is_known_until_something_goes_wrong_is_used(plant: Plant, trouble: Any) -> None:
    plant.trouble = {"/locations": trouble}
    assert plant.of("asset", 2201) == AssetNames(2201, "Feed pump 2")
    plant.now_s = 11.0
    plant.trouble = {"/": trouble}
    assert plant.of("asset", 2202) == AssetNames(2202)
    plant.now_s = 22.0
    assert plant.of("work_order", 7) is None


def test_after_a_failure_nothing_is_asked_for_a_moment_and_what_is_remembered_serves(plant: Plant) -> None:
    assert plant.of("asset", 2201) == NAMED
    plant.now_s = 3_600.0  # older than it should be
    plant.trouble = {"/": dead}
    assert plant.of("asset", 2202) == AssetNames(2202)
    asked = len(plant.asked)
    plant.now_s += 9.0
    assert plant.of("asset", 2202) == AssetNames(2202)
    assert plant.of("asset", 2201) == NAMED
    assert len(plant.asked) == asked
    plant.now_s += 20.0
    plant.trouble = {}
    assert plant.of("asset", 2202) != AssetNames(2202)


def test_record_that_is_gone_is_no_failure(plant: Plant) -> None:
    assert plant.of("asset", 1) == AssetNames(1)
    assert plant.of("work_order", 1) is None
    assert plant.of("asset", 2201) == NAMED


def test_lookups_of_a_notification_share_one_deadline(plant: Plant) -> None:
    plant.of("work_order", 7)
    assert len(plant.left_s) == 3
    assert 60.0 >= plant.left_s[0] >= plant.left_s[1] >= plant.left_s[2]


def test_default_patience_is_short() -> None:
    assert Names(lambda _: Plant().directory)._patience_s <= 2.0
