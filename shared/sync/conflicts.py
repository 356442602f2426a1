"""What waits for a person: the parked fields of a record, telling people of them, and what a person decides. Pure.

A SyncRecord keeps them as JSON by field (`Parked`). They are worked out anew at each look, so one that went away by
itself is gone, and a decision counts only for the very values that the person saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeGuard

from shared.canonical import canonical_json
from shared.errors import ConfigError
from shared.events import Event, event_identity, format_utc
from shared.outcomes import Outcome, done, skipped
from shared.state import LATE, SyncRecord
from shared.sync.merge import Side
from shared.values import same_value

# In place of a field's name: the record as a whole.
DELETION = "(deleted in MaintainX)"
ORPHAN = "(gone in the ERP)"
STRANGER = "(another record in the ERP)"
DOUBLED = "(two records in the ERP)"
OF_THE_WHOLE = frozenset({DELETION, ORPHAN, STRANGER, DOUBLED})
CONFLICT_EVENT = "sync.conflict"
# Both have the engine look at the ERP too, since the work order itself does not show what they tell of.
ERP_CHANGED_EVENT = "work_order.changed_in_erp"
RESOLVED_EVENT = "work_order.conflict_resolved"
Reason = Literal[
    "both_changed",
    "no_time_of_change",
    "status_not_possible",
    "erp_is_final",
    "erp_refuses",
    "erp_keeps",
    "maintainx_keeps",
    "deleted",
    "gone",
    "not_ours",
    "doubled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One field, by its ERP name, that both sides keep as they have it until a person decides.

    maintainx: MaintainX's own value; sent: what the ERP would get of it; erp: the ERP's. since: ISO 8601 UTC, empty
    until people are told. event_id: what was looked at when it was parked. status: the ERP's then. decided: the side
    that a person chose; by: who. One that is late needs no decision: it is written by itself when the ERP's status
    opens the record again.
    """

    reason: Reason
    maintainx: Any
    sent: Any
    erp: Any
    event_id: str
    since: str = ""
    detail: str = ""
    status: Any = None
    decided: Side | None = None
    by: str = ""

    @classmethod
    def of(cls, record: SyncRecord, field: str) -> Parked | None:
        """What is parked of a field; None if nothing is."""
        return cls(**record.conflicts[field]) if field in record.conflicts else None

    def to_json(self) -> dict[str, Any]:
        """The form in which a SyncRecord keeps it."""
        return asdict(self)

    @property
    def is_late(self) -> bool:
        """Whether it waits for the ERP's status, not for a person."""
        return self.reason == LATE and self.decided is None

    def is_about(self, maintainx: Any, erp: Any) -> bool:
        """Whether both sides still have what they had when it was parked."""
        return same_value(self.maintainx, maintainx) and same_value(self.erp, erp)


def decided_side(record: SyncRecord, field: str, maintainx: Any, erp: Any) -> Side | None:
    """The side that a person chose for these very values; None if nobody did."""
    parked = Parked.of(record, field)
    return parked.decided if parked is not None and parked.is_about(maintainx, erp) else None


def kept_of(record: SyncRecord, parked: Mapping[str, Parked]) -> dict[str, Parked]:
    """`parked` with the time and event of when the same thing was parked first, where it was."""
    return {field: _kept(record, field, each) for field, each in parked.items()}


def _kept(record: SyncRecord, field: str, parked: Parked) -> Parked:
    known = Parked.of(record, field)
    return replace(parked, since=known.since, event_id=known.event_id) if _is_known(known, parked) else parked


def news(record: SyncRecord, parked: Mapping[str, Parked]) -> dict[str, Parked]:
    """Those that people were not told of yet."""
    return {field: each for field, each in parked.items() if not _is_known(Parked.of(record, field), each)}


def _is_known(known: Parked | None, parked: Parked) -> TypeGuard[Parked]:
    return known is not None and known.is_about(parked.maintainx, parked.erp) and known.is_late == parked.is_late


def parked_outcome(record: SyncRecord, parked: Mapping[str, Parked], **detail: Any) -> Outcome:
    """`parked`, or `late` if none needs a decision: done if people are to be told now, else skipped."""
    reason = "parked" if needs_decision(parked) else "late"
    return (done if news(record, parked) else skipped)(reason, fields=sorted(parked), **detail)


def needs_decision(parked: Mapping[str, Parked]) -> bool:
    """Whether a person must decide any of it."""
    return not all(each.is_late for each in parked.values())


def conflict_event(record: SyncRecord, parked: Mapping[str, Parked], now_utc: datetime) -> Event:
    """The event that tells people of newly parked fields; routes.yaml says whom.

    The same when the same values are parked because of the same event, as after a crash; not when they meet again.
    """
    values = {field: [each.maintainx, each.erp, each.event_id] for field, each in parked.items()}
    key = canonical_json([record.kind, record.maintainx_id, values])
    return Event(
        event_id=event_identity(record.site, CONFLICT_EVENT, key.encode()),
        site=record.site,
        type=CONFLICT_EVENT,
        resource="sync",
        resource_id=str(record.maintainx_id),
        occurred_at=now_utc,
        received_at=now_utc,
        source="sync",
        origin=CONFLICT_EVENT,
        data={
            "workOrderId": record.maintainx_id,
            "erpId": record.erp_id,
            "fields": {
                field: {"reason": each.reason, "maintainx": each.maintainx, "erp": each.erp, "detail": each.detail}
                for field, each in parked.items()
            },
        },
    )


def decide(record: SyncRecord, choices: Mapping[str, Side], by: str) -> SyncRecord:
    """The record with a person's choice for parked fields; ConfigError if one of them is not parked."""
    conflicts = dict(record.conflicts)
    for field, side in choices.items():
        parked = Parked.of(record, field)
        if parked is None:
            waiting = ", ".join(sorted(record.conflicts)) or "nothing"
            raise ConfigError(f"{field!r} of work order {record.maintainx_id} is not parked; waiting: {waiting}")
        conflicts[field] = replace(parked, decided=side, by=by).to_json()
    return replace(record, conflicts=conflicts)


def resolved_event(record: SyncRecord, now_utc: datetime) -> Event:
    """The event that has a record looked at again after a person decided; data: `by`, who did."""
    by = sorted({str(parked["by"]) for parked in record.conflicts.values() if parked.get("decided")})
    key = canonical_json([record.kind, record.maintainx_id, record.conflicts, format_utc(now_utc)])
    return Event(
        event_id=event_identity(record.site, RESOLVED_EVENT, key.encode()),
        site=record.site,
        type=RESOLVED_EVENT,
        resource="work_order",
        resource_id=str(record.maintainx_id),
        occurred_at=now_utc,
        received_at=now_utc,
        source="operator",
        origin=RESOLVED_EVENT,
        data={"by": ", ".join(by)},
    )
