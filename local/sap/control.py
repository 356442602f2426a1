"""The simulator's control plane under `/_sim`: no part of SAP's interface, and without credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sap.edm import parse_time, plain, to_json
from local.sap.faults import Fault, World
from local.sap.fields import LONG_TEXT, ORDER
from local.sap.refusals import Refusal
from local.sap.settings import Settings
from local.sap.shapes import etag
from local.sap.status import CODES
from local.sap.tenant import Order, Tenant

_Result = TypeVar("_Result")
PERSON = "ADA"  # who works in SAP's own screens


class BadControl(Exception):
    """A control request that makes no sense, with the HTTP status of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def refused(_request: Request, error: Exception) -> Response:
    """The answer for BadControl."""
    assert isinstance(error, BadControl)
    return JSONResponse({"error": str(error)}, error.status)


async def put_tenant(request: Request) -> Response:
    """PUT settings (see `local.sap.settings.Settings`): a new tenant, or other settings for an old one."""
    name, body = request.path_params["tenant"], await _object(request)
    world = _world(request)
    tenant = world.tenants.get(name) or Tenant(name, Settings())
    try:
        tenant.configure(body)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadControl(400, str(error)) from error
    world.tenants[name] = tenant
    return JSONResponse({"tenant": name})


async def dump(request: Request) -> Response:
    """GET: everything that the tenant holds."""
    tenant = _tenant(request)
    return JSONResponse(
        {
            "tenant": tenant.name,
            "orders": [_order_json(order) for order in tenant.orders.values()],
            "duplicates": tenant.duplicates(),
            "counters": dict(tenant.counters),
            "equipment": dict(tenant.settings.equipment),
        }
    )


async def counters(request: Request) -> Response:
    """GET: how often each thing was done, and the references that more than one order carries."""
    tenant = _tenant(request)
    return JSONResponse({"counters": dict(tenant.counters), "duplicates": tenant.duplicates()})


async def log(request: Request) -> Response:
    """GET: the requests so far, oldest first. DELETE: forget them and the counters."""
    tenant = _tenant(request)
    if request.method == "DELETE":
        tenant.log.clear()
        tenant.counters.clear()
        return Response(status_code=204)
    return JSONResponse({"log": list(tenant.log)})


async def create_order(request: Request) -> Response:
    """POST: a person makes an order, by the same rules."""
    tenant, body = _tenant(request), await _object(request)
    order = _by_the_rules(lambda: tenant.create(_as_odata(body), PERSON))
    tenant.counters["user_creates"] += 1
    return JSONResponse(_order_json(order), 201)


async def edit_order(request: Request) -> Response:
    """PATCH: a person changes fields, by the same rules, without If-Match."""
    tenant, order = _tenant(request), _order(request)
    body = await _object(request)
    _by_the_rules(lambda: tenant.change(order, _as_odata(body), PERSON))
    tenant.counters["user_edits"] += 1
    return JSONResponse(_order_json(order))


async def delete_order(request: Request) -> Response:
    """DELETE: the order is archived, and so gone."""
    tenant, order = _tenant(request), _order(request)
    del tenant.orders[order.id]
    return Response(status_code=204)


async def write_long_text(request: Request) -> Response:
    """PUT `{"text", "language"}`: a person writes the order's long text."""
    tenant, order = _tenant(request), _order(request)
    body = await _object(request)
    key = ("KOPF", body.get("language", "EN"))
    text = {"MaintenanceOrderLongText": body.get("text")}
    row = order.children[LONG_TEXT.set_name].get(key)
    if row is None:
        made = {"TextObjectType": key[0], "Language": key[1], **text}
        _by_the_rules(lambda: tenant.add_child(order, LONG_TEXT, made, PERSON))
    else:
        _by_the_rules(lambda: tenant.change_child(order, LONG_TEXT, row, text, PERSON))
    tenant.counters["user_edits"] += 1
    return JSONResponse(_order_json(order))


async def set_status(request: Request) -> Response:
    """POST `{"status": "TECO"}`: a person brings the order there, by as many steps as SAP demands."""
    tenant, order = _tenant(request), _order(request)
    code = (await _object(request)).get("status")
    if code not in CODES:
        raise BadControl(400, f"status must be one of {', '.join(CODES)}")
    try:
        tenant.lead_to(order, code, PERSON)
    except ValueError as error:
        raise BadControl(409, str(error)) from error
    tenant.counters["user_edits"] += 1
    return JSONResponse(_order_json(order))


async def confirm(request: Request) -> Response:
    """POST `{"final": true}`: a person reports work on the order."""
    tenant, order = _tenant(request), _order(request)
    final = (await _object(request)).get("final", False)
    _by_the_rules(lambda: tenant.step(order, "confirm_finally" if final else "confirm", PERSON))
    tenant.counters["user_edits"] += 1
    return JSONResponse(_order_json(order))


