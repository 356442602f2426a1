"""Receives signed deliveries and answers 2xx only after Pub/Sub has them.

Runs under the framework's asyncio server. Nothing heavy is imported here: a cold start counts against MaintainX's 10 s.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.config.sites import get_sites
from shared.errors import SecretMissing, TransientError
from shared.ingress import MAX_BODY_BYTES, Address, Refused, check_signature, find_address, make_event, utc_now
from shared.logs import configure_logging, log_context, trace_key
from shared.pubsub.batching import BatchingPublisher
from shared.pubsub.publisher import publisher, warm_up_after_fork
from shared.secrets import lines, secrets
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
# Forged deliveries must not become requests to Secret Manager: a secret is read anew at most this often.
_SECRET_MIN_AGE_S = 10.0


@functions_framework.aio.http
async def webhook_ingress(request: Request) -> JSONResponse:
    """POST a delivery: 202 once it is in Pub/Sub, 4xx if refused, 503 if it could not be kept. GET /health: 200."""
    if request.method == "GET" and request.url.path in _HEALTH_PATHS:
        return JSONResponse({"status": "ok"})
    trace = trace_key(request.headers.get("traceparent", ""), request.headers.get("x-cloud-trace-context", ""))
    with log_context(**trace):
        return await _answer(request, _receive(request))


async def _answer(request: Request, work: Awaitable[JSONResponse]) -> JSONResponse:
    """The answer of `work`; what it raises is logged here, in the log context of the caller, and becomes an answer."""
    try:
        return await work
    except Refused as refused:
        log.warning("refused: %s", refused, extra={"status": refused.status, "path": request.url.path})
        return JSONResponse({"error": _BODIES[refused.status]}, status_code=refused.status)
    except TransientError as error:
        log.error("not kept: %s", error, extra={"error_class": type(error).__name__, "path": request.url.path})
        return JSONResponse({"error": "try again later"}, status_code=503, headers={"Retry-After": "5"})


async def _receive(request: Request) -> JSONResponse:
    if request.method != "POST":
        raise Refused(405, f"method {request.method}")
    sites = get_sites()
    address = find_address(sites, request.url.path)
    with log_context(site=address.site.id, type=address.webhook_type):
        return await _answer(request, _accept(request, address, sites.public_url))


async def _accept(request: Request, address: Address, public_url: str | None) -> JSONResponse:
    body = await _read_body(request)
    await _authenticate(address, request, body, public_url)
    event = make_event(address, body, utc_now())
    with log_context(event_id=event.event_id):
        message_id = await events.publish(event.to_json(), event.attributes())
        log.info("accepted", extra={"outcome": "accepted", "message_id": message_id, "event_type": event.type})
    return JSONResponse({"status": "queued", "event_id": event.event_id}, status_code=202)


async def _read_body(request: Request) -> bytes:
    """The body, given up as soon as it is over the cap: a sender that lies about its length gains nothing."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise Refused(413, f"body of {declared} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, f"body over {MAX_BODY_BYTES} bytes")
    return bytes(body)


async def _authenticate(address: Address, request: Request, body: bytes, public_url: str | None) -> None:
    """Check the signature; if it fails, once more with secrets read anew, for a rotation that has just happened."""
    name = address.secret_name
    if name is None:
        raise Refused(401, f"site {address.site.id} has no events_secret")
    check = functools.partial(check_signature, address, request.headers, body, public_url=public_url, now_s=time.time())
    try:
        known = secrets.cached(name)
        if known is None:
            known = await asyncio.to_thread(secrets.get, name)
        try:
            check(lines(known))
        except Refused:
            anew = await asyncio.to_thread(secrets.refresh_if_older, name, _SECRET_MIN_AGE_S)
            if anew == known:
                raise
            check(lines(anew))
    except SecretMissing as error:
        raise Refused(401, str(error)) from error
