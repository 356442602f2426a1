"""Brings the ERP in step with the work order that an event is about."""

from __future__ import annotations

import functions_framework

from shared.bootstrap import outbound_sync, state_store
from shared.config.whole import get_config
from shared.errors import MalformedEvent
from shared.events import Event
from shared.outcomes import Outcome, skipped
from shared.pubsub.handler import pubsub_function

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("erp_push", claims=state_store)
def erp_push(event: Event) -> Outcome:
    """Look at the work order on both sides and write to the ERP what it lacks."""
    if event.resource != "work_order":
        return skipped("not_a_work_order")
    if event.record_id is None:
        raise MalformedEvent(f"{event.type} of site {event.site} names no work order: {event.resource_id!r}")
    return outbound_sync(event.site).push_work_order(event.record_id, event)
