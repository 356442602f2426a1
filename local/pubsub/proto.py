"""The raw protobuf classes that google-cloud-pubsub ships.

Its public types wrap these in proto-plus, which costs several times the work per message; a server needs only the
classes on the wire.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from google.protobuf import empty_pb2
from google.pubsub_v1 import types

# The protobuf runtime builds these classes at import, so there is no static type to name.
Proto: TypeAlias = Any

PubsubMessage: Any = types.PubsubMessage.pb()
ReceivedMessage: Any = types.ReceivedMessage.pb()
Subscription: Any = types.Subscription.pb()
Topic: Any = types.Topic.pb()
PublishResponse: Any = types.PublishResponse.pb()
PullResponse: Any = types.PullResponse.pb()
SeekResponse: Any = types.SeekResponse.pb()
StreamingPullRequest: Any = types.StreamingPullRequest.pb()
StreamingPullResponse: Any = types.StreamingPullResponse.pb()
ListTopicsResponse: Any = types.ListTopicsResponse.pb()
ListTopicSubscriptionsResponse: Any = types.ListTopicSubscriptionsResponse.pb()
ListSubscriptionsResponse: Any = types.ListSubscriptionsResponse.pb()
Empty: Any = empty_pb2.Empty  # type: ignore[attr-defined]  # built at import


def request_class(name: str) -> Any:
    """The raw class of the request message `name`, such as "PublishRequest"."""
    return getattr(types, name).pb()


def seconds(duration: Proto) -> float:
    """A protobuf Duration or Timestamp as seconds."""
    return float(duration.seconds + duration.nanos / 1e9)
