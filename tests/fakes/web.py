"""A web server of a test's own, from pytest-httpserver, which ends at once when it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_httpserver import HTTPServer


class WebServer(HTTPServer):
    """Answers each request in a thread of its own; `stop` does not wait for the half second of socketserver's poll."""

    def thread_target(self) -> None:
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.02)


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A server on a free port of 127.0.0.1; `url_for` says where, `expect_request` what it answers, `log` what came."""
    server = WebServer("127.0.0.1", threaded=True)
    server.start()
    try:
        yield server
    finally:
        server.clear()
        if server.is_running():
            server.stop()
