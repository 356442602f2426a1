"""Which attempt at an address is next: each address has the notification once, or at most twice.

An attempt is a claim of its own. One that was refused is given back and made again; one of which nobody knows whether
people got it (no answer, or the process died meanwhile) is repeated once, and after that only when a person replays the
event. What an attempt did for a part of the address' targets is kept in the claim's reason, for the next one.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import Literal

from shared.events import Event
from shared.notify.address import Delivery
from shared.state import Acquired, Claim, ClaimKey, Done, InProgress, StateStore

_CLAIM_TTL_S = 30 * 86400.0
_ATTEMPTS_BY_ITSELF = 2  # of which nobody knows
_UNKNOWN, _PARTLY = "unknown", "partly_sent"

Result = Literal["sent", "sent_before", "refused", "busy", "unknown", "given_up"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that is ours to make.

    confirmed: marks of the targets that have the notification. is_repeat: people may have it already. is_last: if this
    one is not confirmed either, there is no other by itself.
    """

    claim: Claim
    confirmed: frozenset[str]
    is_repeat: bool
    is_last: bool


def next_attempt(
    store: StateStore, event: Event, url: str, *, replay_id: str, lease_s: float
) -> Attempt | Literal["sent_before", "busy", "given_up"]:
    """Claim the next attempt, or say why there is none. replay_id: "" if no person asked for the event again."""
    confirmed: frozenset[str] = frozenset()
    rounds = [("", _ATTEMPTS_BY_ITSELF), (replay_id, 1)] if replay_id else [("", _ATTEMPTS_BY_ITSELF)]
    for nonce, allowed in rounds:
        unknown = 0
        for number in itertools.count(1):
            key = _claim_key(event, url, number, nonce)
            claimed = store.claim(key, owner=f"notify/{event.event_id}", lease_s=lease_s)
            if isinstance(claimed, InProgress):
                return "busy"
            if isinstance(claimed, Acquired) and not claimed.abandoned:
                return Attempt(claimed.claim, confirmed, bool(unknown or nonce), unknown + 1 == allowed)
            if isinstance(claimed, Acquired):
                _complete(store, claimed.claim, _UNKNOWN, "interrupted")
                unknown += 1
            elif claimed.outcome in (_UNKNOWN, _PARTLY):
                confirmed |= _marks(claimed)
                unknown += claimed.outcome == _UNKNOWN
            else:
                return "sent_before"
            if unknown == allowed:
                break
    return "given_up"


def settle(store: StateStore, attempt: Attempt, delivery: Delivery) -> Result:
    """Note what an attempt came to."""
    if delivery.outcome == "sent":
        _complete(store, attempt.claim, "done", "sent")
        return "sent"
    marks = " ".join(sorted(delivery.targets))
    if delivery.outcome == "unknown":
        _complete(store, attempt.claim, _UNKNOWN, f"not_confirmed {marks}".strip())
        return "given_up" if attempt.is_last else "unknown"
    if delivery.targets - attempt.confirmed:
        _complete(store, attempt.claim, _PARTLY, f"refused {marks}")
    else:
        store.release_claim(attempt.claim)
    return "refused"


def _complete(store: StateStore, claim: Claim, outcome: str, reason: str) -> None:
    store.complete_claim(claim, outcome=outcome, reason=reason, ttl_s=_CLAIM_TTL_S)


def _marks(done: Done) -> frozenset[str]:
    """What `settle` put behind the word in the reason."""
    return frozenset(done.reason.split()[1:])


def _claim_key(event: Event, url: str, number: int, nonce: str) -> ClaimKey:
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    destination = f"notify:{address}" if number == 1 else f"notify:{address}:{number}"
    return ClaimKey(event.site, event.event_id, destination, nonce)
