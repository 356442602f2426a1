"""What to do next with a pair: the first rule that has an answer. Pure.

`RULES` is the whole of it, in the order in which the rules are asked; docs/sync.md shows the same table. A step changes
the pair, and the rules are asked again, until one says that the run is over. So what follows from a step (a field that
a status opens, a text that overflows into another) needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from shared.outcomes import skipped
from shared.sync.conflicts import DOUBLED, ERP_CHANGED_EVENT, RESOLVED_EVENT
from shared.sync.gone import deleted_in_maintainx, gone_in_erp
from shared.sync.merge import UNREAD
from shared.sync.merge_steps import create_erp, next_of_fields
from shared.sync.new_in_erp import NEW_IN_ERP_EVENT, marked_erp_id
from shared.sync.pair import Gone, Pair
from shared.sync.parts import maintainx_hash
from shared.sync.snapshot import updated_at
from shared.sync.steps import FindErp, Finish, LinkByMark, ReadAttempt, ReadErp, ReadOther, ReadWorkOrder, Settle, Step

DELETED_EVENT = "work_order.deleted"
# They tell of something that the work order itself does not show.
LOOK_AT_ERP = frozenset({ERP_CHANGED_EVENT, RESOLVED_EVENT, NEW_IN_ERP_EVENT})


class Rule(NamedTuple):
    """A rule of the plan. when, then: for people."""

    when: str
    then: str
    step: Callable[[Pair], Step | None]


class Planned(NamedTuple):
    """The next step, and the rule that gave it."""

    rule: Rule
    step: Step


def plan(pair: Pair) -> Planned:
    """The next step. MappingError if the mapping has no answer for a value of either side."""
    return next(Planned(rule, step) for rule in RULES if (step := rule.step(pair)) is not None)


def _older_event(pair: Pair) -> Step | None:
    """An event that tells of a moment before the one that the record shows says nothing new."""
    record, event = pair.record, pair.event
    if pair.work_order is not UNREAD or pair.must_read or event.type in LOOK_AT_ERP or event.type == DELETED_EVENT:
        return None
    known = record.maintainx_updated_at
    settled = record.state == "linked" and record.intent is None and not record.conflicts
    if event.source != "webhook" or not settled or known is None or event.occurred_at >= known:
        return None
    return Finish(skipped("unchanged", erp_id=record.erp_id), saves=False)


def _erp_first(pair: Pair) -> Step | None:
    """So that nothing lies between reading the work order and writing it: MaintainX has no versions."""
    about_erp = pair.event.type in LOOK_AT_ERP and pair.record.state == "linked" and pair.record.erp_id is not None
    return ReadErp() if about_erp and pair.erp is UNREAD and pair.work_order is UNREAD else None


def _work_order(pair: Pair) -> Step | None:
    return ReadWorkOrder() if pair.work_order is UNREAD else None


def _unsettled_write(pair: Pair) -> Step | None:
    intent, found = pair.intent, pair.found
    if intent is None:
        return None
    if intent.direction == "erp_to_maintainx":
        written = pair.work_order
        # A deleted one does not tell any more whether it was written.
        return Settle(intent.part_done(written, None) if isinstance(written, dict) else None)
    return None if found is None else Settle(intent.part_done(found.fields, found.version))


def _deleted(pair: Pair) -> Step | None:
    return deleted_in_maintainx(pair, must_read=must_read_erp(pair)) if pair.work_order is None else None


def _given_up(pair: Pair) -> Step | None:
    return Finish(skipped("orphaned"), saves=False) if pair.record.state == "orphaned" else None


def _made_of_erp(pair: Pair) -> Step | None:
    erp_id = marked_erp_id(_read(pair), pair.rules.site)
    return None if erp_id is None or not pair.is_new or pair.mark_checked else LinkByMark(erp_id)


def _not_sent(pair: Pair) -> Step | None:
    if not _is_not_sent(pair) or pair.may_exist:
        return None
    return Finish(skipped("status_not_sent", status=_read(pair)["status"]), saves=False)


def _unchanged(pair: Pair) -> Step | None:
    record = pair.record
    if record.state != "linked" or record.intent is not None or record.conflicts or pair.event.type in LOOK_AT_ERP:
        return None
    if pair.has_written or pair.must_read or pair.found is not None:
        return None
    if record.base_hash != maintainx_hash(pair.maintainx.compared(pair.rules.mapping)):
        return None
    changes = {"maintainx_updated_at": updated_at(_read(pair))}
    return Finish(skipped("unchanged", erp_id=record.erp_id), changes=changes)


def _no_erp_record(pair: Pair) -> Step | None:
    if pair.record.erp_id is not None:
        return None
    if pair.erp is UNREAD:
        _ = pair.maintainx  # what nobody understands is not sent, and needs no search
        return FindErp()
    if _is_not_sent(pair):  # an unanswered create came to nothing
        return Finish(skipped("status_not_sent", status=_read(pair)["status"]))
    return create_erp(pair)


def _erp_record(pair: Pair) -> Step | None:
    _ = pair.maintainx
    return ReadErp() if must_read_erp(pair) else None


def _gone(pair: Pair) -> Step | None:
    return gone_in_erp(pair) if isinstance(pair.erp, Gone) else None


def _other_record(pair: Pair) -> Step | None:
    """Told of by the event, or known from before."""
    if pair.other is not UNREAD or pair.record.erp_id is None:
        return None
    known = pair.record.conflicts.get(DOUBLED, {}).get("erp")
    told = pair.event.data.get("erpId") if pair.event.type == ERP_CHANGED_EVENT else None
    other = known or told
    return None if other in (None, pair.record.erp_id) else ReadOther(str(other))


def _import(pair: Pair) -> Step | None:
    open_fields = pair.rules.fields.keys() - pair.record.base.keys()
    unclear = pair.attempt is UNREAD and not pair.taken_up and open_fields and pair.may_be_import
    return ReadAttempt() if unclear else None


def must_read_erp(pair: Pair) -> bool:
    """Whether the ERP might be overwritten unseen if we went by what we know."""
    record = pair.record
    if pair.erp is not UNREAD:
        return False
    if pair.must_read or pair.event.type in LOOK_AT_ERP or record.intent is not None or record.erp_version is None:
        return True
    return bool(record.open_conflicts) or not pair.rules.fields.keys() <= record.base.keys()


def _is_not_sent(pair: Pair) -> bool:
    return _read(pair).get("status") in pair.rules.mapping.skip_when


def _read(pair: Pair) -> dict[str, object]:
    assert isinstance(pair.work_order, dict)  # noqa: S101  # rules before this one read it
    return pair.work_order


RULES: tuple[Rule, ...] = (
    Rule("the event is older than what the record knows", "nothing", _older_event),
    Rule("the event tells of a change in the ERP", "read the ERP's record", _erp_first),
    Rule("the work order was not read", "read it", _work_order),
    Rule("a write was not answered", "see what of it was done, and note that", _unsettled_write),
    Rule("the work order is deleted", "what `on_delete` says", _deleted),
    Rule("the work order was given up when the ERP's record was gone", "nothing", _given_up),
    Rule("a new work order was made of an ERP record", "link the two", _made_of_erp),
    Rule("nothing exists in the ERP, and `skip_when` has the status", "nothing", _not_sent),
    Rule("nothing that is mapped changed in MaintainX", "nothing", _unchanged),
    Rule("no ERP record is known", "search for it; make it if there is none", _no_erp_record),
    Rule("the ERP's record must be read", "read it", _erp_record),
    Rule("the ERP's record is gone, or is another one", "what `on_erp_delete` says; another one is parked", _gone),
    Rule("another ERP record may carry the same reference", "read it; if it does, people are told", _other_record),
    Rule("it may be an import that did not come to its end", "read what is noted of it", _import),
    Rule("both sides are known", "merge field by field: agree, write the ERP, write MaintainX, park", next_of_fields),
)
