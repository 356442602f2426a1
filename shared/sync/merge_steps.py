"""The steps that follow from the merge of all fields of a pair that both sides have, or are to have. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from shared.erp.base import ErpRecord
from shared.erp.mapping_back import maintainx_value_of
from shared.errors import MappingError
from shared.events import dig
from shared.outcomes import Outcome, done, skipped
from shared.sync.audit import Action
from shared.sync.conflicts import DOUBLED, Parked, Reason, kept_of, needs_decision, parked_outcome
from shared.sync.merge import UNREAD, Baseline, Choice, Decision, FieldState, Resolution, merge
from shared.sync.pair import Pair, Refusal
from shared.sync.snapshot import STATUS_PATH, newest_side
from shared.sync.steps import (
    Agree,
    CreateErp,
    Finish,
    ReadWorkOrder,
    SetErpStatus,
    SetWorkOrderStatus,
    Step,
    UpdateErp,
    UpdateWorkOrder,
)
from shared.values import same_value


def create_erp(pair: Pair) -> Step:
    """Make the ERP's record; a status that is written by itself follows."""
    status, rules = pair.rules.status, pair.rules.fields
    separate = status.name if status is not None and status.separate else None
    mapped = pair.maintainx.fields
    sent = [rule.erp for rule in pair.rules.mapping.fields if rule.direction != "to_maintainx"]
    fields = {name: mapped[name].sent for name in sent if name != separate}
    baselines = {n: Baseline(mapped[n].maintainx, mapped[n].sent, mapped[n].sent) for n in fields if n in rules}
    if status is not None and separate in sent:
        baselines[status.name] = Baseline(mapped[status.name].maintainx, status.initial, status.initial)
    return CreateErp(action="create", after=fields, baselines=baselines)


def next_of_fields(pair: Pair) -> Step:
    """Agree on what both mean already, write the ERP, leave or write MaintainX; else the run is over."""
    result = merge(pair.field_states(), newest_side(pair.maintainx, pair.found))
    return (
        _release(pair, result)
        or _agree(pair, result)
        or _write_erp(pair, result)
        or _leave(pair, result)
        or _write_maintainx(pair, result)
        or _finish(pair, result)
    )


def _release(pair: Pair, result: Resolution) -> Step | None:
    """Bring a record that was just made to its status, even if the one that it has means the same to MaintainX."""
    status = pair.rules.status
    made = pair.created or (pair.finished is not None and pair.finished.action == "create")
    if not made or status is None or not status.separate or pair.to_erp:
        return None
    for decision in result.decisions:
        state = decision.state
        if state.field == status.name and state.direction != "to_maintainx":
            wanted = Decision(state, "maintainx", "maintainx")
            is_there = status.holds(state.sent, state.erp) or _refusal(pair, wanted) is not None
            return None if is_there else _set_erp_status(wanted)
    return None


# What is agreed on already


def _agree(pair: Pair, result: Resolution) -> Step | None:
    known = {d.field: d.state for d in result.settled if d.state.erp is not UNREAD}
    agreed = {name: Baseline(state.maintainx, state.sent, state.erp) for name, state in known.items()}
    new = {
        name: each
        for name, each in agreed.items()
        if name in pair.unclear or each != Baseline.of(pair.record.base, name)
    }
    moved = {n: each.erp for n, each in new.items() if n in pair.unclear or _has_moved(known[n].base, each)}
    choices = {**pair.record.choices, **_chosen(result)}
    adopts = pair.adopting and not pair.adoption_noted
    if not new and not adopts and choices == pair.record.choices:
        return None
    action: Action | None = "adopt" if adopts else "agree" if moved else None
    return Agree(baselines=new, choices=choices, action=action, agreed=moved)


def _has_moved(before: Baseline | None, now: Baseline) -> bool:
    return before is None or not same_value(before.erp, now.erp)


def _chosen(result: Resolution) -> dict[str, Any]:
    """What `newest` decided stands until all is written: our own writes move the times that it goes by."""
    return {
        d.field: Choice(d.winner, d.state.maintainx, _told(d.state.erp)).to_json()
        for d in result.conflicts
        if d.state.policy == "newest" and d.state.decided is None and d.winner is not None
    }


