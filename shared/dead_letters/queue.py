"""Listing dead letters and sending them on their way again.

A dead letter is a message on the pull subscription of a pipeline's dead-letter topic. Listing takes messages and gives
them straight back; a replay publishes to the pipeline's own topic first and only then takes the dead letter away, so
that a crash in between can double the message (its consumer recognises that) but never lose it. Discarding takes one
letter away for good, after writing it to the log.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from shared.dead_letters.letter import DeadLetter, DeadLetterFilter, ReplayReport, revived
from shared.errors import BrokerUnavailable
from shared.pubsub.publisher import Message
from shared.topics import Pipeline, subscription_path

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import SubscriberClient

# Replayed letters share requests; a batch that fails half-way is doubled at the most, never lost.
_REPLAY_BATCH = 100
_REPLAY_BATCH_BYTES = 8 * 2**20  # a request takes 10 MB
_PULL_BATCH = 200
_PULL_TIMEOUT_S = "3"
# A request takes 512 KiB; an ack id is some 200 bytes long.
_GIVE_BACK_BATCH = 1000
# A pull may come back empty although messages wait (Google Cloud: "Pull subscriptions"); this many in a row mean none.
_EMPTY_PULLS = 2
# For an answer that takes milliseconds.
_PROOF_TIMEOUT_S = 10.0
_LOGGED_CHARACTERS = 2_000


log = logging.getLogger(__name__)


Letters = list[DeadLetter]  # named, because DeadLetters.list hides the builtin inside the class


class BatchPublishPort(Protocol):
    """What is needed of a publisher."""

    def publish_all(self, topic: str, messages: Sequence[Message]) -> list[str]:
        """Publish and return the message ids after the broker's acknowledgement."""
        ...


class DeadLetters:
    """The dead letters of all pipelines."""

    def __init__(self, subscriber: SubscriberClient, publisher: BatchPublishPort) -> None:
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
        seen = came_back = 0
        matched: list[DeadLetter] = []
        batch: list[DeadLetter] = []
        held: dict[str, None] = {}  # ack ids in the order of their coming; all of a pull, also those not looked at
        replayed = 0
        try:
            for letter in self._pull(pipeline, held):
                if letter.attributes.get("replay_id") == replay_id:
                    came_back += 1  # it waits for the next replay, or this one would never end
                    continue
                seen += 1
                if not wanted.matches(letter):
                    continue
                if not dry_run and sum(len(each.data) for each in batch) + len(letter.data) > _REPLAY_BATCH_BYTES:
                    replayed += self._send_on(pipeline, batch, replay_id, held)
                matched.append(letter)
                batch.append(letter)
                full = len(matched) >= limit
                if not dry_run and (full or len(batch) >= _REPLAY_BATCH):
                    replayed += self._send_on(pipeline, batch, replay_id, held)
                if full:
                    break
            if not dry_run:
                replayed += self._send_on(pipeline, batch, replay_id, held)
        finally:
            self._give_back(pipeline, list(held))
        return ReplayReport(
            pipeline.name,
            dry_run,
            replay_id,
            seen,
            came_back,
            len(matched),
            replayed,
            tuple(letter.describe() for letter in matched),
        )

    def discard(self, pipeline: Pipeline, message_id: str) -> dict[str, Any] | None:
        """Take one dead letter away for good; None if there is none of that id. Raises BrokerUnavailable.

        It is logged first. Returns what was logged: `pipeline`, `message_id`, `attributes`, `payload` (the first 2,000
        characters) and `payload_bytes`.
        """
        held: dict[str, None] = {}
        try:
            for letter in self._pull(pipeline, held):
                if letter.message_id == message_id:
                    discarded = self._discard(pipeline, letter)
                    del held[letter.ack_id]
                    return discarded
        finally:
            self._give_back(pipeline, list(held))
        return None

    def _discard(self, pipeline: Pipeline, letter: DeadLetter) -> dict[str, Any]:
        content = {
            "pipeline": pipeline.name,
            "message_id": letter.message_id,
            "attributes": letter.attributes,
            "payload": letter.data.decode(errors="replace")[:_LOGGED_CHARACTERS],
            "payload_bytes": len(letter.data),
        }
        log.warning("discarding dead letter %s of %s", letter.message_id, pipeline.name, extra=content)
        self._acknowledge(pipeline, [letter.ack_id])
        return content

    def _pull(self, pipeline: Pipeline, held: dict[str, None]) -> Iterator[DeadLetter]:
        """Dead letters, each once, until none are left or the same ones come round again; ack ids go into `held`."""
        from google.api_core import exceptions

        path = subscription_path(pipeline.dead_letters)
        met: set[str] = set()
        empty, answered = 0, False
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
            answered = True
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

        if not answered:
            self._must_answer(path)

    def _must_answer(self, path: str) -> None:
        """BrokerUnavailable if Pub/Sub does not answer: a pull without an answer may mean that, or that nothing waits.

        Asked by acknowledging what is no message, which needs the same right as a pull.
        """
        from google.api_core import exceptions

        request = {"subscription": path, "ack_ids": ["none"]}
        with _broker_errors(path), suppress(exceptions.InvalidArgument):
            self._subscriber.acknowledge(request=request, timeout=_PROOF_TIMEOUT_S, retry=None)

    def _send_on(self, pipeline: Pipeline, batch: Letters, replay_id: str, held: dict[str, None]) -> int:
        """Publish the batch again, then take its letters away; empties `batch` and returns how many there were."""
        if not batch:
            return 0
        self._publisher.publish_all(pipeline.topic, [(each.data, revived(each, replay_id)) for each in batch])
        ack_ids = [letter.ack_id for letter in batch]
        self._acknowledge(pipeline, ack_ids)
        for ack_id in ack_ids:
            del held[ack_id]
        batch.clear()
        return len(ack_ids)

    def _acknowledge(self, pipeline: Pipeline, ack_ids: Sequence[str]) -> None:
        path = subscription_path(pipeline.dead_letters)
        with _broker_errors(path):
            self._subscriber.acknowledge(request={"subscription": path, "ack_ids": ack_ids})

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
