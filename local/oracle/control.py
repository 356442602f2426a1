"""The simulator's control plane under `/_sim`: no part of Oracle's interface, and without credentials.

What a person does in Oracle's own screens is here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.oracle.attributes import CHILD
from local.oracle.faults import Fault
from local.oracle.orders import change_order, create_order
from local.oracle.refusals import Refusal
from local.oracle.settings import Settings
from local.oracle.store import Order, Tenant


async def put_tenant(request: Request) -> Response:
    """PUT any of `Settings`: a new tenant, or other settings for an old one."""
    body = await _object(request)
    name = request.path_params["tenant"]
    tenants: dict[str, Tenant] = request.app.state.tenants
    settings = tenants[name].settings if name in tenants else Settings()
    try:
        settings.merge(body)
    except ValueError as error:
        raise _bad(str(error)) from error
    tenants.setdefault(name, Tenant(name, settings))
    return JSONResponse({"tenant": name, "organizations": settings.organizations, "assets": settings.assets})


async def dump(request: Request) -> Response:
    """GET: everything that the tenant holds."""
    tenant = _tenant(request)
    return JSONResponse(
        {
            "tenant": tenant.name,
            "orders": [_whole(order) for order in tenant.orders.values()],
            "duplicates": tenant.duplicates("WorkOrderNumber"),
            "counters": dict(tenant.counters),
            "organizations": tenant.settings.organizations,
            "assets": tenant.settings.assets,
        }
    )


async def counters(request: Request) -> Response:
    """GET: how often each thing was done."""
    return JSONResponse({"counters": dict(_tenant(request).counters)})


async def duplicates(request: Request) -> Response:
    """GET `?attribute=`: the values that more than one order has, with the orders' ids."""
    attribute = request.query_params.get("attribute", "WorkOrderNumber")
    return JSONResponse({"duplicates": _tenant(request).duplicates(attribute)})


async def log(request: Request) -> Response:
    """GET: the requests, oldest first; without credentials."""
    return JSONResponse({"requests": list(_tenant(request).log)})


async def clear_log(request: Request) -> Response:
    """DELETE: forget the requests and start counting anew."""
    tenant = _tenant(request)
    tenant.log.clear()
    tenant.counters.clear()
    return Response(status_code=204)


async def expire_tokens(request: Request) -> Response:
    """POST: no token that was given out is good any more."""
    _tenant(request).tokens.clear()
    return Response(status_code=204)


async def put_clock(request: Request) -> Response:
    """PUT `{"now": "2026-04-01T06:00:00+00:00"}`: the time stands still there; null: it runs again."""
    now = (await _object(request)).get("now")
    try:
        moment = None if now is None else datetime.fromisoformat(now)
    except (TypeError, ValueError) as error:
        raise _bad("now is not a time") from error
    if moment is not None and moment.tzinfo is None:
        raise _bad("now has no offset")
    _tenant(request).clock = moment
    return Response(status_code=204)


async def add_order(request: Request) -> Response:
    """POST a work order as a person would make it, by the same rules."""
    tenant = _tenant(request)
    order = create_order(tenant, await _object(request))
    tenant.counters["user_creates"] += 1
    return JSONResponse(_whole(order), 201)


async def read_order(request: Request) -> Response:
    """GET: one order, with version and operations."""
    return JSONResponse(_whole(_order(request)))


async def edit_order(request: Request) -> Response:
    """PATCH an order as a person would, by the same rules; a person can also complete and reopen it."""
    order = _order(request)
    change_order(_tenant(request), order, await _object(request), by_person=True)
    _tenant(request).counters["user_edits"] += 1
    return JSONResponse(_whole(order))


async def delete_order(request: Request) -> Response:
    """DELETE: the order vanishes, as by a purge; there is no such thing in Oracle's interface."""
    del _tenant(request).orders[_order(request).id]
    _tenant(request).counters["user_deletes"] += 1
    return Response(status_code=204)


async def add_fault(request: Request) -> Response:
    """POST one fault (see `local.oracle.faults.Fault`): it comes after those that are on already."""
    try:
        fault = Fault.from_json(await _object(request))
    except (TypeError, ValueError) as error:
        raise _bad(str(error)) from error
    request.app.state.faults.append(fault)
    return JSONResponse(fault.as_json(), 201)


async def list_faults(request: Request) -> Response:
    """GET: the faults that are on, with how often each will still strike."""
    return JSONResponse({"faults": [fault.as_json() for fault in request.app.state.faults if fault.times != 0]})


async def clear_faults(request: Request) -> Response:
    """DELETE `?tenant=`: everything works again, for that tenant or for all."""
    tenant = request.query_params.get("tenant")
    kept = [fault for fault in request.app.state.faults if tenant is not None and fault.tenant != tenant]
    request.app.state.faults[:] = kept
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    """POST: no tenants, no faults, as after a start."""
    request.app.state.tenants.clear()
    request.app.state.faults.clear()
    return Response(status_code=204)


def _whole(order: Order) -> dict[str, Any]:
    operations = [operation.values for operation in order.in_sequence()]
    return {**order.values, CHILD: operations, "version": order.version, "etag": order.etag}


def _tenant(request: Request) -> Tenant:
    tenants: dict[str, Tenant] = request.app.state.tenants
    try:
        return tenants[request.path_params["tenant"]]
    except KeyError:
        raise Refusal(404, "NOT_FOUND", "there is no such tenant") from None


def _order(request: Request) -> Order:
    try:
        return _tenant(request).orders[int(request.path_params["order_id"])]
    except (KeyError, ValueError):
        raise Refusal(404, "NOT_FOUND", "there is no such order") from None


async def _object(request: Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise _bad("the body is not JSON") from error
    if not isinstance(body, dict):
        raise _bad("the body is not a JSON object")
    return body


def _bad(detail: str) -> Refusal:
    return Refusal(400, "BAD_CONTROL", detail)


_TENANT = "/_sim/tenants/{tenant}"
ROUTES = [
    Route(_TENANT, put_tenant, methods=["PUT"]),
    Route(f"{_TENANT}/dump", dump, methods=["GET"]),
    Route(f"{_TENANT}/counters", counters, methods=["GET"]),
    Route(f"{_TENANT}/duplicates", duplicates, methods=["GET"]),
    Route(f"{_TENANT}/log", log, methods=["GET"]),
    Route(f"{_TENANT}/log", clear_log, methods=["DELETE"]),
    Route(f"{_TENANT}/tokens/expire", expire_tokens, methods=["POST"]),
    Route(f"{_TENANT}/clock", put_clock, methods=["PUT"]),
    Route(f"{_TENANT}/orders", add_order, methods=["POST"]),
    Route(f"{_TENANT}/orders/{{order_id}}", read_order, methods=["GET"]),
    Route(f"{_TENANT}/orders/{{order_id}}", edit_order, methods=["PATCH"]),
    Route(f"{_TENANT}/orders/{{order_id}}", delete_order, methods=["DELETE"]),
    Route("/_sim/faults", add_fault, methods=["POST"]),
    Route("/_sim/faults", list_faults, methods=["GET"]),
    Route("/_sim/faults", clear_faults, methods=["DELETE"]),
    Route("/_sim/reset", reset, methods=["POST"]),
]
