"""The writes of one look: each with its intent before and its audit entry after (`shared.sync.session`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from shared.erp.base import ErpRecord
from shared.erp.mapping_back import nested
from shared.errors import (
    AuthenticationFailed,
    PermissionDenied,
    RecordNotFound,
    RecordNotVisible,
    RemoteRejected,
    StatusNotPossible,
    VersionConflict,
)
from shared.events import Event, dig, format_utc
from shared.sync.audit import Action, AuditEntry, Direction
from shared.sync.intent import Intent
from shared.sync.resolver import Agreed, Decision
from shared.sync.session import ErpRefuses, RecordSession
from shared.sync.sides import Ours, updated_at
from shared.values import same_value

if TYPE_CHECKING:
    from shared.sync.engine import SyncEngine

T = TypeVar("T")
STATUS_PATH = "status"
Agreements = Mapping[str, Agreed]


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes to both systems on behalf of one event, under one lease."""

    engine: SyncEngine
    session: RecordSession
    event: Event

    def create(self, fields: dict[str, Any], agreed: Agreements) -> ErpRecord:
        """Make the ERP's record; returns it as the ERP has it."""
        record = self.session.record
        intent = self._intent("create", "maintainx_to_erp", before={}, after=fields, agreed=agreed)
        made = self.session.perform(intent, lambda: self.engine.erp.create(fields, record.reference))
        self.session.set(erp_id=made.id, erp_version=made.version, state="linked")
        self._performed(intent, _as_made(agreed, made.fields), made.version)
        return made

    def update(
        self,
        changes: dict[str, Any],
        before: Mapping[str, Any],
        agreed: Agreements,
        *,
        action: Action = "update",
        conflicts: Mapping[str, Decision] | None = None,
    ) -> str | None:
        """Write fields of the ERP's record; the ERP's words if it refuses. VersionConflict if it changed meanwhile."""
        erp_id, version = str(self.session.record.erp_id), self.session.record.erp_version
        intent = self._intent(
            action,
            "maintainx_to_erp",
            before=dict(before),
            after=changes,
            agreed=agreed,
            version=version,
            conflicts=conflicts,
        )
        return self._write_erp(intent, lambda: self.engine.erp.update(erp_id, changes, version), agreed)

    def set_erp_status(
        self,
        status: str,
        current: str,
        name: str,
        agreed: Agreements,
        *,
        action: Action = "status",
        conflicts: Mapping[str, Decision] | None = None,
    ) -> str | None:
        """Bring the ERP's record to a status; the reason why not, or the ERP's words if it refuses."""
        erp_id, version = str(self.session.record.erp_id), self.session.record.erp_version
        intent = self._intent(
            action,
            "maintainx_to_erp",
            before={name: current},
            after={name: status},
            agreed=agreed,
            version=version,
            conflicts=conflicts,
            stepwise=True,
        )
        return self._write_erp(
            intent, lambda: self.engine.erp.set_status(erp_id, status, current=current, version=version), agreed
        )

    def _write_erp(self, intent: Intent, write: Callable[[], ErpRecord], agreed: Agreements) -> str | None:
        looked = self.session.looked
        try:
            answer = self.session.perform(intent, lambda: _of_erp(write, looked=looked))
        except (StatusNotPossible, ErpRefuses) as error:
            return str(error)
        self.session.set(erp_version=answer.version)
        self._performed(intent, _as_answered(agreed, answer.fields), answer.version)
        return None

    def write_maintainx(
        self,
        ours: Ours,
        values: Mapping[str, Any],
        agreed: Agreements,
        erp_fields: Mapping[str, str],
        *,
        action: Action = "update",
        conflicts: Mapping[str, Decision] | None = None,
    ) -> Ours:
        """Write fields (by dotted path) of the work order, the status by a call of its own; its side afterwards.

        erp_fields: dotted path -> ERP name of the field.
        """
        plain = {path: value for path, value in values.items() if path != STATUS_PATH}
        for part in (plain, {path: value for path, value in values.items() if path == STATUS_PATH}):
            if part:
                fields = [erp_fields[path] for path in part if path in erp_fields]
                own = {field: agreed[field] for field in fields}
                won = {field: conflicts[field] for field in fields if conflicts and field in conflicts}
                step: Action = "status" if action == "update" and STATUS_PATH in part else action
                ours = self._write_maintainx(ours, part, own, step, won, erp_fields)
        return ours

    def _write_maintainx(
        self,
        ours: Ours,
        values: Mapping[str, Any],
        agreed: Agreements,
        action: Action,
        conflicts: Mapping[str, Decision],
        erp_fields: Mapping[str, str],
    ) -> Ours:
        engine, work_order_id = self.engine, self.session.record.maintainx_id
        before = {path: dig(ours.work_order, path) for path in values}
        intent = self._intent(
            action,
            "erp_to_maintainx",
            before=before,
            after=dict(values),
            agreed=agreed,
            conflicts=conflicts,
            fields=erp_fields,
        )

        def write() -> Mapping[str, Any]:
            try:
                if STATUS_PATH in values:
                    return engine.maintainx.set_status(work_order_id, str(values[STATUS_PATH]))
                # All of `extraFields`, as MaintainX does not say whether those left out stay.
                wanted = ours.with_values(engine.mapping, engine.zone, values).work_order
                return engine.maintainx.change_work_order(work_order_id, {n: wanted[n] for n in nested(values)})
            except RecordNotFound as error:  # deleted since it was read: an event will tell
                raise RecordNotVisible(str(error)) from error

        answer = self.session.perform(intent, write)
        actual = {path: value if dig(answer, path) is None else dig(answer, path) for path, value in values.items()}
        after = ours.with_values(engine.mapping, engine.zone, actual)
        known = {
            field: Agreed(after.fields[field].maintainx, after.fields[field].sent, each.erp)
            for field, each in agreed.items()
        }
        # Else somebody changed another field meanwhile, of which an event will tell, or catch_up must.
        is_as_expected = _shows(Ours.read_or_none(engine.mapping, {**ours.work_order, **answer}, engine.zone), after)
        self.session.set(maintainx_updated_at=updated_at(answer) if is_as_expected else None)
        self._performed(intent, known, self.session.record.erp_version)
        return after

    def note(self, action: Action, **fields: Any) -> None:
        """An audit entry of a decision that wrote nothing."""
        record = self.session.record
        self.session.note(
            AuditEntry(
                site=record.site,
                kind=record.kind,
                maintainx_id=record.maintainx_id,
                reference=record.reference,
                erp_id=record.erp_id,
                event_id=self.event.event_id,
                actor=self._actor,
                action=action,
                at=format_utc(self.engine.clock()),
                version_before=record.erp_version,
                version_after=record.erp_version,
                **fields,
            )
        )

    @property
    def _actor(self) -> str:
        user, operator = dig(self.event.data, "userId"), dig(self.event.data, "by")
        if self.event.source == "operator" and operator:
            return f"operator {operator}"
        return self.event.source if user is None else f"maintainx user {user}"

    def _performed(self, intent: Intent, agreed: Agreements, version: str | None) -> None:
        known = {field: each.to_json() for field, each in agreed.items()}
        self.session.performed(intent, agreed=known, erp_id=self.session.record.erp_id, version=version)

    def _intent(
        self,
        action: Action,
        direction: Direction,
        *,
        before: dict[str, Any],
        after: dict[str, Any],
        agreed: Agreements,
        version: str | None = None,
        conflicts: Mapping[str, Decision] | None = None,
        fields: Mapping[str, str] | None = None,
        stepwise: bool = False,
    ) -> Intent:
        won = {f: d for f, d in (conflicts or {}).items() if d.winner is not None}
        return Intent(
            action=action,
            direction=direction,
            event_id=self.event.event_id,
            actor=self._actor,
            at=format_utc(self.engine.clock()),
            before=before,
            after=after,
            rejected={f: d.state.sent for f, d in won.items() if d.winner == "erp"},
            policy={f: str(d.winner) for f, d in won.items()},
            agreed={f: each.to_json() for f, each in agreed.items()},
            version_before=version,
            fields={name: field for name, field in (fields or {}).items() if name in after},
            stepwise=stepwise,
        )


