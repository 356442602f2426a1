"""The three-way merge: what both sides last agreed on, what each says now, and who wins. Pure.

| MaintainX since base | ERP since base | result |
|---|---|---|
| any | the same as MaintainX | `agreed`: nothing to write |
| changed | unchanged | `maintainx`: write the ERP |
| unchanged | changed | `erp`: write MaintainX |
| changed | changed to something else | `conflict`: the field's owner wins |

Without a base for a field (the first time both sides meet, or a rule that is new in the mapping) both count as
changed, except that an empty ERP field is no value to defend. A field that the ERP does not show counts as unchanged
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.sync.values import same_value

Side = Literal["maintainx", "erp"]
Kind = Literal["agreed", "maintainx", "erp", "conflict"]
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one field. winner: the side whose value stays; None if they agree."""

    field: str
    kind: Kind
    winner: Side | None
    base: Any
    maintainx: Any
    erp: Any


@dataclass(frozen=True, slots=True)
class Resolution:
    """The decisions for all fields."""

    decisions: tuple[Decision, ...]

    @property
    def to_erp(self) -> dict[str, Any]:
        """ERP fields to write, with MaintainX's values."""
        return {d.field: d.maintainx for d in self.decisions if d.winner == "maintainx"}

    @property
    def to_maintainx(self) -> dict[str, Any]:
        """Fields in which the ERP's value stays, with that value."""
        return {d.field: d.erp for d in self.decisions if d.winner == "erp"}

    @property
    def conflicts(self) -> tuple[Decision, ...]:
        """Fields that both sides changed, to different values."""
        return tuple(d for d in self.decisions if d.kind == "conflict")


def resolve(base: Fields, maintainx: Fields, erp: Fields, owners: Mapping[str, Side]) -> Resolution:
    """Decide every field in `owners`, which names the side that wins a conflict there.

    All fields by their ERP names; `maintainx` must have each, `base` and `erp` may lack some.
    """
    return Resolution(tuple(_decide(field, base, maintainx[field], erp, owner) for field, owner in owners.items()))


def _decide(field: str, base: Fields, maintainx: Any, erp: Fields, owner: Side) -> Decision:
    kind = _kind(field, base, maintainx, erp)
    winner: Side | None = owner if kind == "conflict" else None if kind == "agreed" else kind
    return Decision(field, kind, winner, base.get(field), maintainx, erp.get(field))


def _kind(field: str, base: Fields, maintainx: Any, erp: Fields) -> Kind:
    if field not in erp:
        return "agreed" if field in base and same_value(maintainx, base[field]) else "maintainx"
    if same_value(maintainx, erp[field]):
        return "agreed"
    if field not in base:
        return "maintainx" if same_value(erp[field], None) else "conflict"
    if same_value(erp[field], base[field]):
        return "maintainx"
    return "erp" if same_value(maintainx, base[field]) else "conflict"
