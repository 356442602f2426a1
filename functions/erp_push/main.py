"""Brings the work order that an event is about and its ERP record in step."""

from __future__ import annotations

import functions_framework

from shared.bootstrap import state_store, sync_engine
from shared.config.whole import get_config
from shared.errors import MalformedEvent
from shared.events import Event
from shared.outcomes import Outcome, skipped
from shared.pubsub.handler import pubsub_function
from shared.sync.new_in_erp import RESOURCE

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("erp_push", claims=state_store)
def erp_push(event: Event) -> Outcome:
    """Look at both sides of the work order and write to each what it lacks; make it if only the ERP has it."""
    if event.resource == RESOURCE:
        return sync_engine(event.site).take_in(event.resource_id, event)
    if event.resource != "work_order":
        return skipped("not_a_work_order")
    if event.record_id is None:
        raise MalformedEvent(f"{event.type} of site {event.site} names no work order: {event.resource_id!r}")
    return sync_engine(event.site).look_at(event.record_id, event)
