"""What every request passes through: the faults, the request log and the count of refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.oracle.faults import REFUSALS, Fault
from local.oracle.store import Tenant
from local.serving.answers import answer_of, deliver, held_back
from local.serving.faults import first_that_hits, tenant_of

_LOGGED_HEADERS = ("REST-Framework-Version", "If-Match", "Upsert-Mode", "Content-Type")


class Gate:
    """ASGI application that lets `faults` loose on the requests to the application behind it, and logs them all."""

    def __init__(self, app: ASGIApp, tenants: Mapping[str, Tenant], faults: list[Fault]) -> None:
        self._app = app
        self._tenants = tenants
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
            return
        fault = first_that_hits(self._faults, scope)
        if fault is not None and fault.kind == "slow_before":
            receive = await held_back(receive, fault.delay_s)
        works = fault is None or not (fault.kind in REFUSALS or fault.kind == "drop_before")
        answer = await answer_of(self._app, scope, receive) if works else []
        self._note(scope, answer, fault)
        if fault is not None:
            answer = await _spoiled(fault, scope, receive, answer)
        await deliver(answer, send)

    def _note(self, scope: Scope, answer: list[Message], fault: Fault | None) -> None:
        """status: that of the work, None if none was done."""
        tenant = self._tenants.get(tenant_of(scope))
        if tenant is None:
            return
        status = answer[0]["status"] if answer else None
        if status is not None and status >= 400:
            tenant.counters[f"refused_{status}"] += 1
        headers = Headers(scope=scope)
        entry: dict[str, Any] = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "headers": {key: headers[key] for key in _LOGGED_HEADERS if key in headers},
            "body": scope.get("sim.body"),
            "status": status,
            "fault": None if fault is None else fault.kind,
        }
        tenant.log.append(entry)


async def _spoiled(fault: Fault, scope: Scope, receive: Receive, answer: list[Message]) -> list[Message]:
    """The answer that the client gets instead; nothing if the connection is cut.

    Errors come as HTML: they are those of the load balancer before Oracle, not of the framework.
    """
    if fault.kind in ("drop_before", "drop_after"):
        return []
    if fault.kind == "slow_after":
        await asyncio.sleep(fault.delay_s)
    status = 500 if fault.kind == "error_after" else REFUSALS.get(fault.kind)
    if status is None:
        return answer
    headers = fault.retry_after() if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Basic"
    page = HTMLResponse(f"<html><body><h1>{status}</h1>simulated {fault.kind}</body></html>", status, headers)
    return await answer_of(page, scope, receive)
