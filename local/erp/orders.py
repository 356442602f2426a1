"""The ERP's own interface: orders of a tenant under `/{tenant}/orders`."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.erp.dialect import wrapped
from local.erp.listing import listing
from local.erp.rules import Refusal
from local.erp.store import Order, Tenant


async def list_orders(request: Request) -> Response:
    """GET: a page, filtered by externalReference and by the time of the last change if asked."""
    tenant = _tenant(request)
    body, headers = listing(tenant, request.url, request.query_params)
    tenant.counters["searches"] += 1
    return JSONResponse(body, headers=headers)


async def create_order(request: Request) -> Response:
    """POST: 201 with the order, its version and its Location, as far as the dialect tells them."""
    tenant = _tenant(request)
    _no_parameters(request)
    body, key = await _body(request), request.headers.get("Idempotency-Key")
    before = tenant.keys.get(key or "") if tenant.dialect.idempotent else None
    order = tenant.create(body) if before is None else tenant.order(before)
    if key is not None:
        tenant.keys[key] = order.id
    location = {"Location": f"/{tenant.name}/orders/{order.id}"}
    if tenant.dialect.created == "record":
        return _answer(tenant, order, 201, location)
    return Response(status_code=201, headers=location if tenant.dialect.created == "location" else {})


async def read_order(request: Request) -> Response:
    """GET: the order and its version."""
    tenant = _tenant(request)
    _no_parameters(request)
    order = tenant.order(request.path_params["order_id"])
    tenant.counters["reads"] += 1
    return _answer(tenant, order)


async def change_order(request: Request) -> Response:
    """The changed order; 428 without the version that was read, 412 (or 409) if that is not the latest."""
    tenant = _tenant(request)
    _no_parameters(request)
    order = tenant.order(request.path_params["order_id"])
    if request.method != tenant.dialect.update:
        raise Refusal(405, "METHOD_NOT_ALLOWED", f"an order is changed by {tenant.dialect.update}")
    body = await _body(request)
    header, version = ("If-Match", order.etag) if tenant.dialect.version == "etag" else _row_version(order)
    wanted = request.headers.get(header)
    if wanted is None:
        raise Refusal(428, "PRECONDITION_REQUIRED", f"{header} is missing")
    if wanted not in ("*", version):
        raise Refusal(tenant.dialect.conflict, "VERSION_CONFLICT", f"order {order.id} is at {version}, not {wanted}")
    tenant.change(order, body, counter="updates", replaces=request.method == "PUT")
    return _answer(tenant, order)


def _row_version(order: Order) -> tuple[str, str]:
    return "X-Row-Version", str(order.version)


def _answer(tenant: Tenant, order: Order, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    version = {"ETag": order.etag} if tenant.dialect.version == "etag" else {}
    body = wrapped(tenant.dialect.record_envelope, tenant.shown(order))
    return JSONResponse(body, status, {**version, **(headers or {})})


def _no_parameters(request: Request) -> None:
    if request.query_params:
        raise Refusal(400, "UNKNOWN_PARAMETER", f"unknown query parameter {', '.join(sorted(request.query_params))}")


def _tenant(request: Request) -> Tenant:
    """The tenant in the path, if the request carries its token: as bearer, as password of the user `erp`, or as key."""
    tenants: dict[str, Tenant] = request.app.state.tenants
    tenant = tenants.get(request.path_params["tenant"])
    if tenant is None:
        raise Refusal(404, "NOT_FOUND", "there is no such tenant")
    request.state.tenant = tenant
    basic = b64encode(f"erp:{tenant.token}".encode()).decode()
    key_header = tenant.dialect.key_header
    given = request.headers.get(key_header or "Authorization", "").encode()
    accepted = (tenant.token,) if key_header else (f"Bearer {tenant.token}", f"Basic {basic}")
    if not any(hmac.compare_digest(given, form.encode()) for form in accepted):
        raise Refusal(401, "UNAUTHORIZED", "the credentials are not valid")
    return tenant


async def _body(request: Request) -> object:
    try:
        return await request.json()
    except ValueError as error:
        raise Refusal(400, "NOT_JSON", "the body is not JSON") from error


ROUTES = [
    Route("/{tenant}/orders", list_orders, methods=["GET"]),
    Route("/{tenant}/orders", create_order, methods=["POST"]),
    Route("/{tenant}/orders/{order_id}", read_order, methods=["GET"]),
    Route("/{tenant}/orders/{order_id}", change_order, methods=["PATCH", "PUT", "POST"]),
]
