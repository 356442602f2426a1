"""Topics and subscriptions as the running server holds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.pubsub.backlog import Backlog
from local.pubsub.filters import Predicate, compile_filter
from local.pubsub.proto import Proto, seconds
from local.pubsub.retry import IMMEDIATE, POLICY_MAXIMUM_S, POLICY_MINIMUM_S, PUSH_DEFAULT, Backoff
from local.pubsub.signals import Signal
from local.pubsub.status import FailedPrecondition

DELETED_TOPIC = "_deleted-topic_"


@dataclass(slots=True, eq=False)
class Subscription:
    """A subscription: its resource (`proto`), its unacknowledged messages, and the signal that wakes consumers."""

    id: int
    proto: Proto
    matches: Predicate
    backlog: Backlog
    signal: Signal = field(default_factory=Signal)
    deleted: bool = False

    @property
    def name(self) -> str:
        """Full resource name."""
        return str(self.proto.name)

    @property
    def ack_deadline_s(self) -> float:
        """Seconds that a consumer has to acknowledge."""
        return float(self.proto.ack_deadline_seconds)

    @property
    def retention_s(self) -> float:
        """Seconds that an unacknowledged message is kept."""
        return seconds(self.proto.message_retention_duration)

    @property
    def max_attempts(self) -> int | None:
        """Delivery attempts before a message is dead-lettered; None without a dead-letter policy."""
        if not self.proto.HasField("dead_letter_policy"):
            return None
        return int(self.proto.dead_letter_policy.max_delivery_attempts)

    def require_pull(self) -> None:
        """Raises FailedPrecondition if the server delivers the messages by itself."""
        if self.proto.push_config.push_endpoint or self.proto.bigquery_config.table:
            raise FailedPrecondition(f"{self.name} is not a pull subscription")

    def attempt_shown(self, attempt: int) -> int:
        """What consumers see as the delivery attempt: 0 (absent) without a dead-letter policy."""
        return attempt if self.max_attempts is not None else 0

    def replace(self, proto: Proto) -> None:
        """Take over a changed resource; filter and ordering cannot change."""
        self.proto = proto
        self.backlog.backoff = backoff_of(proto)


@dataclass(slots=True, eq=False)
class Topic:
    """A topic and the subscriptions attached to it."""

    proto: Proto
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


def new_subscription(number: int, proto: Proto) -> Subscription:
    """The running form of a stored, valid subscription."""
    backlog = Backlog(ordered=proto.enable_message_ordering, backoff=backoff_of(proto))
    return Subscription(number, proto, compile_filter(proto.filter), backlog)


def backoff_of(proto: Proto) -> Backoff:
    """The wait after failures that a subscription asks for, by its retry policy and kind of delivery."""
    pulled = not (proto.push_config.push_endpoint or proto.bigquery_config.table)
    if not proto.HasField("retry_policy"):
        return IMMEDIATE if pulled else PUSH_DEFAULT
    policy = proto.retry_policy
    minimum_s = seconds(policy.minimum_backoff) if policy.HasField("minimum_backoff") else POLICY_MINIMUM_S
    maximum_s = seconds(policy.maximum_backoff) if policy.HasField("maximum_backoff") else POLICY_MAXIMUM_S
    if not pulled:
        minimum_s = max(minimum_s, PUSH_DEFAULT.minimum_s)
    return Backoff(minimum_s, max(minimum_s, maximum_s))
