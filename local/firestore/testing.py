"""The server inside a test's own process, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.firestore.server import Calls, FirestoreServer


@dataclass(frozen=True, slots=True)
class RunningServer:
    """address: value for FIRESTORE_EMULATOR_HOST. calls: how often each method was called so far."""

    address: str
    calls: Calls


@contextmanager
def running_server(folder: Path) -> Iterator[RunningServer]:
    """A server on a free port, its file in `folder`; stopped at the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local-firestore", daemon=True)
    thread.start()
    server = FirestoreServer(folder / "firestore.sqlite")
    try:
        address = asyncio.run_coroutine_threadsafe(server.start(), loop).result()
        try:
            yield RunningServer(address, server.calls)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
