"""Each filter of the client alone, over a socket: it finds what it says, which one sent as another would not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from shared.maintainx.client import MaintainXClient
from shared.maintainx.models import Record
from shared.maintainx.queries import (
    AssetFilter,
    LocationFilter,
    MeterFilter,
    MeterTriggerFilter,
    PartFilter,
    RootCauseReportFilter,
    UserFilter,
    WorkOrderFilter,
    WorkRequestFilter,
)
from tests.integration.maintainx.plant import (
    FAN,
    LOCATION,
    ORG,
    OTHER_USER,
    PLANT,
    PUMP,
    REPORT,
    TEAM,
    TOKEN,
    USER,
    api,
)

PART, VENDOR, SENSOR, HAND = 551, 7, 54, 55
FIRST, SECOND = datetime(2026, 9, 14, 12, tzinfo=UTC), datetime(2026, 9, 14, 13, tzinfo=UTC)
BETWEEN = FIRST + timedelta(minutes=30)
SEED: dict[str, Any] = PLANT | {
    "parts": [
        {"id": PART, "name": "Seal", "extraFields": {"ERP": "M-1"}, "vendors": [{"vendorId": 7, "partNumber": "X-1"}]},
        {"id": PART + 1, "name": "Bolt"},
    ],
    "meters": [
        {"id": SENSOR, "name": "Vibration", "unit": "mm/s", "assetId": PUMP, "measurementType": "AUTOMATED_SENSOR"},
        {"id": HAND, "name": "Hours", "unit": "h", "assetId": FAN},
    ],
}
# The first is everything that the second, made an hour later, is not.
RICH: dict[str, Any] = {
    "title": "Replace seal",
    "assetId": PUMP,
    "locationId": LOCATION,
    "priority": "HIGH",
    "assignees": [{"type": "USER", "id": OTHER_USER}, {"type": "TEAM", "id": TEAM}],
    "categories": ["Safety"],
    "vendorIds": [VENDOR],
    "partsUsed": [{"partId": PART, "quantityUsed": 1}],
}
POOR: dict[str, Any] = {"title": "Grease bearing", "assetId": FAN}


@pytest.fixture(scope="module")
def control() -> Iterator[SimControl]:
    with running_simulator() as simulator:
        simulator.seed(SEED)
        simulator.configure(token_cap=100_000, organization_cap=100_000)
        yield simulator


@pytest.fixture(scope="module")
def client(control: SimControl) -> Iterator[MaintainXClient]:
    with MaintainXClient(control.api_url, lambda: TOKEN, ORG) as made:
        yield made


@pytest.fixture(scope="module")
def orders(control: SimControl, client: MaintainXClient) -> dict[int, str]:
    """Work orders by what they are called below."""
    control.set_clock(FIRST)
    rich = client.create_work_order(RICH)
    client.set_work_order_status(rich, "IN_PROGRESS")
    with api(control) as driver:
        assert driver.patch(f"/workorders/{rich}/partStatus", json={"partStatus": "KITTED"}).is_success
    control.set_clock(SECOND)
    poor = client.create_work_order(POOR)
    return {rich: "rich", poor: "poor"}


WORK_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({}, "rich poor"),
    ({"title": "SEAL"}, "rich"),
    ({"assets": (PUMP,)}, "rich"),
    ({"not_assets": (PUMP,)}, "poor"),
    ({"locations": (LOCATION,)}, "rich"),
    ({"not_locations": (LOCATION,)}, "poor"),
    ({"parts": (PART,)}, "rich"),
    ({"not_parts": (PART,)}, "poor"),
    ({"vendors": (VENDOR,)}, "rich"),
    ({"not_vendors": (VENDOR,)}, "poor"),
    ({"assignees": (OTHER_USER,)}, "rich"),
    ({"assignees": (USER,)}, ""),
    ({"teams": (TEAM,)}, "rich"),
    ({"categories": ("Safety",)}, "rich"),
    ({"categories": (6,)}, "rich"),
    ({"not_categories": ("Safety",)}, "poor"),
    ({"priorities": ("HIGH",)}, "rich"),
    ({"priorities": ("NONE", "LOW")}, "poor"),
    ({"statuses": ("IN_PROGRESS",)}, "rich"),
    ({"statuses": ("OPEN", "CANCELED", "SKIPPED")}, "poor"),
    ({"part_statuses": ("KITTED",)}, "rich"),
    ({"hierarchy": ("STANDALONE",)}, "rich poor"),
    ({"hierarchy": ("PARENT", "SUB_WORK_ORDER")}, ""),
    ({"created_from": BETWEEN}, "poor"),
    ({"created_to": BETWEEN}, "rich"),
    ({"updated_from": BETWEEN}, "poor"),
    ({"updated_to": BETWEEN}, "rich"),
    ({"updated_from": BETWEEN, "assets": (PUMP,)}, ""),
]


@pytest.mark.parametrize(("wanted", "found"), WORK_ORDERS, ids=["+".join(wanted) for wanted, _ in WORK_ORDERS])
def test_filter_of_work_orders(
    wanted: dict[str, Any], found: str, client: MaintainXClient, orders: dict[int, str]
) -> None:
    rows = client.iter_work_orders(WorkOrderFilter(**wanted))
    assert {orders[row.id] for row in rows} == set(found.split())


def test_every_filter_of_work_orders_is_tried_alone() -> None:
    alone = {next(iter(wanted)) for wanted, _ in WORK_ORDERS if len(wanted) == 1}
    assert alone == set(WorkOrderFilter.model_fields) - {"include_upcoming", "sort"}


@pytest.mark.parametrize("sort", ["createdAt", "-createdAt", "updatedAt", "-updatedAt"])
def test_order_of_work_orders(sort: Any, client: MaintainXClient, orders: dict[int, str]) -> None:
    rows = [orders[row.id] for row in client.iter_work_orders(WorkOrderFilter(sort=sort), page_size=1)]
    assert rows == (["poor", "rich"] if sort.startswith("-") else ["rich", "poor"])


def ids(rows: Iterable[Record]) -> list[int]:
    return sorted(row.id for row in rows)


@pytest.fixture(scope="module")
def request_ids(client: MaintainXClient) -> list[int]:
    rich = {"title": "Noise", "assetId": PUMP, "locationId": LOCATION, "priority": "HIGH"}
    return [client.create_work_request(rich), client.create_work_request({"title": "Leak", "priority": "LOW"})]


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        ({"title": "noise"}, [0]),
        ({"assets": (PUMP,)}, [0]),
        ({"locations": (LOCATION,)}, [0]),
        ({"priorities": ("LOW",)}, [1]),
        ({"statuses": ("PENDING",)}, [0, 1]),
        ({"statuses": ("DONE", "APPROVED")}, []),
    ],
)
def test_filter_of_work_requests(
    wanted: dict[str, Any], positions: list[int], client: MaintainXClient, request_ids: list[int]
) -> None:
    assert ids(client.iter_work_requests(WorkRequestFilter(**wanted))) == [request_ids[place] for place in positions]


YEAR = timedelta(days=365)
OTHERS: list[tuple[Callable[[MaintainXClient], Iterable[Record]], list[int]]] = [
    (lambda client: client.iter_assets(AssetFilter(location_id=LOCATION)), [PUMP]),
    (lambda client: client.iter_assets(AssetFilter(custom_fields=(("ERP", ("10001",)),))), [PUMP]),
    (lambda client: client.iter_assets(AssetFilter(manufacturers=("KSB",))), []),
    (lambda client: client.iter_assets(AssetFilter(models=("KSB",))), []),
    (lambda client: client.iter_assets(AssetFilter(created_to=FIRST - YEAR)), [PUMP, FAN]),
    (lambda client: client.iter_assets(AssetFilter(created_from=FIRST - YEAR)), []),
    (lambda client: client.iter_locations(LocationFilter(name_prefix="Hall")), [LOCATION]),
    (lambda client: client.iter_locations(LocationFilter(name_prefix="1")), []),
    (lambda client: client.iter_locations(LocationFilter(custom_fields=(("Cost Center", ("4100",)),))), [LOCATION]),
    (lambda client: client.iter_users(UserFilter(emails=("tech@example.com",))), [OTHER_USER]),
    (lambda client: client.iter_parts(PartFilter(part_numbers=("X-1",))), [PART]),
    (lambda client: client.iter_parts(PartFilter(custom_fields=(("ERP", ("M-1",)),))), [PART]),
    (lambda client: client.iter_parts(PartFilter(created_from=FIRST - YEAR)), []),
    (lambda client: client.iter_meters(MeterFilter(measurement_type="MANUAL")), [HAND]),
    (lambda client: client.iter_meters(MeterFilter(assets=(PUMP,))), [SENSOR]),
    (lambda client: client.iter_meter_triggers(MeterTriggerFilter(meters=(HAND,))), []),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(assets=(PUMP,))), [REPORT]),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(statuses=("DONE",))), [REPORT]),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(creators=(OTHER_USER + 1,))), []),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(archived=True)), [REPORT + 1]),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(created_from=FIRST)), []),
    (lambda client: client.iter_root_cause_reports(RootCauseReportFilter(created_to=FIRST)), [REPORT]),
]


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_filter_of_other_lists(number: int, client: MaintainXClient) -> None:
    listed, expected = OTHERS[number]
    assert ids(listed(client)) == sorted(expected)


def test_status_history_of_an_asset_and_its_order(control: SimControl, client: MaintainXClient) -> None:
    control.set_clock(SECOND + timedelta(hours=1))
    client.set_asset_status(FAN, {"status": "OFFLINE"})
    rows = list(client.iter_asset_statuses((FAN,)))
    assert ({row.asset_id for row in rows}, rows[0].status) == ({FAN}, "OFFLINE")
    assert [row.status for row in client.iter_asset_statuses((FAN,), sort="startedAt")][-1] == "OFFLINE"
    assert {row.asset_id for row in client.iter_asset_statuses()} == {PUMP, FAN}
