"""Rate budgets on Firestore: one small document a scope, changed under its `update_time`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import uuid4

from shared.state.budget import Budget, StoredBudget
from shared.state.connection import Connection, errors_named, written_by
from shared.state.model import joined

_NOTHING = StoredBudget(None, None)


class FirestoreBudgets:
    """`shared.state.budget.BudgetStore`; make one for a process.

    project, database, collection_prefix: as for FirestoreStateStore; the collection is `rate_budgets`. The time-outs
    are shorter than there: without an answer the caller goes on by other means, and a request waits for this.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        database: str = "(default)",
        collection_prefix: str = "",
        attempt_timeout_s: float = 1.5,
        call_timeout_s: float = 3.0,
    ) -> None:
        self._store = Connection(
            project,
            database,
            collection_prefix,
            attempt_timeout_s=attempt_timeout_s,
            call_timeout_s=call_timeout_s,
        )

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        self._store.close()

    def read_budget(self, scope: str) -> StoredBudget:
        """See BudgetStore. One call."""
        with errors_named(f"rate budget {scope}"):
            return _stored(self._store.get(self._document(scope)))

    def replace_budget(self, scope: str, budget: Budget, version: Any) -> tuple[bool, StoredBudget]:
        """See BudgetStore. One call, two if somebody else was faster."""
        token = uuid4().hex
        with errors_named(f"rate budget {scope}"):
            ref = self._document(scope)
            if version is None:
                written = self._store.create(ref, asdict(budget), token)
            else:
                written = self._store.update(ref, asdict(budget), token, version)
            if written is not None:
                return True, StoredBudget(budget, written)
            found = self._store.get(ref)
            return written_by(found, token), _stored(found)

    def _document(self, scope: str) -> Any:
        return self._store.document("rate_budgets", joined(scope))


def _stored(found: Any) -> StoredBudget:
    if not found.exists:
        return _NOTHING
    fields = found.to_dict()
    budget = Budget(
        number=int(fields["number"]),
        cap=int(fields["cap"]),
        leased=int(fields["leased"]),
        ends_at_s=float(fields["ends_at_s"]),
        measured=bool(fields["measured"]),
    )
    return StoredBudget(budget, found.update_time)
