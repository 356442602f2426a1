"""Sends deliveries that must be refused: forged, stale, malformed, misaddressed. Every answer is checked."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from local import loopback
from local.configuration import SitePlan
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign

_TYPE = "NEW_WORK_ORDER"
_WRONG_SECRET = "mx_00000000-0000-4000-8000-000000000001_00000000-0000-4000-8000-000000000002"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery that must be refused, and how that went."""

    name: str
    expected: int
    answered: int


def try_to_get_in(ingress_url: str, plan: SitePlan) -> list[Attempt]:
    """Try everything against one site."""
    url = f"{ingress_url}/webhooks/{plan.id}/{_TYPE}"
    body = json.dumps({"workOrderId": 1, "orgId": plan.organization_id, "occurredAt": "2026-01-01T00:00:00.000Z"})
    now, secret = int(time.time()), plan.webhook_secrets[_TYPE]

    def signed(raw: bytes, *, with_secret: str = secret, t: int = now, to: str = url) -> dict[str, str]:
        return {
            BODY_SIGNATURE_HEADER: sign(raw, with_secret, t),
            URI_SIGNATURE_HEADER: sign(to.encode(), with_secret, t),
        }

    raw, unknown = body.encode(), f"{ingress_url}/webhooks/{plan.id}/NEW_VENDOR"
    cases = [
        ("no signature", 401, url, raw, {}),
        ("signature that is none", 401, url, raw, {BODY_SIGNATURE_HEADER: "v1=,t=now"}),
        ("wrong secret", 401, url, raw, signed(raw, with_secret=_WRONG_SECRET)),
        ("ten minutes old", 401, url, raw, signed(raw, t=now - 600)),
        ("ten minutes ahead", 401, url, raw, signed(raw, t=now + 600)),
        ("body changed after signing", 401, url, raw + b" ", signed(raw)),
        ("signed for another address", 401, url, raw, signed(raw, to=unknown)),
        ("unknown site", 404, f"{ingress_url}/webhooks/nowhere/{_TYPE}", raw, signed(raw)),
        ("type without subscription", 404, unknown, raw, signed(raw, to=unknown)),
        ("over 1 MiB", 413, url, b" " * (2**20 + 1), {}),
        ("signed, but not JSON", 400, url, b"not json", signed(b"not json")),
    ]
    with loopback.client(timeout=10.0) as client:
        return [
            Attempt(name, expected, client.post(address, content=content, headers=headers).status_code)
            for name, expected, address, content, headers in cases
        ]