def _leave(pair: Pair, result: Resolution) -> Step | None:
    """The ERP's value stays in fields that MaintainX is not told of, so both sides stay as they are.

    A person chose that, or the ERP had the record first.
    """
    left = [d.state for d in result.decisions if d.winner == "erp" and not pair.rules.fields[d.field].travels_back]
    if not left:
        return None
    agreed = {state.field: Baseline(state.maintainx, state.sent, _told(state.erp)) for state in left}
    return Agree(
        baselines=agreed,
        choices=pair.record.choices,
        action="agree",
        agreed={name: each.erp for name, each in agreed.items()},
        rejected={} if pair.is_import else {name: each.sent for name, each in agreed.items()},
        policy={} if pair.is_import else dict.fromkeys(agreed, "erp"),
    )


# Writing


def _write_erp(pair: Pair, result: Resolution) -> Step | None:
    wanted = {d.field: d for d in result.decisions if d.winner == "maintainx" and _refusal(pair, d) is None}
    status = pair.rules.status
    to_status = wanted.pop(status.name, None) if status is not None and status.separate else None
    if wanted and not _is_closed(pair):
        alone = sorted(pair.alone & wanted.keys())
        return _update_erp({name: wanted[name] for name in alone[:1]} if alone else wanted)
    if to_status is None:
        return None
    return _set_erp_status(to_status)


def _set_erp_status(decision: Decision) -> Step:
    name, state = decision.field, decision.state
    return SetErpStatus(
        action="status",
        before={name: str(_told(state.erp))},
        after={name: str(state.sent)},
        baselines={name: _as_sent(state)},
        conflicts=_conflicts({name: decision}),
    )


def _update_erp(wanted: Mapping[str, Decision]) -> Step:
    return UpdateErp(
        action="update",
        before={name: _told(decision.state.erp) for name, decision in wanted.items()},
        after={name: decision.state.sent for name, decision in wanted.items()},
        baselines={name: _as_sent(decision.state) for name, decision in wanted.items()},
        conflicts=_conflicts(wanted),
    )


def _is_closed(pair: Pair) -> bool:
    """Whether the ERP's status keeps its fields from being changed now."""
    return pair.rules.status is not None and pair.erp_status in pair.rules.status.closed


def _refusal(pair: Pair, decision: Decision) -> Refusal | None:
    """Why this value is not to be written: it was refused in this run, in the status that the ERP still has.

    Also if an earlier run wrote it, and it was not kept: or each run would write it again.
    """
    state = decision.state
    value = state.sent if decision.winner == "maintainx" else _told(state.erp)
    refusal = pair.refused.get(state.field)
    if refusal is not None:
        return refusal if same_value(refusal.value, value) and refusal.status == pair.status_now else None
    known = Parked.of(pair.record, state.field)
    if known is None or known.reason not in _KEEPS or known.decided is not None:
        return None
    stands = known.is_about(state.maintainx, _told(state.erp)) and known.status == pair.status_now
    return Refusal(known.reason, known.detail, value, known.status) if stands else None


def _write_maintainx(pair: Pair, result: Resolution) -> Step | None:
    rules = pair.rules.fields
    wanted = {
        d.field: d
        for d in result.decisions
        if d.winner == "erp" and rules[d.field].travels_back and _refusal(pair, d) is None
    }
    if not wanted:
        return None
    for decision in wanted.values():
        if decision.state.back is UNREAD:
            _explain(pair, decision.state)
    if not pair.is_fresh:
        return ReadWorkOrder()
    paths = {str(rules[name].maintainx): name for name in wanted}
    plain = {path: name for path, name in paths.items() if path != STATUS_PATH}
    now = plain or paths
    kind = UpdateWorkOrder if plain else SetWorkOrderStatus
    values = {path: wanted[name].state.back for path, name in now.items()}
    expected = pair.maintainx.with_values(pair.rules.mapping, pair.rules.zone, values).fields
    return kind(
        action="update" if plain else "status",
        before={path: dig(pair.maintainx.work_order, path) for path in now},
        after=values,
        baselines={n: Baseline(expected[n].maintainx, expected[n].sent, wanted[n].state.erp) for n in now.values()},
        conflicts=_conflicts({name: wanted[name] for name in now.values()}),
        paths=now,
    )


