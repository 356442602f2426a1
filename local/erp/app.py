"""The simulator as one ASGI application."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.erp import control, orders
from local.erp.faults import Fault, FaultGate
from local.erp.rules import Refusal
from local.erp.store import Tenant


def make_app(tokens: Mapping[str, str] | None = None) -> FaultGate:
    """A simulator with a tenant for each name in `tokens`, and no orders."""
    faults: list[Fault] = []
    app = Starlette(
        routes=[Route("/healthz", healthz), *control.ROUTES, *orders.ROUTES],
        exception_handlers={Refusal: _refused},
    )
    app.state.tenants = {name: Tenant(name, token) for name, token in (tokens or {}).items()}
    app.state.faults = faults
    return FaultGate(app, faults)


async def healthz(_request: Request) -> Response:
    """GET: the simulator is up."""
    return JSONResponse({"status": "ok"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    tenant: Tenant | None = getattr(request.state, "tenant", None)
    if tenant is not None:
        tenant.counters[f"refused_{error.status}"] += 1
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(error.body, error.status, headers)
