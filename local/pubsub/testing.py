"""A server inside the test process: own thread, own event loop, free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.pubsub.server import PubSubServer, ServerOptions

_START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`address` is for PUBSUB_EMULATOR_HOST, `certs_url` for verifying OIDC tokens."""

    address: str
    certs_url: str


@contextmanager
def running_server(folder: Path, **options: Any) -> Iterator[RunningServer]:
    """A server with its database in `folder`, stopped on exit. `options` are those of ServerOptions."""
    server = PubSubServer(ServerOptions(database=folder / "pubsub.sqlite", **options))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pubsub-server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(_START_TIMEOUT_S)
        try:
            yield RunningServer(server.address, server.certs_url)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(_START_TIMEOUT_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
