"""catch_up as it is served: MaintainX behind a real socket, a fake broker, state and archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from local import loopback
from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator
from shared import bootstrap
from shared.errors import WarehouseUnavailable
from shared.warehouse import gateway
from tests.fakes.budgets import MemoryBudgets
from tests.fakes.process import forget
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines

Load = Callable[[str], FlaskClient]
Call = Callable[[Any], tuple[int, dict[str, Any]]]
SITE = "plant-1"


class Archive:
    """In place of the warehouse: what the query for told work orders answers."""

    def __init__(self) -> None:
        self.told: dict[int, datetime] = {}
        self.fault: Exception | None = None

    def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert "raw_events" in sql
        assert set(parameters) == {"site", "ids", "types", "since"}
        if self.fault is not None:
            raise self.fault
        return [{"work_order_id": number, "told_at": at} for number, at in self.told.items()]


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    archive = Archive()
    monkeypatch.setattr(gateway, "warehouse_from_environment", lambda: archive)
    return archive


@pytest.fixture
def maintainx(configured: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimControl]:
    budgets = MemoryBudgets()
    monkeypatch.setattr(bootstrap, "rate_budgets", lambda: budgets)
    person = {"id": 77, "firstName": "P", "lastName": "One", "email": "p@example.com"}
    tokens = [{"token": "key of plant 1", "userId": 77}, {"token": "person", "userId": 77, "privileged": True}]
    with running_simulator() as simulator:
        simulator.seed({"id": 4242, "name": "Plant One", "users": [person], "tokens": tokens})
        text = SITES.replace(
            "      organization_id: 4242", f"      base_url: {simulator.api_url}\n      organization_id: 4242"
        )
        (configured.config / "sites.yaml").write_text(text)
        yield simulator


@pytest.fixture
def call(load: Load, maintainx: SimControl, archive: Archive) -> Iterator[Call]:
    forget()

    def post(body: Any) -> tuple[int, dict[str, Any]]:
        answer = load("catch_up").post("/", json=body)
        return answer.status_code, answer.get_json()

    yield post
    forget()


def make_work_order(maintainx: SimControl, title: str, age: timedelta) -> int:
    maintainx.set_clock(datetime.now(UTC) - age)
    answer = loopback.post(
        f"{maintainx.api_url}/workorders", json={"title": title}, headers={"Authorization": "Bearer person"}
    )
    number: int = answer.raise_for_status().json()["id"]
    return number


def test_missed_work_order_is_told_of_once_and_a_young_one_left(
    call: Call, maintainx: SimControl, broker: FakePublisher, archive: Archive, logged: LogLines
) -> None:
    missed = make_work_order(maintainx, "missed", timedelta(hours=2))
    archive.told[make_work_order(maintainx, "told", timedelta(hours=1))] = datetime.now(UTC)
    make_work_order(maintainx, "young", timedelta(0))
    logged()
    status, answer = call({"site": SITE})
    found = answer["sites"][SITE]
    assert status == 200
    assert {name: found[name] for name in ("read", "seen", "told", "published", "too_young")} == {
        "read": 3,
        "seen": 0,
        "told": 1,
        "published": 1,
        "too_young": 1,
    }
    (message,) = broker.to("events")
    assert (message.event.type, message.event.record_id, message.event.source) == ("work_order.created", missed, "poll")
    lines = logged()
    assert [line["missed"] for line in lines if line["severity"] == "WARNING"] == [str(missed)]
    assert [line["detail"]["published"] for line in lines if line.get("outcome") == "done"] == [1]
    assert call({"site": SITE})[1]["sites"][SITE]["published"] == 0


def test_person_may_name_where_to_begin(call: Call, maintainx: SimControl, broker: FakePublisher) -> None:
    make_work_order(maintainx, "old", timedelta(days=40))
    assert call({"site": SITE})[1]["sites"][SITE]["read"] == 0
    since = (datetime.now(UTC) - timedelta(days=50)).isoformat()
    assert call({"site": SITE, "since": since})[1]["sites"][SITE]["published"] == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"sites": "plant-1"}, "sites"),
        ({"since": "2026-09-14T12:00:00"}, "since"),
        ({"since": "2126-09-14T12:00:00Z"}, "future"),
        ([], "body"),
    ],
)
def test_bad_body_is_refused_with_the_reason(call: Call, body: Any, fault: str) -> None:
    status, answer = call(body)
    assert status == 400
    assert fault in str(answer["faults"])


def test_unknown_site_is_404(call: Call) -> None:
    assert call({"site": "nowhere"})[0] == 404


def test_archive_that_is_down_is_503_and_leaves_no_watermark(
    call: Call, maintainx: SimControl, archive: Archive, state: MemoryStateStore, broker: FakePublisher
) -> None:
    make_work_order(maintainx, "missed", timedelta(hours=2))
    archive.fault = WarehouseUnavailable("query: 503")
    status, answer = call({"site": SITE})
    assert (status, answer["sites"][SITE]["error_class"]) == (503, "WarehouseUnavailable")
    assert (state.get_watermark(SITE, "catch_up"), broker.published) == (None, [])


def test_fault_of_ours_at_one_site_does_not_stop_the_others_and_is_told_by_its_class(
    call: Call, maintainx: SimControl, archive: Archive, logged: LogLines
) -> None:
    make_work_order(maintainx, "missed", timedelta(hours=2))
    archive.fault = ZeroDivisionError("words")
    logged()
    status, answer = call({})
    assert answer["sites"].keys() == {"plant-1", "plant-2"}
    assert (status, answer["sites"][SITE]["error_class"]) == (500, "ZeroDivisionError")
    assert "words" not in str(answer)
    assert ["ZeroDivisionError: words" in line["exc_info"] for line in logged() if "exc_info" in line] == [True]


def test_refused_key_is_500(call: Call, configured: Settings, archive: Archive) -> None:
    configured.write_secret("api-key-1", "wrong")
    status, answer = call({"site": SITE})
    assert (status, answer["sites"][SITE]["error_class"]) == (500, "AuthenticationFailed")
