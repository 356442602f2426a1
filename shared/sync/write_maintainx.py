"""Writes to MaintainX, and what is known of the work order afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.erp.mapping_back import nested
from shared.errors import BridgeError, OutcomeUnknown, RecordNotFound, RecordNotVisible, VersionConflict
from shared.events import dig
from shared.stored_forms import is_form_of
from shared.sync.merge import Baseline
from shared.sync.pair import Pair
from shared.sync.snapshot import STATUS_PATH, WorkOrderSnapshot, updated_at
from shared.sync.steps import SetWorkOrderStatus, UpdateWorkOrder, Write
from shared.sync.writing import Writer, look_again, with_refusals
from shared.values import is_empty, same_value


@dataclass(frozen=True, slots=True)
class MaintainXWriter(Writer):
    """The writes to MaintainX."""

    def update(self, step: UpdateWorkOrder, pair: Pair) -> Pair:
        """Write fields of the work order."""
        # All of `extraFields`, as MaintainX does not say whether those left out stay.
        side = pair.maintainx
        wanted = side.with_values(self.parts.mapping, self.parts.zone, step.after).work_order
        body = {name: wanted[name] for name in nested(step.after)}
        return self._write(step, pair, lambda: self.parts.maintainx.change_work_order(pair.record.maintainx_id, body))

    def set_status(self, step: SetWorkOrderStatus, pair: Pair) -> Pair:
        """Set its status."""
        status = str(step.after[STATUS_PATH])
        return self._write(step, pair, lambda: self.parts.maintainx.set_status(pair.record.maintainx_id, status))

    def _write(self, step: Write, pair: Pair, call: Callable[[], Mapping[str, Any]]) -> Pair:
        parts, side, number = self.parts, pair.maintainx, pair.record.maintainx_id
        intent = self.intent(step, pair, None)

        def write() -> Mapping[str, Any]:
            try:
                answer = call()
            except RecordNotFound as error:  # deleted since it was read: an event will tell
                raise RecordNotVisible(str(error)) from error
            if all(_is_shown(answer, number, path, value) for path, value in step.after.items()):
                return answer
            try:
                return parts.maintainx.get_work_order(number)
            except BridgeError as error:
                raise OutcomeUnknown(f"work order {number} was written, but not read back: {error}") from error

        try:
            answer = self.done(pair, intent, write)
        except VersionConflict as error:
            return look_again(pair, error)
        after = side.with_values(parts.mapping, parts.zone, {path: dig(answer, path) for path in step.after})
        # Else somebody changed another field meanwhile, of which an event will tell, or catch_up must.
        seen = WorkOrderSnapshot.read_or_none(parts.mapping, {**side.work_order, **answer}, parts.zone)
        pair = pair.knowing(maintainx_updated_at=updated_at(answer) if _shows(seen, after) else None)
        refused = {name for path, name in step.paths.items() if not _is_taken(step, path, dig(answer, path))}
        baselines = {
            name: Baseline(after.fields[name].maintainx, after.fields[name].sent, each.erp)
            for name, each in step.baselines.items()
            if name not in refused
        }
        pair = self.performed(pair, intent, baselines, pair.record.erp_version)
        pair = replace(
            pair, work_order=dict(after.work_order), is_fresh=True, to_maintainx=pair.to_maintainx | baselines.keys()
        )
        return with_refusals(step, pair, refused, "maintainx_keeps", "") if refused else pair


def _is_shown(answer: Mapping[str, Any], number: int, path: str, value: Any) -> bool:
    """Whether MaintainX's answer shows a field. It leaves out what is empty, and extra fields where it likes."""
    if answer.get("id") != number:
        return False
    parent, dot, _ = path.rpartition(".")
    return dig(answer, path) is not None or (is_empty(value) and (not dot or dig(answer, parent) is not None))


def _is_taken(step: Write, path: str, stored: Any) -> bool:
    return is_form_of(stored, step.after[path]) or not same_value(stored, step.before.get(path))


def _shows(seen: WorkOrderSnapshot | None, expected: WorkOrderSnapshot) -> bool:
    if seen is None:
        return False
    return all(same_value(seen.fields[name].maintainx, each.maintainx) for name, each in expected.fields.items())
