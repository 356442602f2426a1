"""Both sides of a record as one look sees them, and the states of the fields that follow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, MappingFile
from shared.erp.base import ErpRecord, StatusRules
from shared.erp.mapping import Mapped, read_work_order
from shared.erp.mapping_back import maintainx_value_of, nested
from shared.errors import MalformedEvent, MappingError
from shared.events import parse_utc
from shared.state import SyncRecord
from shared.sync.conflicts import decided_side
from shared.sync.maintainx_side import WorkOrder
from shared.sync.merge import UNREAD, Baseline, Choice, Direction, FieldState, Side
from shared.values import same_value

STATUS_PATH = "status"


@dataclass(frozen=True, slots=True)
class WorkOrderSnapshot:
    """MaintainX's side: the work order as read, and its mapped fields by ERP name."""

    work_order: WorkOrder
    fields: Mapping[str, Mapped]

    @classmethod
    def read(cls, mapping: MappingFile, work_order: WorkOrder, zone: ZoneInfo) -> WorkOrderSnapshot:
        """MappingError if the mapping has no answer for a value."""
        return cls(work_order, read_work_order(mapping, work_order, zone))

    @classmethod
    def read_or_none(cls, mapping: MappingFile, work_order: WorkOrder, zone: ZoneInfo) -> WorkOrderSnapshot | None:
        """The same; None if the mapping has no answer for a value."""
        try:
            return cls.read(mapping, work_order, zone)
        except MappingError:
            return None

    def compared(self, mapping: MappingFile) -> dict[str, Any]:
        """What `maintainx_hash` is made of, as far as it is compared at all: the agreements if both sides had these."""
        return {f: Baseline(self.fields[f].maintainx, self.fields[f].sent, None).to_json() for f in compared(mapping)}

    def with_values(self, mapping: MappingFile, zone: ZoneInfo, values: Mapping[str, Any]) -> WorkOrderSnapshot:
        """The side after MaintainX got these values (by dotted path)."""
        changed: dict[str, Any] = dict(self.work_order)
        for name, value in nested(values).items():
            changed[name] = {**(changed.get(name) or {}), **value} if isinstance(value, dict) else value
        return WorkOrderSnapshot.read(mapping, changed, zone)


def compared(mapping: MappingFile) -> dict[str, FieldRule]:
    """The rules of fields that are looked at again after the record was made, by ERP name."""
    return {rule.erp: rule for rule in mapping.fields if not rule.once}


def field_states(
    mapping: MappingFile,
    zone: ZoneInfo,
    record: SyncRecord,
    ours: WorkOrderSnapshot,
    found: ErpRecord | None,
    status: StatusRules | None,
) -> list[FieldState]:
    """All that decides each compared field. found: the ERP's record as just read; None if we go by what we know."""
    return [
        _field_state(rule, zone, record, ours.fields[rule.erp], found, status) for rule in compared(mapping).values()
    ]


def _field_state(
    rule: FieldRule,
    zone: ZoneInfo,
    record: SyncRecord,
    mine: Mapped,
    found: ErpRecord | None,
    status: StatusRules | None,
) -> FieldState:
    base = Baseline.of(record.base, rule.erp)
    erp = known_value(record, found, rule.erp)
    told = None if erp is UNREAD else erp
    choice = Choice.of(record.choices, rule.erp, mine.maintainx, told)
    return FieldState(
        field=rule.erp,
        base=base,
        maintainx=mine.maintainx,
        sent=mine.sent,
        erp=erp,
        back=_back(rule, zone, base, mine, erp),
        held=status is not None and rule.erp == status.name and status.holds(mine.sent, erp),
        direction=_direction(rule),
        policy=rule.policy,
        decided=decided_side(record, rule.erp, mine.maintainx, told),
        chosen=None if choice is None else choice.side,
    )


def known_value(record: SyncRecord, found: ErpRecord | None, field: str) -> Any:
    """The ERP's value of a field: as just read, else as parked, else as last agreed; UNREAD if none tells."""
    if found is not None:
        return found.fields.get(field, UNREAD)
    if field in record.conflicts:
        return record.conflicts[field]["erp"]
    base = Baseline.of(record.base, field)
    return UNREAD if base is None else base.erp


def newest_side(ours: WorkOrderSnapshot, found: ErpRecord | None) -> Side | None:
    """The side that was changed last, MaintainX if both at once; None if one of them does not tell when."""
    if found is None or found.changed_at is None:
        return None
    changed_at = updated_at(ours.work_order)
    if changed_at is None:
        return None
    return "maintainx" if changed_at >= found.changed_at else "erp"


def updated_at(work_order: WorkOrder) -> Any:
    """The work order's own time of change, UTC; None if it does not tell."""
    try:
        return parse_utc(work_order.get("updatedAt"))
    except MalformedEvent:
        return None


def _direction(rule: FieldRule) -> Direction:
    return "to_erp" if rule.maintainx is None else rule.direction


def _back(rule: FieldRule, zone: ZoneInfo, base: Baseline | None, mine: Mapped, erp: Any) -> Any:
    """MappingError only if the value is one that somebody put there since both sides agreed."""
    if not rule.travels_back or erp is UNREAD:
        return UNREAD
    try:
        return maintainx_value_of(rule, erp, mine.maintainx, zone)
    except MappingError:
        if same_value(erp, mine.sent) or same_value(erp, None) or (base is not None and same_value(erp, base.erp)):
            return UNREAD
        raise
