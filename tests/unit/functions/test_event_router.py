"""The router as it is served: an event goes to every destination, or is kept, or is counted as unrouted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import stamina
from flask.testing import FlaskClient

from shared.canonical import content_hash
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
