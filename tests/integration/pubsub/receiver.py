"""A push endpoint for tests: answers what the test says and remembers what came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One request: when it came (monotonic seconds), its headers (names in lower case) and body."""

    at_s: float
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The body as the wrapped JSON of a push."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def message(self) -> dict[str, Any]:
        """The message in the envelope."""
        inner: dict[str, Any] = self.envelope["message"]
        return inner


@dataclass
class Receiver:
    """A context manager; `answer` maps the number of the request (from 0) to an HTTP status."""

    answer: Callable[[int], int] = lambda _: 204
    requests: list[Received] = field(default_factory=list)
    running: int = 0
    most_at_once: int = 0

    def __enter__(self) -> Self:
        receiver = self
        self._changed = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver._take(Received(time.monotonic(), headers, body))
                self.send_response_only(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where to push to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/push"

    def stays_at(self, count: int, for_s: float) -> bool:
        """Whether no more than `count` requests come within `for_s`."""
        with self._changed:
            return not self._changed.wait_for(lambda: len(self.requests) > count, for_s)

    def wait_for(self, count: int, timeout_s: float = 20.0) -> list[Received]:
        """The requests so far, once there are at least `count`; fails after the time-out."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.requests) >= count, timeout_s)
            assert came, f"{len(self.requests)} of {count} requests after {timeout_s} s"
            return list(self.requests)

    def _take(self, received: Received) -> int:
        with self._changed:
            self.requests.append(received)
            number = len(self.requests) - 1
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
            self._changed.notify_all()
        status = self.answer(number)
        with self._changed:
            self.running -= 1
        return status
