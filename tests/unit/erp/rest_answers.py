"""An ERP that gives prepared answers to the REST adapter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.erp.rest import RestErp
from shared.secrets import Secrets

Answer = httpx.Response | Exception
NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)


def erp(
    *answers: Answer,
    seen: list[httpx.Request] | None = None,
    clock: Callable[[], datetime] = lambda: NOW,
    **rest: Any,
) -> RestErp:
    """An adapter whose ERP gives these answers, one after the other."""
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    settings = {"adapter": "rest", "base_url": "https://erp.test/api", "mapping": "x", "rest": {"auth": "none", **rest}}
    transport = httpx.MockTransport(handle)
    return RestErp(ErpConfig.model_validate(settings), Secrets(), transport=transport, clock=clock)


def answer(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named) if body is None else httpx.Response(status, json=body, headers=named)
