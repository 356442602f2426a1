"""An HTTP endpoint that answers one work order as MaintainX does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class MaintainX(ThreadingHTTPServer):
    """`record` is answered with `status`; `asked` are the paths of the requests so far."""

    daemon_threads = True  # a client keeps its connection open

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.record: dict[str, Any] = {"id": 9001001, "title": "Replace seal", "priority": "HIGH"}
        self.status = 200
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: MaintainX

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = json.dumps({"workOrder": self.server.record} if self.server.status == 200 else {"errors": []}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
        server.shutdown()
        thread.join()
        server.server_close()
