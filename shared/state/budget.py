"""How much of a remote system's rate limit is given out, shared by all instances: the values and the store's interface.

The rules of windows and leases are not here but with the system they belong to (`shared.maintainx.windows`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """One window of one limit.

    number: counts the windows. cap: requests that the window allows. leased: how many of them are given out to
    instances, used or not. ends_at_s: when it ends, in seconds since 1970. measured: whether the remote system told
    that, or it is only what follows from the window's length.
    """

    number: int
    cap: int
    leased: int
    ends_at_s: float
    measured: bool


@dataclass(frozen=True, slots=True)
class StoredBudget:
    """What the store holds. version: its own mark of that state, opaque to callers; both None if it holds nothing."""

    budget: Budget | None
    version: Any


class BudgetStore(Protocol):
    """Keeps one budget a scope. Safe to share between threads. Both calls may raise StateUnavailable."""

    def read_budget(self, scope: str) -> StoredBudget:
        """What is stored now."""
        ...

    def replace_budget(self, scope: str, budget: Budget, version: Any) -> tuple[bool, StoredBudget]:
        """Store `budget` if the state is still as `version` says; whether that was so, and what is stored now.

        Of any number of callers with one version exactly one succeeds.
        """
        ...
