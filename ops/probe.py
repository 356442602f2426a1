"""The synthetic event of `ops smoke`: what is sent, and where it must be seen."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import stamina

from shared.config.routes import Route
from shared.errors import BridgeError, ConfigError, RemoteUnavailable
from shared.events import Event, event_identity, format_utc
from shared.http_words import in_words, without_words
from shared.ingress import GATEWAY_SIGNATURE_HEADER, utc_now
from shared.maintainx.signature import sign
from shared.routing import route_event
from shared.warehouse.gateway import Warehouse, scalar

EVENT_TYPE = "bridge.smoke"
_ANSWER_TIMEOUT_S = 30.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 5.0
# A clock that is behind Pub/Sub's must not hide the row.
_CLOCK_SLACK = timedelta(minutes=10)

# raw_events, where the filter on publish_time spares BigQuery the older partitions, while we ask again and again.
_ARRIVED = """
SELECT publish_time FROM raw_events
WHERE publish_time >= @since AND JSON_VALUE(data, '$.event_id') = @event_id
"""
_IN_VIEW = "SELECT site, type, source FROM events WHERE event_id = @event_id"


class SmokeFailed(BridgeError):
    """The bundle answered, and not as it must. The message says which part."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One synthetic event of a site. `body` is sent as it stands; a repeat of it is the same event."""

    site: str
    body: bytes
    made_at_utc: datetime

    @property
    def event_id(self) -> str:
        """The id that webhook_ingress must give it."""
        return event_identity(self.site, EVENT_TYPE, self.body)


def make_probe(site: str) -> Probe:
    """A probe unlike any before."""
    now = utc_now()
    data = {"id": uuid.uuid4().hex, "occurredAt": format_utc(now)}
    return Probe(site, json.dumps({"event": EVENT_TYPE, "data": data}).encode(), now)


def check_unrouted(site: str, routes: tuple[Route, ...]) -> None:
    """Raise ConfigError if a route would carry the probe to the ERP or to people."""
    now = utc_now()
    event = Event("", site, EVENT_TYPE, "bridge", "", now, now, "gateway", EVENT_TYPE, {})
    if found := route_event(event, routes, record={}).destinations:
        raise ConfigError(f"routes.yaml sends {EVENT_TYPE} of site {site} to {', '.join(sorted(found))}")


def send(probe: Probe, base_url: str, secret: str, *, timeout_s: float) -> float:
    """Send the probe until it is taken in; returns the seconds that the answering request took.

    Repeats what may pass (no answer, 5xx, and 403 and 404 of an address that was made a moment ago) for `timeout_s`.
    Raises SmokeFailed if it is refused, RemoteUnavailable if nobody takes it in, ConfigError if that is no address.
    """
    url = f"{base_url.rstrip('/')}/v1/events/{probe.site}"
    for attempt in stamina.retry_context(
        on=RemoteUnavailable, attempts=None, timeout=timeout_s, wait_initial=_FIRST_WAIT_S, wait_max=_LONGEST_WAIT_S
    ):
        with attempt:
            begin = time.monotonic()
            answer = _post(url, probe, secret)
            _check_answer(answer, probe, url)
            return time.monotonic() - begin
    raise AssertionError("stamina raises the last error")


def _post(url: str, probe: Probe, secret: str) -> httpx.Response:
    headers = {GATEWAY_SIGNATURE_HEADER: sign(probe.body, secret, int(time.time())), "content-type": "application/json"}
    try:
        return httpx.post(url, content=probe.body, headers=headers, timeout=_ANSWER_TIMEOUT_S)
    except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol, ValueError) as error:
        raise ConfigError(f"--url is no address that can be called ({type(error).__name__})") from None
    except httpx.TransportError as error:
        raise RemoteUnavailable(f"{url}: {in_words(error)}") from without_words(error)


def _check_answer(answer: httpx.Response, probe: Probe, url: str) -> None:
    status = answer.status_code
    if status >= 500 or status in (403, 404):
        raise RemoteUnavailable(f"{url} answers {status}")
    if status == 401:
        raise SmokeFailed(f"{url} answers 401: the site's events_secret here and there differ, or the clocks do")
    if status != 202:
        raise SmokeFailed(f"{url} answers {status} instead of 202")
    given = answer.json().get("event_id")
    if given != probe.event_id:
        raise SmokeFailed(f"{url} gave the event the id {given} instead of {probe.event_id}")


def await_archived(
    probe: Probe, warehouse: Warehouse, *, timeout_s: float, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Wait until the event is in the archive and return its row of the view `events`.

    Raises SmokeFailed after `timeout_s`, WarehouseUnavailable or PermanentError if BigQuery cannot be asked.
    """
    give_up_at = time.monotonic() + timeout_s
    wait_s = _FIRST_WAIT_S
    event_id = scalar("STRING", probe.event_id)
    since = scalar("TIMESTAMP", probe.made_at_utc - _CLOCK_SLACK)
    while not warehouse.query(_ARRIVED, {"since": since, "event_id": event_id}):
        if time.monotonic() >= give_up_at:
            raise SmokeFailed(
                f"event {probe.event_id} was accepted, but is not in BigQuery after {timeout_s:.0f} s: look at the "
                "subscription raw-events (backlog, rights of the Pub/Sub service agent) and at its dead letters"
            )
        sleep(wait_s)
        wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)
    rows = warehouse.query(_IN_VIEW, {"event_id": event_id})
    if len(rows) != 1:
        raise SmokeFailed(f"event {probe.event_id} is in raw_events, but {len(rows)} times in the view events")
    return dict(rows[0].items())
