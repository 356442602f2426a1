"""The simulator's control plane under `/_sim`: no part of any ERP's interface, and without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.erp.dialect import Dialect
from local.erp.faults import Fault
from local.erp.rules import Refusal
from local.erp.store import Tenant


async def put_tenant(request: Request) -> Response:
    """PUT `{"token", "equipment": [...], "dialect": {...}}`: a new tenant; for an old one a new token and the rest."""
    body = await _object(request)
    name = request.path_params["tenant"]
    tenants: dict[str, Tenant] = request.app.state.tenants
    if not isinstance(body.get("token"), str) or not body["token"]:
        raise Refusal(400, "BAD_CONTROL", "token is missing")
    tenant = tenants.setdefault(name, Tenant(name, body["token"]))
    tenant.token = body["token"]
    tenant.equipment |= {str(number) for number in body.get("equipment", [])}
    if "dialect" in body:
        try:
            tenant.dialect = Dialect.from_json(body["dialect"])
        except (TypeError, ValueError) as error:
            raise Refusal(400, "BAD_CONTROL", str(error)) from error
    return JSONResponse({"tenant": name, "equipment": len(tenant.equipment), "dialect": tenant.dialect.as_json()})


async def add_equipment(request: Request) -> Response:
    """POST `{"equipment": [...]}`: more master data."""
    tenant = _tenant(request)
    tenant.equipment |= {str(number) for number in (await _object(request)).get("equipment", [])}
    return JSONResponse({"tenant": tenant.name, "equipment": len(tenant.equipment)})


async def dump(request: Request) -> Response:
    """GET: everything that the tenant holds."""
    tenant = _tenant(request)
    orders = [{**order.as_json(), "version": order.version, "etag": order.etag} for order in tenant.search(None)]
    return JSONResponse(
        {
            "tenant": tenant.name,
            "orders": orders,
            "duplicates": tenant.duplicates(),
            "counters": dict(tenant.counters),
            "equipment": sorted(tenant.equipment),
        }
    )


async def counters(request: Request) -> Response:
    """GET: how often each thing was done, and the references that more than one order carries."""
    tenant = _tenant(request)
    return JSONResponse({"counters": dict(tenant.counters), "duplicates": tenant.duplicates()})


async def add_order(request: Request) -> Response:
    """POST: make an order as a person in the ERP's own screens would, by the same rules."""
    order = _tenant(request).create(await _object(request), counter="user_creates")
    return JSONResponse(order.as_json(), 201)


async def edit_order(request: Request) -> Response:
    """PATCH: change an order as a person in the ERP's own screens would, by the same rules, without If-Match."""
    tenant = _tenant(request)
    order = tenant.order(request.path_params["order_id"])
    tenant.change(order, await _object(request), counter="user_edits")
    return JSONResponse(order.as_json(), headers={"ETag": order.etag})


async def delete_order(request: Request) -> Response:
    """DELETE: the order vanishes, as when the ERP is restored; there is no such thing in its interface."""
    tenant = _tenant(request)
    del tenant.orders[tenant.order(request.path_params["order_id"]).id]
    return Response(status_code=204)


async def add_fault(request: Request) -> Response:
    """POST one fault (see `local.erp.faults.Fault`): it comes after those that are on already."""
    try:
        fault = Fault.from_json(await _object(request))
    except (TypeError, ValueError) as error:
        raise Refusal(400, "BAD_CONTROL", str(error)) from error
    request.app.state.faults.append(fault)
    return JSONResponse(fault.as_json(), 201)


async def list_faults(request: Request) -> Response:
    """GET: the faults that are on, with how often each will still strike."""
    return JSONResponse({"faults": [fault.as_json() for fault in request.app.state.faults if fault.times != 0]})


async def clear_faults(request: Request) -> Response:
    """DELETE: everything works again."""
    request.app.state.faults.clear()
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    """POST: no tenants, no faults, as after a start."""
    request.app.state.tenants.clear()
    request.app.state.faults.clear()
    return Response(status_code=204)


def _tenant(request: Request) -> Tenant:
    tenants: dict[str, Tenant] = request.app.state.tenants
    try:
        return tenants[request.path_params["tenant"]]
    except KeyError:
        raise Refusal(404, "NOT_FOUND", "there is no such tenant") from None


async def _object(request: Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refusal(400, "NOT_JSON", "the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "NOT_AN_OBJECT", "the body is not a JSON object")
    return body


ROUTES = [
    Route("/_sim/tenants/{tenant}", put_tenant, methods=["PUT"]),
    Route("/_sim/tenants/{tenant}/equipment", add_equipment, methods=["POST"]),
    Route("/_sim/tenants/{tenant}/dump", dump, methods=["GET"]),
    Route("/_sim/tenants/{tenant}/counters", counters, methods=["GET"]),
    Route("/_sim/tenants/{tenant}/orders", add_order, methods=["POST"]),
    Route("/_sim/tenants/{tenant}/orders/{order_id}", edit_order, methods=["PATCH"]),
    Route("/_sim/tenants/{tenant}/orders/{order_id}", delete_order, methods=["DELETE"]),
    Route("/_sim/faults", add_fault, methods=["POST"]),
    Route("/_sim/faults", list_faults, methods=["GET"]),
    Route("/_sim/faults", clear_faults, methods=["DELETE"]),
    Route("/_sim/reset", reset, methods=["POST"]),
]
