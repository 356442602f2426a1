"""The router as it is served: an event goes to every destination, or is kept, or is counted as unrouted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import stamina
from flask.testing import FlaskClient

from shared.errors import ConfigError
from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.unit.conftest import LogLines
from tests.unit.functions.record_server import MaintainX, running_maintainx

Load = Callable[[str], FlaskClient]


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
    assert push(push_body(make_event())) == 204
    assert [message.topic for message in broker.published] == ["erp-push"]


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


def test_record_that_cannot_be_read_now_routes_nothing(
    push: Push, broker: FakePublisher, maintainx: MaintainX, without_waiting: None
) -> None:
    maintainx.status = 503
    assert push(push_body(make_event())) == 503
    assert broker.published == []


def test_record_that_we_may_not_read_buries_the_event(push: Push, broker: FakePublisher, maintainx: MaintainX) -> None:
    maintainx.status = 403
    assert push(push_body(make_event())) == 204
    (letter,) = broker.published
    assert (letter.topic, letter.attributes["error_class"]) == ("event-router-dead", "PermissionDenied")


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
