"""An HTTP endpoint that answers a work order, assets and locations as MaintainX does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from werkzeug import Request, Response

from shared.canonical import canonical_json
from tests.fakes.web import web_server


def _open() -> Event:
    event = Event()
    event.set()
    return event


@dataclass
class MaintainX:
    """Answers with `status`; `asked` are the paths of the requests so far.

    url: the base URL of the API. record: the work order, whatever its id. assets, locations: by id. While `answers` is
    cleared, no answer is given.
    """

    url: str = ""
    record: dict[str, Any] = field(default_factory=lambda: {"id": 9001001, "title": "Replace seal", "priority": "HIGH"})
    assets: dict[int, dict[str, Any]] = field(default_factory=dict)
    locations: dict[int, dict[str, Any]] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    answers: Event = field(default_factory=_open)

    def answer(self, request: Request) -> Response:
        query = request.query_string.decode()
        self.asked.append(f"{request.path}?{query}" if query else request.path)
        self.answers.wait(60)
        found = self._found(request.path)
        status = self.status if found or self.status != 200 else 404
        body = canonical_json(found if status == 200 else {"errors": []})
        return Response(body, status, content_type="application/json")

    def _found(self, path: str) -> dict[str, Any]:
        _, _, plural, record_id = path.split("/")
        tables = {"assets": ("asset", self.assets), "locations": ("location", self.locations)}
        if plural not in tables:
            return {"workOrder": self.record}
        envelope, table = tables[plural]
        record = table.get(int(record_id))
        return {} if record is None else {envelope: record}


@contextmanager
def running_maintainx() -> Iterator[MaintainX]:
    """The endpoint, serving until the block ends."""
    made = MaintainX()
    with web_server(made.answer) as server:
        made.url = f"{server.address}/v1"
        try:
            yield made
        finally:
            made.answers.set()
