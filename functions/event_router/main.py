"""Routes every event to the destinations that routes.yaml names for it."""

from __future__ import annotations

from collections.abc import Iterable

import functions_framework

from shared.bootstrap import maintainx_client, maintainx_directory, state_store
from shared.config.whole import get_config
from shared.event_record import EventRecord, RecordReader
from shared.events import Event
from shared.outcomes import Outcome, done, skipped
from shared.pubsub.handler import pubsub_function
from shared.pubsub.publisher import publisher
from shared.routing import route_event

get_config()  # a bad configuration is refused at start, not at the first event
records = RecordReader(maintainx_client, maintainx_directory, state_store)


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
    record = EventRecord()
    _publish(event, found)
    if routing.undecided:
        record = records.read(event)
        more = route_event(event, routing.undecided, record.fields).destinations
        _publish(event, more.keys() - found.keys())
        found = {name: [*found.get(name, []), *more.get(name, [])] for name in (*found, *more)}
    if not found:
        return skipped("unrouted", **record.remark)
    routes = sorted({name for names in found.values() for name in names})
    return done("routed", destinations=sorted(found), routes=routes, **record.remark)


def _publish(event: Event, destinations: Iterable[str]) -> None:
    for destination in destinations:
        publisher.publish(destination, event.to_json(), event.attributes())
