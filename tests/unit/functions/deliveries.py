"""Deliveries to webhook_ingress, signed as their senders sign them."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from shared.ingress import GATEWAY_SIGNATURE_HEADER
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, sign
from tests.fakes.settings import SECRETS

NEW_WORK_ORDER = "/webhooks/plant-1/NEW_WORK_ORDER"
STATUS_CHANGE = "/webhooks/plant-1/WORK_ORDER_STATUS_CHANGE"
GATEWAY = "/v1/events/plant-1"
BODY = b'{"workOrderId": 9001001, "orgId": 4242, "occurredAt": "2026-09-14T12:00:00.000Z"}'


class AsgiClient:
    """Sends requests to an ASGI application, bodies in the chunks in which they come."""

    def __init__(self, application: Any) -> None:
        self._transport = httpx.ASGITransport(application, raise_app_exceptions=False)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to one request."""

        async def exchange() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://ingress") as client:
                return await client.request(method, path, **options)

        return asyncio.run(exchange())


@dataclass(frozen=True)
class Delivery:
    """One request. `secret` signs it, `age_s` ago, unless `signature` says otherwise (None: no header at all)."""

    path: str = NEW_WORK_ORDER
    body: bytes = BODY
    secret: str = SECRETS["webhook-new-work-order"]
    age_s: int = 0
    signature: str | None = "made"
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)

    def but(self, **changes: Any) -> Delivery:
        """The same with other fields."""
        return replace(self, **changes)

    def send(self, client: AsgiClient) -> httpx.Response:
        """The answer."""
        headers = {"Content-Type": "application/json", **self.headers}
        if self.signature is not None:
            name = GATEWAY_SIGNATURE_HEADER if self.path.startswith("/v1/") else BODY_SIGNATURE_HEADER
            made = sign(self.body, self.secret, int(time.time()) - self.age_s)
            headers[name] = made if self.signature == "made" else self.signature
        raw = {key: value.encode("latin-1") for key, value in headers.items()}
        return client.request(self.method, self.path, content=self.body, headers=raw)


GENUINE = Delivery()
