"""What the simulator does beyond the shapes: strict queries, filters, paging, limits, quirks, restart."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.maintainx import state
from local.maintainx.clock import SimClock
from local.maintainx.control import Seed, seed
from local.maintainx.control_client import SimControl
from local.maintainx.paging import keyset_page, offset_page
from local.maintainx.simulator import Simulator
from local.processes import free_port
from tests.examples import examples
from tests.integration.maintainx.plant import (
    DRIVER,
    FAN,
    LOCATION,
    ORG,
    OTHER_USER,
    PLANT,
    PUMP,
    TEAM,
    TOKEN,
    USER,
    api,
)

START = datetime(2026, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def driver(control: SimControl) -> Iterator[httpx.Client]:
    with api(control) as http:
        yield http


def new(driver: httpx.Client, **fields: Any) -> int:
    response = driver.post("/workorders", json={"title": "x", **fields})
    assert response.status_code == 200, response.text
    made: int = response.json()["id"]
    return made


def listed(driver: httpx.Client, **params: Any) -> list[int]:
    response = driver.get("/workorders", params={"sort": "createdAt", **params})
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json()["workOrders"]]


@pytest.mark.parametrize(
    ("path", "params", "body"),
    [
        ("/workorders", {"foo": "1"}, {"error": "'foo' is not a valid query parameter"}),
        ("/workorders", {"status": "OPEN"}, {"error": "'status' is not a valid query parameter"}),
        ("/workorders", {"assetId": "1"}, {"error": "'assetId' is not a valid query parameter"}),
        (
            "/workorders",
            {"limit": "250"},
            {"errors": [{"error": "must be <= 200", "fieldPath": "limit", "fieldValue": 250}]},
        ),
        (
            "/assetstatuses",
            {"sort": "id"},
            {
                "error": "'id' is not a member of createdAt,updatedAt,startedAt,endedAt,"
                "-createdAt,-updatedAt,-startedAt,-endedAt"
            },
        ),
        ("/workorders", {"updatedAt[gte]": "yesterday"}, {"error": "'yesterday' is not a valid date-time"}),
        ("/workorders", {"cursor": "AAAA"}, {"error": "Invalid cursor"}),
        ("/assets", {"Industry": "Mining"}, {"error": "'Industry' is not a valid query parameter"}),
        (
            "/assetstatuses",
            {"updatedAt[gte]": "2026-09-14T12:00:00Z"},
            {"error": "'updatedAt[gte]' is not a valid query parameter"},
        ),
    ],
)
def test_wrong_query_is_refused_in_the_vendors_words(
    driver: httpx.Client, path: str, params: dict[str, str], body: dict[str, Any]
) -> None:
    response = driver.get(path, params=params)
    assert (response.status_code, response.json()) == (400, body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": "x", "assignees": [{"id": 1}]}, "assignees.0.type"),
        ({"title": "x", "assignees": [{"type": "USER", "id": 999}]}, "assignees.0.id"),
        ({"title": "x", "assignees": [{"type": "USER", "id": None}]}, "assignees.0.id"),
        ({"title": "x", "priority": "URGENT"}, "priority"),
        ({"title": "x", "assetId": 1}, "assetId"),
        ({"title": "x", "categories": ["Unknown"]}, "categories.0"),
        ({"title": "x", "dueDate": "tomorrow"}, "dueDate"),
        ({"title": "x", "startDate": "2026-09-14T12:00:00Z"}, "startDate"),
        ({"title": "x", "isParent": True, "parentId": 1}, "isParent"),
    ],
)
def test_wrong_body_is_refused_with_the_path_of_the_field(
    driver: httpx.Client, body: dict[str, Any], field: str
) -> None:
    response = driver.post("/workorders", json=body)
    assert response.status_code == 400
    assert [entry["fieldPath"] for entry in response.json()["errors"]] == [field]
    assert listed(driver) == []


def test_status_in_a_create_body_is_ignored_unless_switched(control: SimControl, driver: httpx.Client) -> None:
    made = new(driver, status="DONE")
    assert driver.get(f"/workorders/{made}").json()["workOrder"]["status"] == "OPEN"
    control.configure(reject_unknown_body_keys=True)
    assert driver.post("/workorders", json={"title": "x", "status": "DONE"}).status_code == 400


def test_what_cannot_be_simulated_is_refused_not_dropped(driver: httpx.Client) -> None:
    assert driver.post("/workorders", json={"title": "x", "procedureTemplateId": 1}).status_code == 501
    assert driver.get("/purchaseorders").status_code == 404


def test_filters(driver: httpx.Client) -> None:
    pump = new(driver, assetId=PUMP, priority="HIGH", title="Replace Seal", categories=["Safety"])
    fan = new(driver, assetId=FAN, locationId=LOCATION, assignees=[{"type": "USER", "id": USER}])
    team = new(driver, assignees=[{"type": "TEAM", "id": TEAM}, {"type": "USER", "id": OTHER_USER}])
    part = new(driver, parentId=pump)
    driver.patch(f"/workorders/{fan}/status", json={"status": "IN_PROGRESS"})
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"assets": [PUMP, FAN]}, [pump, fan]),
        ({"notAssets": [PUMP]}, [fan, team, part]),
        ({"locations": [LOCATION]}, [fan]),
        ({"assignees": [USER, OTHER_USER]}, [fan, team]),
        ({"teams": [TEAM]}, [team]),
        ({"priorities": ["HIGH"]}, [pump]),
        ({"categories": ["Safety"]}, [pump]),
        ({"categories": ["6"]}, [pump]),
        ({"notCategories": ["Safety"]}, [fan, team, part]),
        ({"statuses": ["OPEN"]}, [pump, team, part]),
        ({"statuses": ["OPEN", "IN_PROGRESS"], "assets": [FAN]}, [fan]),
        ({"title": "seal"}, [pump]),
        ({"parentSubWorkOrderTypes": ["SUB_WORK_ORDER"]}, [part]),
        ({"parts": [1]}, []),
    ]
    for params, expected in cases:
        assert listed(driver, **params) == expected, params


def test_sort_puts_absent_values_last_in_both_directions(driver: httpx.Client) -> None:
    late = new(driver, dueDate="2026-09-20T00:00:00Z")
    none = new(driver)
    early = new(driver, dueDate="2026-09-16T00:00:00Z")
    assert listed(driver, sort="dueDate") == [early, late, none]
    assert listed(driver, sort="-dueDate") == [late, early, none]


rows = st.lists(
    st.tuples(st.integers(0, 50), st.none() | st.sampled_from(["a", "b", "c"])),
    unique_by=lambda row: row[0],
    max_size=30,
).map(lambda pairs: [{"id": row_id, "v": value} for row_id, value in pairs])


@given(rows=rows, limit=st.integers(1, 7), sort=st.sampled_from(["v", "-v", "id", "-id"]))
@settings(max_examples=examples(60))
def test_pages_together_are_the_whole_sorted_list(rows: list[dict[str, Any]], limit: int, sort: str) -> None:
    for page in (keyset_page, offset_page):
        whole, end = page(rows, {"limit": 200}, sort)
        assert end is None
        seen: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": limit}
        while True:
            some, cursor = page(rows, query, sort)
            seen += some
            if cursor is None:
                break
            query["cursor"] = cursor
        assert seen == whole
        assert sorted(row["id"] for row in seen) == sorted(row["id"] for row in rows)


def test_next_page_url_repeats_the_filters(driver: httpx.Client) -> None:
    for _ in range(3):
        new(driver)
    page = driver.get("/workorders", params={"limit": 2, "statuses": ["OPEN", "DONE"]}).json()
    url = httpx.URL(page["nextPageUrl"])
    assert url.path == "/v1/workorders"
    expected = [("limit", "2"), ("statuses", "OPEN"), ("statuses", "DONE"), ("cursor", page["nextCursor"])]
    assert url.params.multi_items() == expected


def test_comment_does_not_move_updated_at(driver: httpx.Client) -> None:
    made = new(driver)
    before = driver.get(f"/workorders/{made}").json()["workOrder"]
    driver.post(f"/workorders/{made}/comments", json={"content": "hello"})
    after = driver.get(f"/workorders/{made}").json()["workOrder"]
    assert after["updatedAt"] == before["updatedAt"]
    assert after["lastMessageSentAt"] > after["updatedAt"]


def test_write_that_changes_nothing_leaves_updated_at_alone(driver: httpx.Client) -> None:
    made = new(driver, title="Same")
    before = driver.get(f"/workorders/{made}").json()
    assert driver.patch(f"/workorders/{made}", json={"title": "Same"}).json() == before
    assert driver.patch(f"/workorders/{made}/status", json={"status": "OPEN"}).json() == before


def test_lists_can_lag_behind_reads(control: SimControl, driver: httpx.Client) -> None:
    old = new(driver)
    control.configure(list_lag_s=3600)
    unseen = new(driver)
    driver.patch(f"/workorders/{old}", json={"title": "renamed"})
    assert driver.get(f"/workorders/{old}").json()["workOrder"]["title"] == "renamed"
    (row,) = driver.get("/workorders").json()["workOrders"]
    assert (row["id"], row["title"]) == (old, "x")
    assert driver.get(f"/workorders/{unseen}").status_code == 200


def test_rate_limit_headers_and_refusal(control: SimControl) -> None:
    control.configure(token_cap=2, rate_window_s=3600.0)
    with api(control, TOKEN) as user:
        first, second, third = (user.get("/teams") for _ in range(3))
    names = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining")
    assert [tuple(answer.headers[name] for name in names) for answer in (first, second, third)] == [
        ("2", "1"),
        ("2", "0"),
        ("2", "0"),
    ]
    assert third.status_code == 429
    assert third.json()["error"].startswith("Too many requests. Please retry in 3")
    assert 3500 < int(third.headers["X-Rate-Limit-Reset"]) <= 3600
    assert "Retry-After" not in third.headers


def test_organization_limit_counts_all_users_but_not_the_driver(control: SimControl, driver: httpx.Client) -> None:
    control.seed({"id": ORG, "name": "Plant 1", "tokens": [{"token": "second", "userId": OTHER_USER}]})
    control.configure(token_cap=10, organization_cap=2, rate_window_s=3600.0)
    for _ in range(5):
        assert driver.get("/teams").status_code == 200
    with api(control, TOKEN) as one, api(control, "second") as two:
        assert [http.get("/teams").status_code for http in (one, two, one, two)] == [200, 200, 429, 429]


def test_several_organizations_in_one_call(control: SimControl) -> None:
    other = {
        "id": 4243,
        "name": "Plant 2",
        "tokens": [{"token": TOKEN, "userId": 1}],
        "assets": [{"id": 9, "name": "B"}],
    }
    control.seed(other)
    with api(control, TOKEN) as http:
        both = http.get("/assets", headers={"x-organization-ids": f"{ORG},4243"}).json()["assets"]
        assert [(row["id"], row["organizationId"]) for row in both] == [(9, 4243), (PUMP, ORG), (FAN, ORG)]
        exclusive = {"x-organization-ids": str(ORG), "x-organization-id": str(ORG)}
        assert http.get("/assets", headers=exclusive).status_code == 400
        assert http.get(f"/assets/{PUMP}", headers={"x-organization-id": "4243"}).status_code == 404
        assert http.get("/assets", headers={"x-organization-id": "1"}).status_code == 400
        assert [row["id"] for row in http.get("/organizations").json()["organizations"]] == [ORG, 4243]


def test_status_interval_rules(control: SimControl, driver: httpx.Client) -> None:
    control.set_clock(START)
    path = f"/assets/{PUMP}/status"
    late = {"status": "OFFLINE", "startedAt": "2026-09-14T12:30:00Z", "customStatusId": 31}
    assert driver.post(path, json=late).json()["assetStatus"]["customStatusId"] == 31
    too_early = {"status": "ONLINE", "startedAt": "2026-09-14T12:29:59Z"}
    assert driver.post(path, json=too_early).json()["errors"][0]["fieldPath"] == "startedAt"
    past = {"status": "OFFLINE", "startedAt": "2026-09-01T00:00:00Z", "endedAt": "2026-09-02T00:00:00Z"}
    assert driver.post(path, json=past).status_code == 201
    assert driver.post(path, json={**past, "endedAt": "2026-08-01T00:00:00Z"}).status_code == 400
    assert driver.post(path, json={"customStatusId": 99}).status_code == 400
    rows = driver.get("/assetstatuses", params={"assetId": PUMP, "sort": "startedAt"}).json()["assetStatuses"]
    assert [row.get("endedAt") for row in rows if row["status"] == "OFFLINE"] == ["2026-09-02T00:00:00.000Z", None]


def test_time_header_of_the_driver_moves_the_clock_forward_only(control: SimControl, driver: httpx.Client) -> None:
    control.set_clock(START)
    first = driver.post("/workorders", json={"title": "a"}, headers={"x-sim-now": "2026-09-14T13:00:00Z"}).json()["id"]
    second = driver.post("/workorders", json={"title": "b"}, headers={"x-sim-now": "2026-09-14T12:30:00Z"}).json()["id"]
    created = [driver.get(f"/workorders/{made}").json()["workOrder"]["createdAt"] for made in (first, second)]
    assert created == ["2026-09-14T13:00:00.000Z", "2026-09-14T13:00:00.001Z"]
    with api(control, TOKEN) as user:
        user.get("/teams", headers={"x-sim-now": "2027-01-01T00:00:00Z"})
    assert driver.post("/workorders", json={"title": "c"}).status_code == 200
    last = control.records(ORG)["workOrders"][-1]
    assert last["createdAt"].startswith("2026-09-14T13:00:00"), "only the driver moves time"


@given(jumps=st.lists(st.integers(0, 3), max_size=20))
def test_stamps_always_increase(jumps: list[int]) -> None:
    clock = SimClock()
    clock.set(START, running=False)
    stamps = []
    for jump in jumps:
        clock.advance_to(START + timedelta(milliseconds=jump))
        stamps.append(clock.stamp())
    assert stamps == sorted(set(stamps))


def test_settings_that_make_no_sense_are_refused_and_nothing_changes(control: SimControl) -> None:
    before = control.configure()
    nonsense: list[dict[str, Any]] = [{"delivery_drop_ratio": 2}, {"rate_window_s": 0}, {"no_such_setting": 1}]
    for wrong in nonsense:
        with pytest.raises(httpx.HTTPStatusError):
            control.configure(token_cap=7, **wrong)
    assert control.configure() == before


def test_seeding_twice_changes_nothing(control: SimControl) -> None:
    before = control.records(ORG)
    control.seed(PLANT)
    after = control.records(ORG)
    assert after == before


def test_records_survive_a_restart_of_the_process(tmp_path: Path) -> None:
    for life in (1, 2):
        with running_process(tmp_path / "state.json") as control:
            if life == 1:
                control.seed(PLANT)
                with api(control) as driver:
                    made = new(driver)
            assert [row["id"] for row in control.records(ORG)["workOrders"]] == [made]


@contextmanager
def running_process(state_file: Path) -> Iterator[SimControl]:
    port = free_port()
    command = [sys.executable, "-m", "local.maintainx", "--port", str(port), "--state", str(state_file)]
    process = subprocess.Popen(command)
    try:
        control = SimControl(f"http://127.0.0.1:{port}")
        for _ in range(300):
            try:
                control.stats()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield control
    finally:
        process.terminate()
        process.wait(30)


def test_state_file_keeps_records_tokens_and_clock(tmp_path: Path) -> None:
    first = Simulator()
    first.clock.set(START, running=False)
    seed(first, Seed.model_validate(PLANT))
    path = tmp_path / "state.json"
    state.save(first, path)
    second = Simulator()
    state.load(second, path)
    assert second.store.tokens == first.store.tokens
    assert second.store.dump(second.store.organizations[ORG]) == first.store.dump(first.store.organizations[ORG])
    assert (second.clock.now(), second.clock.running, second.store.last_id) == (START, False, first.store.last_id)
    assert second.store.tokens[DRIVER].privileged
