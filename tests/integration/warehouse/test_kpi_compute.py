"""The function kpi_compute as the framework loads it, with MaintainX, Firestore and BigQuery behind real sockets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import functions_framework
import httpx
import pytest
from flask.testing import FlaskClient

from local import loopback
from local.firestore.testing import running_server
from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from shared.secret_forms import HEADER
from shared.secrets import secrets
from shared.warehouse.gateway import Warehouse, scalar
from tests.fakes.process import forget
from tests.fakes.publisher import FakePublisher

SOURCE = Path(__file__).resolve().parents[3] / "functions" / "kpi_compute" / "main.py"
MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
PUMP = 2201
SITES = """
sites:
  - id: {site}
    name: Plant One
    time_zone: UTC
    maintainx:
      base_url: {api_url}
      organization_id: 4242
      api_key_secret: maintainx-key
      subscriptions:
        - {{type: NEW_WORK_ORDER, secret: webhook}}
"""


@pytest.fixture
def maintainx() -> Iterator[SimControl]:
    organization = {
        "id": 4242,
        "name": "Plant One",
        "users": [{"id": 77, "firstName": "Planner", "lastName": "One", "email": "p@example.com", "role": "ADMIN"}],
        "assets": [{"id": PUMP, "name": "Feed pump"}],
        "tokens": [{"token": "key", "userId": 77, "privileged": True}, {"token": "limited", "userId": 77}],
    }
    with running_simulator() as simulator:
        simulator.seed(organization)
        yield simulator


@pytest.fixture
def call(
    warehouse: Warehouse, site: str, maintainx: SimControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]]:
    """Posts a body to the function; gives status and answer."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "sites.yaml").write_text(SITES.format(site=site, api_url=maintainx.api_url))
    (tmp_path / "routes.yaml").write_text("routes: [{name: all, when: {type: work_order.*}, to: notifications}]\n")
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("SECRET_MAINTAINX_KEY", "key")
    monkeypatch.setenv("FUNCTION_TARGET", "")
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setitem(sys.modules, "main", None)
    with running_server(tmp_path) as firestore:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore.address)
        forget()
        application: Any = functions_framework.create_app("kpi_compute", str(SOURCE), "http")
        client: FlaskClient = application.test_client()

        def post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            answer = client.post("/", json=body)
            return answer.status_code, answer.get_json()

        yield post
        forget()


def play(maintainx: SimControl, steps: list[tuple[timedelta, str, str, dict[str, Any]]]) -> list[httpx.Response]:
    """Calls of the REST API, each at its simulated time after Monday 00:00."""
    answers = []
    headers = {"Authorization": "Bearer key"}
    with loopback.client(base_url=maintainx.api_url, headers=headers) as api:
        for after, method, path, body in steps:
            maintainx.set_clock(MONDAY + after)
            answers.append(api.request(method, path, json=body).raise_for_status())
    return answers


def by_name(answer: dict[str, Any], site: str, period: str) -> dict[str, float | None]:
    rows = answer["sites"][site]["kpis"]
    return {row["kpi"]: row["value"] for row in rows if (row["scope"], row["period"]) == ("site", period)}