async def expire_sessions(request: Request) -> Response:
    """POST: all sessions end, and with them the CSRF tokens."""
    _tenant(request).sessions.expire()
    return Response(status_code=204)


async def expire_tokens(request: Request) -> Response:
    """POST: all OAuth tokens end."""
    _tenant(request).tokens.clear()
    return Response(status_code=204)


async def add_fault(request: Request) -> Response:
    """POST one fault (see `local.sap.faults.Fault`): it comes after those that are on already."""
    try:
        fault = Fault.from_json(await _object(request))
    except (TypeError, ValueError) as error:
        raise BadControl(400, str(error)) from error
    _world(request).faults.append(fault)
    return JSONResponse(fault.as_json(), 201)


async def list_faults(request: Request) -> Response:
    """GET: the faults that are on, with how often each will still strike."""
    return JSONResponse({"faults": [fault.as_json() for fault in _world(request).faults if fault.times != 0]})


async def clear_faults(request: Request) -> Response:
    """DELETE: everything works again; with `?tenant=`, only for that tenant."""
    tenant = request.query_params.get("tenant")
    world = _world(request)
    world.faults[:] = [fault for fault in world.faults if tenant is not None and fault.tenant != tenant]
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    """POST: no tenants, no faults, as after a start."""
    world = _world(request)
    world.tenants.clear()
    world.faults.clear()
    return Response(status_code=204)


def _order_json(order: Order) -> dict[str, Any]:
    return {
        **{name: plain(value) for name, value in order.row.items()},
        "status": order.status.code,
        "version": order.version,
        "etag": etag(order, ORDER),
        "operations": _children_json(order, "MaintenanceOrderOperation"),
        "long_texts": _children_json(order, "MaintenanceOrderLongText"),
    }


def _children_json(order: Order, set_name: str) -> list[dict[str, Any]]:
    return [{name: plain(value) for name, value in row.items()} for row in order.rows(set_name)]


def _as_odata(body: Mapping[str, Any]) -> dict[str, Any]:
    """A person's input as a request would have it: times in ISO 8601 become `/Date()/`, numbers strings."""
    return {name: _odata_value(name, value) for name, value in body.items()}


def _odata_value(name: str, value: Any) -> Any:
    made = ORDER.properties.get(name)
    if made is None or not isinstance(value, str) or value.startswith("/Date("):
        return value
    try:
        if made.type == "Edm.DateTimeOffset":
            return to_json(parse_time(value), made)
        if made.type == "Edm.DateTime":
            return to_json(datetime.combine(date.fromisoformat(value[:10]), time()), made)
    except ValueError as error:
        raise BadControl(400, f"{name}: {error}") from error
    return value


def _by_the_rules(act: Callable[[], _Result]) -> _Result:
    """What `act` returns; SAP's refusals become BadControl."""
    try:
        return act()
    except Refusal as refusal:
        raise BadControl(refusal.status, refusal.message) from refusal


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _tenant(request: Request) -> Tenant:
    try:
        return _world(request).tenants[request.path_params["tenant"]]
    except KeyError:
        raise BadControl(404, "there is no such tenant") from None


def _order(request: Request) -> Order:
    order = _tenant(request).orders.get(request.path_params["order_id"])
    if order is None:
        raise BadControl(404, "there is no such order")
    return order


async def _object(request: Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise BadControl(400, "the body is not JSON") from error
    if not isinstance(body, dict):
        raise BadControl(400, "the body is not a JSON object")
    return body


_T = "/_sim/tenants/{tenant}"
_O = _T + "/orders/{order_id}"
ROUTES = [
    Route(_T, put_tenant, methods=["PUT"]),
    Route(f"{_T}/dump", dump, methods=["GET"]),
    Route(f"{_T}/counters", counters, methods=["GET"]),
    Route(f"{_T}/log", log, methods=["GET", "DELETE"]),
    Route(f"{_T}/expire-sessions", expire_sessions, methods=["POST"]),
    Route(f"{_T}/expire-tokens", expire_tokens, methods=["POST"]),
    Route(f"{_T}/orders", create_order, methods=["POST"]),
    Route(_O, edit_order, methods=["PATCH"]),
    Route(_O, delete_order, methods=["DELETE"]),
    Route(f"{_O}/long-text", write_long_text, methods=["PUT"]),
    Route(f"{_O}/status", set_status, methods=["POST"]),
    Route(f"{_O}/confirm", confirm, methods=["POST"]),
    Route("/_sim/faults", add_fault, methods=["POST"]),
    Route("/_sim/faults", list_faults, methods=["GET"]),
    Route("/_sim/faults", clear_faults, methods=["DELETE"]),
    Route("/_sim/reset", reset, methods=["POST"]),
]
