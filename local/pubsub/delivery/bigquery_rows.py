"""The table row that a BigQuery subscription makes of a message. Pure.

Source: https://cloud.google.com/pubsub/docs/bigquery#properties_subscription (neither topic nor table schema).
"""

from __future__ import annotations

import json
from typing import Any

from local.pubsub.dead_letters import rfc3339
from local.pubsub.proto import Proto


def table_row(subscription_name: str, message: Proto, *, write_metadata: bool) -> dict[str, Any]:
    """One row: `data` as text, and with metadata also subscription_name, message_id, publish_time and attributes.

    `attributes` is JSON text and holds the ordering key too, if there is one. Raises UnicodeDecodeError if the data
    is not UTF-8, as a STRING or JSON column refuses it.
    """
    row: dict[str, Any] = {"data": message.data.decode()}
    if write_metadata:
        attributes = dict(message.attributes)
        if message.ordering_key:
            attributes["ordering_key"] = message.ordering_key
        row |= {
            "subscription_name": subscription_name,
            "message_id": message.message_id,
            "publish_time": rfc3339(message.publish_time),
            "attributes": json.dumps(attributes, sort_keys=True),
        }
    return row
