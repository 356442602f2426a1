"""Faults on demand: what goes wrong with a request, when, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from local.serving.answers import deliver, spoiled
from local.serving.faults import RequestFault, first_that_hits

Kind = Literal["outage", "throttle", "error_after", "drop_before", "drop_after", "slow_before", "slow_after"]


@dataclass(slots=True)
class Fault(RequestFault):
    """One fault; its settings are those of RequestFault.

    outage: 503; throttle: 429; both with Retry-After, nothing done. error_after: 500, drop_after: the connection is cut
    without an answer; both after the work was done. drop_before: cut, nothing done. slow_before, slow_after: waits
    `delay_s` before or after doing the work.
    """

    kinds: ClassVar[tuple[str, ...]] = get_args(Kind)

    kind: Kind


class FaultGate:
    """ASGI application that lets `faults` loose on the requests to the application behind it."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim/"):
            await self._app(scope, receive, send)
            return
        fault = first_that_hits(self._faults, scope)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind in _REFUSALS:
            status = _REFUSALS[fault.kind]
            refusal = _error(status, fault.kind.upper(), f"simulated {fault.kind}", fault.retry_after())
            await refusal(scope, receive, send)
        else:
            error = _error(500, "INTERNAL", "simulated error after the work")
            await deliver(await spoiled(fault, self._app, error, scope, receive), send)


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, "field": None}}, status, headers)


_REFUSALS: dict[Kind, int] = {"outage": 503, "throttle": 429}
