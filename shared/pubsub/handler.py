"""The decorator of every function that Pub/Sub pushes to.

It parses the push, sets the log context, claims the event, calls the handler and turns the outcome into HTTP:
done/skipped → 204; retry → 503 (429 if the other side asked us to slow down); dead → dead-letter topic, then 204.
A handler may return an Outcome or raise an error of our tree; any other exception is a fault of ours, tried again
and dead-lettered with its name on the last attempt. It has HANDLER_DEADLINE_S for its work (`shared.deadline`).
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace

from flask import Request

from shared.deadline import deadline
from shared.errors import (
    AuthenticationFailed,
    PermanentError,
    PermissionDenied,
    RateLimited,
    RecordBusy,
    SecretMissing,
    TransientError,
)
from shared.events import Event
from shared.logs import configure_logging, log_context, trace_key
from shared.outcomes import Outcome, dead, retry, skipped
from shared.pubsub.dead_letter import PublishPort, dead_letter
from shared.pubsub.envelope import MalformedEnvelope, PushMessage, parse_push
from shared.pubsub.publisher import publisher as process_publisher
from shared.state import Claim, ClaimKey, Done, InProgress, StateStore

Handler = Callable[[Event], Outcome]
Answer = tuple[str, int]

# Longer than dead letters are kept (14 days) and replayed: a claim must not be forgotten while its event can come back.
CLAIM_TTL_S = 30 * 86400.0
# At least as long as the function may run, so that a claim is only taken over from an instance that is gone.
_DEFAULT_LEASE_S = "60"
# Shorter than the lease and the function's time-out, so that a handler ends with an answer and not in the middle.
_DEFAULT_DEADLINE_S = "50"
# A key that expired fails every message of a plant: a person mends the key, and the messages then succeed.
_MENDABLE = (AuthenticationFailed, PermissionDenied, SecretMissing)
_IN_PROGRESS = "in_progress_elsewhere"
# Somebody else is at it, and may succeed: whether the message is at its end is left to Pub/Sub.
_NEVER_BURIED = frozenset({_IN_PROGRESS, RecordBusy.__name__})

log = logging.getLogger(__name__)

_replay_id: ContextVar[str] = ContextVar("replay_id", default="")


def replay_id() -> str:
    """The replay that brings the event which is being handled; "" if no person asked for it again."""
    return _replay_id.get()


def pubsub_function(
    function: str,
    *,
    claims: Callable[[], StateStore] | None = None,
    publisher: PublishPort = process_publisher,
) -> Callable[[Handler], Callable[[Request], Answer]]:
    """Make an HTTP function of a handler of events.

    function: the function's folder name. claims: gives the state store in which an event is claimed for this function
    before it is handled, so that the same event is handled once; None where repeating the handler is harmless.
    """
    configure_logging(function)

    def decorate(handle: Handler) -> Callable[[Request], Answer]:
        receiver = _Receiver(function, handle, claims, publisher)

        @functools.wraps(handle)
        def http_function(request: Request) -> Answer:
            trace = trace_key(request.headers.get("traceparent", ""), request.headers.get("X-Cloud-Trace-Context", ""))
            with log_context(**trace):
                try:
                    message = parse_push(request.get_data())
                except MalformedEnvelope as error:
                    log.error("refused: %s", error)
                    return "malformed Pub/Sub push request", 400
                return receiver.receive(message)

        return http_function

    return decorate


@dataclass(frozen=True)
class _Receiver:
    function: str
    handle: Handler
    claims: Callable[[], StateStore] | None
    publisher: PublishPort

    def receive(self, message: PushMessage) -> Answer:
        context = {key: message.attributes.get(key, "") for key in ("event_id", "site", "type", "resource_id")}
        with log_context(**context, message_id=message.message_id, replay_id=message.replay_id):
            outcome = self._handle_once(message)
            _log_outcome(outcome, message)
        if outcome.kind == "retry" and outcome.reason == RateLimited.__name__:
            return "slow down", 429
        return _ANSWERS[outcome.kind]

    def _handle_once(self, message: PushMessage) -> Outcome:
        try:
            event = Event.from_json(message.data)
            if self.claims is None:
                return self._settle(message, self._handle_in_time(message, event))
            store = self.claims()
            key = ClaimKey(event.site, event.event_id, self.function, nonce=message.replay_id)
            claimed = store.claim(key, owner=f"{self.function}/{message.message_id}", lease_s=_lease_s())
        except Exception as error:
            return self._settle(message, _failure(error))
        if isinstance(claimed, Done):
            return skipped("duplicate", first_outcome=claimed.outcome, first_reason=claimed.reason)
        if isinstance(claimed, InProgress):
            return self._settle(message, retry(_IN_PROGRESS, until=claimed.until_utc.isoformat()))
        outcome = self._settle(message, self._handle_in_time(message, event))
        _finish_claim(store, claimed.claim, outcome)
        return outcome

    def _handle_in_time(self, message: PushMessage, event: Event) -> Outcome:
        token = _replay_id.set(message.replay_id)
        try:
            with deadline(float(os.environ.get("HANDLER_DEADLINE_S", _DEFAULT_DEADLINE_S))):
                return self.handle(event)
        except Exception as error:
            return _failure(error)
        finally:
            _replay_id.reset(token)

    def _settle(self, message: PushMessage, outcome: Outcome) -> Outcome:
        """Bury what is dead or was tried for the last time. Only a buried message may be called dead: it is kept."""
        if outcome.kind == "retry" and outcome.reason not in _NEVER_BURIED and _is_last_attempt(message):
            outcome = replace(outcome, kind="dead", detail={**outcome.detail, "attempts": message.delivery_attempt})
        if outcome.kind != "dead":
            return outcome
        try:
            dead_letter(
                self.publisher,
                self.function,
                message,
                error_class=outcome.reason,
                error_message=str(outcome.detail.get("error", outcome.reason)),
            )
        except Exception as error:  # whatever it is: the message is not kept, so it must come again
            return retry(type(error).__name__, error=str(error))
        return outcome


def _finish_claim(store: StateStore, claim: Claim, outcome: Outcome) -> None:
    """Note what became of the event. The outcome stands even if the note fails: then the claim's lease runs out."""
    try:
        if outcome.kind == "retry":
            store.release_claim(claim)
        else:
            store.complete_claim(claim, outcome=outcome.kind, reason=outcome.reason, ttl_s=CLAIM_TTL_S)
    except (TransientError, PermanentError) as error:
        log.warning("claim not finished: %s", error, extra={"error_class": type(error).__name__})


