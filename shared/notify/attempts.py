"""Which attempt at an address is next: each address has the notification once, or at most twice.

An attempt is a claim of its own, and those at an address are numbered, whoever asked for them. One that was refused is
given back and made again; one of which nobody knows whether people got it (no answer, or the process died meanwhile) is
repeated once, and after that only when a person replays the event, once a replay. What an attempt did for a part of the
address' targets, and the replay that it was made for, are kept in the claim's reason, for the next one.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from shared.events import Event
from shared.notify.address import Delivery
from shared.state import Acquired, Claim, ClaimKey, Done, InProgress, StateStore

_CLAIM_TTL_S = 30 * 86400.0
_ATTEMPTS_BY_ITSELF = 2  # of which nobody knows
_UNKNOWN, _PARTLY = "unknown", "partly_sent"
_REPLAY = "replay="

Result = Literal["sent", "sent_before", "refused", "busy", "unknown", "given_up"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that is ours to make.

    replay: names the replay that it is made for, "" if none. confirmed: marks of the targets that have the
    notification. is_repeat: people may have it already. is_last: if this one is not confirmed either, there is no other
    by itself.
    """

    claim: Claim
    replay: str
    confirmed: frozenset[str]
    is_repeat: bool
    is_last: bool


def next_attempt(
    store: StateStore, event: Event, url: str, *, replay_id: str, lease_s: float
) -> Attempt | Literal["sent_before", "busy", "given_up"]:
    """Claim the next attempt, or say why there is none. replay_id: "" if no person asked for the event again."""
    replay = f"{_REPLAY}{quote(replay_id, safe='')}" if replay_id else ""
    confirmed: frozenset[str] = frozenset()
    replays = {""}  # that had their attempt
    unknown = 0
    for number in itertools.count(1):
        by_itself = unknown < _ATTEMPTS_BY_ITSELF
        if not by_itself and replay in replays:
            break
        claimed = store.claim(_claim_key(event, url, number), owner=f"notify/{event.event_id}", lease_s=lease_s)
        if isinstance(claimed, InProgress):
            return "busy"
        if isinstance(claimed, Acquired) and not claimed.abandoned:
            return Attempt(claimed.claim, replay, confirmed, bool(unknown), unknown + 1 >= _ATTEMPTS_BY_ITSELF)
        if isinstance(claimed, Acquired):
            # Who died over it is not kept: one that only a replay can have made counts as an attempt of this one.
            interrupted_for = "" if by_itself else replay
            _complete(store, claimed.claim, _UNKNOWN, "interrupted", interrupted_for)
            replays.add(interrupted_for)
            unknown += 1
        elif claimed.outcome in (_UNKNOWN, _PARTLY):
            marks, made_for = _notes(claimed)
            confirmed |= marks
            if claimed.outcome == _UNKNOWN:
                replays |= made_for
                unknown += 1
        else:
            return "sent_before"
    return "given_up"


def settle(store: StateStore, attempt: Attempt, delivery: Delivery) -> Result:
    """Note what an attempt came to."""
    notes = (attempt.replay, *sorted(delivery.targets))
    if delivery.outcome == "sent":
        _complete(store, attempt.claim, "done", "sent", attempt.replay)
        return "sent"
    if delivery.outcome == "unknown":
        _complete(store, attempt.claim, _UNKNOWN, "not_confirmed", *notes)
        return "given_up" if attempt.is_last else "unknown"
    if delivery.targets - attempt.confirmed:
        _complete(store, attempt.claim, _PARTLY, "refused", *notes)
    else:
        store.release_claim(attempt.claim)
    return "refused"


def _complete(store: StateStore, claim: Claim, outcome: str, word: str, *notes: str) -> None:
    reason = " ".join(part for part in (word, *notes) if part)
    store.complete_claim(claim, outcome=outcome, reason=reason, ttl_s=_CLAIM_TTL_S)


def _notes(done: Done) -> tuple[frozenset[str], frozenset[str]]:
    """The marks that `_complete` put behind the word in the reason, and the replay, if any."""
    notes = frozenset(done.reason.split()[1:])
    replays = frozenset(note for note in notes if note.startswith(_REPLAY))
    return notes - replays, replays


def _claim_key(event: Event, url: str, number: int) -> ClaimKey:
    """Without the id of a replay: whom one reached, the next must not reach again."""
    address = hashlib.sha256(url.encode()).hexdigest()[:16]
    return ClaimKey(event.site, event.event_id, f"notify:{address}" if number == 1 else f"notify:{address}:{number}")
