"""Asks webhook_ingress whether it knows a signing secret yet, as MaintainX would: by a signed delivery over HTTP.

Secrets reach the instances of webhook_ingress with delay ("latest" of Secret Manager converges within minutes). The
parked address answers whether the signature was right and keeps nothing, so asking there has no effect.
"""

from __future__ import annotations

import time
from typing import Protocol

from shared.errors import RemoteUnavailable
from shared.http import open_client, send
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign

_BODY = b'{"probe":"is this secret known?"}'
_TIMEOUT_S = 10.0
# Connections are not kept, so that a load balancer may choose another instance each time.
_ASKS = 3


class Receiver(Protocol):
    """What takes MaintainX's deliveries."""

    def knows(self, parked_url: str, secret: str) -> bool:
        """Whether deliveries signed with `secret` are accepted. Raises the errors of `shared.http.send`."""
        ...


class HttpReceiver:
    """webhook_ingress over the network."""

    def knows(self, parked_url: str, secret: str) -> bool:
        """See Receiver. One that says no ends the asking; yes is believed after several."""
        return all(self._ask(parked_url, secret) for _ in range(_ASKS))

    def _ask(self, parked_url: str, secret: str) -> bool:
        now_s = int(time.time())
        headers = {
            "Content-Type": "application/json",
            BODY_SIGNATURE_HEADER: sign(_BODY, secret, now_s),
            URI_SIGNATURE_HEADER: sign(parked_url.encode(), secret, now_s),
        }
        with open_client(timeout=_TIMEOUT_S) as client:
            response = send(client, "POST", parked_url, system="webhook_ingress", headers=headers, content=_BODY)
        try:
            return response.json()["verified"] is True
        except (ValueError, TypeError, KeyError) as error:
            raise RemoteUnavailable(f"webhook_ingress: {parked_url}: it is another version, or not it") from error
