"""A simulator inside the test process, on a free port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from local.maintainx.app import create_app
from local.maintainx.control_client import SimControl
from local.maintainx.simulator import Simulator

START_TIMEOUT_S = 30.0


@contextmanager
def running_simulator() -> Iterator[SimControl]:
    """Serve a fresh simulator on 127.0.0.1 from a thread; its `base_url` and `api_url` say where. Always stopped."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    started = threading.Event()
    server = _Server(uvicorn.Config(create_app(Simulator()), log_level="warning", access_log=False), started)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not started.wait(START_TIMEOUT_S):
            raise TimeoutError("the MaintainX simulator did not start")
        with SimControl(base_url) as control:
            yield control
    finally:
        server.should_exit = True
        thread.join(START_TIMEOUT_S)
        listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._ready = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()
