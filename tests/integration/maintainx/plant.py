"""One simulated organization that the tests here share, and a receiver for its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from werkzeug import Request, Response

from local import loopback
from local.maintainx.control_client import SimControl
from tests.fakes.web import web_server

ORG = 4242
TOKEN = "token-of-a-user"
DRIVER = "token-of-the-driver"
USER, OTHER_USER, TEAM = 77, 81, 12
LOCATION, PUMP, FAN, REPORT = 310, 2201, 2202, 8801
PLANT: dict[str, Any] = {
    "id": ORG,
    "name": "Plant 1",
    "timeZone": "Europe/Berlin",
    "users": [
        {"id": USER, "firstName": "Planner", "lastName": "One", "email": "planner@example.com", "role": "ADMIN"},
        {"id": OTHER_USER, "firstName": "Technician", "lastName": "One", "email": "tech@example.com", "role": "MEMBER"},
    ],
    "teams": [{"id": TEAM, "name": "Mechanics"}],
    "locations": [{"id": LOCATION, "name": "Hall 1", "extraFields": {"Cost Center": "4100"}}],
    "categories": [{"id": 5, "label": "Mechanical"}, {"id": 6, "label": "Safety", "description": "All about safety"}],
    "assets": [
        {"id": PUMP, "name": "Feed pump", "locationId": LOCATION, "extraFields": {"ERP": "10001"}},
        {"id": FAN, "name": "Cooling fan", "parentId": PUMP},
    ],
    "assetCustomStatuses": [{"id": 31, "label": "Waiting for parts", "baseAssetStatus": "OFFLINE"}],
    "rootCauseAnalysisReports": [
        {
            "id": REPORT,
            "status": "DONE",
            "mainAssetId": PUMP,
            "createdAt": "2026-09-02T08:00:00.000Z",
            "incidentStartedAt": "2026-09-01T06:00:00.000Z",
            "incidentEndedAt": "2026-09-01T07:30:00.000Z",
            "repairTime": 3600,
            "notes": {"text": "Seal worn out"},
            "problems": [
                {
                    "id": 1,
                    "category": {"id": 2, "label": "Seals"},
                    "stepOptions": [{"id": 3, "label": "Wear", "stepType": "CAUSE"}],
                    "notes": None,
                }
            ],
        },
        {"id": REPORT + 1, "mainAssetId": FAN, "archivedAt": "2026-09-03T00:00:00.000Z"},
    ],
    "tokens": [
        {"token": TOKEN, "userId": USER},
        {"token": DRIVER, "userId": OTHER_USER, "privileged": True},
    ],
}


def api(control: SimControl, token: str = DRIVER, **headers: str) -> httpx.Client:
    """A plain HTTP client of the simulated REST API."""
    return loopback.client(
        base_url=control.api_url,
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=30.0,
    )


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A web server that takes webhooks. `status_of` decides on each answer."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    status_of: Callable[[Received], int] = lambda _delivery: 204


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Serves on a free port of 127.0.0.1; always stopped."""
    receiver = Receiver()

    def answer(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        delivery = Received(request.path, headers, request.get_data())
        receiver.received.append(delivery)
        return Response(status=receiver.status_of(delivery))

    with web_server(answer) as server:
        receiver.url = server.address
        yield receiver
