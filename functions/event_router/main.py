"""Routes every event to the destinations that routes.yaml names for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import functions_framework

from shared.bootstrap import maintainx_client, state_store
from shared.config.whole import get_config
from shared.errors import RecordNotFound, RecordNotVisible
from shared.events import Event
from shared.outcomes import Outcome, done, skipped
from shared.pubsub.handler import pubsub_function
from shared.pubsub.publisher import publisher
from shared.routing import route_event
from shared.state import RecordKey

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("event_router")
def event_router(event: Event) -> Outcome:
    """Publish the event to each destination. Repeating it is harmless: each destination claims the event.

    What the event decides by itself goes out first, so that it does not wait for a record that cannot be read.
    """
    config = get_config()
    config.site(event.site)
    routing = route_event(event, config.routes)
    found = routing.destinations
    _publish(event, found)
    if routing.undecided:
        more = route_event(event, routing.undecided, _read_record(event)).destinations
        _publish(event, more.keys() - found.keys())
        found = {name: [*found.get(name, []), *more.get(name, [])] for name in (*found, *more)}
    if not found:
        return skipped("unrouted")
    return done(
        "routed", destinations=sorted(found), routes=sorted({name for names in found.values() for name in names})
    )


def _publish(event: Event, destinations: Iterable[str]) -> None:
    for destination in destinations:
        publisher.publish(destination, event.to_json(), event.attributes())


def _read_record(event: Event) -> Mapping[str, Any]:
    """The record as MaintainX has it now; empty if it is deleted, or if the event is about none that can be read."""
    reader = _READERS.get(event.resource)
    if reader is None or event.record_id is None:
        return {}
    try:
        return reader(event.site, event.record_id)
    except RecordNotFound:
        if event.type.endswith(".deleted") or _is_known_deleted(event.site, event.resource, event.record_id):
            return {}
        text = f"{event.resource} {event.record_id} of {event.site}"
        raise RecordNotVisible(f"{text}: MaintainX answers 404, but no event told of its deletion") from None


def _is_known_deleted(site: str, kind: str, record_id: int) -> bool:
    """Whether the sync has seen the deletion: events of before it may come after it."""
    record = state_store().get_record(RecordKey(site, kind, record_id))
    return record is not None and record.state == "deleted"


def _work_order(site: str, record_id: int) -> Mapping[str, Any]:
    return maintainx_client(site).get_work_order(record_id).wire()


def _asset(site: str, record_id: int) -> Mapping[str, Any]:
    return maintainx_client(site).get_asset(record_id).wire()


_READERS = {"work_order": _work_order, "asset": _asset}
