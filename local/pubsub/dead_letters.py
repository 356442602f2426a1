"""The message that goes to a dead-letter topic."""

from __future__ import annotations

from datetime import UTC, datetime

from local.pubsub import proto
from local.pubsub.backlog import Delivery
from local.pubsub.proto import Proto

_PREFIX = "CloudPubSubDeadLetterSource"


def letter(subscription_name: str, delivery: Delivery) -> Proto:
    """A copy of the message for the dead-letter topic, with the attributes by which Google's service marks its source.

    Source: https://cloud.google.com/pubsub/docs/handling-failures#track_delivery_attempts
    """
    original = delivery.message.proto
    _, project, _, subscription_id = subscription_name.split("/")
    copy = proto.PubsubMessage(data=original.data, ordering_key=original.ordering_key)
    copy.attributes.update(original.attributes)
    copy.attributes.update(
        {
            f"{_PREFIX}DeliveryCount": str(delivery.failures),
            f"{_PREFIX}Subscription": subscription_id,
            f"{_PREFIX}SubscriptionProject": project,
            f"{_PREFIX}TopicPublishTime": rfc3339(original.publish_time),
        }
    )
    return copy


def rfc3339(timestamp: Proto) -> str:
    """A protobuf Timestamp as text, UTC, in milliseconds: 2026-11-22T03:04:05.678Z."""
    moment = datetime.fromtimestamp(timestamp.seconds + timestamp.nanos / 1e9, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
