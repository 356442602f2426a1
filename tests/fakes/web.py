"""A web server of a test's own, from pytest-httpserver, which ends at once when it is told to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

# A line for each request would stand among those of what is tested.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


class WebServer(HTTPServer):
    """Answers each request in a thread of its own; `stop` does not wait for the half second of socketserver's poll."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.02)

    @property
    def address(self) -> str:
        """Its base URL, without trailing slash."""
        return str(self.url_for("")).rstrip("/")


@contextmanager
def web_server(answer: Callable[[Request], Response] | None = None) -> Iterator[WebServer]:
    """A server on a free port of 127.0.0.1; `answer` answers every request.

    Without it `expect_request` says what is answered.
    """
    server = WebServer("127.0.0.1", threaded=True)
    if answer is not None:
        server.expect_request(re.compile(".*")).respond_with_handler(answer)
    server.start()
    try:
        yield server
    finally:
        server.clear()
        if server.is_running():
            server.stop()
