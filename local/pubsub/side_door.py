"""What the server tells over plain HTTP: the token issuer's certificates, and how much is waiting.

Google serves its certificates at /oauth2/v1/certs; the backlog stands in for Cloud Monitoring's
num_undelivered_messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

CERTS_PATH = "/oauth2/v1/certs"
BACKLOG_PATH = "/backlog"


class SideDoor:
    """Serves JSON documents from a thread; `certs_url` is what `verify_token(certs_url=...)` takes."""

    def __init__(
        self, host: str, port: int, certificates: Mapping[str, str], backlog: Callable[[], Mapping[str, int]]
    ) -> None:
        documents: dict[str, Callable[[], Mapping[str, Any]]] = {
            CERTS_PATH: lambda: certificates,
            BACKLOG_PATH: backlog,
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                make = documents.get(self.path)
                body = json.dumps(dict(make())).encode() if make else b""
                self.send_response(200 if make else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if self.path == CERTS_PATH:
                    self.send_header("Cache-Control", "public, max-age=3600")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Silent: nothing here is worth a line."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.certs_url = f"http://{host}:{self._server.server_address[1]}{CERTS_PATH}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
