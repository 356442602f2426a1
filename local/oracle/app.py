"""The simulator as one ASGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.oracle import control, interface, tokens
from local.oracle.call import framework_of
from local.oracle.faults import Fault
from local.oracle.gate import Gate
from local.oracle.refusals import STRUCTURED_FROM, Refusal, error_response
from local.oracle.settings import Settings
from local.oracle.store import Tenant


def make_app(settings: Mapping[str, Mapping[str, Any]] | None = None) -> Gate:
    """A simulator with a tenant of these settings for each name. ValueError for settings that are none."""
    tenants: dict[str, Tenant] = {}
    for name, values in (settings or {}).items():
        tenants[name] = tenant = Tenant(name, Settings())
        tenant.settings.merge(values)
    faults: list[Fault] = []
    app = Starlette(
        routes=[Route("/healthz", healthz), *control.ROUTES, *tokens.ROUTES, *interface.ROUTES],
        exception_handlers={Refusal: _refused, HTTPException: _not_routed},
    )
    app.router.redirect_slashes = False
    app.state.tenants = tenants
    app.state.faults = faults
    return Gate(app, tenants, faults)


async def healthz(_request: Request) -> Response:
    """GET: the simulator is up."""
    return JSONResponse({"status": "ok"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if request.url.path.startswith("/_sim/"):
        return error_response(error, STRUCTURED_FROM)
    return error_response(error, framework_of(request.headers) or 1)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await _refused(
        request, Refusal(error.status_code, f"HTTP_{error.status_code}", error.detail, headers=error.headers)
    )
