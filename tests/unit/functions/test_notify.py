"""notify as it is served, with Apprise's real client sending to a real HTTP endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug import Request, Response

from shared import bootstrap
from shared.notify.names import Names
from tests.fakes.events import make_event, push_body
from tests.fakes.notification_services import chat, hangs_up, running, says
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.fakes.web import web_server
from tests.unit.conftest import LogLines
from tests.unit.functions.record_server import MaintainX, running_maintainx

Load = Callable[[str], FlaskClient]


@dataclass
class Endpoint:
    """Takes what Apprise's json:// addresses post; `status` is its answer."""

    port: int = 0
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    status: int = 200

    def answer(self, request: Request) -> Response:
        if self.status == 200:
            self.received.append((request.path, json.loads(request.get_data())))
        return Response(status=self.status)


@pytest.fixture
def maintainx(configured: Settings) -> Iterator[MaintainX]:
    with running_maintainx() as server:
        text = SITES.replace(
            "      organization_id: 4242", f"      base_url: {server.url}\n      organization_id: 4242"
        )
        (configured.config / "sites.yaml").write_text(text)
        server.assets[2201] = {"id": 2201, "name": "Feed pump 2", "locationId": 310, "description": "SECRET"}
        server.locations[310] = {"id": 310, "name": "Boiler house"}
        yield server


@pytest.fixture
def endpoint(configured: Settings, maintainx: MaintainX) -> Iterator[Endpoint]:
    made = Endpoint()
    with web_server(made.answer) as server:
        made.port = server.port
        address = f"json://127.0.0.1:{server.port}"
        configured.write_secret("notify-urls", f"{address}/first\n{address}/second\n")
        yield made


def push(load: Load, **fields: Any) -> int:
    body = push_body(make_event(type="work_order.status_changed", data={"newStatus": "DONE"}, **fields))
    return load("notify").post("/", data=body, content_type="application/json").status_code


def test_every_address_of_the_site_gets_the_notification_once(load: Load, endpoint: Endpoint, logged: LogLines) -> None:
    assert push(load) == 204
    assert sorted(path for path, _ in endpoint.received) == ["/first", "/second"]
    (_, body), _ = endpoint.received
    assert (body["title"], body["type"]) == ("[Plant One] work order 9001001 is DONE", "success")
    assert [line["detail"] for line in logged() if line.get("outcome")] == [{"sent": 2, "sent_before": 0}]
    assert push(load) == 204
    assert len(endpoint.received) == 2


def titles(endpoint: Endpoint) -> list[str]:
    return [body["title"] for path, body in endpoint.received if path == "/first"]


