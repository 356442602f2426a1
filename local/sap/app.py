"""The simulator as one ASGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sap import control, logon
from local.sap.faults import FaultGate, World
from local.sap.paths import target
from local.sap.refusals import Refusal
from local.sap.service import Call, perform, refused
from local.sap.settings import Settings
from local.sap.tenant import Tenant

SERVICE = "/{tenant}/sap/opu/odata/sap/{service}"
_SERVICES = ("API_MAINTENANCEORDER;v=0002", "API_MAINTENANCEORDER;v=2")
_TUNNELLED = {"MERGE": "PATCH", "PATCH": "PATCH", "DELETE": "DELETE", "PUT": "PUT"}
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "MERGE", "DELETE"]


def make_app(tenants: Mapping[str, Mapping[str, Any]] | None = None) -> FaultGate:
    """A simulator with a tenant of these settings for each name. ValueError for settings that are none."""
    world = World()
    for name, settings in (tenants or {}).items():
        world.tenants[name] = tenant = Tenant(name, Settings())
        tenant.configure(settings)
    app = Starlette(
        routes=[
            Route(SERVICE + "/{path:path}", odata, methods=_METHODS),
            Route(SERVICE, odata, methods=_METHODS),
            Route("/{tenant}/sap/bc/sec/oauth2/token", token, methods=["POST"]),
            Route("/healthz", healthz),
            *control.ROUTES,
        ],
        exception_handlers={control.BadControl: control.refused},
    )
    app.state.world = world
    return FaultGate(app, world)


async def healthz(_request: Request) -> Response:
    """GET: the simulator is up."""
    return JSONResponse({"status": "ok"})


async def odata(request: Request) -> Response:
    """A request to the service, as far as it gets: tenant, logon, session, and then the service itself."""
    tenant = _tenant(request)
    if tenant is None or request.path_params["service"] not in _SERVICES:
        return logon.html(404, "404 Not Found", "Service cannot be reached")
    try:
        response = await _serve(tenant, request)
    except logon.Turned as turned:
        response = turned.response
    except Refusal as refusal:
        response = refused(refusal, as_json=_wants_json(request))
    if response.status_code >= 400:
        tenant.counters[f"refused_{response.status_code}"] += 1
    return response


async def token(request: Request) -> Response:
    """POST: an OAuth token."""
    tenant = _tenant(request)
    if tenant is None:
        return logon.html(404, "404 Not Found", "There is no such system")
    return await logon.oauth_token(tenant, request)


async def _serve(tenant: Tenant, request: Request) -> Response:
    user = logon.user_of(tenant, request)
    method = "GET" if request.method == "HEAD" else request.method
    if method != "GET":
        logon.check_token(tenant, request, user)
    if method == "POST":
        method = _TUNNELLED.get(request.headers.get("X-HTTP-Method", "").upper(), method)
    path = request.path_params.get("path", "")
    service = request.path_params["service"]
    call = Call(
        tenant=tenant,
        user=user,
        method=_TUNNELLED.get(method, method),
        base=f"{request.url.scheme}://{request.url.netloc}/{tenant.name}/sap/opu/odata/sap/{service}",
        path=path,
        query=request.url.query,
        json=_wants_json(request),
        if_match=request.headers.get("If-Match"),
        content_type=request.headers.get("Content-Type", ""),
        content=b"" if method == "GET" else await request.body(),
    )
    response = perform(call, target(tenant, path))
    if method == "GET":
        logon.give_token(tenant, request, user, response)
    return response


def _tenant(request: Request) -> Tenant | None:
    world: World = request.app.state.world
    return world.tenants.get(request.path_params["tenant"])


def _wants_json(request: Request) -> bool:
    wanted = request.query_params.get("$format")
    return wanted == "json" if wanted is not None else "application/json" in request.headers.get("Accept", "").lower()
