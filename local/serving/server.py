"""Serves an ASGI application with uvicorn, on its own or inside a test."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_HOST = "127.0.0.1"
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 30.0


def make_server(app: ASGIApp, host: str = _HOST, port: int = 0) -> uvicorn.Server:
    """A server that is not started yet; it stops at once, without waiting for slow answers. Port 0: a free one."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def bound_port(server: uvicorn.Server) -> int:
    """The port that a started server listens on."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until a signal; says `ready HOST:PORT` on standard output."""
    server = make_server(app, host, port)
    running = asyncio.create_task(server.serve())
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if server.started:
        print(f"ready {host}:{bound_port(server)}", flush=True)
    await running


@contextmanager
def in_thread(server: uvicorn.Server, name: str) -> Iterator[str]:
    """Run a server for 127.0.0.1 in a thread; yields its base URL, without trailing slash. Always stopped.

    RuntimeError, which calls it by `name`, if it does not start.
    """
    thread = threading.Thread(target=server.run, name=name, daemon=True)
    thread.start()
    try:
        give_up_at = time.monotonic() + _START_TIMEOUT_S
        while not server.started:
            if time.monotonic() > give_up_at or not thread.is_alive():
                raise RuntimeError(f"{name} did not start")
            time.sleep(0.005)
        yield f"http://{_HOST}:{bound_port(server)}"
    finally:
        server.should_exit = True
        thread.join(_STOP_TIMEOUT_S)
