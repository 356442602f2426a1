"""The three-way merge: what each side said when both last agreed, what each says now, and who wins. Pure.

Each side is compared with what it said itself at the last agreement, so a value that only one side can hold (ON_HOLD in
an ERP without such a status, a title cut to 40 characters) is a change only when somebody changed it.

| MaintainX since then | ERP since then | result |
|---|---|---|
| unchanged | unchanged | `agreed`: it stays as it was decided |
| any | any, and both mean the same now | `agreed` |
| changed | unchanged | `maintainx`: write the ERP |
| unchanged | changed | `erp`: write MaintainX |
| changed | changed | `conflict`: the field's policy decides |

Without an agreement on a field (the first time both sides meet, or a rule that is new in the mapping) both count as
changed, except that an empty value is none to defend. A field that the ERP does not show counts as unchanged there. A
field of one direction has its source as the winner whenever the sides differ and one of them changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.values import same_value

Side = Literal["maintainx", "erp"]
Kind = Literal["agreed", "maintainx", "erp", "conflict"]
Policy = Literal["maintainx", "erp", "newest", "manual"]
Direction = Literal["both", "to_erp", "to_maintainx"]


class Unread:
    """A value that nobody told."""

    def __repr__(self) -> str:
        return "UNREAD"


UNREAD = Unread()


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a field was on each side when both last agreed on it, or when it was last decided.

    maintainx: MaintainX's own value; sent: what the mapping makes of it for the ERP; erp: the ERP's own value.
    """

    maintainx: Any
    sent: Any
    erp: Any

    def to_json(self) -> dict[str, Any]:
        """The form in which a SyncRecord keeps it."""
        return {"maintainx": self.maintainx, "sent": self.sent, "erp": self.erp}

    @classmethod
    def of(cls, base: Mapping[str, Any], field: str) -> Baseline | None:
        """The agreement on a field in a SyncRecord's base; None if there is none."""
        return cls(**base[field]) if field in base else None


Baselines = Mapping[str, Mapping[str, Any]]
"""ERP field -> `Baseline.to_json`, as a SyncRecord keeps them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The side that `newest` chose for two values. It stands until all writes are done, since they move the clocks."""

    side: Side
    maintainx: Any
    erp: Any

    def to_json(self) -> dict[str, Any]:
        """The form in which a SyncRecord keeps it."""
        return {"side": self.side, "maintainx": self.maintainx, "erp": self.erp}

    @classmethod
    def of(cls, choices: Mapping[str, Any], field: str, maintainx: Any, erp: Any) -> Choice | None:
        """What was chosen for a field; None if nothing was, or for other values than these."""
        chosen = cls(**choices[field]) if field in choices else None
        same = chosen is not None and same_value(chosen.maintainx, maintainx) and same_value(chosen.erp, erp)
        return chosen if same else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldState:
    """One field, by its ERP name, with all that decides it.

    maintainx, sent, erp: as in Baseline, now; erp UNREAD if the ERP does not show it. back: what the mapping makes of
    the ERP's value for MaintainX, UNREAD if nothing. held: whether a record with the ERP's value is in what is `sent`
    as well (SAP's CNF is released too). decided: the side that a person chose, or that had
    the record first; chosen: the one that `newest` did.
    """

    field: str
    base: Baseline | None
    maintainx: Any
    sent: Any
    erp: Any
    back: Any = UNREAD
    held: bool = False
    direction: Direction = "both"
    policy: Policy = "maintainx"
    decided: Side | None = None
    chosen: Side | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one field. winner: the side whose value stays; None if they agree, or it is parked."""

    state: FieldState
    kind: Kind
    winner: Side | None

    @property
    def field(self) -> str:
        """The field's ERP name."""
        return self.state.field

    @property
    def parked(self) -> bool:
        """Whether a person must decide."""
        return self.kind == "conflict" and self.winner is None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The decisions for all fields."""

    decisions: tuple[Decision, ...]

    @property
    def to_erp(self) -> dict[str, Any]:
        """ERP fields to write, with the mapped values of MaintainX."""
        return {d.field: d.state.sent for d in self.decisions if d.winner == "maintainx"}

    @property
    def to_maintainx(self) -> dict[str, Any]:
        """ERP fields whose value MaintainX is to get, in MaintainX's form."""
        return {d.field: d.state.back for d in self.decisions if d.winner == "erp"}

    @property
    def conflicts(self) -> tuple[Decision, ...]:
        """Fields that both sides changed, to different values."""
        return tuple(d for d in self.decisions if d.kind == "conflict")

    @property
    def parked(self) -> tuple[Decision, ...]:
        """The conflicts that a person must decide."""
        return tuple(d for d in self.decisions if d.parked)

    @property
    def settled(self) -> tuple[Decision, ...]:
        """Fields on which both sides mean the same."""
        return tuple(d for d in self.decisions if d.kind == "agreed")


