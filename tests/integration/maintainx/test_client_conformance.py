"""Each call of the client, against the simulator: it sends only what the vendor's document allows, and parses it all.

`CALLS` has an entry for every operation of the client; one without an entry fails, and so does an operation that the
bundle needs and the client lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from shared.errors import RecordNotFound
from shared.maintainx.api.meters import NewReading
from shared.maintainx.api.work_orders import Expense, WorkTime
from shared.maintainx.client import MaintainXClient
from shared.maintainx.operations import OPERATIONS
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
from tests.integration.maintainx.contract import load_document
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
)
from tests.integration.maintainx.recorder import Judge, Recorder, strict, typed

NEEDED = {
    *(("GET", "/workorders"), ("POST", "/workorders"), ("GET", "/workorders/{id}"), ("PATCH", "/workorders/{id}")),
    *(("PATCH", "/workorders/{id}/status"), ("GET", "/workorders/{id}/comments")),
    *(("POST", "/workorders/{id}/comments"), ("GET", "/workorders/{id}/costs"), ("POST", "/workorders/{id}/costs")),
    *(("GET", "/workrequests"), ("GET", "/workrequests/{id}"), ("POST", "/workrequests")),
    *(("PATCH", "/workrequests/{id}"), ("GET", "/assets"), ("GET", "/assets/{id}")),
    *(("POST", "/assets/{assetId}/status"), ("GET", "/assetstatuses"), ("PATCH", "/assetstatuses/{id}")),
    *(("GET", "/locations"), ("GET", "/locations/{id}"), ("GET", "/users"), ("GET", "/users/{id}")),
    *(("GET", "/teams"), ("GET", "/teams/{id}"), ("GET", "/categories"), ("GET", "/categories/{id}")),
    *(("GET", "/parts"), ("GET", "/parts/{id}"), ("GET", "/meters"), ("GET", "/meters/{id}")),
    *(("POST", "/meterreadings"), ("GET", "/metertriggers"), ("GET", "/metertriggers/{id}")),
    *(("POST", "/metertriggers"), ("PATCH", "/metertriggers/{id}"), ("DELETE", "/metertriggers/{id}")),
    *(("GET", "/organizations"), ("GET", "/rootcauseanalysisreports"), ("GET", "/rootcauseanalysisreports/{id}")),
    *(("POST", "/subscriptions"), ("GET", "/subscriptions/{id}"), ("PATCH", "/subscriptions/{id}")),
    *(("DELETE", "/subscriptions/{id}"), ("GET", "/subscriptions/{id}/secret")),
}
PART, METER, SENSOR = 551, 53, 54
SEED: dict[str, Any] = PLANT | {
    "parts": [{"id": PART, "name": "Seal", "locationId": LOCATION, "extraFields": {"ERP": "M-1"}}],
    "meters": [
        {"id": METER, "name": "Running hours", "unit": "Hours", "assetId": PUMP},
        {"id": SENSOR, "name": "Vibration", "unit": "mm/s", "assetId": PUMP, "measurementType": "AUTOMATED_SENSOR"},
    ],
}
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
DATES: dict[str, Any] = {
    "updated_from": NOON,
    "updated_to": NOON + timedelta(days=1),
    "created_from": NOON - timedelta(days=1),
    "created_to": NOON + timedelta(days=1),
}
FULL_WORK_ORDER_FILTER = WorkOrderFilter(
    title="seal",
    assets=(PUMP, FAN),
    not_assets=(1,),
    locations=(LOCATION,),
    not_locations=(1,),
    parts=(PART,),
    not_parts=(1,),
    vendors=(7,),
    not_vendors=(1,),
    assignees=(USER,),
    teams=(TEAM,),
    categories=(5, "Safety"),
    not_categories=("Mechanical",),
    priorities=("HIGH", "LOW"),
    statuses=("OPEN", "CANCELED", "SKIPPED"),
    part_statuses=("NO_PARTS", "KITTED"),
    hierarchy=("PARENT", "STANDALONE"),
    sort="-startedAt",
    **DATES,
)
Client = MaintainXClient


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_document()


@pytest.fixture(scope="module")
def control() -> Iterator[SimControl]:
    with running_simulator() as simulator:
        simulator.seed(SEED)
        simulator.configure(token_cap=100_000, organization_cap=100_000)
        yield simulator


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def client(control: SimControl, recorder: Recorder) -> Iterator[MaintainXClient]:
    with MaintainXClient(control.api_url, lambda: TOKEN, ORG, transport=recorder) as made:
        yield made


def order(client: Client) -> int:
    fields = {
        "title": "Replace seal",
        "description": "Leak at drive end",
        "priority": "HIGH",
        "assetId": PUMP,
        "locationId": LOCATION,
        "assignees": [{"type": "USER", "id": OTHER_USER}, {"type": "TEAM", "id": TEAM}],
        "categories": ["Mechanical"],
        "dueDate": "2026-09-16T16:00:00.000Z",
        "estimatedTime": 5400,
        "externalData": {"erp": "acme"},
        "extraFields": {"Cost Center": "4100"},
    }
    return client.create_work_order(fields, skip_webhook=True)


def list_work_orders(client: Client) -> None:
    made = order(client)
    expand = ("assignees", "asset", "location", "parts", "times", "time_items", "expenditures", "extra_fields")
    more = ("estimated_time", "categories", "procedure", "vendor_ids", "thumbnail")
    row = next(row for row in client.iter_work_orders(expand=(*expand, *more)) if row.id == made)  # type: ignore[arg-type]
    assert (row.asset_id, row.assignee_ids, row.team_ids) == (PUMP, (OTHER_USER,), (TEAM,))
    assert list(client.iter_work_orders(FULL_WORK_ORDER_FILTER)) == []


def get_work_order(client: Client) -> None:
    made = order(client)
    expand = ("assignees", "asset", "estimated_time", "location", "parts", "times", "time_items", "expenditures")
    found = client.get_work_order(made, (*expand, "extra_fields"))  # type: ignore[arg-type]
    assert (found.title, found.estimated_time_s, found.extra_fields) == ("Replace seal", 5400, {"Cost Center": "4100"})
    assert found.created_at is not None


def change_work_order(client: Client) -> None:
    assert client.change_work_order(order(client), {"priority": "LOW"}, skip_webhook=True).priority == "LOW"


def set_status(client: Client) -> None:
    assert client.set_work_order_status(order(client), "IN_PROGRESS", skip_webhook=True).status == "IN_PROGRESS"


def comments(client: Client) -> None:
    made = order(client)
    comment = client.add_comment(made, "Pompe réparée ☕", skip_webhook=True)
    (found,) = client.iter_comments(made)
    assert (found.id, found.content, found.author_id) == (comment, "Pompe réparée ☕", USER)


def costs(client: Client) -> None:
    made = order(client)
    expense = client.add_cost(made, Expense("TRAVEL", 6_500, "Courier"), skip_webhook=True)
    time = client.add_cost(made, WorkTime("WORK", duration_s=5_400, hourly_rate_cents=4_500))
    assert (expense.row_total, time.row_total, time.duration_total_s) == (6_500, 6_750, 5_400)
    found = client.get_costs(made)
    assert found.total == 13_250
    assert sorted(row.type or "" for row in found.rows) == ["EXPENSE", "TIME"]


def work_requests(client: Client) -> None:
    made = client.create_work_request({"title": "Noise", "assetId": PUMP, "priority": "LOW"}, skip_webhook=True)
    assert client.change_work_request(made, {"priority": "HIGH"}, skip_webhook=True).priority == "HIGH"
    found = client.get_work_request(made, ("asset", "location", "work_order", "extra_fields"))
    assert (found.title, found.request_status) == ("Noise", "PENDING")
    wanted = WorkRequestFilter(
        title="Noise", assets=(PUMP,), locations=(LOCATION,), priorities=("HIGH",), statuses=("PENDING", "DONE")
    )
    assert list(client.iter_work_requests(wanted)) == []
    assert made in [row.id for row in client.iter_work_requests(WorkRequestFilter(priorities=("HIGH",)))]


def assets(client: Client) -> None:
    everything = ("barcode", "team_ids", "asset_types", "extra_fields", "vendor_ids", "depreciation", "status")
    rows = client.iter_assets(expand=(*everything, "manufacturer", "model"))  # type: ignore[arg-type]
    assert [row.id for row in rows] == [PUMP, FAN]
    wanted = AssetFilter(
        location_id=LOCATION,
        manufacturers=("A",),
        models=("B",),
        custom_fields=(("ERP", ("1", "2")),),
        sort="-updatedAt",
        **DATES,
    )
    assert list(client.iter_assets(wanted)) == []


def asset_statuses(client: Client) -> None:
    fields = {"status": "OFFLINE", "downtimeType": "UNPLANNED", "description": "Seal leak"}
    made = client.set_asset_status(PUMP, fields, skip_webhook=True)
    newest = next(client.iter_asset_statuses((PUMP, FAN), sort="-createdAt"))
    assert (newest.id, newest.downtime_type) == (made.id, "UNPLANNED")
    changed = client.change_asset_status(made.id, {"downtimeType": "PLANNED"}, skip_webhook=True)
    assert changed.downtime_type == "PLANNED"


def reports(client: Client) -> None:
    wanted = RootCauseReportFilter(
        assets=(PUMP,),
        statuses=("DONE", "DRAFT"),
        creators=(USER,),
        archived=False,
        created_from=NOON - timedelta(days=99),
        created_to=NOON,
    )
    list(client.iter_root_cause_reports(wanted, ("main_asset", "main_asset_status", "problems")))
    assert [row.id for row in client.iter_root_cause_reports()] == [REPORT]
    found = client.get_root_cause_report(REPORT, ("main_asset", "main_asset_status", "problems", "work_orders"))
    assert (found.incident_duration_s, found.repair_time_s, found.main_asset_id) == (5_400, 3_600, PUMP)


def meters(client: Client) -> None:
    (accepted,) = client.add_meter_readings([NewReading(SENSOR, 71.4)], skip_webhook=True)
    assert (accepted.meter_id, accepted.value) == (SENSOR, 71.4)
    found = client.get_meter(SENSOR, ("asset", "location", "last_reading"))
    assert found.last_reading is not None
    assert (found.last_reading.value, found.unit, found.asset_id) == (71.4, "mm/s", PUMP)
    rows = client.iter_meters(MeterFilter(measurement_type="AUTOMATED_SENSOR", assets=(PUMP,)), ("last_reading",))
    assert [row.id for row in rows] == [SENSOR]


def triggers(client: Client) -> None:
    fields = {"meterId": SENSOR, "name": "Too much", "amount": 80, "condition": "IS_GREATER"}
    made = client.create_meter_trigger(fields, skip_webhook=True)
    client.change_meter_trigger(made, {"amount": 90}, skip_webhook=True)
    assert client.get_meter_trigger(made).amount == 90
    assert [row.id for row in client.iter_meter_triggers(MeterTriggerFilter(meters=(SENSOR,)))] == [made]
    client.delete_meter_trigger(made, skip_webhook=True)
    with pytest.raises(RecordNotFound):
        client.delete_meter_trigger(made)


def directory(client: Client) -> None:
    assert [row.name for row in client.iter_organizations()] == ["Plant 1"]
    wanted = LocationFilter(name_prefix="Hall", custom_fields=(("Cost Center", ("4100",)),))
    assert [
        row.name for row in client.iter_locations(wanted, ("extra_fields", "team_ids", "vendor_ids", "barcode"))
    ] == ["Hall 1"]
    assert client.get_location(LOCATION).name == "Hall 1"
    users = client.iter_users(UserFilter(only_assignable=True, emails=("tech@example.com",)), ("role", "extra_fields"))
    assert [(row.id, row.role) for row in users] == [(OTHER_USER, "MEMBER")]
    assert client.get_user(USER).first_name == "Planner"
    assert [client.get_team(row.id).name for row in client.iter_teams()] == ["Mechanics"]
    assert [client.get_category(row.id).label for row in client.iter_categories()] == ["Mechanical", "Safety"]


def parts(client: Client) -> None:
    assert client.get_part(PART).name == "Seal"
    wanted = PartFilter(part_numbers=("X",), custom_fields=(("ERP", ("M-1",)),), sort="-createdAt", **DATES)
    assert list(client.iter_parts(wanted)) == []
    (row,) = client.iter_parts(expand=("extra_fields", "vendors"))
    assert (row.id, row.extra_fields) == (PART, {"ERP": "M-1"})


def subscriptions(client: Client) -> None:
    made = client.create_subscription(
        "WORK_ORDER_CHANGE",
        "https://hooks.example.com/a",
        filters={"oneOfProperties": ["PRIORITY"]},
        options={"serializeEntity": True},
    )
    assert made.secret == client.get_subscription_secret(made.id)
    assert client.change_subscription(made.id, url="https://hooks.example.com/b").url == "https://hooks.example.com/b"
    assert client.get_subscription(made.id).type == "WORK_ORDER_CHANGE"
    client.delete_subscription(made.id)


CALLS: dict[str, Callable[[MaintainXClient], None]] = {
    "ADD_COMMENT": comments,
    "ADD_COST": costs,
    "ADD_METER_READINGS": meters,
    "CHANGE_ASSET_STATUS": asset_statuses,
    "CHANGE_METER_TRIGGER": triggers,
    "CHANGE_SUBSCRIPTION": subscriptions,
    "CHANGE_WORK_ORDER": change_work_order,
    "CHANGE_WORK_REQUEST": work_requests,
    "CREATE_METER_TRIGGER": triggers,
    "CREATE_SUBSCRIPTION": subscriptions,
    "CREATE_WORK_ORDER": get_work_order,
    "CREATE_WORK_REQUEST": work_requests,
    "DELETE_METER_TRIGGER": triggers,
    "DELETE_SUBSCRIPTION": subscriptions,
    "GET_ASSET": lambda client: must(client.get_asset(PUMP).status is not None),
    "GET_CATEGORY": directory,
    "GET_COSTS": costs,
    "GET_LOCATION": directory,
    "GET_METER": meters,
    "GET_METER_TRIGGER": triggers,
    "GET_PART": parts,
    "GET_ROOT_CAUSE_REPORT": reports,
    "GET_SUBSCRIPTION": subscriptions,
    "GET_SUBSCRIPTION_SECRET": subscriptions,
    "GET_TEAM": directory,
    "GET_USER": directory,
    "GET_WORK_ORDER": get_work_order,
    "GET_WORK_REQUEST": work_requests,
    "LIST_ASSETS": assets,
    "LIST_ASSET_STATUSES": asset_statuses,
    "LIST_CATEGORIES": directory,
    "LIST_COMMENTS": comments,
    "LIST_LOCATIONS": directory,
    "LIST_METERS": meters,
    "LIST_METER_TRIGGERS": triggers,
    "LIST_ORGANIZATIONS": directory,
    "LIST_PARTS": parts,
    "LIST_ROOT_CAUSE_REPORTS": reports,
    "LIST_TEAMS": directory,
    "LIST_USERS": directory,
    "LIST_WORK_ORDERS": list_work_orders,
    "LIST_WORK_REQUESTS": work_requests,
    "SET_ASSET_STATUS": asset_statuses,
    "SET_WORK_ORDER_STATUS": set_status,
}


def must(value: bool) -> None:
    assert value


def test_every_operation_that_is_needed_is_there_and_called_here() -> None:
    assert {(operation.method, operation.path) for operation in OPERATIONS.values()} == NEEDED
    assert set(CALLS) == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_operation_sends_only_what_the_document_allows_and_reads_the_answer(
    name: str, document: dict[str, Any], client: MaintainXClient, recorder: Recorder
) -> None:
    CALLS[name](client)
    judge = Judge(document)
    for request, response in recorder.exchanges:
        if response.is_success:
            judge.check(request, response)
    assert (OPERATIONS[name].method, OPERATIONS[name].path) in judge.seen


def test_judge_refuses_what_the_document_does_not_have(document: dict[str, Any], client: MaintainXClient) -> None:
    judge = Judge(document)
    page: dict[str, Any] = {"workOrders": [], "nextCursor": None}
    for path in ("/v1/workorder", "/v1/workorders?status=OPEN", "/v1/workorders?limit=201", "/v1/workorders?sort=id"):
        with pytest.raises(Exception, match=r"no GET|no parameter|maximum|not one of"):
            judge.check(httpx.Request("GET", f"http://maintainx.test{path}"), httpx.Response(200, json=page))
    assert typed("07x", {"type": "integer"}) == "07x"
    assert strict({"properties": {"a": {}}})["additionalProperties"] is False
