"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, get_args
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.sap.logon import html
from local.sap.refusals import business
from local.sap.service import refused
from local.sap.tenant import Tenant

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
class Fault:
    """One fault. times: requests left to hit, None for all until cleared. tenant, methods, path (a part of the path or
    query, decoded): only those requests. probability: of each of those, drawn from `seed`.

    outage: 503 as HTML; throttle: 429; both with Retry-After (a date if as_date, none if retry_after_s is None),
    nothing done. locked: a write is refused, 400, because somebody has the order open. error_after: 500 as HTML,
    drop_after: the connection is cut without an answer; both after the work was done. drop_before: cut, nothing done.
    slow_before, slow_after: waits `delay_s` before or after doing the work. session_expired, token_expired: all
    sessions, or OAuth tokens, of the tenant end just before the request is looked at.
    """

    kind: Kind
    times: int | None = None
    tenant: str | None = None
    methods: tuple[str, ...] = ()
    path: str = ""
    probability: float = 1.0
    seed: int = 0
    delay_s: float = 1.0
    retry_after_s: int | None = 1
    as_date: bool = False
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}")
        self._random = random.Random(self.seed)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Fault:
        """The fault that a control request describes; TypeError or ValueError if it describes none."""
        return cls(**{**body, "methods": tuple(body.get("methods", ()))})

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}

    def hits(self, tenant: str, method: str, url: str) -> bool:
        """Whether this request suffers it; counts down."""
        methods = self.methods or (_WRITES if self.kind == "locked" else ())
        if self.times == 0 or self.tenant not in (None, tenant) or (methods and method not in methods):
            return False
        if self.path not in url or (self.kind == "locked" and "/odata/" not in url):
            return False
        if self.probability < 1.0 and self._random.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class World:
    """All that the simulator holds."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class FaultGate:
    """ASGI application that logs the requests to the application behind it and lets the world's faults loose on them.

    A connection is cut through uvicorn's own request object, which `send` belongs to: ASGI has no word for it.
    """

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant = self.world.tenants.get(scope["path"].split("/")[1]) if scope["type"] == "http" else None
        if tenant is None:
            await self._app(scope, receive, send)
            return
        query = unquote(scope["query_string"].decode("latin-1"))
        url = f"{scope['path']}?{query}"
        fault = next((fault for fault in self.world.faults if fault.hits(tenant.name, scope["method"], url)), None)
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
        elif fault.kind == "drop_before":
            await _cut(raw_send)
        elif fault.kind == "session_expired":
            tenant.sessions.expire()
            await self._app(scope, receive, send)
        elif fault.kind == "token_expired":
            tenant.tokens.clear()
            await self._app(scope, receive, send)
        else:
            await self._spoil(fault, asgi, raw_send)

    async def _spoil(self, fault: Fault, asgi: tuple[Scope, Receive, Send], raw_send: Send) -> None:
        """Let the work be done and spoil the answer, or delay the one or the other."""
        scope, receive, send = asgi
        if fault.kind == "slow_before":
            receive = await _received(receive)  # so that the work is done even if the client has hung up by then
            await asyncio.sleep(fault.delay_s)
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if fault.kind == "drop_after":
            await _cut(raw_send)
        elif fault.kind == "error_after":
            page = html(500, "500 Internal Server Error", "simulated error after the work")
            await page(scope, receive, send)
        else:
            if fault.kind == "slow_after":
                await asyncio.sleep(fault.delay_s)
            for message in answer:
                await send(message)


def _refusal(fault: Fault, scope: Scope) -> Response | None:
    """The answer of a fault that lets nothing be done; None for the others."""
    if fault.kind == "outage":
        return html(503, "503 Service Unavailable", "simulated outage", _retry_after(fault))
    if fault.kind == "throttle":
        body = {"fault": {"faultstring": "Rate limit quota violation", "detail": {"errorcode": "policies.ratelimit"}}}
        return JSONResponse(body, 429, _retry_after(fault))
    if fault.kind == "locked":
        request = Request(scope)
        found = _ORDER_NUMBER.search(f"{request.url.path}?{unquote(request.url.query)}".replace("%27", "'"))
        message = f"Order {found[1] if found else ''} is locked by user ADA"
        as_json = "application/json" in request.headers.get("Accept", "").lower()
        return refused(business("IW/037", message), as_json=as_json)
    return None


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after_s is None:
        return {}
    if fault.as_date:
        return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=fault.retry_after_s), usegmt=True)}
    return {"Retry-After": str(fault.retry_after_s)}


async def _received(receive: Receive) -> Receive:
    """The request, read now; afterwards the rest of what comes."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


async def _cut(send: Send) -> None:
    send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's RequestResponseCycle.send, see FaultGate
    await asyncio.sleep(0)  # lets uvicorn notice before it would answer 500 in our place
