"""A simulator inside the test process, on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from local.maintainx.app import create_app
from local.maintainx.control_client import SimControl
from local.maintainx.simulator import Simulator
from local.serving.server import in_thread


@contextmanager
def running_simulator() -> Iterator[SimControl]:
    """Serve a fresh simulator on 127.0.0.1 from a thread; its `base_url` and `api_url` say where. Always stopped."""
    config = uvicorn.Config(create_app(Simulator()), port=0, log_level="warning", access_log=False)
    config.timeout_graceful_shutdown = 1  # a slow answer is not waited for
    server = uvicorn.Server(config)
    with in_thread(server, "the MaintainX simulator") as base_url, SimControl(base_url) as control:
        yield control
