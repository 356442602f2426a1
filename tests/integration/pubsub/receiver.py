"""A push endpoint for tests: answers what the test says and remembers what came."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from werkzeug import Request, Response

from tests.fakes.web import web_server


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
        self._changed = threading.Condition()
        self._stack = ExitStack()
        self._server = self._stack.enter_context(web_server(self._respond))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where to push to."""
        return f"{self._server.address}/push"

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

    def _respond(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Response(status=self._take(Received(time.monotonic(), headers, request.get_data())))

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
