"""A SAP that gives prepared answers, for the adapter's tests without a socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.erp.sap.adapter import SapErp
from shared.secrets import Secrets

Answer = httpx.Response | Exception
PATH = "/sap/opu/odata/sap/API_MAINTENANCEORDER;v=0002"
NOW = datetime(2026, 9, 16, 16, 5, 7, tzinfo=UTC)
TOKEN = {"x-csrf-token": "t1", "set-cookie": "sap-XSRF_S4H_100=c1; path=/"}


class Sap:
    """Gives its answers one after the other and keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self._left = list(answers)
        self.seen: list[httpx.Request] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self._left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def erp(self, **sap: Any) -> SapErp:
        return sap_erp(self.handle, **sap)

    @property
    def calls(self) -> list[str]:
        """Method and path below the service, without the query."""
        return [f"{one.method} {one.url.path.removeprefix(PATH)}" for one in self.seen]


def sap_erp(handle: Callable[[httpx.Request], httpx.Response], **sap: Any) -> SapErp:
    """An adapter with these settings whose requests `handle` answers; it is always NOW."""
    settings = {"adapter": "sap", "base_url": "https://sap.test", "mapping": "x", "sap": {"auth": "none", **sap}}
    transport = httpx.MockTransport(handle)
    return SapErp(ErpConfig.model_validate(settings), Secrets(), transport=transport, clock=lambda: NOW)


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named) if body is None else httpx.Response(status, json=body, headers=named)


def one(number: str = "4000123", etag: str | None = 'W/"1"', **fields: Any) -> dict[str, Any]:
    """An entity's answer."""
    metadata = {"uri": f"x('{number}')", **({} if etag is None else {"etag": etag})}
    return {"d": {"__metadata": metadata, "MaintenanceOrder": number, **fields}}


def many(*entities: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    """A list's answer, of what `one` made."""
    results: dict[str, Any] = {"results": [entity["d"] for entity in entities]}
    return {"d": results if following is None else {**results, "__next": following}}


def token(**headers: str) -> httpx.Response:
    """The answer to a request for a token."""
    return httpx.Response(200, headers={**TOKEN, **headers})


def token_refused() -> httpx.Response:
    headers = {"x-csrf-token": "Required", "content-type": "text/plain"}
    return httpx.Response(403, headers=headers, text="CSRF token validation failed")
