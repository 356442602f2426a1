"""An Oracle tenant that answers as it is told, for what the simulator never answers."""

from __future__ import annotations

from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.erp.oracle import OracleErp
from shared.secrets import Secrets

ROOT = "/fscmRestApi/resources/11.13.18.05"
Answer = httpx.Response | Exception


def config(**oracle: Any) -> ErpConfig:
    """Settings of an Oracle without credentials."""
    settings = {"auth": "none", "organization_code": "M1", **oracle}
    return ErpConfig.model_validate(
        {"adapter": "oracle", "base_url": "https://oracle.test", "mapping": "x", "oracle": settings}
    )


def erp(*answers: Answer, seen: list[httpx.Request] | None = None, **oracle: Any) -> OracleErp:
    """An adapter whose tenant gives these answers, one after the other."""
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return OracleErp(config(**oracle), Secrets(), transport=httpx.MockTransport(handle))


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named) if body is None else httpx.Response(status, json=body, headers=named)


def order(**fields: Any) -> dict[str, Any]:
    """An order as Oracle answers it."""
    return {
        "WorkOrderId": 300000010000001,
        "WorkOrderNumber": "mx:plant-1:9",
        "OrganizationCode": "M1",
        "WorkOrderStatusCode": "ORA_UNRELEASED",
        **fields,
    }


def page(*items: Any, more: bool = False) -> httpx.Response:
    return answer(200, {"items": list(items), "count": len(items), "hasMore": more, "limit": 200, "offset": 0})


def calls(seen: list[httpx.Request]) -> list[str]:
    """Method and path below the order collection of each request."""
    return [f"{request.method} {request.url.path.removeprefix(ROOT)}" for request in seen]
