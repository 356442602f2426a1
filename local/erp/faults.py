"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["outage", "throttle", "error_after", "drop_before", "drop_after", "slow_before", "slow_after"]


@dataclass(slots=True)
class Fault:
    """One fault. times: requests left to hit, None for all until cleared. methods, tenant: only those requests.

    outage: 503; throttle: 429; both with Retry-After, nothing done. error_after: 500, drop_after: the connection is cut
    without an answer; both after the work was done. drop_before: cut, nothing done. slow_before, slow_after: waits
    `delay_s` before or after doing the work.
    """

    kind: Kind
    times: int | None = None
    methods: tuple[str, ...] = ()
    tenant: str | None = None
    delay_s: float = 1.0
    retry_after_s: int = 1

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Fault:
        """The fault that a control request describes; TypeError or ValueError if it describes none."""
        fault = cls(**{**body, "methods": tuple(body.get("methods", ()))})
        if fault.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}")
        return fault

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def hits(self, tenant: str, method: str) -> bool:
        """Whether this request suffers it; counts down."""
        if self.tenant not in (None, tenant) or (self.methods and method not in self.methods) or self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultGate:
    """ASGI application that lets `faults` loose on the requests to the application behind it.

    A connection is cut through uvicorn's own request object, which `send` belongs to: ASGI has no word for it.
    """

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
            return
        tenant = scope["path"].split("/")[1]
        fault = next((fault for fault in self._faults if fault.hits(tenant, scope["method"])), None)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind in _REFUSALS:
            status = _REFUSALS[fault.kind]
            headers = {"Retry-After": str(fault.retry_after_s)}
            error = {"error": {"code": fault.kind.upper(), "message": f"simulated {fault.kind}", "field": None}}
            await JSONResponse(error, status, headers)(scope, receive, send)
        elif fault.kind == "drop_before":
            await _cut(send)
        else:
            await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the work be done and spoil the answer, or delay the one or the other."""
        if fault.kind == "slow_before":
            receive = await _received(receive)  # so that the work is done even if the client has hung up by then
            await asyncio.sleep(fault.delay_s)
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if fault.kind == "drop_after":
            await _cut(send)
        elif fault.kind == "error_after":
            error = {"error": {"code": "INTERNAL", "message": "simulated error after the work", "field": None}}
            await JSONResponse(error, 500)(scope, receive, send)
        else:
            if fault.kind == "slow_after":
                await asyncio.sleep(fault.delay_s)
            for message in answer:
                await send(message)


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


_REFUSALS: dict[Kind, int] = {"outage": 503, "throttle": 429}
