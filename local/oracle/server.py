"""Serves the simulator with uvicorn, on its own or inside a test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import uvicorn

from local.oracle.app import make_app


def make_server(host: str, port: int) -> uvicorn.Server:
    """A server that is not started yet; it stops at once, without waiting for slow answers."""
    config = uvicorn.Config(
        make_app(),
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


async def serve(host: str, port: int, tenants: Mapping[str, Mapping[str, Any]]) -> None:
    """Serve tenants with these settings until a signal; says `ready HOST:PORT` on standard output."""
    server = make_server(host, port)
    running = asyncio.create_task(server.serve())
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if server.started:
        port = bound_port(server)
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}/_sim/tenants/") as http:
            for name, settings in tenants.items():
                (await http.put(name, json=dict(settings))).raise_for_status()
        print(f"ready {host}:{port}", flush=True)
    await running
