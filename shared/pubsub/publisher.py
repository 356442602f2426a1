"""Publishing that returns only after the broker acknowledged.

The client is made on first use, never at import: gunicorn forks after the function's module was loaded, and a gRPC
channel must not cross a fork.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared.errors import BrokerUnavailable
from shared.topics import topic_path

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import PublisherClient

# MaintainX gives a webhook 10 s in all; an answer must leave before that, also if one attempt hangs.
PUBLISH_TIMEOUT_S = 6.0
ATTEMPT_TIMEOUT_S = 2.5

Message = tuple[bytes, Mapping[str, str]]


class Publisher:
    """Publishes to the bundle's topics by their short names. Thread-safe."""

    def __init__(self, client: PublisherClient | None = None) -> None:
        self._client = client
        self._lock = threading.Lock()

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        """Publish one message and return its message id. Raises BrokerUnavailable if the broker did not acknowledge."""
        return self.publish_all(topic, [(data, attributes)])[0]

    def publish_all(self, topic: str, messages: Sequence[Message]) -> list[str]:
        """Publish messages in one request: all of them are acknowledged, or BrokerUnavailable.

        Returns or raises within PUBLISH_TIMEOUT_S. An attempt without answer is repeated and may thus be kept twice.
        """
        from google.api_core import exceptions, retry
        from google.api_core.timeout import ConstantTimeout
        from google.auth.exceptions import GoogleAuthError
        from google.pubsub_v1.services.publisher import PublisherClient as Api

        request = {
            "topic": topic_path(topic),
            "messages": [{"data": data, "attributes": dict(attributes)} for data, attributes in messages],
        }
        try:
            # The unary call below the batching client: the caller waits anyway, so batching by time only delays it.
            answer = Api.publish(
                self.client(),
                request=request,
                # A number would be shared out among the attempts, and start anew when less than 1 s of it is left.
                timeout=ConstantTimeout(ATTEMPT_TIMEOUT_S),
                retry=retry.Retry(
                    predicate=retry.if_exception_type(
                        exceptions.ServiceUnavailable, exceptions.Aborted, exceptions.DeadlineExceeded
                    ),
                    initial=0.1,
                    maximum=1.0,
                    timeout=PUBLISH_TIMEOUT_S - ATTEMPT_TIMEOUT_S,  # when the last attempt may begin
                ),
            )
        except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
            raise BrokerUnavailable(f"topic {topic}: {type(error).__name__}: {error}") from error
        return list(answer.message_ids)

    def client(self) -> Any:
        """The Google client; honours PUBSUB_EMULATOR_HOST."""
        with self._lock:
            if self._client is None:
                from google.cloud.pubsub_v1 import PublisherClient

                self._client = PublisherClient()
            return self._client


publisher = Publisher()
"""The publisher of this process."""