def test_what_happened_in_maintainx_becomes_kpis(
    call: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]],
    maintainx: SimControl,
    site: str,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = FakePublisher()
    monkeypatch.setattr("shared.pubsub.publisher.publisher", broker)
    hour = timedelta(hours=1)
    status = f"/assets/{PUMP}/status"
    made = play(
        maintainx,
        [
            (10 * hour, "POST", status, {"status": "OFFLINE", "downtimeType": "UNPLANNED"}),
            (10 * hour, "POST", "/workorders", {"title": "Seal", "type": "REACTIVE", "assetId": PUMP}),
            (
                11 * hour,
                "POST",
                "/workorders",
                {"title": "Oil", "type": "PREVENTIVE", "dueDate": "2026-11-10T12:00:00Z"},
            ),
            (13 * hour, "POST", status, {"status": "ONLINE"}),
        ],
    )
    seal, oil = made[1].json()["id"], made[2].json()["id"]
    play(
        maintainx,
        [
            (14 * hour, "PATCH", f"/workorders/{seal}/status", {"status": "DONE"}),
            (30 * hour, "PATCH", f"/workorders/{oil}/status", {"status": "DONE"}),
        ],
    )
    as_of = MONDAY + timedelta(days=5)
    order = {"site": site, "as_of": as_of.isoformat()}

    code, first = call(order)

    assert code == 200, first
    found = by_name(first, site, "2026-W46")
    expected = {"mttr_restore": 3, "mttr_work_order": 4, "pm_compliance": 1, "completion_rate": 1, "backlog": 0}
    assert {kpi: found[kpi] for kpi in expected} == expected
    assert found["availability"] == (120 - 3) / 120
    loads = {load["table"]: (load["read"], load["appended"]) for load in first["sites"][site]["loads"]}
    assert loads["work_orders"] == (2, 2)
    assert loads["asset_statuses"] == (3, 3)  # ONLINE since it was made, OFFLINE, ONLINE

    code, second = call(order)
    assert code == 200
    assert second["sites"][site]["kpis"] == first["sites"][site]["kpis"]
    assert {load["appended"] for load in second["sites"][site]["loads"]} == {0}

    play(maintainx, [(130 * hour, "DELETE", f"/workorders/{oil}", {})])
    code, third = call({**order, "compare_all": True})
    assert (code, third["sites"][site]["deleted"]) == (200, 1)
    (told,) = broker.to("events")  # in place of the webhook
    assert (told.event.type, told.event.resource_id, told.event.source) == ("work_order.deleted", str(oil), "poll")
    assert call({**order, "compare_all": True})[1]["sites"][site]["deleted"] == 0
    assert len(broker.to("events")) == 1
    assert by_name(third, site, "2026-W46")["pm_compliance"] is None
    rows = warehouse.query("SELECT COUNT(*) AS n FROM work_orders WHERE site = @site", {"site": scalar("STRING", site)})
    assert rows[0]["n"] == 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"site": "nowhere"}, 404),
        ({"as_of": "yesterday"}, 400),
        ({"as_of": "2026-11-09T00:00:00"}, 400),
        ({"as_of": "2199-01-01T00:00:00Z"}, 400),
        ({"most_deleted": -1}, 400),
        ({"a": 1}, 400),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    call: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], body: dict[str, Any], code: int
) -> None:
    assert call(body)[0] == code


def test_maintainx_that_refuses_the_key_needs_a_person(
    call: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_MAINTAINX_KEY", "wrong")
    secrets.refresh("maintainx-key", HEADER)
    code, answer = call({})
    secrets._cache.clear()
    assert (code, answer["sites"][site]["error_class"]) == (500, "AuthenticationFailed")


def test_a_warehouse_that_is_away_is_worth_another_try(
    call: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]], site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(Warehouse, "_retry", lambda _self: None)
    code, answer = call({"site": site})
    assert (code, answer["sites"][site]["error_class"]) == (503, "WarehouseUnavailable")


def test_a_load_waits_for_the_next_rate_window_and_for_no_longer_than_it_is_told(
    call: Callable[[dict[str, Any]], tuple[int, dict[str, Any]]],
    maintainx: SimControl,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sys.modules["main"].RATE_WAIT_S > 60  # the window of MaintainX itself
    monkeypatch.setenv("MAINTAINX_RATE_WINDOW_S", "1")
    monkeypatch.setenv("SECRET_MAINTAINX_KEY", "limited")
    secrets.refresh("maintainx-key", HEADER)
    maintainx.configure(rate_window_s=1.0, token_cap=1)
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["main"], "RATE_WAIT_S", 0.0)
        code, answer = call({"site": site})
    assert (code, answer["sites"][site]["error_class"]) == (503, "RateLimited")
    code, answer = call({"site": site})
    secrets._cache.clear()
    assert code == 200, answer
