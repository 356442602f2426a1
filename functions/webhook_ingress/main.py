"""Receives signed deliveries and answers 2xx only after Pub/Sub has them.

Runs under the framework's asyncio server. Nothing heavy is imported here: a cold start counts against MaintainX's 10 s.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.config.sites import get_sites
from shared.errors import SecretMissing, TransientError
from shared.events import Event
from shared.ingress import MAX_BODY_BYTES, Address, Refused, check_signature, find_address, make_event, utc_now
from shared.logs import configure_logging, log_context, trace_key
from shared.maintainx.webhooks import contradicting_type
from shared.pubsub.batching import BatchingPublisher
from shared.pubsub.publisher import publisher, warm_up_after_fork
from shared.secrets import REFUSED_MIN_AGE_S, lines, secrets
from shared.topics import EVENTS

configure_logging("webhook_ingress")
log = logging.getLogger(__name__)
get_sites()  # a bad configuration is refused at start, not at the first delivery
warm_up_after_fork()
events = BatchingPublisher(publisher, EVENTS)

# What a sender learns: never why. The reason is in the log.
_BODIES = {400: "bad request", 401: "unauthorized", 404: "not found", 405: "method not allowed", 413: "too large"}
# Cloud Run keeps paths that end in "z" for itself on run.app addresses, hence the second name.
_HEALTH_PATHS = {"/healthz", "/health"}
_HEALTH_METHODS = ("GET", "HEAD")
# From the first byte to the answer: MaintainX counts to 10 s, the way here and back included.
_DEADLINE_S = 8.0


@functions_framework.aio.http
async def webhook_ingress(request: Request) -> Response:
    """POST a delivery: 202 once it is in Pub/Sub, 4xx if refused, 503 if it could not be kept in time.

    GET or HEAD /health: 200.
    """
    path: str = request.scope["path"]  # request.url would put a whole URL together
    healthy = path.rstrip("/") in _HEALTH_PATHS
    if healthy and request.method in _HEALTH_METHODS:
        return JSONResponse({"status": "ok"})
    keys = trace_key(request.headers.get("traceparent", ""), request.headers.get("x-cloud-trace-context", ""))
    sites = get_sites()
    try:
        address = None if healthy else find_address(sites, path)
        if address is None or request.method != "POST":
            raise Refused(405, "method", f"method {request.method}")
    except Refused as refused:
        with log_context(**keys):
            return _refusal(refused, path, allow=", ".join(_HEALTH_METHODS) if healthy else "POST")
    about: dict[str, str] = {}
    with log_context(**keys, site=address.site.id, webhook_type=address.webhook_type):
        try:
            async with asyncio.timeout(_DEADLINE_S):
                return await _accept(request, address, sites.public_url, about)
        except Refused as refused:
            return _refusal(refused, path)
        except (TransientError, TimeoutError) as error:
            name = type(error).__name__
            why = str(error) or f"not done within {_DEADLINE_S:g} s"
            extra = {**about, "outcome": "not_kept", "reason": name, "error_class": name, "path": path}
            log.error("not kept: %s", why, extra=extra)
            return JSONResponse({"error": "try again later"}, status_code=503, headers={"Retry-After": "5"})


def _refusal(refused: Refused, path: str, *, allow: str = "") -> Response:
    extra = {"outcome": "refused", "reason": refused.reason, "status": refused.status, "path": path}
    log.warning("refused: %s", refused, extra=extra)
    headers = {"Allow": allow} if refused.status == 405 else None
    return JSONResponse({"error": _BODIES[refused.status]}, status_code=refused.status, headers=headers)


async def _accept(request: Request, address: Address, public_url: str | None, about: dict[str, str]) -> Response:
    """The answer to a delivery that is not refused; what the delivery turns out to be is put into `about`."""
    body = await _read_body(request)
    if address.parked:
        return await _parked(address, request, body, public_url)
    await _authenticate(address, request, body, public_url)
    event = make_event(address, body, utc_now())
    about |= {"event_id": event.event_id, "type": event.type, "resource_id": event.resource_id}
    message_id = await events.publish(event.to_json(), event.attributes())
    _log_accepted(address, event, {**about, "outcome": "accepted", "message_id": message_id})
    return JSONResponse({"status": "queued", "event_id": event.event_id}, status_code=202)


def _log_accepted(address: Address, event: Event, extra: dict[str, str]) -> None:
    named = contradicting_type(address.webhook_type, event.data) if address.webhook_type else None
    if named is None:
        log.info("accepted", extra=extra)
    else:  # the subscription may point at the address of another type
        log.warning("accepted", extra={**extra, "contradicting_type": named[:100]})


async def _parked(address: Address, request: Request, body: bytes, public_url: str | None) -> Response:
    """200 and nothing kept: the subscription is not in use yet. The answer tells whether its secret is known here."""
    try:
        await _authenticate(address, request, body, public_url)
        verified = True
    except Refused:
        verified = False
    log.info("skipped: parked", extra={"outcome": "skipped", "reason": "parked", "verified": verified})
    return JSONResponse({"status": "parked", "verified": verified})


async def _read_body(request: Request) -> bytes:
    """The body, given up as soon as it is over the cap: a sender that lies about its length gains nothing."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise Refused(413, "too_large", f"body of {declared} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"body over {MAX_BODY_BYTES} bytes")
    return bytes(body)


async def _authenticate(address: Address, request: Request, body: bytes, public_url: str | None) -> None:
    """Check the signature; if it fails, once more with secrets read anew, for a rotation that has just happened."""
    name = address.secret_name
    if name is None:
        raise Refused(401, "no_secret", f"site {address.site.id} has no events_secret")
    check = functools.partial(check_signature, address, request.headers, body, public_url=public_url, now_s=time.time())
    try:
        known = secrets.cached(name)
        if known is None:
            known = await asyncio.to_thread(secrets.get, name)
        try:
            check(lines(known))
        except Refused:
            anew = await asyncio.to_thread(secrets.refresh_if_older, name, REFUSED_MIN_AGE_S)
            if anew == known:
                raise
            check(lines(anew))
    except SecretMissing as error:
        raise Refused(401, "no_secret", str(error)) from error
