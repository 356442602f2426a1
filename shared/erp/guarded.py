"""An ERP behind a breaker: while the ERP is away, nobody waits for its time-outs and nothing hammers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.breaker import Breaker, Verdict
from shared.erp.base import ErpAdapter, ErpDescription, ErpRecord
from shared.errors import DuplicateRecord, NotTakenOn, RemoteRejected, RemoteUnavailable, VersionConflict

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GuardedErp:
    """`shared.erp.base.ErpAdapter` that asks `erp` only if the breaker admits it.

    Every call may raise BreakerOpen as well: then nothing was sent. Each opening (a failed trial included) and closing
    is one log line, which the alert `breaker-open` counts.
    """

    erp: ErpAdapter
    breaker: Breaker
    site: str

    @property
    def settle_s(self) -> float:
        """See ErpAdapter."""
        return self.erp.settle_s

    def probe(self) -> None:
        """See ErpAdapter."""
        self._guard(self.erp.probe)

    def create(self, fields: Mapping[str, Any], reference: str) -> ErpRecord:
        """See ErpAdapter."""
        return self._guard(lambda: self.erp.create(fields, reference))

    def get(self, erp_id: str) -> ErpRecord:
        """See ErpAdapter."""
        return self._guard(lambda: self.erp.get(erp_id))

    def find_by_reference(self, reference: str) -> ErpRecord | None:
        """See ErpAdapter."""
        return self._guard(lambda: self.erp.find_by_reference(reference))

    def update(self, erp_id: str, changes: Mapping[str, Any], version: str | None) -> ErpRecord:
        """See ErpAdapter."""
        return self._guard(lambda: self.erp.update(erp_id, changes, version))

    @property
    def description(self) -> ErpDescription:
        """See ErpAdapter."""
        return self.erp.description

    def describe(self) -> ErpDescription:
        """See ErpAdapter."""
        return self._guard(self.erp.describe)

    def set_status(self, erp_id: str, status: str, *, current: str, version: str | None) -> ErpRecord:
        """See ErpAdapter."""
        return self._guard(lambda: self.erp.set_status(erp_id, status, current=current, version=version))

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:
        """See ErpAdapter. Every record counts as an answer of the ERP."""
        records = iter(self.erp.changed_since(since))
        while (record := self._guard(lambda: next(records, None))) is not None:
            yield record

    def _guard(self, ask: Callable[[], T]) -> T:
        admitted = self.breaker.admit()
        verdict: Verdict = "unknown"
        try:
            answer = ask()
            verdict = "answered"
        except Exception as error:
            verdict = _verdict(error)
            raise
        finally:  # whatever ends a trial, the next one may begin
            change = self.breaker.report(admitted, verdict)
            if change is not None:
                level = logging.ERROR if change == "open" else logging.INFO
                log.log(level, "breaker %s", change, extra={"breaker": change, "site": self.site, "system": "erp"})
        return answer


def _verdict(error: Exception) -> Verdict:
    return next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), "unknown")


# The first that fits counts. All others (a secret, a fault of ours) say nothing of the ERP.
_VERDICTS: tuple[tuple[type[Exception], Verdict], ...] = (
    (NotTakenOn, "unknown"),  # one record is locked, or no time was left to ask
    (RemoteUnavailable, "failed"),  # RateLimited too: asking on is what the ERP does not want
    (RemoteRejected, "answered"),
    (VersionConflict, "answered"),
    (DuplicateRecord, "answered"),
)
