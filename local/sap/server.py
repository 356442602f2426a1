"""Serves the simulator with uvicorn, on its own or inside a test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import uvicorn

from local.sap.app import make_app
from local.sap.faults import FaultGate
from local.sap.settings import Settings
from local.sap.tenant import Tenant


def make_server(host: str, port: int, tenants: Mapping[str, Mapping[str, Any]] | None = None) -> uvicorn.Server:
    """A server that is not started yet, with a tenant of these settings for each name. It stops at once, without
    waiting for slow answers. ValueError for settings that are none."""
    config = uvicorn.Config(
        _app_with(tenants or {}),
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
    """Serve until a signal; says `ready HOST:PORT` on standard output."""
    server = make_server(host, port, tenants)
    running = asyncio.create_task(server.serve())
    while not server.started and not running.done():
        await asyncio.sleep(0.01)
    if server.started:
        print(f"ready {host}:{bound_port(server)}", flush=True)
    await running


def _app_with(tenants: Mapping[str, Mapping[str, Any]]) -> FaultGate:
    app = make_app()
    for name, settings in tenants.items():
        app.world.tenants[name] = tenant = Tenant(name, Settings())
        tenant.configure(settings)
    return app