def _as_made(agreed: Agreements, fields: Mapping[str, Any]) -> Agreements:
    """The agreements on a new record: what it does not have as it was sent is yet to be brought to it."""
    as_sent = {f: a for f, a in agreed.items() if same_value(fields.get(f, a.erp), a.erp)}
    return {**{f: Agreed(a.maintainx, fields.get(f), fields.get(f)) for f, a in agreed.items()}, **as_sent}


def _as_answered(agreed: Agreements, fields: Mapping[str, Any]) -> Agreements:
    """The agreements with what the ERP made of the values, as far as its answer shows it."""
    return {f: Agreed(a.maintainx, a.sent, fields.get(f, a.erp)) for f, a in agreed.items()}


def _of_erp(call: Callable[[], T], *, looked: bool) -> T:
    try:
        return call()
    except RemoteRejected as error:  # a 404 too: it may be about a function or a part of the record
        if isinstance(error, AuthenticationFailed | PermissionDenied):
            raise
        if looked:
            raise ErpRefuses(str(error)) from error
        # It may be that the record is not as we know it any more; then there is another thing to do than this one.
        raise VersionConflict(f"refused, without having looked: {error}") from error


def _shows(seen: Ours | None, expected: Ours) -> bool:
    if seen is None:
        return False
    return all(same_value(seen.fields[name].maintainx, each.maintainx) for name, each in expected.fields.items())