def _explain(pair: Pair, state: FieldState) -> NoReturn:
    maintainx_value_of(pair.rules.fields[state.field], _told(state.erp), state.maintainx, pair.rules.zone)
    raise MappingError(f"{state.field}: MaintainX cannot be told what the ERP does not show")


def _as_sent(state: FieldState) -> Baseline:
    return Baseline(state.maintainx, state.sent, state.sent)


def _conflicts(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    return {name: decision for name, decision in decisions.items() if decision.kind == "conflict"}


def _told(value: Any) -> Any:
    return None if value is UNREAD else value


# The end


def _finish(pair: Pair, result: Resolution) -> Step:
    parked = kept_of(pair.record, _parked(pair, result))
    fields = pair.rules.fields
    changes: dict[str, Any] = {
        "state": "linked",
        "base": {name: each for name, each in pair.record.base.items() if name in fields},
        "choices": {name: choice for name, choice in pair.record.choices.items() if name in parked},
    }
    if needs_decision(parked):
        # While the ERP has what MaintainX does not, the next write must look first, or it would overwrite that.
        changes["erp_version"] = None
    return Finish(_outcome(pair, parked), parked=parked, changes=changes)


def _parked(pair: Pair, result: Resolution) -> dict[str, Parked]:
    """What a person must decide, and what waits for another status of the ERP."""
    parked = {}
    if pair.is_doubled:
        parked[DOUBLED] = _doubled(pair)
    for decision in result.decisions:
        state = decision.state
        refusal = _refusal(pair, decision)
        if decision.parked:
            parked[state.field] = _as_parked(pair, state, _why(state), "")
        elif decision.winner is None and state.field in pair.refused:  # a new record that is not released
            refusal = pair.refused[state.field]
            parked[state.field] = _as_parked(pair, state, refusal.reason, refusal.detail)
        elif decision.winner is not None and refusal is not None:
            parked[state.field] = _as_parked(pair, state, refusal.reason, refusal.detail)
        elif decision.winner == "maintainx" and _is_closed(pair):
            parked[state.field] = _as_parked(pair, state, "erp_is_final", str(pair.erp_status))
    return parked


def _doubled(pair: Pair) -> Parked:
    other = "" if not isinstance(pair.other, ErpRecord) else pair.other.id
    detail = f"{pair.record.erp_id} and {other} both carry {pair.record.reference}"
    event_id = pair.event.event_id
    return Parked(reason="doubled", maintainx=None, sent=None, erp=other, event_id=event_id, detail=detail)


def _why(state: FieldState) -> Reason:
    return "no_time_of_change" if state.policy == "newest" else "both_changed"


def _as_parked(pair: Pair, state: FieldState, reason: Reason, detail: str) -> Parked:
    return Parked(
        reason=reason,
        maintainx=state.maintainx,
        sent=state.sent,
        erp=_told(state.erp),
        event_id=pair.event.event_id,
        detail=detail,
        status=pair.status_now,
    )


def _outcome(pair: Pair, parked: Mapping[str, Parked]) -> Outcome:
    detail: dict[str, Any] = {"erp_id": pair.record.erp_id, "fields": sorted(pair.to_erp)}
    if pair.to_maintainx:
        detail["pulled"] = sorted(pair.to_maintainx)
    if parked:
        detail["parked"] = sorted(parked)
    if pair.created:
        return done("created", **detail)
    if pair.adopting or pair.taken_up:
        return done("adopted", **detail)
    if pair.to_erp or pair.to_maintainx:
        wrote = "merged" if pair.to_erp and pair.to_maintainx else "updated" if pair.to_erp else "pulled"
        return done(wrote, **detail)
    if pair.finished is not None:
        pulled = pair.finished.direction == "erp_to_maintainx"
        return done("pulled" if pulled else _FINISHED.get(pair.finished.action, "updated"), **detail)
    if parked:
        return parked_outcome(pair.record, parked, erp_id=pair.record.erp_id)
    return skipped("unchanged" if pair.found is None else "in_step", **detail)


_KEEPS = ("erp_keeps", "maintainx_keeps")
_FINISHED = {"create": "created", "cancel": "cancelled"}
