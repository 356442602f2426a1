"""What webhook_ingress decides about a delivery before anything is published: who it is for, whether it is genuine.

Pure: no secret is read and nothing is sent here. MaintainX posts to `/webhooks/{site}/{TYPE}`, one address a
subscription, because its payloads do not carry their type reliably and each subscription has a secret of its own.
`/webhooks/{site}/{TYPE}/parked` is where a subscription points while its secret is not known here yet: deliveries to it
are answered, never published (shared/maintainx/subscriptions).
`/v1/events/{site}` takes `{"event": "work_order.created", "data": {...}}` from other senders, signed with the site's
events_secret in the same form in the header `x-bridge-signature`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.config.senders import SendersFile, SenderSite
from shared.errors import BridgeError, MalformedEvent
from shared.events import Event, event_identity, parse_object, parse_utc
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, SignatureError, verify
from shared.maintainx.webhooks import id_text, to_event

MAX_BODY_BYTES = 2**20
GATEWAY_SIGNATURE_HEADER = "x-bridge-signature"

_WEBHOOK_PATH = re.compile(r"/webhooks/(?P<site>[a-z0-9-]+)/(?P<type>[A-Z0-9_]+)(?P<parked>/parked)?/?")
_GATEWAY_PATH = re.compile(r"/v1/events/(?P<site>[a-z0-9-]+)/?")
_EVENT_NAME = re.compile(r"(?P<resource>[a-z][a-z0-9_]{0,40})\.[a-z][a-z0-9_.]{0,60}")


class Refused(BridgeError):
    """The delivery is not accepted. `status` is the answer; `reason` (one word) and the message are for the log."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where a delivery was sent to: a site and, for MaintainX, the webhook type; "" means the generic envelope.

    parked: it is the address of a subscription that is not in use yet.
    """

    site: SenderSite
    webhook_type: str
    secret_name: str | None
    parked: bool = False

    def uri(self, public_url: str) -> str:
        """The address of a MaintainX subscription as registered there."""
        return webhook_url(public_url, self.site.id, self.webhook_type, parked=self.parked)


def webhook_url(public_url: str, site: str, webhook_type: str, *, parked: bool = False) -> str:
    """Where MaintainX posts this type of this site to; `parked`: as long as its secret is not known here."""
    return f"{public_url}/webhooks/{site}/{webhook_type}{'/parked' if parked else ''}"


def find_address(sites: SendersFile, path: str) -> Address:
    """The address that `path` names. Raises Refused 404 for an unknown site or a type without subscription."""
    if match := _WEBHOOK_PATH.fullmatch(path):
        site = sites.site(match["site"])
        subscription = site.maintainx.subscription(match["type"]) if site else None
        if site is None or subscription is None:
            reason = "unknown_type" if site else "unknown_site"
            raise Refused(404, reason, f"no subscription {match['type']} is configured for site {match['site']}")
        return Address(site, subscription.type, subscription.secret, parked=match["parked"] is not None)
    if match := _GATEWAY_PATH.fullmatch(path):
        site = sites.site(match["site"])
        if site is None:
            raise Refused(404, "unknown_site", f"site {match['site']} is not configured")
        return Address(site, "", site.events_secret)
    raise Refused(404, "unknown_path", "no such address")


def check_signature(
    address: Address,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    *,
    public_url: str | None,
    now_s: float,
) -> None:
    """Accept only what was signed with one of `secrets`; raises Refused 401 for anything else, also without secrets.

    The URI signature is checked over the configured public URL, not over what a proxy made of it, and only if one is
    configured: MaintainX does not define the URI's exact form.
    """
    try:
        if not address.webhook_type:
            verify(headers.get(GATEWAY_SIGNATURE_HEADER), body, secrets, now_s=now_s)
            return
        verify(headers.get(BODY_SIGNATURE_HEADER), body, secrets, now_s=now_s)
        if public_url is not None:
            uri = address.uri(public_url).encode()
            verify(headers.get(URI_SIGNATURE_HEADER), uri, secrets, now_s=now_s)
    except SignatureError as error:
        raise Refused(401, "bad_signature", str(error)) from error


def make_event(address: Address, body: bytes, received_at: datetime) -> Event:
    """The event that a genuine delivery means. Raises Refused 400 if it is not JSON or not an object."""
    try:
        data = parse_object(body)
    except MalformedEvent as error:
        raise Refused(400, "malformed", f"body is {error}") from error
    if address.webhook_type:
        return to_event(address.site.id, address.webhook_type, body, data, received_at)
    return _gateway_event(address.site.id, body, data, received_at)


def _gateway_event(site: str, body: bytes, envelope: dict[str, Any], received_at: datetime) -> Event:
    name, data = envelope.get("event"), envelope.get("data")
    match = _EVENT_NAME.fullmatch(name) if isinstance(name, str) else None
    if match is None or not isinstance(name, str):
        raise Refused(400, "malformed", "'event' is not a dotted event name such as work_order.created")
    if not isinstance(data, dict):
        raise Refused(400, "malformed", "'data' is missing or not an object")
    resource = match["resource"]
    return Event(
        event_id=event_identity(site, name, body),
        site=site,
        type=name,
        resource=resource,
        resource_id=_resource_id(resource, data),
        occurred_at=_occurred_at(data, received_at),
        received_at=received_at,
        source="gateway",
        origin=name,
        data=data,
    )


def _resource_id(resource: str, data: Mapping[str, Any]) -> str:
    """`workOrderId` (or `id`) for work_order, as text; "" if there is none."""
    head, *tail = resource.split("_")
    return id_text(data.get(f"{head}{''.join(part.title() for part in tail)}Id", data.get("id")))


def _occurred_at(data: Mapping[str, Any], received_at: datetime) -> datetime:
    try:
        return parse_utc(data.get("occurredAt"))
    except MalformedEvent:
        return received_at


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
