"""Tells people about events: chat, mail and whatever else the site's addresses name."""

from __future__ import annotations

import functions_framework

from shared.bootstrap import asset_names, state_store
from shared.config.whole import get_config
from shared.events import Event
from shared.notify.messages import notification
from shared.notify.sender import send_notification
from shared.outcomes import Outcome, skipped
from shared.pubsub.handler import pubsub_function, replay_id
from shared.secret_forms import rows
from shared.secrets import secrets

get_config()  # a bad configuration is refused at start, not at the first event


@functions_framework.http
@pubsub_function("notify", claims=state_store)
def notify(event: Event) -> Outcome:
    """Send the event's notification to each address of its site."""
    site = get_config().site(event.site)
    if site.notify is None:
        return skipped("no_addresses")
    urls = rows(secrets.get(site.notify.urls_secret))
    text = notification(event, site.name, asset_names().of(event))
    return send_notification(event, text, urls, state_store(), replay_id=replay_id())
