"""What happens to one side's record when the other side's is gone, or the ERP has another one under its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.config.work_order_fields import OVER
from shared.erp.base import ErpRecord
from shared.outcomes import Outcome, done, skipped
from shared.sync.attempt import note_pair
from shared.sync.conflicts import DELETION, ORPHAN, STRANGER, Parked, Reason, decided_side
from shared.sync.resolver import UNKNOWN, Agreed
from shared.sync.sides import Ours, known_value
from shared.sync.writes import STATUS_PATH
from shared.values import same_value

if TYPE_CHECKING:
    from shared.sync.look import Look


class ErpRecordGone(Exception):
    """The ERP has no record any more under the id that we know, and none with our reference."""


class NotOurs(ErpRecordGone):
    """Under the id that we know the ERP has another record now: it was restored, refreshed, or is another system."""

    def __init__(self, found: ErpRecord) -> None:
        super().__init__(f"{found.id} carries {found.reference or 'no reference'}")


def deleted_in_maintainx(look: Look, *, look_at_erp: bool) -> Outcome:
    """The work order is deleted: do with the ERP's record what the mapping's `on_delete` says."""
    record = look.record
    if record.state in ("deleted", "orphaned") and record.intent is None:
        return skipped("gone", erp_id=record.erp_id)
    if record.erp_id is None and record.intent is None:
        return _never_was(look)
    found: ErpRecord | None = None
    try:
        if record.erp_id is None:
            found = look.search()
            if found is None:
                return _never_was(look)
        elif look_at_erp or look.must_look:
            found = look.read_erp()
        return _end_of_erp_record(look, found)
    except ErpRecordGone:
        _note_orphan(look)
        look.session.commit(state="deleted", conflicts={})
        return skipped("gone", erp_id=record.erp_id)


def _never_was(look: Look) -> Outcome:
    """It was deleted before anything of it reached the ERP. Kept, as events of before its deletion may follow."""
    look.session.commit(state="deleted", erp_id=None, erp_version=None)
    return skipped("gone")


def _end_of_erp_record(look: Look, found: ErpRecord | None) -> Outcome:
    on_delete, erp_id = look.engine.mapping.on_delete, look.record.erp_id
    decided = decided_side(look.record, DELETION, None, erp_id)
    if decided is None and on_delete.action == "park":
        return _park(look, DELETION, "deleted")
    if decided == "erp" or (decided is None and on_delete.action == "ignore"):
        look.writes.note("keep")
        look.session.commit(state="deleted", conflicts={})
        return skipped("gone", erp_id=erp_id)
    finished = look.session.finished
    wrote, refused = _cancel(look, found)
    if refused is not None:
        return _park(look, DELETION, "status_not_possible", refused)
    look.session.commit(state="deleted", conflicts={})
    if wrote or finished is not None:
        return done("cancelled", erp_id=erp_id, fields=sorted(wrote))
    look.writes.note("keep")
    return skipped("gone", erp_id=erp_id)


def _cancel(look: Look, found: ErpRecord | None) -> tuple[set[str], str | None]:
    """Write `on_delete.set`; the fields written, and why the ERP does not take its status."""
    record, status = look.record, look.engine.erp.description.status
    actual = {name: known_value(record, found, name) for name in look.engine.mapping.on_delete.set}
    changes = {n: v for n, v in look.engine.mapping.on_delete.set.items() if not same_value(actual[n], v)}
    if status is not None and actual.get(status.name) in status.final:
        return set(), None  # it has come to its end by itself, and takes no change any more
    before = {name: None if actual[name] is UNKNOWN else actual[name] for name in changes}
    agreed = {name: Agreed(None, value, value) for name, value in changes.items()}
    wrote = set(changes)
    if status is not None and status.separate and status.name in changes:
        wanted = str(changes.pop(status.name))
        current = str(before.pop(status.name))
        refused = None
        if changes:
            refused = look.writes.update(changes, before, {name: agreed[name] for name in changes}, action="cancel")
        own = {status.name: agreed[status.name]}
        return wrote, refused or look.writes.set_erp_status(wanted, current, status.name, own, action="cancel")
    return wrote, look.writes.update(changes, before, agreed, action="cancel") if changes else None


def gone_in_erp(look: Look, ours: Ours, why: ErpRecordGone) -> Outcome:
    """The linked ERP record is gone: do with the work order what the mapping's `on_erp_delete` says.

    If it is another one now, a person decides: whatever befell that ERP befell all its records.
    """
    record, action = look.record, look.engine.mapping.on_erp_delete
    not_ours = isinstance(why, NotOurs)
    if not_ours or action == "park":
        field, shown = (STRANGER, str(why)) if not_ours else (ORPHAN, record.erp_id)
        decided = decided_side(record, field, None, shown)
        if decided is None:
            return _park(look, field, "not_ours" if not_ours else "gone", shown=shown)
        if decided == "maintainx":
            return _make_anew(look, ours)
        action = "cancel"
    cancels = action == "cancel" and ours.work_order.get("status") not in OVER
    if cancels:
        look.must_be_as_read(ours)
    _note_orphan(look)
    if cancels:
        look.writes.write_maintainx(ours, {STATUS_PATH: "CANCELED"}, {}, {}, action="cancel")
    # If the ERP shows it again, no work order is made of it.
    note_pair(look.engine.state, record, look.now)
    # Without the id: if a person links that ERP record to another work order, it must be found there.
    look.session.commit(state="orphaned", erp_id=None, carries_reference=False, conflicts={})
    return done("orphaned", erp_id=record.erp_id)


def _make_anew(look: Look, ours: Ours) -> Outcome:
    _note_orphan(look)
    look.session.set(erp_id=None, carries_reference=False, base={}, state="creating", intent=None, conflicts={})
    return look.link(ours, look.search())  # somebody may have made another one with our reference


def _note_orphan(look: Look) -> None:
    look.session.set(erp_version=None)
    look.writes.note("orphan")


def _park(look: Look, what: str, reason: Reason, detail: str = "", *, shown: str | None = None) -> Outcome:
    before, erp_id = look.record.conflicts, look.record.erp_id
    parked = Parked(
        reason=reason,
        maintainx=None,
        sent=None,
        erp=erp_id if shown is None else shown,
        since=look.now,
        event_id=look.event.event_id,
        detail=detail,
    )
    kept = look.park({what: parked})
    look.session.commit(conflicts=kept, erp_version=None)
    return look.outcome_of_parked(before, kept, erp_id=erp_id)
