"""Routes every event to the destinations that routes.yaml names for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import functions_framework

from shared.bootstrap import maintainx_client
from shared.config.whole import get_config
from shared.errors import RecordNotFound
from shared.events import Event
from shared.outcomes import Outcome, done, skipped
from shared.pubsub.handler import pubsub_function
from shared.pubsub.publisher import publisher
from shared.routing import destinations

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("event_router")
def event_router(event: Event) -> Outcome:
    """Publish the event to each destination. Repeating it is harmless: each destination claims the event."""
    config = get_config()
    config.site(event.site)
    found = destinations(event, config.routes, _read_record)
    for destination in found:
        publisher.publish(destination, event.to_json(), event.attributes())
    if not found:
        return skipped("unrouted")
    return done(
        "routed", destinations=sorted(found), routes=sorted({name for names in found.values() for name in names})
    )


def _read_record(event: Event) -> Mapping[str, Any] | None:
    reader = _READERS.get(event.resource)
    if reader is None or not event.resource_id.isdecimal():
        return None
    try:
        return reader(event.site, int(event.resource_id))
    except RecordNotFound:
        return None


def _work_order(site: str, record_id: int) -> Mapping[str, Any]:
    return maintainx_client(site).get_work_order(record_id).wire()


def _asset(site: str, record_id: int) -> Mapping[str, Any]:
    return maintainx_client(site).get_asset(record_id).wire()


_READERS = {"work_order": _work_order, "asset": _asset}
