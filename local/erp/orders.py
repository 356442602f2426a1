"""The ERP's own interface: orders of a tenant under `/{tenant}/orders`."""

from __future__ import annotations

import hmac
from base64 import b64encode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.erp.rules import Refusal
from local.erp.store import Order, Tenant

MAX_PAGE = 200
_PAGE_PARAMETERS = {"externalReference", "offset", "limit"}


async def list_orders(request: Request) -> Response:
    """GET: `{"items", "offset", "limit", "hasMore"}`, filtered by externalReference if asked."""
    tenant = _tenant(request)
    if unknown := set(request.query_params) - _PAGE_PARAMETERS:
        raise Refusal(400, "UNKNOWN_PARAMETER", f"unknown query parameter {', '.join(sorted(unknown))}")
    offset = _number(request, "offset", 0, 0, 10**9)
    limit = _number(request, "limit", 50, 1, MAX_PAGE)
    found = list(tenant.search(request.query_params.get("externalReference")))
    tenant.counters["searches"] += 1
    page = [order.as_json() for order in found[offset : offset + limit]]
    return JSONResponse({"items": page, "offset": offset, "limit": limit, "hasMore": offset + limit < len(found)})


async def create_order(request: Request) -> Response:
    """POST: 201 with the order, its ETag and its Location."""
    tenant = _tenant(request)
    order = tenant.create(await _body(request))
    headers = {"ETag": order.etag, "Location": f"/{tenant.name}/orders/{order.id}"}
    return JSONResponse(order.as_json(), 201, headers)


async def read_order(request: Request) -> Response:
    """GET: the order and its ETag."""
    tenant = _tenant(request)
    order = tenant.order(request.path_params["order_id"])
    tenant.counters["reads"] += 1
    return _answer(order)


async def change_order(request: Request) -> Response:
    """PATCH with If-Match: the changed order; 428 without the header, 412 if the version is not the latest."""
    tenant = _tenant(request)
    order = tenant.order(request.path_params["order_id"])
    body = await _body(request)
    wanted = request.headers.get("If-Match")
    if wanted is None:
        raise Refusal(428, "PRECONDITION_REQUIRED", "If-Match is missing")
    if wanted not in ("*", order.etag):
        raise Refusal(412, "VERSION_CONFLICT", f"order {order.id} is at {order.etag}, not {wanted}")
    tenant.change(order, body, counter="updates")
    return _answer(order)


def _answer(order: Order) -> Response:
    return JSONResponse(order.as_json(), headers={"ETag": order.etag})


def _tenant(request: Request) -> Tenant:
    """The tenant in the path, if the request carries its token: as bearer, or as password of the user `erp`."""
    tenants: dict[str, Tenant] = request.app.state.tenants
    tenant = tenants.get(request.path_params["tenant"])
    if tenant is None:
        raise Refusal(404, "NOT_FOUND", "there is no such tenant")
    request.state.tenant = tenant
    basic = b64encode(f"erp:{tenant.token}".encode()).decode()
    given = request.headers.get("Authorization", "").encode()
    if not any(hmac.compare_digest(given, f.encode()) for f in (f"Bearer {tenant.token}", f"Basic {basic}")):
        raise Refusal(401, "UNAUTHORIZED", "the credentials are not valid")
    return tenant


async def _body(request: Request) -> object:
    try:
        return await request.json()
    except ValueError as error:
        raise Refusal(400, "NOT_JSON", "the body is not JSON") from error


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Refusal(400, "BAD_PARAMETER", f"{name} must be a number from {low} to {high}")
    return int(text)


ROUTES = [
    Route("/{tenant}/orders", list_orders, methods=["GET"]),
    Route("/{tenant}/orders", create_order, methods=["POST"]),
    Route("/{tenant}/orders/{order_id}", read_order, methods=["GET"]),
    Route("/{tenant}/orders/{order_id}", change_order, methods=["PATCH"]),
]
