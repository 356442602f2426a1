"""The whole story of one record, put together from what each system tells of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from shared.config.mappings import MappingFile
from shared.erp.base import ErpRecord, StatusRules
from shared.events import parse_utc
from shared.state import Done, KnownClaim, SyncRecord
from shared.sync.conflicts import DELETION, DOUBLED, ORPHAN, STRANGER, Parked
from shared.sync.maintainx_side import WorkOrder
from shared.sync.merge import UNREAD, Decision, merge
from shared.sync.snapshot import WorkOrderSnapshot, field_states, newest_side
from shared.values import same_value

Kind = Literal["event", "audit", "claim", "dead letter"]
"""event: it came to the topic `events`. audit: the engine wrote, or decided not to. claim: a function has dealt with an
event. dead letter: it waits for a person."""
# What happens at the same time happens in this order.
_ORDER: tuple[Kind, ...] = get_args(Kind)
_SHOWN = 60
# They make or end the link to an ERP record, so that its id is worth telling.
_ABOUT_THE_LINK = frozenset({"create", "adopt", "link", "orphan", "keep"})
# What a person does; all else the engine does, when it looks.
_BY_HAND = frozenset({"decide", "link"})
# Where an event came from, if nobody is named -> the occasion.
_OCCASIONS = {
    "webhook": "a webhook",
    "gateway": "a gateway's event",
    "sensor": "a sensor's event",
    "poll": "a change that was found",
    "operator": "an operator's wish",
}
_PLACES = {"maintainx_to_erp": "the ERP", "erp_to_maintainx": "MaintainX"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. at: UTC. what, detail: for people. data: all of it."""

    at: datetime
    kind: Kind
    what: str
    detail: str
    event_id: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A message as its BigQuery subscription keeps it. data, attributes: JSON objects as text."""

    publish_time: datetime
    message_id: str
    data: str
    attributes: str


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One mapped field, by its ERP name, as both sides have it now.

    maintainx: MaintainX's own value; sent: what the ERP gets of it; erp: the ERP's. agreed: what the ERP had when both
    last agreed. shown: whether the ERP's record shows the field at all. in_step: whether nothing is to be done. state:
    the same for people.
    """

    field: str
    maintainx: Any
    sent: Any
    erp: Any
    agreed: Any
    shown: bool
    in_step: bool
    state: str


def timeline(*parts: Iterable[Moment]) -> list[Moment]:
    """All moments in the order in which they happened."""
    return sorted(chain(*parts), key=lambda moment: (moment.at, _ORDER.index(moment.kind)))


def events_told(rows: Iterable[Row]) -> Iterator[Moment]:
    """The deliveries to the topic `events`: a replay, or what was published twice, is one more."""
    for row in _each_message(rows):
        event, attributes = json.loads(row.data), _object(row.attributes)
        source = attributes.get("source") or event.get("source") or ""
        user = event.get("data", {}).get("userId")
        detail = f"{source}, MaintainX user {user}" if user is not None else str(source)
        yield Moment(row.publish_time, "event", str(event.get("type")), detail, str(event.get("event_id")), event)


def audit_told(rows: Iterable[Row]) -> Iterator[Moment]:
    """The entries of the audit trail, each once: one that is published again keeps its id."""
    met: set[str] = set()
    for row in _each_message(rows):
        entry = json.loads(row.data)
        if entry["entry_id"] in met:
            continue
        met.add(entry["entry_id"])
        yield Moment(parse_utc(entry["at"]), "audit", _action(entry), _changes(entry), entry["event_id"], entry)


def claims_told(claims: Iterable[KnownClaim], now_utc: datetime) -> Iterator[Moment]:
    """What functions did with events. A claim that is being worked on happens now."""
    for claim in claims:
        key, holder = claim.key, claim.holder
        data = {"destination": key.destination, "replay_id": key.nonce or None}
        replay = "replay" if key.nonce else ""
        if isinstance(holder, Done):
            at, outcome, reason = holder.completed_at_utc, holder.outcome, holder.reason
        else:
            at, outcome, reason = now_utc, "in progress", f"until {holder.until_utc.isoformat()}"
        detail = ", ".join(part for part in (reason, replay) if part)
        data |= {"outcome": outcome, "reason": reason}
        yield Moment(at, "claim", f"{key.destination}: {outcome}", detail, key.event_id, data)


