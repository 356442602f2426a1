"""Where the two sides of a site are apart: the plan over all pairs, and what either list has that nothing links.

Row by row, so that a site of any size takes little memory. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal, get_args

from shared.erp.base import ErpRecord, UnreadableRecord
from shared.errors import MappingError, RecordNotVisible
from shared.state import LATE, RecordKey, SyncRecord
from shared.sync.conflicts import Parked
from shared.sync.dry_run import dry_run
from shared.sync.new_in_erp import is_wanted
from shared.sync.parts import KIND, SyncParts
from shared.sync.plan import Planned
from shared.sync.reference import work_order_id_in
from shared.sync.steps import CreateErp, Finish, SetWorkOrderStatus, UpdateWorkOrder, Write
from shared.sync.together import together

DriftKind = Literal[
    "missing_in_erp", "missing_in_maintainx", "different", "parked", "late", "not_ours", "doubled", "unreadable"
]
"""missing_in_erp: no ERP record, or it is gone. missing_in_maintainx: the ERP's record has no work order. different:
fields that a run would write. parked: a person must decide. late: the ERP's status keeps a change out. not_ours: the
ERP has another record under the number. doubled: two ERP records carry the reference. unreadable: the mapping has no
answer for a value."""
KINDS: tuple[DriftKind, ...] = get_args(DriftKind)
_BATCH = 100
_BY_REASON: Mapping[str, DriftKind] = {
    "not_ours": "not_ours",
    "gone": "missing_in_erp",
    "doubled": "doubled",
    LATE: "late",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """One pair that is not in step. fields: by ERP name -> what would become of them. since: ISO 8601, where known."""

    kind: DriftKind
    work_order: int | None
    erp_id: str | None
    fields: Mapping[str, str]
    since: str = ""
    detail: str = ""


def of_pairs(
    parts: SyncParts, pool: ThreadPoolExecutor, now_utc: datetime, *, after: RecordKey | None = None
) -> Iterator[tuple[int, Drift | None]]:
    """Each linked pair by its work order, and how it is apart; None if it is in step. Resumable behind `after`."""
    records = parts.state.list_records(parts.site, kind=KIND, state="linked", after=after)
    while batch := list(islice(records, _BATCH)):
        drifts = together(pool, lambda record: _of_pair(parts, record, now_utc), batch)
        yield from zip((record.maintainx_id for record in batch), drifts, strict=True)


def of_work_orders(
    parts: SyncParts, pool: ThreadPoolExecutor, rows: Iterable[Mapping[str, Any]]
) -> Iterator[Drift | None]:
    """Each row of MaintainX's list: a work order of which no ERP record is known, though it should have one."""
    wanted = (row for row in rows if row.get("status") not in parts.mapping.skip_when)
    while batch := list(islice(wanted, _BATCH)):
        yield from together(pool, lambda row: _of_work_order(parts, int(row["id"])), batch)


def of_erp_records(parts: SyncParts, pool: ThreadPoolExecutor, found: Iterable[ErpRecord]) -> Iterator[Drift | None]:
    """Each record of the ERP's list that nothing links, though it carries our reference or should be a work order."""
    records = iter(found)
    while batch := list(islice(records, _BATCH)):
        yield from together(pool, lambda record: _of_erp_record(parts, record), batch)


def _of_pair(parts: SyncParts, record: SyncRecord, now_utc: datetime) -> Drift | None:
    number, erp_id = record.maintainx_id, record.erp_id
    try:
        steps = list(dry_run(parts, record.key, now_utc))
    except RecordNotVisible as error:
        return Drift("missing_in_maintainx", number, erp_id, {}, detail=str(error))
    except MappingError as error:
        return Drift("unreadable", number, erp_id, {}, detail=str(error))
    return _of_steps(number, erp_id, steps)


def _of_steps(number: int, erp_id: str | None, steps: list[Planned]) -> Drift | None:
    fields: dict[str, str] = {}
    parked: dict[str, Parked] = {}
    made = False
    for step in (planned.step for planned in steps):
        if isinstance(step, Write):
            to = "MaintainX" if isinstance(step, UpdateWorkOrder | SetWorkOrderStatus) else "the ERP"
            fields |= {step.paths.get(name, name): f"to {to}: {value!r}" for name, value in step.after.items()}
            made = made or isinstance(step, CreateErp)
        elif isinstance(step, Finish):
            parked = dict(step.parked)
    fields |= {name: each.reason for name, each in parked.items()}
    if not fields:
        return None
    reasons = {each.reason for each in parked.values()}
    kinds = [_BY_REASON.get(reason, "parked") for reason in sorted(reasons)]
    whole = next((kind for kind in kinds if kind not in ("late", "parked")), None)
    kind = "missing_in_erp" if made else whole or ("parked" if "parked" in kinds else "late" if kinds else "different")
    since = min((each.since for each in parked.values() if each.since), default="")
    detail = "; ".join(each.detail for each in parked.values() if each.detail)
    return Drift(kind, number, erp_id, fields, since, detail)


def _of_work_order(parts: SyncParts, number: int) -> Drift | None:
    record = parts.state.get_record(RecordKey(parts.site, KIND, number))
    if record is not None and (record.erp_id is not None or record.state in ("deleted", "orphaned")):
        return None
    return Drift("missing_in_erp", number, None, {}, detail="no ERP record is known")


def _of_erp_record(parts: SyncParts, found: ErpRecord) -> Drift | None:
    if isinstance(found, UnreadableRecord):
        return Drift("unreadable", None, found.id, {}, detail=found.why)
    linked = parts.state.find_record(parts.site, KIND, erp_id=found.id)
    if linked is not None:
        return None
    number = work_order_id_in(found.reference, parts.site, parts.erp.description.reference_length)
    if number is not None:
        record = parts.state.get_record(RecordKey(parts.site, KIND, number))
        if record is not None and record.state == "linked" and record.erp_id != found.id:
            return Drift("doubled", number, found.id, {}, detail=f"{record.erp_id} is linked")
        if record is not None and record.state in ("deleted", "orphaned"):
            return None
        return Drift("missing_in_maintainx", number, found.id, {}, detail="it carries our reference; nothing links it")
    if is_wanted(parts.mapping, found):
        return Drift("missing_in_maintainx", None, found.id, {}, detail="on_new_in_erp wants a work order of it")
    return None
