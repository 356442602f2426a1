"""What is noted down of a work order that is made of an ERP record: before it is made, and for good.

Kept as a memo. One that is not `done` has one writer at a time, who has reserved the ERP record
(`shared.sync.reservation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from zoneinfo import ZoneInfo

from shared.config.mappings import FieldRule, MappingFile
from shared.erp.mapping_back import table_key
from shared.events import dig
from shared.state import StateStore, SyncRecord
from shared.sync.merge import Baseline
from shared.sync.snapshot import WorkOrderSnapshot, compared
from shared.values import is_empty

_STATUS = "status"
# MaintainX gives a new work order values of its own there.
_CHOSEN = frozenset({"status", "priority", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A work order about to be made of an ERP record; noted down before, and kept, so that it is never made again.

    at: ISO 8601 UTC. fields: what it is made with. erp: what the ERP's record had, by ERP name. work_order_id: None
    until it is known to be made. done: whether its audit entry is published and both were linked.
    """

    at: str
    event_id: str
    actor: str
    fields: Mapping[str, Any]
    erp: Mapping[str, Any]
    work_order_id: int | None = None
    done: bool = False

    def is_of(self, work_order_id: int) -> bool:
        """Whether this work order may be the one that it made."""
        return self.work_order_id in (None, work_order_id)

    def agreed(self, mapping: MappingFile, zone: ZoneInfo, ours: WorkOrderSnapshot) -> dict[str, Baseline]:
        """What both sides had when it was made, by ERP name; so that what people change from then on counts.

        ours: the work order as it is by now. Not of fields in which MaintainX may have chosen a value itself.
        """
        rules = compared(mapping)
        paths = {name: str(rule.maintainx) for name, rule in rules.items() if name in self.erp and rule.maintainx}
        made = {path: value for path in paths.values() if (value := dig(self.fields, path)) is not None}
        left = {p: None for n, p in paths.items() if p not in made and p not in _CHOSEN and is_empty(self.erp[n])}
        then = ours.with_values(mapping, zone, {**made, **left, _STATUS: "OPEN"}).fields
        return {
            name: Baseline(then[name].maintainx, then[name].sent, self._erp_then(rules[name], then[name].sent))
            for name, path in paths.items()
            if path in made or path in left or path == _STATUS
        }

    def _erp_then(self, rule: FieldRule, sent: Any) -> Any:
        """The ERP's value; of a status that MaintainX is still to be told, the one that an open work order has."""
        value = self.erp[rule.erp]
        if rule.maintainx != _STATUS or not rule.travels_back:
            return value
        return value if rule.maintainx_values.get(table_key(value)) == "OPEN" else sent


def attempt_of(state: StateStore, site: str, erp_id: str) -> Attempt | None:
    """The attempt that is noted down for an ERP record; None if none is."""
    memo = state.get_memo(site, memo_name(erp_id))
    return Attempt(**memo) if memo else None


def note_pair(state: StateStore, record: SyncRecord, at: str) -> None:
    """Remember whose ERP record it was, as if the work order had been made of it."""
    done = Attempt(at=at, event_id="", actor="", fields={}, erp={}, work_order_id=record.maintainx_id, done=True)
    note_attempt(state, record.site, str(record.erp_id), done)


def note_attempt(state: StateStore, site: str, erp_id: str, attempt: Attempt | None) -> None:
    """Note it down; None: forget it."""
    state.put_memo(site, memo_name(erp_id), {} if attempt is None else asdict(attempt))


def memo_name(erp_id: str) -> str:
    """Under which the attempt is noted down (`StateStore.put_memo`)."""
    return f"take_in:{erp_id}"
