"""A BudgetStore in memory. It passes the contract suite of the real one."""

from __future__ import annotations

import threading
from typing import Any

from shared.errors import StateUnavailable
from shared.state.budget import Budget, StoredBudget


class MemoryBudgets:
    """Versions are numbers. calls: how often it was asked. is_down: it raises StateUnavailable."""

    def __init__(self) -> None:
        self.calls = 0
        self.is_down = False
        self._lock = threading.Lock()
        self._stored: dict[str, StoredBudget] = {}

    def read_budget(self, scope: str) -> StoredBudget:
        with self._lock:
            self._count()
            return self._stored.get(scope, StoredBudget(None, None))

    def replace_budget(self, scope: str, budget: Budget, version: Any) -> tuple[bool, StoredBudget]:
        with self._lock:
            self._count()
            found = self._stored.get(scope, StoredBudget(None, None))
            if found.version != version:
                return False, found
            self._stored[scope] = StoredBudget(budget, (version or 0) + 1)
            return True, self._stored[scope]

    def _count(self) -> None:
        self.calls += 1
        if self.is_down:
            raise StateUnavailable("the store is down")
