"""Records that were made in the ERP: which become work orders, what they become, how one is recognised. Pure.

A work order that was made of an ERP record says so itself, in `externalData`, from the moment it exists. So whoever
looks at it first, whatever died in between, links it to that record instead of making another one in the ERP.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.canonical import canonical_json, content_hash
from shared.config.mappings import FieldRule, MappingFile, value_key
from shared.config.work_order_fields import OVER, READ_ONLY_VALUES, WRITABLE
from shared.erp.base import ErpRecord
from shared.erp.mapping_back import maintainx_value_of, nested, table_key
from shared.errors import MappingError
from shared.events import Event, dig, event_identity, format_utc
from shared.sync.maintainx_side import WorkOrder
from shared.sync.merge import UNREAD, Baseline, FieldState
from shared.sync.reference import is_reference
from shared.values import is_empty, same_value

NEW_IN_ERP_EVENT = "work_order.new_in_erp"
RESOURCE = "erp_record"
_ORIGIN = "erp_pull"
_STATUS = "status"


def is_wanted(mapping: MappingFile, found: ErpRecord) -> bool:
    """Whether the mapping's `on_new_in_erp` wants a work order made of a record that nothing links.

    A field of `when` that the record does not show counts as fitting: a list may show less than the record itself. Not
    wanted is what carries a reference of ours, and what is over: done or cancelled.
    """
    rule = mapping.on_new_in_erp
    if rule.action != "create" or is_reference(found.reference):
        return False
    shown = {name: table_key(found.fields[name]) for name in rule.when if name in found.fields}
    if any(value not in map(value_key, rule.when[name]) for name, value in shown.items()):
        return False
    return not any(each.maintainx == _STATUS and _back_or_none(each, found) in OVER for each in mapping.fields)


def new_work_order(mapping: MappingFile, found: ErpRecord, zone: ZoneInfo) -> dict[str, Any]:
    """The body of `POST /workorders` for a record: its mapped fields read backwards, without the status.

    Fields whose changes do not travel to MaintainX are read backwards too, where that is clear. MappingError if the
    mapping has no answer for a value that travels, or there is no title.
    """
    values: dict[str, Any] = {}
    for rule in sorted(mapping.fields, key=lambda each: not each.travels_back):
        path = rule.maintainx
        if path is None or path in values or rule.erp not in found.fields:
            continue
        if path == _STATUS:  # written afterwards, but what nobody understands is no reason to make a work order
            _ = _travelling(rule, found, zone) if rule.travels_back else None
            continue
        if path not in WRITABLE and not path.startswith("extraFields."):
            continue
        value = _travelling(rule, found, zone) if rule.travels_back else _clear_or_none(rule, found, zone)
        if value is not None:
            values[path] = value
    if not values.get("title"):
        raise MappingError(f"ERP record {found.id} has nothing that could be the title of a work order")
    return nested(values)


def mark_of(site: str, erp_id: str) -> dict[str, str]:
    """The `externalData` of a work order that is made of an ERP record."""
    return {"site": site, "erpRecord": erp_id}


def marked_erp_id(work_order: WorkOrder, site: str) -> str | None:
    """The ERP record that a work order was made of; None if it was not."""
    erp_id = dig(work_order, "externalData.erpRecord")
    return erp_id if isinstance(erp_id, str) and work_order.get("externalData") == mark_of(site, erp_id) else None


def as_made_of_erp(state: FieldState) -> FieldState:
    """A field of a work order that was made of its ERP record: until both agree for the first time, the ERP's stays."""
    if state.base is not None:
        return state
    if state.erp is UNREAD or (state.back is UNREAD and same_value(state.erp, None)):
        # The ERP has, or shows, nothing that MaintainX could be told.
        return replace(state, erp=None, base=Baseline(state.maintainx, state.sent, None))
    return replace(state, held=False, decided=state.decided or "erp")


def new_event(site: str, mapping: MappingFile, found: ErpRecord, now_utc: datetime) -> Event:
    """The event that has a work order made of a record; the same for the same state of the record and one policy."""
    changed_at = None if found.changed_at is None else format_utc(found.changed_at)
    policy = mapping.on_new_in_erp.model_dump()
    key = canonical_json([found.id, found.version, changed_at, content_hash(dict(found.fields)), policy])
    return Event(
        event_id=event_identity(site, NEW_IN_ERP_EVENT, key.encode()),
        site=site,
        type=NEW_IN_ERP_EVENT,
        resource=RESOURCE,
        resource_id=found.id,
        occurred_at=found.changed_at or now_utc,
        received_at=now_utc,
        source="poll",
        origin=_ORIGIN,
        data={"erpId": found.id, "version": found.version},
    )


def _travelling(rule: FieldRule, found: ErpRecord, zone: ZoneInfo) -> Any:
    value = found.fields[rule.erp]
    if is_empty(value) and "" not in rule.maintainx_values:
        return None
    return maintainx_value_of(rule, value, None, zone)


def _clear_or_none(rule: FieldRule, found: ErpRecord, zone: ZoneInfo) -> Any:
    """What the rule of a field that does not travel back says, if it says one thing."""
    value = found.fields[rule.erp]
    if is_empty(value):
        return None
    if rule.values is None:
        try:
            return maintainx_value_of(rule, value, None, zone)
        except MappingError:
            return None
    never_written = READ_ONLY_VALUES.get(str(rule.maintainx), frozenset())
    key = table_key(value)
    names = [name for name, erp in rule.values.items() if value_key(erp) == key and name not in never_written]
    return rule.typed(names[0]) if len(names) == 1 else None


def _back_or_none(rule: FieldRule, found: ErpRecord) -> Any:
    return rule.maintainx_values.get(table_key(found.fields[rule.erp])) if rule.erp in found.fields else None
