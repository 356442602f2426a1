"""The synthetic event: what is sent over a socket, and what each answer means."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from ops.probe import EVENT_TYPE, SmokeFailed, await_archived, check_unrouted, make_probe, send
from shared.config.loading import load_model
from shared.config.routes import RoutesFile
from shared.errors import ConfigError, RemoteUnavailable
from shared.events import event_identity
from shared.maintainx.signature import verify
from tests.fakes.web import web_server

SECRET = "gateway secret"
ROUTES = Path(__file__).resolve().parents[3] / "config" / "routes.yaml"


@dataclass
class Ingress:
    """An address that answers each request with the next of `statuses`, the last one for ever."""

    statuses: list[int]
    url: str = ""
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    event_id: str | None = None

    def answer(self, request: Request) -> Response:
        body = request.get_data()
        self.received.append((request.path, {k.lower(): v for k, v in request.headers.items()}, body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        event_id = self.event_id or event_identity("plant-1", EVENT_TYPE, body)
        return Response(json.dumps({"event_id": event_id}), status)


@pytest.fixture
def ingress() -> Iterator[Ingress]:
    made = Ingress([202])
    with web_server(made.answer) as server:
        made.url = server.address
        yield made


def test_probe_is_signed_as_the_ingress_verifies_it(ingress: Ingress) -> None:
    probe = make_probe("plant-1")
    assert send(probe, ingress.url + "/", SECRET, timeout_s=5) > 0
    ((path, headers, body),) = ingress.received
    assert path == "/v1/events/plant-1"
    verify(headers["x-bridge-signature"], body, [SECRET], now_s=time.time())
    assert json.loads(body)["event"] == EVENT_TYPE


def test_two_probes_are_two_events() -> None:
    assert make_probe("plant-1").event_id != make_probe("plant-1").event_id


@pytest.mark.parametrize("passing", [503, 500, 404, 403])
def test_what_may_pass_is_sent_again_as_the_same_event(passing: int, ingress: Ingress) -> None:
    ingress.statuses = [passing, 202]
    send(make_probe("plant-1"), ingress.url, SECRET, timeout_s=30)
    first, second = (body for _, _, body in ingress.received)
    assert first == second


def test_nobody_there_is_unavailable_after_the_time_out(ingress: Ingress) -> None:
    ingress.statuses = [503]
    with pytest.raises(RemoteUnavailable, match="503"):
        send(make_probe("plant-1"), ingress.url, SECRET, timeout_s=0.2)
    with pytest.raises(RemoteUnavailable, match="ConnectError"):
        send(make_probe("plant-1"), "http://127.0.0.1:1", SECRET, timeout_s=0.2)


def test_address_that_cannot_be_called_is_a_matter_of_usage_and_not_quoted() -> None:
    for url in ("http://a-secret@a..b", "ftp://a-secret@host", "http://host/\na-secret", "a-secret"):
        with pytest.raises(ConfigError, match="--url is no address") as caught:
            send(make_probe("plant-1"), url, SECRET, timeout_s=30)
        assert "a-secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(("status", "words"), [(401, "events_secret"), (400, "400 instead of 202"), (200, "200 inst")])
def test_refusal_is_told_at_once(status: int, words: str, ingress: Ingress) -> None:
    ingress.statuses = [status]
    with pytest.raises(SmokeFailed, match=words):
        send(make_probe("plant-1"), ingress.url, SECRET, timeout_s=30)
    assert len(ingress.received) == 1


def test_other_event_id_than_expected_is_a_failure(ingress: Ingress) -> None:
    ingress.event_id = "another"
    with pytest.raises(SmokeFailed, match="the id another instead of"):
        send(make_probe("plant-1"), ingress.url, SECRET, timeout_s=30)


def test_shipped_routes_lead_the_probe_nowhere() -> None:
    check_unrouted("plant-north", tuple(load_model(ROUTES, RoutesFile).routes))


@pytest.mark.parametrize("pattern", ["bridge.smoke", "bridge.*"])
def test_route_that_would_carry_the_probe_is_refused(pattern: str) -> None:
    routes = RoutesFile.model_validate({"routes": [{"name": "x", "when": {"type": pattern}, "to": "erp-push"}]})
    with pytest.raises(ConfigError, match=r"bridge\.smoke of site plant-1 to erp-push"):
        check_unrouted("plant-1", tuple(routes.routes))


class Archive:
    """Answers queries with these numbers of rows, one after the other, the last one for ever."""

    def __init__(self, *counts: int) -> None:
        self.counts = list(counts)

    def query(self, *_: object) -> Sequence[dict[str, str]]:
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        return [{"site": "plant-1", "type": EVENT_TYPE, "source": "gateway"}] * count


def test_waits_until_the_archive_has_the_event() -> None:
    waits: list[float] = []
    archive: Any = Archive(0, 0, 1)
    assert await_archived(make_probe("plant-1"), archive, timeout_s=60, sleep=waits.append)["type"] == EVENT_TYPE
    assert waits == [0.5, 0.75]


def test_event_that_never_arrives_says_where_to_look() -> None:
    archive: Any = Archive(0)
    with pytest.raises(SmokeFailed, match=r"accepted, but is not in BigQuery.*raw-events"):
        await_archived(make_probe("plant-1"), archive, timeout_s=0, sleep=lambda _: None)


@pytest.mark.parametrize("count", [0, 2])
def test_event_that_the_view_has_not_exactly_once_is_a_failure(count: int) -> None:
    archive: Any = Archive(1, count)
    with pytest.raises(SmokeFailed, match=f"{count} times in the view events"):
        await_archived(make_probe("plant-1"), archive, timeout_s=5, sleep=lambda _: None)
