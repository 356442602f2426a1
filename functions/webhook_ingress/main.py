"""Receives signed deliveries and answers 2xx only after Pub/Sub has them.

Runs under the framework's asyncio server. Nothing heavy is imported here: a cold start counts against MaintainX's 10 s.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time

import functions_framework.aio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from shared.config.senders import get_senders
from shared.errors import SecretMissing, TransientError
from shared.events import Event
from shared.ingress import (
    GATEWAY_SIGNATURE_HEADER,
    MAX_BODY_BYTES,
    Address,
    Refused,
    check_signature,
    find_address,
    make_event,
    utc_now,
)
from shared.logs import configure_logging, info_soon, log_context, trace_key
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER
from shared.maintainx.webhooks import contradicting_type
from shared.pubsub.async_publisher import async_publisher, warm_up_after_fork
from shared.pubsub.batching import BatchingPublisher
from shared.secrets import REFUSED_MIN_AGE_S, lines, secrets
from shared.time_limit import limited
from shared.topics import EVENTS

configure_logging("webhook_ingress")
log = logging.getLogger(__name__)
sites = get_senders()  # a bad configuration is refused at start, not at the first delivery
warm_up_after_fork()
events = BatchingPublisher(async_publisher, EVENTS)

_addresses: dict[str, Address] = {}  # by path; only of those that are configured, so it does not grow without end

# What a sender learns: never why. The reason is in the log.
_BODIES = {400: "bad request", 401: "unauthorized", 404: "not found", 405: "method not allowed", 413: "too large"}
# Cloud Run keeps paths that end in "z" for itself on run.app addresses, hence the second name.
_HEALTH_PATHS = {"/healthz", "/health"}
_HEALTH_METHODS = ("GET", "HEAD")
_READ_HEADERS = {
    name.encode(): name
    for name in (
        "content-length",
        "traceparent",
        "x-cloud-trace-context",
        BODY_SIGNATURE_HEADER,
        GATEWAY_SIGNATURE_HEADER,
        URI_SIGNATURE_HEADER,
    )
}
# From the first byte to the answer: MaintainX counts to 10 s, the way here and back included.
_DEADLINE_S = 8.0
# What is not worth a timer of its own, of the time that a delivery may take.
_SHORT_S = 0.5


@functions_framework.aio.http
async def webhook_ingress(request: Request) -> Response:
    """POST a delivery: 202 once it is in Pub/Sub, 4xx if refused, 503 if it could not be kept in time.

    GET or HEAD /health: 200.
    """
    path: str = request.scope["path"]  # request.url would put a whole URL together
    healthy = path.rstrip("/") in _HEALTH_PATHS
    if healthy and request.method in _HEALTH_METHODS:
        return JSONResponse({"status": "ok"})
    headers = _headers(request)
    keys = trace_key(headers.get("traceparent", ""), headers.get("x-cloud-trace-context", ""))
    try:
        address = None if healthy else _address(path)
        if address is None or request.method != "POST":
            raise Refused(405, "method", f"method {request.method}")
    except Refused as refused:
        with log_context(**keys):
            return _refusal(refused, path, allow=", ".join(_HEALTH_METHODS) if healthy else "POST")
    about: dict[str, str] = {}
    with log_context(**keys, site=address.site.id, webhook_type=address.webhook_type):
        try:
            return await _accept(request, headers, address, about)
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


def _address(path: str) -> Address:
    address = _addresses.get(path)
    if address is None:
        address = _addresses[path] = find_address(sites, path)
    return address


def _headers(request: Request) -> dict[str, str]:
    """Those that are read here, each as it came first. Starlette would go through all of them for every one."""
    raw: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {_READ_HEADERS[name]: value.decode("latin-1") for name, value in reversed(raw) if name in _READ_HEADERS}


async def _accept(request: Request, headers: dict[str, str], address: Address, about: dict[str, str]) -> Response:
    """The answer to a delivery that is not refused; what the delivery turns out to be is put into `about`."""
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    body, refused = await limited(_DEADLINE_S, _take(request, headers, address))
    if address.parked:
        return _parked(verified=refused is None)
    if refused is not None:
        raise refused
    event = make_event(address, body, utc_now())
    about |= {"event_id": event.event_id, "type": event.type, "resource_id": event.resource_id}
    acknowledged = events.publish(event.to_json(), event.attributes(), timeout_s=_DEADLINE_S)
    waited_s = loop.time() - begin_s
    if waited_s < _SHORT_S:
        message_id = await acknowledged
    else:
        message_id = await asyncio.wait_for(acknowledged, _DEADLINE_S - waited_s)
    _log_accepted(address, event, {**about, "outcome": "accepted", "message_id": message_id}, loop)
    return _Queued(event.event_id)


async def _take(request: Request, headers: dict[str, str], address: Address) -> tuple[bytes, Refused | None]:
    """The body, and why its signature is refused."""
    body = await _read_body(request, headers.get("content-length", ""))
    try:
        await _authenticate(address, headers, body)
    except Refused as refused:
        return body, refused
    return body, None


class _Queued(Response):
    """The answer to what is in Pub/Sub. Its headers are always the same: Starlette need not put them together."""

    def __init__(self, event_id: str) -> None:
        self.status_code = 202
        self.background = None
        self.body = b'{"status":"queued","event_id":"%b"}' % event_id.encode()
        self.raw_headers = [(b"content-length", b"%d" % len(self.body)), (b"content-type", b"application/json")]


def _log_accepted(address: Address, event: Event, extra: dict[str, str], loop: asyncio.AbstractEventLoop) -> None:
    named = contradicting_type(address.webhook_type, event.data) if address.webhook_type else None
    if named is None:
        info_soon(log, "accepted", extra, loop)
    else:  # the subscription may point at the address of another type
        log.warning("accepted", extra={**extra, "contradicting_type": named[:100]})


def _parked(*, verified: bool) -> Response:
    """200 and nothing kept: the subscription is not in use yet. The answer tells whether its secret is known here."""
    log.info("skipped: parked", extra={"outcome": "skipped", "reason": "parked", "verified": verified})
    return JSONResponse({"status": "parked", "verified": verified})


async def _read_body(request: Request, declared: str) -> bytes:
    """The body, given up as soon as it is over the cap: a sender that lies about its length gains nothing."""
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise Refused(413, "too_large", f"body of {declared} bytes")
    chunks, size, more = [], 0, True
    while more:  # what request.stream() does, at a third of its cost
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"body over {MAX_BODY_BYTES} bytes")
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _authenticate(address: Address, headers: dict[str, str], body: bytes) -> None:
    """Check the signature; if it fails, once more with secrets read anew, for a rotation that has just happened."""
    name = address.secret_name
    if name is None:
        raise Refused(401, "no_secret", f"site {address.site.id} has no events_secret")
    check = functools.partial(check_signature, address, headers, body, public_url=sites.public_url, now_s=time.time())
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
