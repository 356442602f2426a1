"""Brings a work order and its ERP record in step: observe, plan, perform, until the plan says that it is over.

A message only says "look at this pair". What to do follows from both sides as they are and from what they last agreed
on, so order and repetition of messages do not matter, and neither does a crash between any two steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import TooManySteps
from shared.events import Event
from shared.outcomes import Outcome
from shared.state import RecordKey
from shared.sync.lease import leased
from shared.sync.pair import Pair, Rules
from shared.sync.parts import SyncParts
from shared.sync.perform import Performer
from shared.sync.plan import Planned, plan
from shared.sync.steps import Finish

# Beside those that each mapped field may need.
_STEPS = 40


def reconcile(parts: SyncParts, key: RecordKey, event: Event) -> Outcome:
    """Do what a pair needs now. See SyncEngine.look_at."""
    rules = Rules(parts.site, parts.zone, parts.mapping, parts.erp.description.status)
    with leased(parts, key, f"sync/{event.event_id}") as lease:
        record = lease.found or parts.new_record(key)
        pair = Pair(rules=rules, event=event, record=record, is_new=lease.found is None)
        for planned in run(Performer(parts, lease), pair):
            if isinstance(planned.step, Finish):
                return planned.step.outcome
    raise AssertionError("a run ends with Finish, or an error")


def run(performer: Performer, pair: Pair) -> Iterator[Planned]:
    """The steps of a run, each when it is done; the last is a Finish. TooManySteps if there is none."""
    done: list[str] = []
    while len(done) < _STEPS + 3 * len(pair.rules.fields):
        planned = plan(pair)
        pair = performer.perform(planned.step, pair)
        yield planned
        if isinstance(planned.step, Finish):
            return
        done.append(type(planned.step).__name__)
    key = pair.record.key
    raise TooManySteps(f"work order {key.maintainx_id} of {key.site}: no end after {', '.join(done)}")
