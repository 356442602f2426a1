"""What happens to one side's record when the other's is gone, or the ERP has another one under its number. Pure."""

from __future__ import annotations

from typing import Any

from shared.config.work_order_fields import OVER
from shared.outcomes import done, skipped
from shared.sync.conflicts import DELETION, ORPHAN, STRANGER, Parked, Reason, decided_side, kept_of, parked_outcome
from shared.sync.merge import UNREAD, Baseline
from shared.sync.pair import Gone, Pair
from shared.sync.snapshot import STATUS_PATH
from shared.sync.steps import (
    FindErp,
    Finish,
    NoteOrphan,
    ReadErp,
    ReadWorkOrder,
    SetErpStatus,
    SetWorkOrderStatus,
    StartAnew,
    Step,
    UpdateErp,
)
from shared.values import same_value


def deleted_in_maintainx(pair: Pair, *, must_read: bool) -> Step:
    """The work order is deleted: do with the ERP's record what the mapping's `on_delete` says."""
    record = pair.record
    if record.state in ("deleted", "orphaned") and record.intent is None:
        return Finish(skipped("gone", erp_id=record.erp_id), saves=False)
    if record.erp_id is None:
        if record.intent is not None and pair.erp is UNREAD:
            return FindErp()
        # Deleted before anything of it reached the ERP. Kept, as events of before its deletion may follow.
        return Finish(skipped("gone"), changes={"state": "deleted", "erp_id": None, "erp_version": None})
    if must_read:
        return ReadErp()
    if isinstance(pair.erp, Gone):
        return _after_noting(pair, Finish(skipped("gone", erp_id=record.erp_id), changes=_DELETED))
    return _end_of_erp_record(pair)


def gone_in_erp(pair: Pair) -> Step:
    """The linked ERP record is gone: do with the work order what the mapping's `on_erp_delete` says.

    If it is another one now, a person decides: whatever befell that ERP befell all its records.
    """
    record, action, gone = pair.record, pair.rules.mapping.on_erp_delete, pair.erp
    assert isinstance(gone, Gone)  # noqa: S101  # the rule asked for that
    if gone.not_ours or action == "park":
        field, shown = (STRANGER, gone.why) if gone.not_ours else (ORPHAN, record.erp_id)
        decided = decided_side(record, field, None, shown)
        if decided is None:
            return _park(pair, field, "not_ours" if gone.not_ours else "gone", erp=shown)
        if decided == "maintainx":
            return _after_noting(pair, StartAnew())
        action = "cancel"
    status = pair.maintainx.work_order.get("status")
    if action == "cancel" and status not in OVER and not pair.is_fresh:
        return ReadWorkOrder()
    if action == "cancel" and status not in OVER:
        cancel = SetWorkOrderStatus(action="cancel", before={STATUS_PATH: status}, after={STATUS_PATH: "CANCELED"})
        return _after_noting(pair, cancel)
    # Without the id: if a person links that ERP record to another work order, it must be found there.
    changes: dict[str, Any] = {"state": "orphaned", "erp_id": None, "carries_reference": False, "conflicts": {}}
    return _after_noting(pair, Finish(done("orphaned", erp_id=record.erp_id), changes=changes, keeps_pair=True))


def _end_of_erp_record(pair: Pair) -> Step:
    on_delete, record = pair.rules.mapping.on_delete, pair.record
    decided = decided_side(record, DELETION, None, record.erp_id)
    if decided is None and on_delete.action == "park":
        return _park(pair, DELETION, "deleted")
    kept = Finish(skipped("gone", erp_id=record.erp_id), changes=_DELETED, note="keep")
    if decided == "erp" or (decided is None and on_delete.action == "ignore"):
        return kept
    for refusal in pair.refused.values():
        return _park(pair, DELETION, "status_not_possible", refusal.detail)
    write = _cancel(pair)
    if write is not None:
        return write
    if pair.to_erp or pair.finished is not None:
        return Finish(done("cancelled", erp_id=record.erp_id, fields=sorted(pair.to_erp)), changes=_DELETED)
    return kept


def _cancel(pair: Pair) -> Step | None:
    """The next write of `on_delete.set`; None if the ERP's record has it all, or has come to its end by itself."""
    status, wanted = pair.rules.status, pair.rules.mapping.on_delete.set
    if status is not None and pair.erp_status in status.final:
        return None
    actual = {name: pair.erp_value(name) for name in wanted}
    left = {n: v for n, v in wanted.items() if n not in pair.to_erp and not same_value(actual[n], v)}
    separate = status.name if status is not None and status.separate else None
    plain = {name: value for name, value in left.items() if name != separate}
    if plain:
        return UpdateErp(**_write(plain, actual))
    return SetErpStatus(**_write(left, actual)) if left else None


def _write(wanted: dict[str, Any], actual: dict[str, Any]) -> dict[str, Any]:
    before = {name: None if actual[name] is UNREAD else actual[name] for name in wanted}
    baselines = {name: Baseline(None, value, value) for name, value in wanted.items()}
    return {"action": "cancel", "before": before, "after": wanted, "baselines": baselines}


def _after_noting(pair: Pair, step: Step) -> Step:
    return step if pair.orphan_noted else NoteOrphan()


def _park(pair: Pair, what: str, reason: Reason, detail: str = "", *, erp: str | None = None) -> Step:
    shown = pair.record.erp_id if erp is None else erp
    parked = Parked(reason=reason, maintainx=None, sent=None, erp=shown, event_id=pair.event.event_id, detail=detail)
    kept = kept_of(pair.record, {what: parked})
    outcome = parked_outcome(pair.record, kept, erp_id=pair.record.erp_id)
    return Finish(outcome, parked=kept, changes={"erp_version": None})


_DELETED = {"state": "deleted", "conflicts": {}}
