"""The way of a request: authentication, rate limit, faults, organization, query, operation, webhooks, answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from local.maintainx import (
    api_assets,
    api_costs,
    api_directory,
    api_meter_triggers,
    api_meters,
    api_parts,
    api_reports,
    api_subscriptions,
    api_work_orders,
    api_work_requests,
    control,
    queries,
    state,
)
from local.maintainx.call import Call, Operation, organizations_of
from local.maintainx.problems import Refusal, plain
from local.maintainx.simulator import Simulator
from local.maintainx.store import Organization, Token
from shared.errors import MalformedEvent
from shared.events import parse_utc

OPERATIONS = (
    *api_work_orders.OPERATIONS,
    *api_costs.OPERATIONS,
    *api_work_requests.OPERATIONS,
    *api_assets.OPERATIONS,
    *api_parts.OPERATIONS,
    *api_meters.OPERATIONS,
    *api_meter_triggers.OPERATIONS,
    *api_reports.OPERATIONS,
    *api_directory.OPERATIONS,
    *api_subscriptions.OPERATIONS,
)
SIM_TIME_HEADER = "x-sim-now"  # of privileged tokens: moves the clock forward, saves a call to the control plane
_WRITES = ("POST", "PATCH", "DELETE")


def create_app(simulator: Simulator, *, state_file: Path | None = None) -> Starlette:
    """The API under /v1 and the control plane under /_sim. `state_file` is read at the start and written at the end."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if state_file is not None and state_file.exists():
            state.load(simulator, state_file)
        yield
        await simulator.deliveries.close()
        if state_file is not None:
            state.save(simulator, state_file)

    routes = [
        Route(operation.path, _endpoint(operation, simulator), methods=[operation.method]) for operation in OPERATIONS
    ]
    routes.append(Route("/versions", _versions))
    return Starlette(
        routes=[Mount("/v1", routes=routes), *control.routes(simulator)],
        lifespan=lifespan,
        exception_handlers={404: _no_route, 405: _no_route},
    )


def _endpoint(operation: Operation, simulator: Simulator) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        headers: dict[str, str] = {}
        simulator.calls[operation.method] += 1
        try:
            token = _authenticated(request, simulator)
            organizations, refusal = _organizations(operation, simulator, token, request)
            headers.update(simulator.limiter.admit(token, tuple(row.id for row in organizations)))
            if refusal is not None:
                raise refusal
            lost_answer = None if token.privileged else await simulator.suffer_faults()
            call = _call(operation, simulator, token, organizations, request, await request.body())
            answer = operation.handler(call)
        except Refusal as refusal:
            return _json(refusal.status, refusal.body, headers | refusal.headers)
        if not (operation.method in _WRITES and call.query.get("skipWebhook")):
            simulator.emit(answer.occurrences)
        if lost_answer is not None:
            return _json(lost_answer, {"error": "Something went wrong"}, headers)
        return _json(answer.status, answer.body, headers)

    return endpoint


def _authenticated(request: Request, simulator: Simulator) -> Token:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    token = simulator.store.tokens.get(text.strip())
    if scheme.lower() != "bearer" or token is None:
        raise plain(401, "Unauthorized")
    return token


def _organizations(
    operation: Operation, simulator: Simulator, token: Token, request: Request
) -> tuple[list[Organization], Refusal | None]:
    """A call that names its organizations wrongly still counts for the user's rate limit."""
    one, several = (request.headers.get(name) for name in ("x-organization-id", "x-organization-ids"))
    try:
        return organizations_of(operation, simulator, token, one, several), None
    except Refusal as refusal:
        return [], refusal


def _call(
    operation: Operation,
    simulator: Simulator,
    token: Token,
    organizations: list[Organization],
    request: Request,
    raw_body: bytes,
) -> Call:
    items = request.query_params.multi_items()
    if token.privileged and SIM_TIME_HEADER in request.headers:
        try:
            simulator.advance_to(parse_utc(request.headers[SIM_TIME_HEADER]))
        except MalformedEvent as error:
            raise plain(400, f"{SIM_TIME_HEADER}: {error}") from error
    return Call(
        operation=operation,
        simulator=simulator,
        token=token,
        organizations=organizations,
        names_organizations=operation.several_organizations and "x-organization-ids" in request.headers,
        path=request.url.path,
        path_params=request.path_params,
        query_items=items,
        query=queries.parse(operation.query, items, _labels(operation, organizations, items)),
        raw_body=raw_body,
    )


def _labels(operation: Operation, organizations: list[Organization], items: list[tuple[str, str]]) -> set[str]:
    """The custom fields that a query may filter by; looked for only if it has unknown parameters."""
    if not operation.custom_fields_of or all(name in operation.query for name, _ in items):
        return set()
    tables = (organization[operation.custom_fields_of].current() for organization in organizations)
    return {label for records in tables for record in records for label in record["extraFields"]}


async def _versions(_request: Request) -> Response:
    return _json(200, [{"version": "1"}], {})


async def _no_route(request: Request, _error: Exception) -> Response:
    return _json(404, {"error": f"{request.method} {request.url.path} is not in the simulated part of the API"}, {})


def _json(status: int, body: Any, headers: dict[str, str]) -> Response:
    if body is None:
        return Response(status_code=status, headers=headers)
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(content, status, headers, media_type="application/json")
