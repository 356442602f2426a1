"""The router as it is served: an event goes to every destination, or is kept, or is counted as unrouted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import stamina
from flask.testing import FlaskClient

from shared.canonical import content_hash
from shared.config.whole import get_config
from shared.errors import ConfigError
from shared.state import SyncRecord
from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines
from tests.unit.functions.record_server import MaintainX, running_maintainx

Load = Callable[[str], FlaskClient]
DELETED = SyncRecord(
    site="plant-1",
    kind="work_order",
    maintainx_id=9001001,
    erp_id=None,
    reference="mx:plant-1:9001001",
    base={},
    base_hash=content_hash({}),
    erp_version=None,
    state="deleted",
    intent=None,
    updated_at_utc=datetime(2026, 9, 14, 12, tzinfo=UTC),
)


@pytest.fixture
def maintainx(configured: Settings) -> Iterator[MaintainX]:
    with running_maintainx() as server:
        text = SITES.replace(
            "      organization_id: 4242", f"      base_url: {server.url}\n      organization_id: 4242"
        )
        (configured.config / "sites.yaml").write_text(text)
        yield server


@pytest.fixture
def push(load: Load, maintainx: MaintainX) -> Callable[[bytes], int]:
    router = load("event_router")
    return lambda body: router.post("/", data=body, content_type="application/json").status_code


Push = Callable[[bytes], int]


def test_event_goes_to_every_destination_unchanged(push: Push, broker: FakePublisher, logged: LogLines) -> None:
    event = make_event(data={"workOrderId": 9001001, "priority": "HIGH"})
    logged()
    assert push(push_body(event)) == 204
    assert {message.topic for message in broker.published} == {"erp-push", "notifications"}
    assert all(message.event == event and message.attributes == event.attributes() for message in broker.published)
    (line,) = logged()
    assert (line["outcome"], line["reason"], line["function"]) == ("done", "routed", "event_router")
    assert line["detail"] == {
        "destinations": ["erp-push", "notifications"],
        "routes": ["everything about work orders", "urgent work"],
    }


def test_record_is_read_where_the_payload_does_not_say(push: Push, broker: FakePublisher, maintainx: MaintainX) -> None:
    assert push(push_body(make_event())) == 204
    assert maintainx.asked == ["/v1/workorders/9001001"]
    assert len(broker.to("notifications")) == 1


@pytest.mark.parametrize("resource_id", ["", "abc", "²", "-1"])
def test_record_without_a_number_is_not_asked_for(
    resource_id: str, push: Push, broker: FakePublisher, maintainx: MaintainX
) -> None:
    assert push(push_body(make_event(resource_id=resource_id))) == 204
    assert maintainx.asked == []
    assert [message.topic for message in broker.published] == ["erp-push"]


def test_deleted_record_still_goes_where_no_field_is_asked_for(
    push: Push, broker: FakePublisher, maintainx: MaintainX
) -> None:
    maintainx.status = 404
    assert push(push_body(make_event(type="work_order.deleted"))) == 204
    assert [message.topic for message in broker.published] == ["erp-push"]


def test_record_that_is_only_not_visible_is_waited_for_where_it_decides(
    push: Push, broker: FakePublisher, maintainx: MaintainX, state: MemoryStateStore
) -> None:
    maintainx.status = 404
    assert push(push_body(make_event())) == 503
    assert [message.topic for message in broker.published] == ["erp-push"]
    assert push(push_body(make_event(data={"priority": "LOW"}))) == 204  # decided without it

    held = state.lock_record(DELETED.key, owner="erp_push", lease_s=60)
    assert held is not None
    state.save_record(held, DELETED)
    assert push(push_body(make_event())) == 204  # the sync has seen its deletion meanwhile
    assert broker.to("notifications") == []


def test_unrouted_event_is_skipped_and_counted(push: Push, broker: FakePublisher, logged: LogLines) -> None:
    logged()
    assert push(push_body(make_event(type="asset.created", resource="asset"))) == 204
    assert broker.published == []
    assert [(line["outcome"], line["reason"]) for line in logged()] == [("skipped", "unrouted")]


def test_unknown_site_is_buried(push: Push, broker: FakePublisher) -> None:
    assert push(push_body(make_event(site="plant-9"))) == 204
    (letter,) = broker.published
    assert (letter.topic, letter.attributes["error_class"]) == ("event-router-dead", "UnknownSite")


ASSET_ROUTES = """\
routes:
  - {name: pumps, when: {type: asset.status_changed, fields: {assetTypes: Pump}}, to: notifications}
