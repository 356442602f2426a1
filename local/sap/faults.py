"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import ClassVar, Literal, get_args
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.sap.logon import html
from local.sap.refusals import business
from local.sap.service import refused
from local.sap.tenant import Tenant
from local.serving.answers import deliver, spoiled
from local.serving.faults import RequestFault, first_that_hits, tenant_of

Kind = Literal[
    "outage",
    "throttle",
    "locked",
    "error_after",
    "drop_before",
    "drop_after",
    "slow_before",
    "slow_after",
    "session_expired",
    "token_expired",
]
_WRITES = ("POST", "PUT", "PATCH", "MERGE", "DELETE")
_ORDER_NUMBER = re.compile(r"(?:\(|MaintenanceOrder=)'(\d+)'")


@dataclass(slots=True)
class Fault(RequestFault):
    """One fault; its settings are those of RequestFault and some more. path: only requests with this part in their path
    or query, decoded. probability: of each of those, drawn from `seed`.

    outage: 503 as HTML; throttle: 429; both with Retry-After (a date if as_date, none if retry_after_s is None),
    nothing done. locked: a write is refused, 400, because somebody has the order open. error_after: 500 as HTML,
    drop_after: the connection is cut without an answer; both after the work was done. drop_before: cut, nothing done.
    slow_before, slow_after: waits `delay_s` before or after doing the work. session_expired, token_expired: all
    sessions, or OAuth tokens, of the tenant end just before the request is looked at.
    """

    kinds: ClassVar[tuple[str, ...]] = get_args(Kind)

    kind: Kind
    path: str = ""
    probability: float = 1.0
    seed: int = 0
    as_date: bool = False
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        RequestFault.__post_init__(self)
        self._random = random.Random(self.seed)

    def fits(self, scope: Scope) -> bool:
        """As for all faults, and by path and probability; `locked` only for writes to the service."""
        url = f"{scope['path']}?{_query(scope)}"
        if not RequestFault.fits(self, scope) or self.path not in url:
            return False
        if self.kind == "locked" and ("/odata/" not in url or scope["method"] not in (self.methods or _WRITES)):
            return False
        return self.probability >= 1.0 or self._random.random() < self.probability

    def retry_after(self) -> dict[str, str]:
        """The header Retry-After, as seconds or as a date, or none."""
        if self.retry_after_s is None or not self.as_date:
            return RequestFault.retry_after(self)
        again_at = datetime.now(UTC) + timedelta(seconds=self.retry_after_s)
        return {"Retry-After": format_datetime(again_at, usegmt=True)}


@dataclass(slots=True)
class World:
    """All that the simulator holds."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class FaultGate:
    """ASGI application that logs the requests to the application behind it and lets the world's faults loose."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant = self.world.tenants.get(tenant_of(scope)) if scope["type"] == "http" else None
        if tenant is None:
            await self._app(scope, receive, send)
            return
        fault = first_that_hits(self.world.faults, scope)
        query = _query(scope)
        entry = {"method": scope["method"], "path": scope["path"], "query": query, "status": None, "fault": None}
        tenant.log.append(entry)
        tenant.counters["requests"] += 1

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        if fault is None:
            await self._app(scope, receive, logged)
            return
        entry["fault"] = fault.kind
        await self._suffer(fault, tenant, (scope, receive, logged), send)

    async def _suffer(self, fault: Fault, tenant: Tenant, asgi: tuple[Scope, Receive, Send], raw_send: Send) -> None:
        scope, receive, send = asgi
        if (refusal := _refusal(fault, scope)) is not None:
            tenant.counters[f"refused_{refusal.status_code}"] += 1
            await refusal(scope, receive, send)
        elif fault.kind == "session_expired":
            tenant.sessions.expire()
            await self._app(scope, receive, send)
        elif fault.kind == "token_expired":
            tenant.tokens.clear()
            await self._app(scope, receive, send)
        else:
            error = html(500, "500 Internal Server Error", "simulated error after the work")
            answer = await spoiled(fault, self._app, error, scope, receive)
            await deliver(answer, send if answer else raw_send)  # a connection is cut through uvicorn's own `send`


def _query(scope: Scope) -> str:
    """The query, decoded."""
    return unquote(scope["query_string"].decode("latin-1"))


def _refusal(fault: Fault, scope: Scope) -> Response | None:
    """The answer of a fault that lets nothing be done; None for the others."""
    if fault.kind == "outage":
        return html(503, "503 Service Unavailable", "simulated outage", fault.retry_after())
    if fault.kind == "throttle":
        body = {"fault": {"faultstring": "Rate limit quota violation", "detail": {"errorcode": "policies.ratelimit"}}}
        return JSONResponse(body, 429, fault.retry_after())
    if fault.kind == "locked":
        request = Request(scope)
        found = _ORDER_NUMBER.search(f"{request.url.path}?{unquote(request.url.query)}".replace("%27", "'"))
        message = f"Order {found[1] if found else ''} is locked by user ADA"
        as_json = "application/json" in request.headers.get("Accept", "").lower()
        return refused(business("IW/037", message), as_json=as_json)
    return None
