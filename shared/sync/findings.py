"""What a record found in the ERP says of its work order: nothing new, nothing of ours, or a change to look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from shared.canonical import canonical_json, content_hash
from shared.config.mappings import FieldRule
from shared.erp.base import ErpRecord
from shared.events import Event, event_identity, format_utc
from shared.state import SyncRecord
from shared.sync.conflicts import DOUBLED, ERP_CHANGED_EVENT, ORPHAN, STRANGER, Parked
from shared.sync.merge import UNREAD, Baseline
from shared.sync.reference import is_of_another
from shared.values import same_value

ORIGIN = "erp_pull"
# Why nothing is published. not_linked: none of our work orders. not_wanted: neither, and the mapping's
# `on_new_in_erp` leaves it alone. doubled: it carries the reference of a work order that is over, and had another ERP
# record. own_write: it is at the version that we wrote or read last, and has what we know. unchanged: it has what
# both sides agreed on, or what is parked. parked: it is gone, or another record now, or one too many, and a person
# was told so. deleted: the work order is, in MaintainX. orphaned: the work order was given up when the ERP's record
# was gone. unreadable: the ERP does not show it, or not so that it could be understood. held: it is gone, and the
# brake holds that back (`shared.sync.brake`). seen: an earlier run that was cut short dealt with it.
Skip = Literal[
    "not_linked",
    "not_wanted",
    "doubled",
    "own_write",
    "unchanged",
    "parked",
    "deleted",
    "orphaned",
    "unreadable",
    "seen",
    "held",
]
# Those that people may want to look into.
REPORTED: frozenset[Skip] = frozenset({"not_linked", "doubled", "unreadable", "held"})
Rules = Mapping[str, FieldRule]


@dataclass(frozen=True, slots=True)
class Finding:
    """One ERP record. skip: why there is nothing to do; None if the engine must look at it.

    found: as read; None if the ERP has it no longer. work_order_id: None if there is none, or none yet. record: what we
    know of it. fields: ERP names of those that differ from what we know; empty if it is new to us, gone, or shows none.
    """

    erp_id: str
    skip: Skip | None
    found: ErpRecord | None
    work_order_id: int | None = None
    record: SyncRecord | None = None
    fields: tuple[str, ...] = ()

    @property
    def is_end(self) -> bool:
        """Whether it says, for the first time, that a work order's record is gone, or is another one."""
        if self.skip is not None or self.record is None or self.record.erp_id is None:
            return False
        return self.found is None or is_of_another(self.found.reference, self.record.reference)


def judge(
    found: ErpRecord, work_order_id: int | None, record: SyncRecord | None, rules: Rules, *, thorough: bool = False
) -> Finding:
    """What a record that the ERP has says.

    work_order_id: of the work order that it is linked to, or whose reference it carries. rules: of the fields that are
    compared, by ERP name. thorough: a difference counts even if it only has us write our value once more (`_is_ours`).
    """
    if work_order_id is None:
        return Finding(found.id, "not_linked", found)
    if record is None:
        return Finding(found.id, None, found, work_order_id)
    skip = _skip(found, record)
    if skip is None and found.id != record.erp_id and record.erp_id is not None:
        known = Parked.of(record, DOUBLED)
        told = known is not None and known.erp == found.id
        return Finding(found.id, "parked" if told else None, found, work_order_id, record)
    if skip is None and is_of_another(found.reference, record.reference):
        return Finding(found.id, "parked" if STRANGER in record.conflicts else None, found, work_order_id, record)
    fields = () if skip is not None else differing(found, record, rules)
    if skip is None and _is_ours(found, record, [rules[name] for name in fields], thorough=thorough):
        skip, fields = "own_write", ()
    elif skip is None and not fields and _shows_all_is_well(found, record, rules):
        skip = "unchanged"
    return Finding(found.id, skip, found, work_order_id, record, fields)


