"""Brings the ERP in step with the work order that an event is about."""

from __future__ import annotations

import functions_framework

from shared.bootstrap import state_store
from shared.config import get_config
from shared.events import Event
from shared.outcomes import Outcome
from shared.pubsub.handler import pubsub_function

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("erp_push", claims=state_store)
def erp_push(event: Event) -> Outcome:
    """Look at the work order on both sides and write to the ERP what it lacks."""
    raise NotImplementedError
