"""What the sync engine needs of any ERP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ErpRecord:
    """A record as the ERP has it.

    reference: the external reference that we wrote into it. fields: the ERP's own fields by their names there.
    version: sent back with an update so that a change in between is noticed; None if the ERP did not tell it.
    """

    id: str
    reference: str | None
    fields: Mapping[str, Any]
    version: str | None


class ErpAdapter(Protocol):
    """One ERP of one site. Safe to share between threads; never repeats a write by itself.

    All calls may raise RemoteUnavailable, RateLimited, NotTakenOn (transient), AuthenticationFailed, PermissionDenied
    and RemoteRejected (permanent), and send nothing once the deadline (`shared.deadline`) has passed. The two writes
    raise OutcomeUnknown, not just RemoteUnavailable, when the ERP may have done what was asked: the caller looks before
    it writes again.
    """

    @property
    def settle_s(self) -> float:
        """How long a create may still take effect after we gave up waiting for its answer."""
        ...

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """Make a record. Calling it twice makes two: search by the reference first."""
        ...

    def get(self, erp_id: str) -> ErpRecord:
        """The record as it is now. RecordNotFound if there is none."""
        ...

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """The record that carries this reference; its version may be None. DuplicateRecord, naming all, if several."""
        ...

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """Write the fields in `changes` and leave the others alone.

        VersionConflict if the record is not at `version` any more; with None the ERP's current state is overwritten.
        In the answer, `fields` may be no more than `changes`, and `version` None, if the ERP tells no more.
        """
        ...
