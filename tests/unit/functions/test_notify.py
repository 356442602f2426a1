"""notify as it is served, with Apprise's real client sending to a real HTTP endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import Settings
from tests.unit.conftest import LogLines

Load = Callable[[str], FlaskClient]


class Endpoint(ThreadingHTTPServer):
    """Takes what Apprise's json:// addresses post; `status` is its answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.status == 200:
            self.server.received.append((self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def endpoint(configured: Settings) -> Iterator[Endpoint]:
    server = Endpoint()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = f"json://127.0.0.1:{server.server_port}"
    configured.write_secret("notify-urls", f"{address}/first\n{address}/second\n")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


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


def test_service_that_refuses_gives_the_event_back(load: Load, endpoint: Endpoint) -> None:
    endpoint.status = 503
    assert push(load) == 503
    endpoint.status = 200
    assert push(load) == 204
    assert len(endpoint.received) == 2


def test_site_without_addresses_is_skipped_with_the_reason(load: Load, logged: LogLines) -> None:
    assert push(load, site="plant-2") == 204
    assert [line["reason"] for line in logged() if line.get("outcome")] == ["no_addresses"]


def test_addresses_that_cannot_be_used_bury_the_notification(
    configured: Settings, load: Load, broker: FakePublisher
) -> None:
    configured.write_secret("notify-urls", "nonsense\n")
    assert push(load) == 204
    (letter,) = broker.published
    assert (letter.topic, letter.attributes["error_class"]) == ("notify-dead", "NotificationRejected")


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


def test_no_address_is_logged(configured: Settings, load: Load, logged: LogLines) -> None:
    configured.write_secret("notify-urls", "json://user:token-1@127.0.0.1:1/token-2\nslack://token-3\n")
    assert push(load) == 503
    assert "token-" not in json.dumps(logged())
