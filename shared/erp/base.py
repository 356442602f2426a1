"""What the sync engine needs of any ERP: the port, and what an adapter says of its records' fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from shared.lengths import Lengths

# A reference that no record has, for probes.
NO_REFERENCE = "bridge-health-probe"
FieldType = Literal["text", "number", "boolean", "date", "time"]


@dataclass(frozen=True, slots=True)
class ErpRecord:
    """A record as the ERP has it.

    reference: the external reference that we wrote into it. fields: the ERP's own fields by their names there, values
    in the canonical JSON forms of `ErpField.type`. version: sent back with an update so that a change in between is
    noticed; None if the ERP did not tell it. changed_at: UTC; None if the ERP did not tell it.
    """

    id: str
    reference: str | None
    fields: Mapping[str, Any]
    version: str | None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnreadableRecord(ErpRecord):
    """A row in a list of changes that has an id, but something else in it that nobody understands; why: for people."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class ErpField:
    """One field of an ERP's record, as a mapping may use it.

    type: how its value looks in `ErpRecord.fields` and in writes, whatever the wire has: `text`, `number`, `boolean`;
    `date` is `2026-09-16`; `time` is `2026-09-16T16:00:00Z` (UTC). max_length: as the ERP counts. creatable, updatable:
    whether it may be written with a create, with an update. values: all that the ERP takes there, if that is fixed.
    """

    name: str
    type: FieldType = "text"
    max_length: int | None = None
    creatable: bool = True
    updatable: bool = True
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class StatusRules:
    """How an ERP keeps the status of its records.

    name: of its field in `ErpRecord.fields`. readable: every status that a record may be in. writable: those that it
    can be brought to. separate: whether only `set_status` writes it; else it is a field like any other. initial: of a
    new record. holds_in: wanted status -> statuses of which it is a part, so that nothing is to be done there (SAP's
    CNF is released too). final: statuses in which a record has come to its end. locks:
    further ones in which only its status takes a change.
    """

    name: str
    readable: tuple[str, ...]
    writable: frozenset[str]
    separate: bool
    initial: str | None = None
    holds_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    final: frozenset[str] = frozenset()
    locks: frozenset[str] = frozenset()

    @property
    def closed(self) -> frozenset[str]:
        """Statuses in which no field takes a change."""
        return self.final | self.locks

    def holds(self, wanted: object, actual: object) -> bool:
        """Whether a record in status `actual` is in `wanted` as well."""
        return wanted == actual or (isinstance(wanted, str) and actual in self.holds_in.get(wanted, ()))


@dataclass(frozen=True, slots=True)
class ErpDescription:
    """What is known of an ERP's records. fields None: nothing, so that any field name is taken on trust.

    lengths: what it counts where a text has a longest length (`ErpField.max_length`).
    """

    fields: Mapping[str, ErpField] | None = None
    status: StatusRules | None = None
    reference_length: int = 40
    lengths: Lengths = "characters"


class ErpAdapter(Protocol):
    """One ERP of one site. Safe to share between threads; never repeats a write by itself.

    All calls may raise RemoteUnavailable, RateLimited, NotTakenOn (transient), AuthenticationFailed, PermissionDenied
    and RemoteRejected (permanent), and send nothing once the deadline (`shared.deadline`) has passed. The three writes
    raise OutcomeUnknown, not just RemoteUnavailable, when the ERP may have done what was asked: the caller looks before
    it writes again.
    """

    @property
    def settle_s(self) -> float:
        """How long a create may still take effect after we gave up waiting for its answer."""
        ...

    @property
    def description(self) -> ErpDescription:
        """What is known without asking the ERP. No I/O."""
        ...

    def describe(self) -> ErpDescription:
        """The same as the ERP itself tells it, where it does (`$metadata`, `describe`); else `description`."""
        ...

    def probe(self) -> None:
        """See that the ERP answers, searches, and shows its records so that they can be understood. No write.

        ConfigError if it cannot work as it is configured.
        """
        ...

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """Make a record. Calling it twice makes two: search by the reference first.

        A status that is `separate` is not in `fields`. Answers as `update` does.
        """
        ...

    def get(self, erp_id: str) -> ErpRecord:
        """The record as it is now. RecordNotFound if there is none."""
        ...

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """The record that carries this reference; its version may be None. DuplicateRecord, naming all, if several."""
        ...

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """Write the fields in `changes`, never a `separate` status, and leave the others alone.

        VersionConflict if the record is not at `version` any more; with None the ERP's current state is overwritten.
        In the answer, `fields` holds what the ERP's own answer shows as stored, nothing that was only sent, and
        `version` is None if it tells none: the caller reads the record once more.
        """
        ...

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """Bring the record from status `current` to `status`, by as many steps as the ERP demands.

        StatusNotPossible, and nothing is sent, if no steps lead there. Answers as `update` does. Only for a status
        that is `separate`.
        """
        ...

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """The records created or changed at or after `since` (UTC), in pages as consumed; one may come more than once.

        In no sequence that could be relied on. A row that cannot be understood may come as UnreadableRecord.
        ConfigError if this ERP cannot be asked that (as it is configured).
        """
        ...
