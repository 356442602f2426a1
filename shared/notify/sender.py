"""Sends a notification to every address of a site, each address once.

A site's addresses are Apprise URLs (`slack://...`, `msteams://...`, `mailto://...`), one a line of its secret. Each
address is tried on its own (`shared.notify.attempts`), so that a retry repeats only what failed. Services offer no
idempotency key: where one does not answer, or we die before we noted its answer, the notification may have arrived or
not. It is then sent once more, which is the lesser evil, and after that it is a dead letter: a person decides.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shared.deadline import deadline, remaining_s
from shared.errors import (
    BridgeError,
    NotificationRejected,
    NotificationUnconfirmed,
    OutcomeUnknown,
    RateLimited,
    RecordBusy,
    RemoteUnavailable,
)
from shared.events import Event
from shared.notify import attempts
from shared.notify.address import Address, parse_address
from shared.notify.messages import Notification
from shared.outcomes import Outcome, done
from shared.secret_forms import LINE, oddity
from shared.state import StateStore

log = logging.getLogger(__name__)

# A lease outlasts the work: what is left of the deadline, and the note of what it came to.
_SHORTEST_LEASE_S, _LEASE_MARGIN_S = 60.0, 20.0
_TIME_TO_NOTE_S = 5.0  # left over when the last address had its time
_AGAIN = "(Sent again: the service did not confirm it before.)"


@dataclass(frozen=True, slots=True)
class _Line:
    """What became of one line of the secret. Never the address: it holds tokens."""

    number: int
    result: attempts.Result | Literal["unusable"]
    why: str = ""
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return f"line {self.number} ({self.why})" if self.why else f"line {self.number}"


def send_notification(
    event: Event,
    text: Notification,
    urls: Sequence[str],
    store: StateStore,
    *,
    replay_id: str = "",
    parse: Callable[[str], Address | None] = parse_address,
) -> Outcome:
    """Send `text` to each of `urls` that did not have it yet; the time that is left is shared among them.

    urls: the lines of the secret, counted as they stand; the empty ones are passed over.
    replay_id: of the replay that brings the event, "" if none. Returns done with counts. Raises, in this order:
    RemoteUnavailable or RateLimited if it did not arrive at an address, OutcomeUnknown if it may have arrived and is to
    be sent once more, RecordBusy if another delivery is sending or died while it did. Then, once all others have it,
    NotificationUnconfirmed if it may have arrived and is not sent again by itself, NotificationRejected if some URLs
    are odd (`shared.secret_forms`) or mean nothing to Apprise. Messages name the line of an address in the secret.
    """
    lines: list[_Line] = []
    rows = [(number, url) for number, url in enumerate(urls, start=1) if url]
    for before, (number, url) in enumerate(rows):
        if odd := oddity(url, LINE):
            lines.append(_Line(number, "unusable", odd))
            continue
        share_s = (remaining_s() - _TIME_TO_NOTE_S) / (len(rows) - before)
        lines.append(_send_to(event, text, url, number, share_s, store, replay_id, parse(url)))
    failures = [(kind, what, found) for name, kind, what in _FAILURES if (found := _of(lines, name))]
    if failures:
        told = "; ".join(f"{what} {', '.join(map(str, found))}" for _, what, found in failures)
        kind, _, found = failures[0]
        raise _failure(kind, f"site {event.site}, addresses of the notification: {told}", found)
    count = [line.result for line in lines].count
    return done("sent", sent=count("sent"), sent_before=count("sent_before"))


def _send_to(
    event: Event,
    text: Notification,
    url: str,
    number: int,
    share_s: float,
    store: StateStore,
    replay_id: str,
    address: Address | None,
) -> _Line:
    if address is None:
        return _Line(number, "unusable")
    if share_s <= 0:
        return _Line(number, "refused", "no time was left")
    left_s = remaining_s()
    lease_s = max(_SHORTEST_LEASE_S, left_s + _LEASE_MARGIN_S) if math.isfinite(left_s) else _SHORTEST_LEASE_S
    attempt = attempts.next_attempt(store, event, url, replay_id=replay_id, lease_s=lease_s)
    if not isinstance(attempt, attempts.Attempt):
        return _Line(number, attempt)
    if attempt.is_repeat:
        text = replace(text, body=f"{_AGAIN}\n{text.body}")
    with deadline(share_s):
        delivery = address.send(text, without=attempt.confirmed)
    line = _Line(number, attempts.settle(store, attempt, delivery), delivery.why, delivery.retry_after_s)
    if line.result in _WARNINGS:
        log.warning("site %s: event %s: %s: %s", event.site, event.event_id, line, _WARNINGS[line.result])
    return line


def _of(lines: Sequence[_Line], result: str) -> list[_Line]:
    return [line for line in lines if line.result == result]


def _failure(kind: type[BridgeError], message: str, lines: Sequence[_Line]) -> BridgeError:
    waits_s = [line.retry_after_s for line in lines if line.retry_after_s is not None]
    if kind is RemoteUnavailable and len(waits_s) == len(lines):
        return RateLimited(message, retry_after_s=max(waits_s))
    return kind(message)


_WARNINGS = {
    "unknown": "not confirmed, it may have arrived; it is sent once more",
    "given_up": "not confirmed, it may have arrived; it is not sent again by itself",
}
_FAILURES: tuple[tuple[str, type[BridgeError], str], ...] = (
    ("refused", RemoteUnavailable, "the notification did not arrive at"),
    ("unknown", OutcomeUnknown, "it may have arrived, and is sent once more, at"),
    ("busy", RecordBusy, "another delivery has not finished with"),
    ("given_up", NotificationUnconfirmed, "it may have arrived, and is not sent again unless it is replayed, at"),
    ("unusable", NotificationRejected, "Apprise does not understand"),
)
