"""The HTTP request that a push subscription makes of a message. Pure.

Source: https://cloud.google.com/pubsub/docs/push and https://cloud.google.com/pubsub/docs/payload-unwrapping
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from local.pubsub.backlog import Delivery
from local.pubsub.dead_letters import rfc3339
from local.pubsub.proto import Proto
from local.pubsub.resources import Subscription

ACK_STATUSES = frozenset({102, 200, 201, 202, 204})
USER_AGENT = "CloudPubSub-Google"


def push_request(subscription: Subscription, delivery: Delivery) -> tuple[dict[str, str], bytes]:
    """Headers (without authorization) and body for one delivery, wrapped or not as the subscription says."""
    headers = {"User-Agent": USER_AGENT}
    message = delivery.message.proto
    config = subscription.proto.push_config
    if config.HasField("no_wrapper"):
        if config.no_wrapper.write_metadata:
            headers |= _metadata_headers(subscription.name, message)
        return headers, message.data
    headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    attempt = subscription.attempt_shown(delivery.attempt)
    return headers, json.dumps(wrapped(subscription.name, message, attempt), separators=(",", ":")).encode()


def wrapped(subscription_name: str, message: Proto, attempt: int) -> dict[str, Any]:
    """The documented JSON envelope. `attempt` 0 leaves deliveryAttempt out; empty fields are left out."""
    published = rfc3339(message.publish_time)
    inner: dict[str, Any] = {
        "messageId": message.message_id,
        "message_id": message.message_id,
        "publishTime": published,
        "publish_time": published,
    }
    if message.data:
        inner["data"] = base64.b64encode(message.data).decode()
    if message.attributes:
        inner["attributes"] = dict(message.attributes)
    if message.ordering_key:
        inner["orderingKey"] = message.ordering_key
    body: dict[str, Any] = {"message": inner, "subscription": subscription_name}
    if attempt:
        body["deliveryAttempt"] = attempt
    return body


def _metadata_headers(subscription_name: str, message: Proto) -> Mapping[str, str]:
    headers = {
        "x-goog-pubsub-subscription-name": subscription_name,
        "x-goog-pubsub-message-id": message.message_id,
        "x-goog-pubsub-publish-time": rfc3339(message.publish_time),
        **message.attributes,
    }
    if message.ordering_key:
        headers["x-goog-pubsub-ordering-key"] = message.ordering_key
    return headers
