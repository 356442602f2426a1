"""Writes to the ERP, and what is known of its record afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shared.erp.base import ErpRecord
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    OutcomeUnknown,
    PermissionDenied,
    RemoteRejected,
    StatusNotPossible,
    TransientError,
    VersionConflict,
)
from shared.stored_forms import is_form_of
from shared.sync.conflicts import Reason
from shared.sync.merge import Baseline
from shared.sync.pair import Pair
from shared.sync.steps import CreateErp, SetErpStatus, UpdateErp, Write
from shared.sync.writing import Refused, Writer, look_again, with_refusals
from shared.values import is_empty, same_value


@dataclass(frozen=True, slots=True)
class ErpWriter(Writer):
    """The writes to the ERP."""

    def create(self, step: CreateErp, pair: Pair) -> Pair:
        """Make the record."""
        record = pair.record
        intent = self.intent(step, pair, None)
        create = lambda: self._shown(step, self.parts.erp.create(step.after, record.reference))  # noqa: E731
        try:
            made = self.done(pair, intent, create).record
        except VersionConflict as error:
            return look_again(pair, error)
        baselines = {name: _as_made(each, made.fields.get(name, each.erp)) for name, each in step.baselines.items()}
        pair = pair.knowing(erp_id=made.id, erp_version=made.version, state="linked")
        pair = self.performed(pair, intent, baselines, made.version)
        return replace(pair, erp=made, is_fresh=False, created=True)

    def update(self, step: UpdateErp, pair: Pair) -> Pair:
        """Write fields, if the record is at the version that we know."""
        erp_id, version = str(pair.record.erp_id), pair.record.erp_version
        return self._write(step, pair, lambda: self.parts.erp.update(erp_id, step.after, version))

    def set_status(self, step: SetErpStatus, pair: Pair) -> Pair:
        """Bring the record to a status."""
        erp_id, version = str(pair.record.erp_id), pair.record.erp_version
        ((name, status),) = step.after.items()
        current = step.before[name]
        return self._write(
            step,
            pair,
            lambda: self.parts.erp.set_status(erp_id, status, current=current, version=version),
        )

    def _write(self, step: Write, pair: Pair, call: Callable[[], ErpRecord]) -> Pair:
        intent = self.intent(step, pair, pair.record.erp_version)
        was_read = pair.found is not None
        try:
            shown = self.done(pair, intent, lambda: self._shown(step, _of_erp(call, was_read=was_read)))
        except VersionConflict as error:
            return look_again(pair, error)
        except (StatusNotPossible, Refused) as error:
            return _not_possible(step, pair, str(error))
        now, known = shown.record, pair.found or _as_known(pair)
        stored = {n: _as_stored(step, pair, n, each, shown) for n, each in step.baselines.items()}
        baselines = {name: each for name, each in stored.items() if each is not None}
        refused = step.after.keys() - baselines.keys()
        read = (
            now
            if shown.is_whole
            else replace(
                now,
                fields={**known.fields, **now.fields},
                reference=known.reference,
                changed_at=now.changed_at or known.changed_at,
            )
        )
        pair = replace(pair.knowing(erp_version=now.version), erp=read, is_fresh=False)
        pair = self.performed(pair, intent, baselines, now.version)
        pair = replace(pair, to_erp=pair.to_erp | baselines.keys(), alone=pair.alone - step.after.keys())
        reason: Reason = "status_not_possible" if isinstance(step, SetErpStatus) else "erp_keeps"
        return with_refusals(step, pair, refused, reason, "") if refused else pair

    def _shown(self, step: Write, answer: ErpRecord) -> _Shown:
        """What the ERP has stored: by its answer, or by what it has now where the answer does not show that."""
        sent = {n for n, each in step.baselines.items() if isinstance(step, UpdateErp) or not is_empty(each.sent)}
        if sent <= answer.fields.keys():
            return _Shown(answer)
        try:
            read = self.parts.erp.get(answer.id)
        except BridgeError as error:
            after_s = error.retry_after_s if isinstance(error, TransientError) else None
            text = f"record {answer.id} of the ERP was written, but not read back: {error}"
            raise OutcomeUnknown(text, retry_after_s=after_s) from error
        changed = answer.version is not None and read.version != answer.version
        return _Shown(read, is_whole=True, changed_meanwhile=changed)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The ERP's record after a write. is_whole: it was read back; changed_meanwhile: it moved on since the write."""

    record: ErpRecord
    is_whole: bool = False
    changed_meanwhile: bool = False


def _as_made(expected: Baseline, shown: Any) -> Baseline:
    """The baseline of a field of a new record: what it does not have as it was sent is yet to be brought to it."""
    known = expected.sent if is_form_of(shown, expected.sent) else shown
    return Baseline(expected.maintainx, known, shown)


def _as_stored(step: Write, pair: Pair, name: str, expected: Baseline, shown: _Shown) -> Baseline | None:
    """What is agreed on now; None if the ERP did not take the value."""
    stored, before = shown.record.fields.get(name, expected.erp), step.before.get(name)
    if isinstance(step, SetErpStatus):
        status = pair.rules.status
        if status is not None and status.holds(expected.sent, stored):
            return replace(expected, erp=stored)
        # On the way there: what MaintainX has still differs from it.
        return None if same_value(stored, before) else replace(expected, sent=stored, erp=stored)
    if is_form_of(stored, expected.sent):
        return replace(expected, erp=stored)
    if shown.changed_meanwhile:  # by somebody else, so that it counts as a change
        return expected
    if pair.created and not is_empty(stored):  # it makes the same of it each time
        return replace(expected, erp=stored)
    return None if same_value(stored, before) else replace(expected, erp=stored)


def _as_known(pair: Pair) -> ErpRecord:
    """The ERP's record by what was agreed on, proven by a write at its version."""
    fields = {name: pair.erp_value(name) for name in pair.record.base}
    return ErpRecord(str(pair.record.erp_id), None, fields, pair.record.erp_version)


def _not_possible(step: Write, pair: Pair, why: str) -> Pair:
    """One field that the ERP does not take keeps no other back."""
    if len(step.after) > 1 and step.action == "update":
        return replace(pair, alone=pair.alone | step.after.keys())
    reason: Reason = "status_not_possible" if isinstance(step, SetErpStatus) else "erp_refuses"
    pair = replace(pair, alone=pair.alone - step.after.keys())
    return with_refusals(step, pair, step.after.keys(), reason, why)


def _of_erp(call: Callable[[], ErpRecord], *, was_read: bool) -> ErpRecord:
    try:
        return call()
    except RemoteRejected as error:  # a 404 too: it may be about a function or a part of the record
        if isinstance(error, AuthenticationFailed | PermissionDenied):
            raise
        if was_read:
            raise Refused(str(error)) from error
        # It may be that the record is not as we know it any more; then there is another thing to do than this one.
        raise VersionConflict(f"refused, without having looked: {error}") from error
