"""The heart of a look: decides every field of a record that both sides have, or make it, and write what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from shared.config.mappings import FieldRule
from shared.erp.base import ErpRecord, StatusRules
from shared.erp.mapping_back import maintainx_value_of
from shared.errors import MappingError
from shared.outcomes import Outcome, done, skipped
from shared.sync.conflicts import Parked, Reason
from shared.sync.new_in_erp import as_made_of_erp
from shared.sync.resolver import UNKNOWN, Agreed, Choice, Decision, FieldState, Resolution, resolve
from shared.sync.sides import Ours, compared, field_states, known_value, newest_side
from shared.values import same_value

if TYPE_CHECKING:
    from shared.sync.look import Look


@dataclass(slots=True)
class Reconcile:
    """found: the ERP's record as just read; None if we go by what we know, or there is none yet.

    adopting: the ERP had it and we did not know. taken_in: the work order was made of it, and they meet for the first
    time. parked: fields that a person must decide, as they turn up.
    """

    look: Look
    ours: Ours
    found: ErpRecord | None
    adopting: bool = False
    taken_in: bool = False
    parked: dict[str, Parked] = field(default_factory=dict)
    to_erp: set[str] = field(default_factory=set)
    to_maintainx: set[str] = field(default_factory=set)

    @property
    def _rules(self) -> dict[str, FieldRule]:
        return compared(self.look.engine.mapping)

    @property
    def _status(self) -> StatusRules | None:
        return self.look.engine.erp.description.status

    # The two ways in

    def create(self) -> Outcome:
        """Make the ERP's record."""
        status = self._status
        separate = status.name if status is not None and status.separate else None
        sent = {rule.erp: rule for rule in self.look.engine.mapping.fields if rule.direction != "to_maintainx"}
        fields = {name: self.ours.fields[name].sent for name in sent if name != separate}
        agreed = {name: self._agreed(name) for name in fields if name in self._rules}
        if separate in sent:
            assert status is not None  # noqa: S101  # separate is its name
            mine = self.ours.fields[status.name]
            agreed[status.name] = Agreed(mine.maintainx, status.initial, status.initial)
        made = self.look.writes.create(fields, agreed)
        self._correct(made, {name: each for name, each in agreed.items() if name != separate})
        if separate in sent and status is not None:
            current = made.fields.get(status.name, status.initial)
            wanted = self.ours.fields[status.name].sent
            if not status.holds(wanted, current):
                self._bring_to(self._state(status.name, current), None)
        self._tell_of_new(made)
        self._commit()
        return done("created", **self._detail())

    def _correct(self, made: ErpRecord, agreed: Mapping[str, Agreed]) -> None:
        """Write once more what the new record does not have as it was sent.

        The ERP may have made something else of it (capitals), which its next answer shows again and is then agreed on;
        or it answered with a record that an earlier create made, which has what MaintainX had then.
        """
        states = {
            name: self._state(name, made.fields[name])
            for name, each in agreed.items()
            if name in made.fields and not same_value(made.fields[name], each.erp)
        }
        if states:
            self._write_fields({name: Decision(state, "maintainx", "maintainx") for name, state in states.items()})

    def _tell_of_new(self, made: ErpRecord) -> None:
        """Write to MaintainX what the ERP alone decides, such as the record's number."""
        engine = self.look.engine
        states = field_states(engine.mapping, engine.zone, self.look.record, self.ours, made, self._status)
        resolution = resolve((state for state in states if state.direction == "to_maintainx"), None)
        self._note_agreement(resolution)
        self._write_maintainx({d.field: d for d in resolution.decisions if d.winner == "erp"})

    def run(self) -> Outcome:
        """Decide and write. VersionConflict if the ERP's record was changed since it was read."""
        look, engine = self.look, self.look.engine
        look.session.set(base={name: agreed for name, agreed in look.record.base.items() if name in self._rules})
        states = field_states(engine.mapping, engine.zone, look.record, self.ours, self.found, self._status)
        self.taken_in = any(state.base is None for state in states) and look.is_being_taken_in(self.ours)
        if self.taken_in:
            states = [as_made_of_erp(state) for state in states]
        resolution = resolve(states, newest_side(self.ours, self.found))
        self._note_agreement(resolution)
        self._remember_choices(resolution)
        for decision in resolution.parked:
            no_time = decision.state.policy == "newest"
            self._park(decision.state, "no_time_of_change" if no_time else "both_changed")
        self._write_erp({d.field: d for d in resolution.decisions if d.winner == "maintainx"})
        erp_wins = {d.field: d for d in resolution.decisions if d.winner == "erp"}
        self._leave({name: d for name, d in erp_wins.items() if not self._rules[name].travels_back})
        self._write_maintainx({name: d for name, d in erp_wins.items() if self._rules[name].travels_back})
        return self._outcome()

    def _remember_choices(self, resolution: Resolution) -> None:
        """What `newest` decided stands until all is written: our own writes move the times that it goes by."""
        chosen = {
            d.field: Choice(d.winner, d.state.maintainx, _told(d.state.erp)).to_json()
            for d in resolution.conflicts
            if d.state.policy == "newest" and d.state.decided is None and d.winner is not None
        }
        self.look.session.set(choices=chosen)

    # What is agreed on already

    def _note_agreement(self, resolution: Resolution) -> None:
        agreed = {d.field: self._known(d.state) for d in resolution.settled}
        new = {name: each for name, each in agreed.items() if each is not None and each != self._base(name)}
        self.look.session.agree({name: each.to_json() for name, each in new.items()})
        moved = {name: each.erp for name, each in new.items() if self._moved(name, each, resolution)}
        if moved or self.adopting:
            self.look.writes.note("adopt" if self.adopting else "agree", agreed=moved)

    @staticmethod
    def _moved(name: str, now: Agreed, resolution: Resolution) -> bool:
        before = next(d.state.base for d in resolution.decisions if d.field == name)
        return before is None or not same_value(before.erp, now.erp)

    def _leave(self, decisions: Mapping[str, Decision]) -> None:
        """The ERP's value stays in fields that MaintainX is not told of, so both sides stay as they are.

        A person chose that, or the ERP had the record first.
        """
        if not decisions:
            return
        agreed = {n: Agreed(d.state.maintainx, d.state.sent, _told(d.state.erp)) for n, d in decisions.items()}
        self.look.writes.note(
            "agree",
            agreed={name: each.erp for name, each in agreed.items()},
            rejected={} if self.taken_in else {name: each.sent for name, each in agreed.items()},
            policy={} if self.taken_in else dict.fromkeys(agreed, "erp"),
        )
        self.look.session.agree({name: each.to_json() for name, each in agreed.items()})

    def _known(self, state: FieldState) -> Agreed | None:
        return None if state.erp is UNKNOWN else Agreed(state.maintainx, state.sent, state.erp)

    def _base(self, name: str) -> Agreed | None:
        return Agreed.of(self.look.record.base, name)

    # Writing

    def _write_erp(self, decisions: Mapping[str, Decision]) -> None:
        status, wanted = self._status, dict(decisions)
        to_status = wanted.pop(status.name, None) if status is not None and status.separate else None
        if to_status is not None and self._final_status() is not None:  # first, as it opens the others
            self._bring_to(to_status.state, to_status)
            to_status = None
        if wanted:
            self._write_fields(wanted)
        if to_status is not None:
            self._bring_to(to_status.state, to_status)

    def _final_status(self) -> str | None:
        """The ERP's status by now, if nothing of its record can be changed in it."""
        status = self._status
        if status is None:
            return None
        current = known_value(self.look.record, None if status.name in self.to_erp else self.found, status.name)
        return str(current) if current in status.final else None

    def _write_fields(self, wanted: Mapping[str, Decision]) -> None:
        final = self._final_status()
        if final is None:
            self._update(wanted)
            return
        for decision in wanted.values():
            self._park(decision.state, "erp_is_final", final)

    def _update(self, wanted: Mapping[str, Decision]) -> None:
        changes = {name: decision.state.sent for name, decision in wanted.items()}
        before = {name: _told(decision.state.erp) for name, decision in wanted.items()}
        agreed = {name: self._agreed(name) for name in wanted}
        refused = self.look.writes.update(changes, before, agreed, conflicts=_conflicts(wanted))
        if refused is None:
            self.to_erp |= wanted.keys()
        elif len(wanted) == 1:
            self._park(next(iter(wanted.values())).state, "erp_refuses", refused)
        else:  # one field that the ERP does not take keeps no other back
            for field_name, decision in wanted.items():
                self._update({field_name: decision})

    def _bring_to(self, state: FieldState, decision: Decision | None) -> bool:
        """Whether the ERP's record got its status; if not, the status is parked."""
        name, agreed = state.field, {state.field: self._agreed(state.field)}
        conflicts = _conflicts({} if decision is None else {name: decision})
        current = str(_told(state.erp))
        refused = self.look.writes.set_erp_status(str(state.sent), current, name, agreed, conflicts=conflicts)
        if refused is not None:
            self._park(state, "status_not_possible", refused)
            return False
        self.to_erp.add(name)
        return True

    def _write_maintainx(self, wanted: Mapping[str, Decision]) -> None:
        if not wanted:
            return
        engine = self.look.engine
        for decision in wanted.values():
            if decision.state.back is UNKNOWN:
                self._explain(decision.state)
        paths = {str(self._rules[name].maintainx): name for name in wanted}
        values = {path: wanted[name].state.back for path, name in paths.items()}
        expected = self.ours.with_values(engine.mapping, engine.zone, values)
        agreed = {
            name: Agreed(expected.fields[name].maintainx, expected.fields[name].sent, decision.state.erp)
            for name, decision in wanted.items()
        }
        before = self.ours
        self.look.must_be_as_read(before)
        self.ours = self.look.writes.write_maintainx(before, values, agreed, paths, conflicts=_conflicts(wanted))
        self.to_maintainx |= wanted.keys()
        self._follow_up(before, wanted.keys() | self.parked.keys())

    def _explain(self, state: FieldState) -> NoReturn:
        maintainx_value_of(self._rules[state.field], _told(state.erp), state.maintainx, self.look.engine.zone)
        raise MappingError(f"{state.field}: MaintainX cannot be told what the ERP does not show")

    def _follow_up(self, before: Ours, decided: set[str]) -> None:
        """Write ERP fields that are made of a MaintainX field which has just changed (`overflow_to`)."""
        states = {
            name: self._state(name, known_value(self.look.record, None, name))
            for name in self._rules
            if name not in decided and not same_value(self.ours.fields[name].sent, before.fields[name].sent)
        }
        if states:
            self._write_fields({name: Decision(state, "maintainx", "maintainx") for name, state in states.items()})

    # The end

    def _outcome(self) -> Outcome:
        before, finished = self.look.record.conflicts, self.look.session.finished
        adopted = self.adopting or self.look.session.taken_up
        parked = self._commit()
        if self.to_erp or self.to_maintainx:
            wrote = "merged" if self.to_erp and self.to_maintainx else "updated" if self.to_erp else "pulled"
            return done("adopted" if adopted else wrote, **self._detail())
        if adopted:
            return done("adopted", **self._detail())
        if finished is not None:
            pulled = finished.direction == "erp_to_maintainx"
            return done("pulled" if pulled else _FINISHED.get(finished.action, "updated"), **self._detail())
        if parked:
            return self.look.outcome_of_parked(before, parked, erp_id=self.look.record.erp_id)
        return skipped("unchanged" if self.found is None else "in_step", **self._detail())

    def _commit(self) -> dict[str, Any]:
        parked = self.look.park(self.parked)
        version = self.look.record.erp_version
        # While the ERP has what MaintainX does not, the next write must look first, or it would overwrite that.
        choices = {name: choice for name, choice in self.look.record.choices.items() if name in parked}
        self.look.session.commit(
            state="linked", conflicts=parked, choices=choices, erp_version=None if parked else version
        )
        return parked

    def _detail(self) -> dict[str, Any]:
        detail: dict[str, Any] = {"erp_id": self.look.record.erp_id, "fields": sorted(self.to_erp)}
        if self.to_maintainx:
            detail["pulled"] = sorted(self.to_maintainx)
        if self.parked:
            detail["parked"] = sorted(self.parked)
        return detail

    def _park(self, state: FieldState, reason: Reason, detail: str = "") -> None:
        self.parked[state.field] = Parked(
            reason=reason,
            maintainx=state.maintainx,
            sent=state.sent,
            erp=_told(state.erp),
            since=self.look.now,
            event_id=self.look.event.event_id,
            detail=detail,
        )

    def _agreed(self, name: str, erp: Any = UNKNOWN) -> Agreed:
        mine = self.ours.fields[name]
        return Agreed(mine.maintainx, mine.sent, mine.sent if erp is UNKNOWN else erp)

    def _state(self, name: str, erp: Any) -> FieldState:
        mine = self.ours.fields[name]
        return FieldState(field=name, base=self._base(name), maintainx=mine.maintainx, sent=mine.sent, erp=erp)


def _told(value: Any) -> Any:
    return None if value is UNKNOWN else value


def _conflicts(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    return {name: decision for name, decision in decisions.items() if decision.kind == "conflict"}


_FINISHED = {"create": "created", "cancel": "cancelled"}