def push_asset_status(load: Load, event_id: str) -> int:
    data = {"newStatus": {"status": "OFFLINE", "downtimeType": "UNPLANNED"}}
    fields = {"type": "asset.status_changed", "resource": "asset", "resource_id": "2201", "event_id": event_id}
    body = push_body(make_event(data=data, **fields))
    return load("notify").post("/", data=body, content_type="application/json").status_code


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are waited for as long as a busy machine needs."""
    names = Names(bootstrap.maintainx_directory, patience_s=60.0)
    monkeypatch.setattr(bootstrap, "asset_names", lambda: names)


def test_asset_and_its_location_are_named_and_asked_for_once(
    load: Load, endpoint: Endpoint, maintainx: MaintainX, patient: None
) -> None:
    maintainx.record["assetId"] = 2201
    assert [push_asset_status(load, f"e{number}") for number in range(2)] == [204, 204]
    assert [push(load, event_id=f"w{number}") for number in range(2)] == [204, 204]
    asset = "[Plant One] asset Feed pump 2 (2201), Boiler house, is OFFLINE (UNPLANNED)"
    order = "[Plant One] work order 9001001 on Feed pump 2 (2201), Boiler house, is DONE"
    assert titles(endpoint) == [asset, asset, order, order]
    assert sorted(maintainx.asked) == ["/v1/assets/2201", "/v1/locations/310", "/v1/workorders/9001001"]
    assert "SECRET" not in str(endpoint.received)


@pytest.mark.parametrize("trouble", ["silence", "failure", "refusal", "no such record", "no key"])
def test_id_stands_for_the_name_that_cannot_be_had(
    trouble: str, load: Load, endpoint: Endpoint, maintainx: MaintainX, configured: Settings, logged: LogLines
) -> None:
    if trouble == "silence":
        maintainx.answers.clear()
    elif trouble == "no key":
        (configured.secrets / "api-key-1").unlink()
    elif trouble == "no such record":
        maintainx.assets.clear()
    else:
        maintainx.status = 503 if trouble == "failure" else 403
    assert push_asset_status(load, "e1") == 204
    assert titles(endpoint) == ["[Plant One] asset 2201 is OFFLINE (UNPLANNED)"]
    assert [line["outcome"] for line in logged() if line.get("outcome")] == ["done"]


def test_conflict_is_told_without_the_values(load: Load, endpoint: Endpoint, maintainx: MaintainX) -> None:
    fields = {
        "status": {"reason": "status_not_possible", "maintainx": "SECRET", "erp": "SECRET", "detail": "SECRET"},
        "dueDate": {"reason": "both_changed", "maintainx": "SECRET", "erp": "SECRET", "detail": ""},
    }
    data = {"workOrderId": 9001001, "erpId": "4711", "fields": fields}
    event = make_event(type="sync.conflict", resource="sync", source="sync", origin="sync.conflict", data=data)
    assert load("notify").post("/", data=push_body(event), content_type="application/json").status_code == 204
    body = endpoint.received[0][1]
    assert body["title"] == "[Plant One] work order 9001001: 2 fields wait for a person (status, dueDate)"
    assert body["type"] == "warning"
    assert "ops conflicts show plant-1 9001001" in body["message"]
    assert "SECRET" not in str(body)
    assert maintainx.asked == []


def test_service_that_refuses_gives_the_event_back(load: Load, endpoint: Endpoint) -> None:
    endpoint.status = 503
    assert push(load) == 503
    endpoint.status = 200
    assert push(load) == 204
    assert len(endpoint.received) == 2


def test_unconfirmed_notification_is_kept_and_a_replay_sends_it_once_more(
    configured: Settings, load: Load, broker: FakePublisher, maintainx: MaintainX
) -> None:
    with running(chat(hangs_up)) as service:
        configured.write_secret("notify-urls", f"json://127.0.0.1:{service.port}\n")
        body = push_body(make_event(type="work_order.overdue"))
        statuses = [load("notify").post("/", data=body).status_code for _ in range(4)]
        assert statuses == [503, 204, 204, 204]
        (letter,) = broker.published
        assert (letter.topic, letter.attributes["error_class"]) == ("notify-dead", "NotificationUnconfirmed")
        service.answer = says(200)
        body = push_body(make_event(type="work_order.overdue"), attributes={"replay_id": "r1"})
        assert [load("notify").post("/", data=body).status_code for _ in range(2)] == [204, 204]
        assert (len(service.settled()), len(broker.published)) == (3, 1)


def test_site_without_addresses_is_skipped_with_the_reason(load: Load, logged: LogLines) -> None:
    assert push(load, site="plant-2") == 204
    assert [line["reason"] for line in logged() if line.get("outcome")] == ["no_addresses"]


def test_addresses_that_cannot_be_used_bury_the_notification(
    configured: Settings, load: Load, broker: FakePublisher, maintainx: MaintainX
) -> None:
    configured.write_secret("notify-urls", "nonsense\n")
    assert push(load) == 204
    (letter,) = broker.published
    assert (letter.topic, letter.attributes["error_class"]) == ("notify-dead", "NotificationRejected")


def test_odd_line_holds_up_no_other_and_is_named_by_its_number(
    configured: Settings, load: Load, broker: FakePublisher, endpoint: Endpoint, logged: LogLines
) -> None:
    here = f"json://127.0.0.1:{endpoint.port}"
    configured.write_secret("notify-urls", f"{here}/first\n\n{here}/to\u200bken\nnonsense\n{here}/second\n")
    endpoint.status = 503
    assert push(load) == 503
    endpoint.status = 200
    assert push(load) == 204
    assert sorted(path for path, _ in endpoint.received) == ["/first", "/second"]
    (letter,) = broker.published
    assert letter.attributes["error_class"] == "NotificationRejected"
    said = r" line 3 \(holds U\+200B ZERO WIDTH SPACE, which nobody sees \(character \d+\)\), line 4$"
    assert re.search(said, letter.attributes["error_message"])
    assert any(line["message"].startswith("secret notify-urls: line 3 holds U+200B") for line in logged())


@pytest.mark.parametrize("urls", [" \n", None])
def test_notification_waits_for_a_secret_that_is_missing(
    urls: str | None, configured: Settings, load: Load, broker: FakePublisher, logged: LogLines
) -> None:
    if urls is None:
        (configured.secrets / "notify-urls").unlink()
    else:
        configured.write_secret("notify-urls", urls)
    assert push(load) == 503
    assert broker.published == []
    assert [line["reason"] for line in logged() if line.get("outcome")] == ["SecretMissing"]


def test_no_address_is_logged(configured: Settings, load: Load, logged: LogLines, maintainx: MaintainX) -> None:
    configured.write_secret("notify-urls", "json://user:token-1@127.0.0.1:1/token-2\nslack://token-3\n")
    assert push(load) == 503
    assert "token-" not in json.dumps(logged())