def merge(states: Iterable[FieldState], newest: Side | None) -> Resolution:
    """Decide every field. newest: the side that was changed last; None if that is not known, which parks `newest`."""
    return Resolution(tuple(_decide(state, newest) for state in states))


def _decide(state: FieldState, newest: Side | None) -> Decision:
    kind = _KINDS[state.direction](state)
    if kind == "agreed":
        return Decision(state, kind, None)
    winner: Side | None = kind if kind != "conflict" else _by_policy(state.policy, state.chosen or newest)
    if state.decided is not None:
        kind, winner = "conflict", state.decided
    if winner == "maintainx" and state.held:
        return Decision(state, "agreed", None)  # it wins already
    return Decision(state, kind, winner)


def _by_policy(policy: Policy, newest: Side | None) -> Side | None:
    winners: dict[Policy, Side | None] = {"maintainx": "maintainx", "erp": "erp", "newest": newest, "manual": None}
    return winners[policy]


def _both_ways(state: FieldState) -> Kind:
    base, erp = state.base, state.erp
    if erp is UNREAD:
        return "agreed" if base is not None and not _maintainx_changed(state, base) else "maintainx"
    if base is None:
        return _first_meeting(state)
    if _as_agreed(state) or _means_the_same(state):
        return "agreed"
    if same_value(erp, base.erp):
        return "maintainx"
    return "conflict" if _maintainx_changed(state, base) else "erp"


def _first_meeting(state: FieldState) -> Kind:
    if _means_the_same(state) or state.held:
        return "agreed"
    if same_value(state.erp, None):
        return "maintainx"
    return "erp" if same_value(state.maintainx, None) else "conflict"


def _to_erp(state: FieldState) -> Kind:
    if state.erp is UNREAD:
        return "agreed" if state.base is not None and same_value(state.sent, state.base.sent) else "maintainx"
    return "agreed" if same_value(state.sent, state.erp) or _as_agreed(state) else "maintainx"


def _to_maintainx(state: FieldState) -> Kind:
    return "agreed" if state.erp is UNREAD or _means_the_same(state) or _as_agreed(state) else "erp"


_KINDS = {"both": _both_ways, "to_erp": _to_erp, "to_maintainx": _to_maintainx}


def _as_agreed(state: FieldState) -> bool:
    """Whether nobody changed it: one side may have made something else of what it got (capitals, leading zeros)."""
    base = state.base
    return base is not None and not _maintainx_changed(state, base) and same_value(state.erp, base.erp)


def _maintainx_changed(state: FieldState, base: Baseline) -> bool:
    """A value of before counts as changed too if the mapping now makes something else of it."""
    return not same_value(state.maintainx, base.maintainx) or not same_value(state.sent, base.sent)


def _means_the_same(state: FieldState) -> bool:
    if same_value(state.sent, state.erp):
        return True
    return state.back is not UNREAD and same_value(state.back, state.maintainx)
