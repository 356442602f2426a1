"""What can be done next with a pair, as data. `shared.sync.plan` chooses, `shared.sync.perform` does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shared.outcomes import Outcome
from shared.sync.audit import Action, Direction
from shared.sync.conflicts import Parked
from shared.sync.intent import Intent
from shared.sync.merge import Baseline, Decision


@dataclass(frozen=True, slots=True)
class ReadWorkOrder:
    """Read MaintainX's side."""


@dataclass(frozen=True, slots=True)
class ReadErp:
    """Read the ERP's record by its id, and prove that it is ours."""


@dataclass(frozen=True, slots=True)
class FindErp:
    """Search the ERP for the record that carries our reference."""


@dataclass(frozen=True, slots=True)
class ReadOther:
    """Read an ERP record that is said to carry the reference of another one."""

    erp_id: str


@dataclass(frozen=True, slots=True)
class ReadAttempt:
    """Read what is noted down of the ERP record that the work order was made of."""


@dataclass(frozen=True, slots=True)
class LinkByMark:
    """Link a new work order to the ERP record that it was made of, unless it is a copy."""

    erp_id: str


@dataclass(frozen=True, slots=True)
class Settle:
    """Settle the write that was under way. done: what of it was done; None if nothing was."""

    done: Intent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agree:
    """Note what both sides agree on. choices: what `newest` decided, which stands until all is written.

    action: of the audit entry, None for none; agreed: what it says. rejected, policy: of fields where the ERP's value
    stays.
    """

    baselines: Mapping[str, Baseline]
    choices: Mapping[str, Any] = field(default_factory=dict)
    action: Action | None = None
    agreed: Mapping[str, Any] = field(default_factory=dict)
    rejected: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoteOrphan:
    """Note in the audit trail that the ERP's record is gone."""


@dataclass(frozen=True, slots=True)
class StartAnew:
    """Forget the ERP's record that is gone; the work order gets another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write to one of the systems.

    after, before: new and old values by the names of the system written. baselines: what both sides agree on, by ERP
    name, if the system stores just that. conflicts: the decisions for fields that both sides had changed. paths:
    MaintainX's dotted path -> ERP name.
    """

    direction: ClassVar[Direction] = "maintainx_to_erp"

    action: Action
    after: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    conflicts: Mapping[str, Decision] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateErp(Write):
    """Make the ERP's record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateErp(Write):
    """Write fields of the ERP's record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetErpStatus(Write):
    """Bring the ERP's record to a status, by as many steps as the ERP demands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkOrder(Write):
    """Write fields of the work order."""

    direction: ClassVar[Direction] = "erp_to_maintainx"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWorkOrderStatus(Write):
    """Set the work order's status."""

    direction: ClassVar[Direction] = "erp_to_maintainx"


@dataclass(frozen=True, slots=True)
class Finish:
    """End the run. parked: all that waits for a person now. changes: fields of the sync record.

    saves: False if nothing was learned. note: of an audit entry about what was not written. keeps_pair: remember which
    work order the ERP's record had, as it is not linked any more.
    """

    outcome: Outcome
    parked: Mapping[str, Parked] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    saves: bool = True
    note: Action | None = None
    keeps_pair: bool = False


Step = (
    ReadWorkOrder
    | ReadErp
    | FindErp
    | ReadOther
    | ReadAttempt
    | LinkByMark
    | Settle
    | Agree
    | NoteOrphan
    | StartAnew
    | CreateErp
    | UpdateErp
    | SetErpStatus
    | UpdateWorkOrder
    | SetWorkOrderStatus
    | Finish
)
