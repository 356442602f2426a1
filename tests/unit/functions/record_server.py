"""An HTTP endpoint that answers a work order, assets and locations as MaintainX does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class MaintainX(ThreadingHTTPServer):
    """Answers with `status`; `asked` are the paths of the requests so far.

    record: the work order, whatever its id. assets, locations: by id. While `answers` is cleared, no answer is given.
    """

    daemon_threads = True  # a client keeps its connection open

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.record: dict[str, Any] = {"id": 9001001, "title": "Replace seal", "priority": "HIGH"}
        self.assets: dict[int, dict[str, Any]] = {}
        self.locations: dict[int, dict[str, Any]] = {}
        self.status = 200
        self.asked: list[str] = []
        self.answers = Event()
        self.answers.set()

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: MaintainX

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answers.wait(60)
        found = self._found()
        status = self.server.status if found or self.server.status != 200 else 404
        body = json.dumps(found if status == 200 else {"errors": []}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> dict[str, Any]:
        _, _, plural, record_id = self.path.split("/")
        tables = {"assets": ("asset", self.server.assets), "locations": ("location", self.server.locations)}
        if plural not in tables:
            return {"workOrder": self.server.record}
        envelope, table = tables[plural]
        record = table.get(int(record_id))
        return {} if record is None else {envelope: record}

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def running_maintainx() -> Iterator[MaintainX]:
    """The endpoint, serving until the block ends."""
    server = MaintainX()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