def _failure(error: Exception) -> Outcome:
    """What an error means; call it in the `except` block, for the traceback of a fault of ours."""
    name = type(error).__name__
    if isinstance(error, TransientError):
        return retry(name, after_s=error.retry_after_s, error=str(error))
    if isinstance(error, _MENDABLE):
        log.error("until somebody mends it, everything waits: %s", error, extra={"error_class": name})
        return retry(name, error=str(error))
    if isinstance(error, PermanentError):
        return dead(name, error=str(error))
    log.exception("fault in the handler")
    return retry(name, error=str(error))


def _is_last_attempt(message: PushMessage) -> bool:
    """Whether Pub/Sub would dead-letter the message after this attempt, without a reason; we do it first, with one."""
    limit = int(os.environ.get("MAX_DELIVERY_ATTEMPTS", "0"))
    return 0 < limit <= (message.delivery_attempt or 0)


def _lease_s() -> float:
    return float(os.environ.get("CLAIM_LEASE_S", _DEFAULT_LEASE_S))


def _log_outcome(outcome: Outcome, message: PushMessage) -> None:
    log.log(
        _LEVELS[outcome.kind],
        "%s %s",
        outcome.kind,
        outcome.reason,
        extra={
            "outcome": outcome.kind,
            "reason": outcome.reason,
            "attempt": message.delivery_attempt,
            "retry_after_s": outcome.retry_after_s,
            # A key of its own: spread out, a detail called `name` or `message` would make the log call raise.
            "detail": outcome.detail,
        },
    )


_ANSWERS: dict[str, Answer] = {"done": ("", 204), "skipped": ("", 204), "dead": ("", 204), "retry": ("try again", 503)}
_LEVELS = {"done": logging.INFO, "skipped": logging.INFO, "retry": logging.WARNING, "dead": logging.ERROR}