def letters_told(letters: Iterable[Mapping[str, Any]]) -> Iterator[Moment]:
    """Dead letters, as `shared.dead_letters` describes them."""
    for letter in letters:
        what = f"{letter['pipeline']}: {letter['error_class']}"
        at, event_id = parse_utc(letter["dead_since"]), str(letter["event_id"] or "")
        yield Moment(at, "dead letter", what, str(letter["error_message"]), event_id, letter)


def field_lines(
    mapping: MappingFile,
    zone: ZoneInfo,
    record: SyncRecord,
    work_order: WorkOrder,
    found: ErpRecord,
    status: StatusRules | None,
) -> list[FieldLine]:
    """Every compared field, and what the engine would do about it now. MappingError if a value has no counterpart."""
    ours = WorkOrderSnapshot.read(mapping, work_order, zone)
    states = field_states(mapping, zone, record, ours, found, status)
    return [_line(decision, record) for decision in merge(states, newest_side(ours, found)).decisions]


def _line(decision: Decision, record: SyncRecord) -> FieldLine:
    state = decision.state
    shown = state.erp is not UNREAD
    return FieldLine(
        field=state.field,
        maintainx=state.maintainx,
        sent=state.sent,
        erp=state.erp if shown else None,
        agreed=None if state.base is None else state.base.erp,
        shown=shown,
        in_step=decision.kind == "agreed",
        state=_words(decision, Parked.of(record, state.field)),
    )


def _words(decision: Decision, parked: Parked | None) -> str:
    state = decision.state
    if decision.kind == "agreed":
        return "in step" if same_value(state.sent, state.erp) else "in step, by what was agreed"
    to = "the ERP is to get MaintainX's" if decision.winner == "maintainx" else "MaintainX is to get the ERP's"
    if state.decided is not None and parked is not None:
        return f"{parked.by} decided: {to}"
    if parked is not None and parked.is_about(state.maintainx, None if state.erp is UNREAD else state.erp):
        return f"parked since {parked.since}"
    if decision.kind != "conflict":
        return f"changed: {to}"
    both = "both changed" if state.base is not None else "never compared"
    return f"{both}: to be parked" if decision.parked else f"{both}, by policy {to}"


def what_waits(record: SyncRecord) -> list[str]:
    """What a person must decide of the record, for people."""
    whole = {
        DELETION: "what becomes of the ERP's record",
        ORPHAN: "what becomes of the work order",
        STRANGER: "what becomes of the work order",
        DOUBLED: f"two ERP records: {record.conflicts.get(DOUBLED, {}).get('detail')}",
    }
    return [whole.get(name, name) for name in sorted(record.open_conflicts)]


def _each_message(rows: Iterable[Row]) -> Iterator[Row]:
    """A subscription may write a message twice; the oldest first."""
    met: set[str] = set()
    for row in sorted(rows, key=lambda row: (row.publish_time, row.message_id)):
        if row.message_id not in met:
            met.add(row.message_id)
            yield row


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text or "{}")
    return value if isinstance(value, dict) else {}


def _action(entry: Mapping[str, Any]) -> str:
    return f"{entry['action']} in {_PLACES[entry['direction']]}" if entry["after"] else str(entry["action"])


def _changes(entry: Mapping[str, Any]) -> str:
    """What an audit entry says, in one line."""
    before, policy = entry["before"], entry.get("policy", {})
    parts = [
        f"{name}: {_short(before[name])} -> {_short(value)}" if name in before else f"{name}: {_short(value)}"
        for name, value in entry["after"].items()
    ]
    parts += [
        f"{name}: MaintainX {_short(sides['maintainx'])}, ERP {_short(sides['erp'])}, {sides['reason']}"
        for name, sides in entry.get("parked", {}).items()
    ]
    parts += [f"{name}: {side} wins" for name, side in policy.items()]
    if not entry["after"] and not parts:
        parts = [f"{name}: {_short(value)}" for name, value in entry.get("agreed", {}).items()]
    named = [f"ERP record {entry['erp_id']}"] if entry["action"] in _ABOUT_THE_LINK and entry["erp_id"] else []
    return "; ".join([*named, *parts, _cause(str(entry["actor"]), entry["action"])])


def _cause(actor: str, action: str) -> str:
    """What had the engine look. What it then writes may be another's change, so that user did not write it."""
    who, _, name = actor.partition(" ")
    if who == "operator" and name:
        return f"by {actor}" if action in _BY_HAND else f"on the decision of {actor}"
    return f"on the event of {actor}" if name else f"on {_OCCASIONS.get(actor, f'the event of {actor}')}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