"""
PUMP = {"id": 2201, "name": "Feed pump 2", "assetTypes": ["Pump"]}


def asset_event(event_id: str, *, occurred_at: datetime | None = None) -> bytes:
    at = occurred_at or datetime.now(UTC) - timedelta(minutes=1)
    fields = {"type": "asset.status_changed", "resource": "asset", "resource_id": "2201", "occurred_at": at}
    return push_body(make_event(event_id=event_id, data={"newStatus": {"status": "OFFLINE"}}, **fields))


@pytest.fixture
def push_asset(configured: Settings, maintainx: MaintainX, push: Push) -> Push:
    (configured.config / "routes.yaml").write_text(ASSET_ROUTES)
    get_config.cache_clear()
    maintainx.assets[2201] = PUMP
    return push


def test_asset_is_read_once_for_many_events_that_came_before(
    push_asset: Push, broker: FakePublisher, maintainx: MaintainX
) -> None:
    assert [push_asset(asset_event(f"e{number}")) for number in range(5)] == [204] * 5
    assert maintainx.asked == ["/v1/assets/2201"]
    assert len(broker.to("notifications")) == 5


def test_asset_that_was_read_before_the_event_does_not_decide_about_it(
    push_asset: Push, broker: FakePublisher, maintainx: MaintainX
) -> None:
    assert push_asset(asset_event("e1")) == 204
    maintainx.assets[2201] = {**PUMP, "assetTypes": ["Fan"]}
    assert push_asset(asset_event("e2", occurred_at=datetime.now(UTC))) == 204
    assert maintainx.asked == ["/v1/assets/2201"] * 2
    assert [message.event.event_id for message in broker.to("notifications")] == ["e1"]


def test_asset_as_last_read_decides_while_maintainx_does_not_answer_and_the_outcome_says_so(
    push_asset: Push, broker: FakePublisher, maintainx: MaintainX, logged: LogLines, without_waiting: None
) -> None:
    assert push_asset(asset_event("e1")) == 204
    maintainx.status = 503
    logged()
    assert push_asset(asset_event("e2", occurred_at=datetime.now(UTC))) == 204
    assert [message.event.event_id for message in broker.to("notifications")] == ["e1", "e2"]
    (line,) = [line for line in logged() if line.get("outcome")]
    assert (line["outcome"], line["detail"]["routes"]) == ("done", ["pumps"])
    assert line["detail"]["stale_record_s"] >= 0


def test_asset_that_was_never_read_is_waited_for(
    push_asset: Push, broker: FakePublisher, maintainx: MaintainX, without_waiting: None
) -> None:
    maintainx.status = 503
    assert push_asset(asset_event("e1")) == 503
    maintainx.status = 200
    assert push_asset(asset_event("e1")) == 204
    assert len(broker.to("notifications")) == 1


def test_asset_that_is_gone_is_not_decided_by_what_it_was(
    push_asset: Push, broker: FakePublisher, maintainx: MaintainX, logged: LogLines
) -> None:
    assert push_asset(asset_event("e1")) == 204
    del maintainx.assets[2201]
    logged()
    assert push_asset(asset_event("e2", occurred_at=datetime.now(UTC))) == 503
    assert [line["reason"] for line in logged() if line.get("outcome")] == ["RecordNotVisible"]
    assert len(broker.to("notifications")) == 1


@pytest.fixture
def without_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


def test_record_that_cannot_be_read_now_holds_up_only_what_it_decides(
    push: Push, broker: FakePublisher, maintainx: MaintainX, without_waiting: None
) -> None:
    maintainx.status = 503
    assert push(push_body(make_event())) == 503
    assert [message.topic for message in broker.published] == ["erp-push"]


def test_record_that_we_may_not_read_holds_up_only_what_it_decides(
    push: Push, broker: FakePublisher, maintainx: MaintainX
) -> None:
    maintainx.status = 403
    assert push(push_body(make_event())) == 503
    assert [message.topic for message in broker.published] == ["erp-push"]


def test_broker_down_gives_the_event_back(push: Push, broker: FakePublisher) -> None:
    broker.go_down()
    assert push(push_body(make_event())) == 503


def test_what_is_no_push_is_refused(push: Push) -> None:
    assert push(b"") == 400


@pytest.mark.parametrize("broken", ["sites.yaml", "routes.yaml"])
def test_wrong_configuration_stops_the_start(broken: str, configured: Settings, load: Load) -> None:
    (configured.config / broken).write_text("nonsense: 1\n")
    with pytest.raises(ConfigError, match=broken):
        load("event_router")