def judge_new(found: ErpRecord, *, wanted: bool) -> Finding:
    """What it says that a record is new to us, where work orders are made of such."""
    return Finding(found.id, None if wanted else "not_wanted", found)


def judge_gone(record: SyncRecord) -> Finding:
    """What it says that the ERP has a linked record no longer."""
    skip: Skip | None = "parked" if ORPHAN in record.conflicts else None
    return Finding(str(record.erp_id), skip, None, record.maintainx_id, record)


def judge_unreadable(erp_id: str, record: SyncRecord | None = None) -> Finding:
    """What it says that a record of the ERP cannot be read. record: what we know of it."""
    return Finding(erp_id, "unreadable", None, None if record is None else record.maintainx_id, record)


def differing(found: ErpRecord, record: SyncRecord, rules: Rules) -> tuple[str, ...]:
    """Compared fields whose value is another than the one that we know; those that the ERP does not show are not."""
    known = {name: _known(record, name) for name in rules if name in found.fields}
    return tuple(sorted(n for n, value in known.items() if value is UNREAD or not same_value(found.fields[n], value)))


def change_event(site: str, finding: Finding, now_utc: datetime, *, anew: bool) -> Event:
    """The event that has the engine look at the work order.

    The same for the same state of the ERP's record until somebody looked at it, so that it is handled once however
    often it is found meanwhile. After that the ERP may come back to a state that it was in before, and not every ERP
    counts each change as a version, or a time. anew: a new one each day (UTC), so that a difference that stays is
    looked at again even if the last look came to nothing.
    """
    found, record = finding.found, finding.record
    changed_at = None if found is None else found.changed_at
    version = None if found is None else found.version
    key: list[Any] = [finding.erp_id, version, None if changed_at is None else format_utc(changed_at)]
    key.append("gone" if found is None else content_hash(dict(found.fields)))
    if record is not None:  # saved by each look that came to an end
        key.append(record.updated_at_utc.isoformat())
    if anew:
        key.append(now_utc.astimezone(UTC).date().isoformat())
    return Event(
        event_id=event_identity(site, ERP_CHANGED_EVENT, canonical_json(key).encode()),
        site=site,
        type=ERP_CHANGED_EVENT,
        resource="work_order",
        resource_id=str(finding.work_order_id),
        occurred_at=changed_at or now_utc,
        received_at=now_utc,
        source="poll",
        origin=ORIGIN,
        data={
            "workOrderId": finding.work_order_id,
            "erpId": finding.erp_id,
            "version": version,
            "gone": found is None,
            "fields": list(finding.fields),
        },
    )


def _skip(found: ErpRecord, record: SyncRecord) -> Skip | None:
    if record.state in ("deleted", "orphaned"):
        if record.erp_id not in (None, found.id):
            return "doubled"
        return "deleted" if record.state == "deleted" else "orphaned"
    return None


def _is_ours(found: ErpRecord, record: SyncRecord, differing: Sequence[FieldRule], *, thorough: bool) -> bool:
    """Whether the record is as we left it: at the version that we know, with nothing in it for MaintainX.

    The version alone does not tell, as an ERP may not count a status as a new one. But what differs in fields that only
    we write may be what the ERP made of our words: not to be written again every few minutes.
    """
    if found.version is None or found.version != record.erp_version:
        return False
    return not (differing if thorough else any(rule.travels_back for rule in differing))


def _shows_all_is_well(found: ErpRecord, record: SyncRecord, rules: Rules) -> bool:
    """Not while the record is still being made, is parked as gone, or if the answer shows no field to tell it by."""
    return record.state == "linked" and ORPHAN not in record.conflicts and not rules.keys().isdisjoint(found.fields)


def _known(record: SyncRecord, field: str) -> Any:
    """The ERP's value as parked for a person, else as last agreed on; UNREAD if there is neither."""
    parked = Parked.of(record, field)
    if parked is not None:
        return parked.erp
    agreed = Baseline.of(record.base, field)
    return UNREAD if agreed is None else agreed.erp
