"""Listing dead letters and sending them on their way again.

A dead letter is a message on the pull subscription of a pipeline's dead-letter topic. Listing takes messages and gives
them straight back; a replay publishes to the pipeline's own topic first and only then takes the dead letter away, so
that a crash in between can double the message (its consumer recognises that) but never lose it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.errors import BrokerUnavailable
from shared.events import format_utc
from shared.pubsub.dead_letter import PublishPort
from shared.topics import Pipeline, subscription_path

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import SubscriberClient

_PULL_BATCH = 200
_PULL_TIMEOUT_S = "3"
# A request takes 512 KiB; an ack id is some 200 bytes long.
_GIVE_BACK_BATCH = 1000
# A pull may come back empty although messages wait (Google Cloud: "Pull subscriptions"); this many in a row mean none.
_EMPTY_PULLS = 2
# Put on by us or by Pub/Sub when the message died; a replay starts without them.
_REASON_ATTRIBUTES = (
    "error_class",
    "error_message",
    "function",
    "attempt",
    "failed_at",
    "first_failed_at",
    "message_id",
)
_PUBSUB_PREFIX = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant: every value given must be equal, a missing one means any."""

    site: str | None = None
    type: str | None = None
    event_id: str | None = None
    resource_id: str | None = None
    error_class: str | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether the letter is meant."""
        wanted = ((field.name, getattr(self, field.name)) for field in fields(self))
        return all(value is None or letter.attributes.get(name) == value for name, value in wanted)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that will not be tried again by itself."""

    pipeline: str
    ack_id: str
    message_id: str
    published_at: datetime
    data: bytes
    attributes: dict[str, str]

    def describe(self) -> dict[str, Any]:
        """What an operator wants to see; without the payload."""
        attributes = self.attributes
        attempts = attributes.get("attempt") or attributes.get(f"{_PUBSUB_PREFIX}DeliveryCount")
        return {
            "pipeline": self.pipeline,
            "message_id": self.message_id,
            "dead_since": format_utc(self.published_at),
            "site": attributes.get("site"),
            "type": attributes.get("type"),
            "resource_id": attributes.get("resource_id"),
            "event_id": attributes.get("event_id"),
            "error_class": attributes.get("error_class", "DeliveryAttemptsExhausted"),
            "error_message": attributes.get("error_message", "Pub/Sub gave up; see the function's log"),
            "attempts": int(attempts) if attempts else None,
            "first_failed_at": attributes.get("first_failed_at"),
            "replays": int(attributes.get("replay_count", "0")),
        }


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, or in a dry run would do."""

    pipeline: str
    dry_run: bool
    seen: int
    matched: int
    replayed: int
    letters: tuple[dict[str, Any], ...]


def _revived(letter: DeadLetter, replay_id: str) -> dict[str, str]:
    """The letter's attributes without the reason of its death, marked as a replay."""
    kept = {
        key: value
        for key, value in letter.attributes.items()
        if key not in _REASON_ATTRIBUTES and not key.startswith(_PUBSUB_PREFIX)
    }
    count = int(letter.attributes.get("replay_count", "0")) + 1
    return {**kept, "replay_id": replay_id, "replay_count": str(count), "source": "replay"}


class DeadLetters:
    """The dead letters of all pipelines."""

    def __init__(self, subscriber: SubscriberClient, publisher: PublishPort) -> None:
        self._subscriber = subscriber
        self._publisher = publisher

    def list(self, pipeline: Pipeline, wanted: DeadLetterFilter, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` dead letters that are `wanted`; all stay where they are."""
        return list(self.replay(pipeline, wanted, limit, dry_run=True).letters)

    def replay(self, pipeline: Pipeline, wanted: DeadLetterFilter, limit: int, *, dry_run: bool) -> ReplayReport:
        """Send up to `limit` dead letters that are `wanted` to their topic again. Raises BrokerUnavailable.

        Each carries a new replay_id, so that consumers do not take it for a duplicate of the delivery that failed.
        What was seen but is not replayed is given back.
        """
        replay_id = uuid.uuid4().hex
        seen = 0
        matched: list[DeadLetter] = []
        held: dict[str, None] = {}  # ack ids in the order of their coming; all of a pull, also those not looked at
        replayed = 0
        try:
            for letter in self._pull(pipeline, held):
                seen += 1
                came_back = letter.attributes.get("replay_id") == replay_id
                if came_back or not wanted.matches(letter):
                    continue  # what died again while we are at it waits for the next replay, or this would never end
                matched.append(letter)
                if not dry_run:
                    self._publisher.publish(pipeline.topic, letter.data, _revived(letter, replay_id))
                    self._acknowledge(pipeline, letter)
                    del held[letter.ack_id]
                    replayed += 1
                if len(matched) >= limit:
                    break
        finally:
            self._give_back(pipeline, list(held))
        return ReplayReport(
            pipeline.name, dry_run, seen, len(matched), replayed, tuple(letter.describe() for letter in matched)
        )

    def _pull(self, pipeline: Pipeline, held: dict[str, None]) -> Iterator[DeadLetter]:
        """Dead letters, each once, until none are left or the same ones come round again; ack ids go into `held`."""
        from google.api_core import exceptions

        path = subscription_path(pipeline.dead_letters)
        met: set[str] = set()
        empty = 0
        while empty < _EMPTY_PULLS:
            try:
                with _broker_errors(path):
                    answer = self._subscriber.pull(
                        request={"subscription": path, "max_messages": _PULL_BATCH},
                        timeout=float(os.environ.get("DEAD_LETTER_PULL_TIMEOUT_S", _PULL_TIMEOUT_S)),
                        retry=None,
                    )
            except BrokerUnavailable as error:
                if not isinstance(error.__cause__, exceptions.DeadlineExceeded):
                    raise
                empty += 1
                continue
            held.update(dict.fromkeys(received.ack_id for received in answer.received_messages))
            fresh = [received for received in answer.received_messages if received.message.message_id not in met]
            empty = 0 if fresh else empty + 1
            for received in fresh:
                met.add(received.message.message_id)
                yield DeadLetter(
                    pipeline=pipeline.name,
                    ack_id=received.ack_id,
                    message_id=received.message.message_id,
                    published_at=received.message.publish_time,
                    data=bytes(received.message.data),
                    attributes=dict(received.message.attributes),
                )

    def _acknowledge(self, pipeline: Pipeline, letter: DeadLetter) -> None:
        path = subscription_path(pipeline.dead_letters)
        with _broker_errors(path):
            self._subscriber.acknowledge(request={"subscription": path, "ack_ids": [letter.ack_id]})

    def _give_back(self, pipeline: Pipeline, ack_ids: Sequence[str]) -> None:
        path = subscription_path(pipeline.dead_letters)
        for first in range(0, len(ack_ids), _GIVE_BACK_BATCH):
            batch = list(ack_ids[first : first + _GIVE_BACK_BATCH])
            with _broker_errors(path):
                self._subscriber.modify_ack_deadline(
                    request={"subscription": path, "ack_ids": batch, "ack_deadline_seconds": 0}
                )


@contextmanager
def _broker_errors(path: str) -> Iterator[None]:
    """Errors of Google's client as BrokerUnavailable."""
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    try:
        yield
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError) as error:
        raise BrokerUnavailable(f"{path}: {type(error).__name__}: {error}") from error
