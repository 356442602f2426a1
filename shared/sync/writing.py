"""Each write to a system: its intent is saved, the system is written, the audit trail gets its entry.

A crash between any two of these is harmless: whoever finds an intent sees what the written system has now, before
deciding anything else. Nothing is assumed of an answer: what both sides agree on is what was read, from the answer
where it shows the record as stored, else by reading the record once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from shared.deadline import deadline
from shared.errors import (
    BridgeError,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    StatusNotPossible,
    TransientError,
    VersionConflict,
)
from shared.events import dig, format_utc
from shared.sync.conflicts import Reason
from shared.sync.intent import Intent
from shared.sync.lease import Lease
from shared.sync.merge import UNREAD, Baseline
from shared.sync.pair import Pair, Refusal
from shared.sync.parts import SyncParts
from shared.sync.steps import SetErpStatus, Write

T = TypeVar("T")
_MAX_CONFLICTS = 3


class Refused(Exception):
    """The ERP refuses a write to a record that we have just read."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one system, under a lease."""

    parts: SyncParts
    lease: Lease

    def done(self, pair: Pair, intent: Intent, write: Callable[[], T]) -> T:
        """Save the intent and write. Raises what `write` raises; the intent stays only if the outcome is unknown.

        The write is given up before the lease ends, so that nobody else works on the record while it is under way.
        """
        with deadline(self.parts.lease_s):
            self.lease.keep(replace(pair.record, intent=intent.to_json()))
            try:
                return write()
            except (VersionConflict, StatusNotPossible, Refused):
                raise  # nothing was done, and the run goes on
            except BridgeError as error:
                given_up = replace(intent, given_up_at=format_utc(self.parts.clock())).to_json()
                # Else the next delivery finds the intent as it was, and counts with the longest that it may take.
                with suppress(TransientError):
                    self.lease.leave(replace(pair.record, intent=given_up if _may_be_done(intent, error) else None))
                raise

    def performed(self, pair: Pair, intent: Intent, baselines: Mapping[str, Baseline], version: str | None) -> Pair:
        """Publish what was done, and know it."""
        agreed = {name: each.to_json() for name, each in baselines.items()}
        done = intent.with_agreed(agreed)
        if done is not None:
            entry = done.entry(pair.record, erp_id=pair.record.erp_id, version_after=version)
            entry.publish(self.parts.publisher)
        known = pair.knowing(intent=None, base={**pair.record.base, **agreed})
        refused = {name: each for name, each in pair.refused.items() if name not in agreed}
        return replace(known, unclear=pair.unclear - agreed.keys(), refused=refused)

    def intent(self, step: Write, pair: Pair, version: str | None) -> Intent:
        """What is saved before the write. version: of the ERP's record, if that is written and known."""
        won = {name: decision for name, decision in step.conflicts.items() if decision.winner is not None}
        return Intent(
            action=step.action,
            direction=step.direction,
            event_id=pair.event.event_id,
            actor=actor(pair),
            at=format_utc(self.parts.clock()),
            before=dict(step.before),
            after=dict(step.after),
            rejected={name: d.state.sent for name, d in won.items() if d.winner == "erp"},
            policy={name: str(d.winner) for name, d in won.items()},
            agreed={name: each.to_json() for name, each in step.baselines.items()},
            version_before=version,
            fields=dict(step.paths),
            stepwise=isinstance(step, SetErpStatus),
        )


def look_again(pair: Pair, error: VersionConflict) -> Pair:
    """Read both sides anew, as somebody else changed them. VersionConflict if that happens again and again."""
    met = pair.conflicts_met + 1
    if met == _MAX_CONFLICTS:
        text = f"ERP record {pair.record.erp_id} of work order {pair.record.maintainx_id} of {pair.rules.site}"
        raise VersionConflict(f"{text} was changed by others {met} times while we wrote it") from error
    return replace(pair, erp=UNREAD, work_order=UNREAD, is_fresh=False, must_read=True, conflicts_met=met)


def with_refusals(step: Write, pair: Pair, names: Iterable[str], reason: Reason, why: str) -> Pair:
    """The pair that knows of fields that could not be written."""
    values = {n: each.sent if step.direction == "maintainx_to_erp" else each.erp for n, each in step.baselines.items()}
    new = {name: Refusal(reason, why, values.get(name), pair.status_now) for name in names}
    return replace(pair, refused={**pair.refused, **new})


def actor(pair: Pair) -> str:
    """Who caused it."""
    event = pair.event
    user, operator = dig(event.data, "userId"), dig(event.data, "by")
    if event.source == "operator" and operator:
        return f"operator {operator}"
    return event.source if user is None else f"maintainx user {user}"


def _may_be_done(intent: Intent, error: BridgeError) -> bool:
    """MaintainX's client does not tell, as it repeats such a write by itself; the ERP's adapter does."""
    if intent.direction == "maintainx_to_erp":
        return isinstance(error, OutcomeUnknown)
    return isinstance(error, RemoteUnavailable) and not isinstance(error, RateLimited | NotTakenOn)
