"""Reads the two sides of a pair, and proves that what the ERP has under a number is our record."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from shared.erp.base import ErpRecord
from shared.errors import RecordNotFound, RecordNotVisible, RemoteUnavailable
from shared.sync.conflicts import DELETION
from shared.sync.maintainx_side import WorkOrder
from shared.sync.merge import UNREAD
from shared.sync.pair import Gone, Pair
from shared.sync.parts import SyncParts
from shared.sync.plan import DELETED_EVENT
from shared.sync.reference import is_of_another
from shared.sync.snapshot import updated_at

# So many other records are asked for before a 404 is believed.
_OTHERS = 3


def read_work_order(parts: SyncParts, pair: Pair) -> Pair:
    """MaintainX's side as it is now. RecordNotVisible if MaintainX answers 404 but nobody told of a deletion."""
    work_order = _work_order(parts, pair)
    read = replace(pair, work_order=work_order, is_fresh=True)
    return read if work_order is None else read.knowing(maintainx_updated_at=updated_at(work_order))


def _work_order(parts: SyncParts, pair: Pair) -> WorkOrder | None:
    record = pair.record
    try:
        work_order = parts.maintainx.get_work_order(record.maintainx_id)
    except RecordNotFound:
        # MaintainX answers 404 too for what its key's user may not see: only an event that told of a deletion may
        # cancel orders, or a lost permission would cancel a whole plant's.
        if record.state == "deleted" or DELETION in record.conflicts or pair.event.type == DELETED_EVENT:
            return None
        text = f"work order {record.maintainx_id} of {parts.site}"
        raise RecordNotVisible(f"{text}: MaintainX answers 404, but no event told of its deletion") from None
    return None if work_order.get("deletedAt") else dict(work_order)


def read_erp(parts: SyncParts, pair: Pair) -> Pair:
    """The ERP's record as it is now; Gone if it is not there, or if the ERP has another record under its id.

    In both cases, if one has our reference, somebody made it anew, or gave it another id, and that one counts from here
    on. RemoteUnavailable if the ERP's own answers do not fit together.
    """
    record = pair.record
    try:
        found = parts.erp.get(str(record.erp_id))
    except RecordNotFound as error:
        gone = Gone(str(error))
    else:
        if not is_of_another(found.reference, record.reference, carried=record.carries_reference):
            carries = not is_of_another(found.reference, record.reference, carried=True)
            return _met(pair.knowing(carries_reference=carries), found)
        gone = _not_ours(found)
    if not gone.not_ours:
        _must_show_others(parts, pair, gone)
    try:  # does it answer 404 to anything, and has somebody made another record with our reference?
        listed = parts.erp.find_by_reference(record.reference)
    except RecordNotFound as error:
        raise RemoteUnavailable(f"the ERP answers 404 to a search as well: {error}") from error
    if listed is None:
        return replace(pair, erp=gone, is_fresh=False, must_read=False)
    if listed.id == record.erp_id:
        raise RemoteUnavailable(f"the ERP's search still has what it does not show: {gone.why}")
    another = _whole(parts, pair, listed)
    # What was agreed on, and what was under way, is about the one that is gone.
    return replace(_met(pair.knowing(base={}, intent=None, carries_reference=False), another), adopting=True)


def _must_show_others(parts: SyncParts, pair: Pair, gone: Gone) -> None:
    """RemoteUnavailable if the ERP shows none of some other linked records either: our user may have lost a right.

    Such an ERP answers 404 and empty lists, as if everything was deleted.
    """
    linked = parts.state.list_records(parts.site, kind=pair.record.kind, state="linked")
    others = (str(each.erp_id) for each in linked if each.key != pair.record.key and each.erp_id is not None)
    asked = []
    for erp_id in islice(others, _OTHERS):
        asked.append(erp_id)
        try:
            parts.erp.get(erp_id)
        except RecordNotFound:
            continue
        return
    if asked:
        raise RemoteUnavailable(
            f"the ERP does not show {', '.join(asked)} either, which are linked as well: {gone.why}"
        )


def find_erp(parts: SyncParts, pair: Pair) -> Pair:
    """The ERP's record with our reference; RemoteUnavailable while an unanswered create may still take effect."""
    intent, record = pair.intent, pair.record
    found = parts.erp.find_by_reference(record.reference)
    if found is not None:
        return replace(_met(pair, _whole(parts, pair, found)), adopting=intent is None)
    if intent is not None:
        ended_by_utc = intent.ended_by_utc(parts.lease_s)
        wait_s = parts.erp.settle_s - (parts.clock() - ended_by_utc).total_seconds()
        if wait_s > 0:
            text = f"create of {record.reference} was not answered and may still take effect"
            raise RemoteUnavailable(text, retry_after_s=wait_s)
    return replace(pair, erp=None, is_fresh=False)


def _met(pair: Pair, found: ErpRecord) -> Pair:
    state = "linked" if pair.record.state == "creating" else pair.record.state
    known = pair.knowing(erp_id=found.id, erp_version=found.version, state=state)
    return replace(known, erp=found, is_fresh=pair.work_order is UNREAD, must_read=False)


def _whole(parts: SyncParts, pair: Pair, found: ErpRecord) -> ErpRecord:
    """What a search found, with its version. RemoteUnavailable if the search lags behind a deletion."""
    if found.version is not None:
        return found
    try:
        read = parts.erp.get(found.id)
    except RecordNotFound as error:
        raise RemoteUnavailable(f"the ERP's search has what it does not show: {error}") from error
    if is_of_another(read.reference, pair.record.reference):
        raise RemoteUnavailable(f"the ERP's search has what it does not show: {_not_ours(read).why}")
    return read


def _not_ours(found: ErpRecord) -> Gone:
    return Gone(f"{found.id} carries {found.reference or 'no reference'}", not_ours=True)
