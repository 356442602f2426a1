"""A work order and its ERP record as one run sees them: what is known, what was read, what was done so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, MappingFile
from shared.erp.base import ErpRecord, StatusRules
from shared.events import Event
from shared.state import SyncRecord
from shared.sync.attempt import Attempt
from shared.sync.conflicts import Reason
from shared.sync.intent import Intent
from shared.sync.maintainx_side import WorkOrder
from shared.sync.merge import UNREAD, FieldState, Unread
from shared.sync.new_in_erp import as_made_of_erp, marked_erp_id
from shared.sync.reference import is_of_another
from shared.sync.snapshot import WorkOrderSnapshot, compared, field_states, known_value


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides, the same for all pairs of a site. status: the ERP's; None if it is a field like any other."""

    site: str
    zone: ZoneInfo
    mapping: MappingFile
    status: StatusRules | None

    @property
    def fields(self) -> dict[str, FieldRule]:
        """The rules of fields that are compared, by ERP name."""
        return compared(self.mapping)


@dataclass(frozen=True, slots=True)
class Gone:
    """The ERP has no record any more under the id that we know, and none with our reference.

    not_ours: it has another one under that id: it was restored, refreshed, or is another system.
    """

    why: str
    not_ours: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A field that could not be written. value: the winner's, of the ERP's form; status: the ERP's at that time."""

    reason: Reason
    detail: str
    value: Any
    status: Any


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One moment of a run. A field of either side that was not read is UNREAD, never taken for empty.

    is_new: nothing was known of the work order before. work_order: as read; None if it is deleted. is_fresh: whether
    no other call was made since it was read. erp: as read, or as the answer to a write shows it; None if a search
    found none. other: an ERP record that is said to carry the same reference; None if there is none. must_read: what
    we know of the ERP is not to be trusted; conflicts_met: how often that was so. adopting: the ERP had a record that
    we did not know of. taken_up: the work order turned out to be made of an ERP record; attempt: what is noted down
    of that. finished: a write of an earlier run that turned out to be done. to_erp, to_maintainx: ERP names of the
    fields written in this run. refused: by ERP name; alone: fields that are written one by one, as the ERP refused
    them together. unclear: fields of a write that may be in the audit trail, although it was not done.
    """

    rules: Rules
    event: Event
    record: SyncRecord
    is_new: bool = False
    work_order: WorkOrder | Unread | None = UNREAD
    is_fresh: bool = False
    erp: ErpRecord | Gone | Unread | None = UNREAD
    must_read: bool = False
    conflicts_met: int = 0
    other: ErpRecord | Unread | None = UNREAD
    adopting: bool = False
    adoption_noted: bool = False
    mark_checked: bool = False
    taken_up: bool = False
    attempt: Attempt | Unread | None = UNREAD
    finished: Intent | None = None
    created: bool = False
    orphan_noted: bool = False
    to_erp: frozenset[str] = frozenset()
    to_maintainx: frozenset[str] = frozenset()
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()

    @cached_property
    def maintainx(self) -> WorkOrderSnapshot:
        """MaintainX's side. MappingError if the mapping has no answer for a value."""
        assert isinstance(self.work_order, Mapping)  # noqa: S101  # it was read, and is not deleted
        return WorkOrderSnapshot.read(self.rules.mapping, self.work_order, self.rules.zone)

    @property
    def intent(self) -> Intent | None:
        """The write that was under way when the record was saved last."""
        return Intent.of(self.record)

    @property
    def found(self) -> ErpRecord | None:
        """The ERP's record, if it was read."""
        return self.erp if isinstance(self.erp, ErpRecord) else None

    @property
    def may_exist(self) -> bool:
        """Whether the ERP has, or may have, a record of it."""
        return self.record.erp_id is not None or self.record.intent is not None

    @property
    def has_written(self) -> bool:
        """Whether this run changed anything on either side."""
        return self.created or bool(self.to_erp or self.to_maintainx)

    def erp_value(self, name: str) -> Any:
        """The ERP's value of a field: as read, else as last agreed; UNREAD if neither tells."""
        return known_value(self.record, self.found, name)

    @property
    def erp_status(self) -> Any:
        """The ERP's status; UNREAD where it is not known."""
        return UNREAD if self.rules.status is None else self.erp_value(self.rules.status.name)

    @cached_property
    def is_import(self) -> bool:
        """Whether the work order was made of the ERP's record, and both have not agreed on all fields yet."""
        if not self.may_be_import or self.rules.fields.keys() <= self.record.base.keys():
            return False
        attempt = self.attempt
        noted = isinstance(attempt, Attempt) and not attempt.done and attempt.is_of(self.record.maintainx_id)
        return self.taken_up or noted

    @property
    def may_be_import(self) -> bool:
        """Whether the work order carries the mark of the ERP's record that it is linked to."""
        erp_id = marked_erp_id(self.maintainx.work_order, self.rules.site)
        return erp_id is not None and erp_id == self.record.erp_id

    @property
    def status_now(self) -> Any:
        """The ERP's status as JSON."""
        return None if self.erp_status is UNREAD else self.erp_status

    def field_states(self) -> list[FieldState]:
        """All that decides each compared field."""
        rules = self.rules
        states = field_states(rules.mapping, rules.zone, self.record, self.maintainx, self.found, rules.status)
        return [as_made_of_erp(state) for state in states] if self.is_import else states

    @property
    def is_doubled(self) -> bool:
        """Whether two ERP records carry the work order's reference."""
        return isinstance(self.other, ErpRecord) and not is_of_another(
            self.other.reference, self.record.reference, carried=True
        )

    def knowing(self, **changes: Any) -> Pair:
        """The pair with another state of what is known (fields of the SyncRecord)."""
        return replace(self, record=replace(self.record, **changes))
