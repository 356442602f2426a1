"""Keeps all instances of all functions inside MaintainX's rate limit together.

Each limit (one of the user, one of the organization) has a budget in the state store. An instance leases requests from
it in blocks, spends them without asking again, and loses what it has not spent when the window ends. A block is as
large as what the instance has already spent in the window, or half of what it spent in the one before, between 2 and a
tenth of the limit: a busy one asks seldom, an idle one keeps little from the others. Without an answer of the store
each process is back on its own, on the headers alone.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

import httpx

from shared.deadline import remaining_s
from shared.errors import RateLimited, StateUnavailable
from shared.maintainx import windows
from shared.maintainx.failures import header_count, header_seconds
from shared.maintainx.pacing import Pacer
from shared.maintainx.windows import Limit, Seen
from shared.state.budget import Budget, BudgetStore, StoredBudget

log = logging.getLogger(__name__)

_SMALLEST_BLOCK = 2
_LARGEST_BLOCK_SHARE = 10  # a tenth of the limit
_ROUNDS = 8  # a budget may change hands between our read and our write this often before we wait a moment
_CONTENDED_S = 0.05
_STORE_PAUSE_S = 15.0  # after the store failed, for so long nobody waits for it again

Permit = tuple[int, ...]
"""The number of the window of each limit that the request was counted in; empty while the store does not answer."""


class SharedGate:
    """`shared.maintainx.pacing.Gate` for many processes.

    limits: gives the limits, asked once at the first request. If MaintainX states a cap that none of them has, the
    first one is changed, so it is the user's; an organization's must be given right (`rate_limits` in sites.yaml).
    max_wait_s: as for Pacer.
    clock: seconds since 1970, as all instances know it.
    """

    def __init__(
        self,
        store: BudgetStore,
        limits: Callable[[], Sequence[Limit]],
        *,
        max_wait_s: float = 20.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._limits = limits
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._lessees: tuple[Lessee, ...] = ()
        self._without_store_until_s = float("-inf")
        self._pacer = Pacer(max_wait_s, clock=clock, sleep=sleep)

    def enter(self) -> Permit:
        """See Gate."""
        waited_s = 0.0
        while True:
            wait_s = self._pacer.blocked_s()
            if wait_s == 0.0:
                permit, wait_s = self._permit()
                if permit is not None:
                    return permit
            if waited_s + wait_s > self._max_wait_s or wait_s >= remaining_s():
                raise RateLimited(f"MaintainX: rate limit is used up for {wait_s:.0f} s", retry_after_s=wait_s)
            # Those who wait for the same window shall not all ask for it in the same moment.
            wait_s *= 1 + random.random() / 100  # noqa: S311  # not for secrets
            self._sleep(wait_s)
            waited_s += wait_s

    def note(self, permit: Permit | None, response: httpx.Response) -> None:
        """See Gate. A 429 holds back this process until MaintainX's window ends, whatever the budget says."""
        seen = seen_in(response, self._clock())
        if response.status_code == 429 or not permit:
            self._pacer.note(None, response)
        if not permit or seen is None:
            return
        # The headers tell of one limit only, that with the least left; which one, its cap tells.
        caps = [lessee.cap for lessee in self._lessees]
        number = caps.index(seen.cap) if seen.cap in caps else 0
        try:
            with self._lock:
                is_current = self._lessees[number].note(permit[number], seen)
            if is_current and seen.remaining == 0:  # what we hold was used by somebody without a lease
                self._pacer.note(None, response)
        except StateUnavailable as error:
            self._do_without_store(error)

    def blocked_s(self) -> float:
        """See Gate."""
        return self._pacer.blocked_s()

    def give_back(self, permit: Permit) -> None:
        """Take `permit` back: MaintainX was not asked, or did not count it."""
        with self._lock:
            for lessee, number in zip(self._lessees, permit, strict=False):
                lessee.give_back(number)

    def use_up(self, permit: Permit) -> None:
        """MaintainX says that nothing is left of the window that `permit` was for, and not when it ends.

        It began before ours did, with a request of somebody else, so it ends before: till then nobody asks.
        """
        try:
            with self._lock:
                for lessee, number in zip(self._lessees, permit, strict=False):
                    lessee.use_up(number)
        except StateUnavailable as error:
            self._do_without_store(error)

    def opens_in_s(self) -> float | None:
        """How long it is until the window that is known ends; None if none is."""
        with self._lock:
            ends_s = [lessee.ends_at_s for lessee in self._lessees if lessee.ends_at_s is not None]
        return max(0.0, max(ends_s) - self._clock()) if ends_s else None

    def _permit(self) -> tuple[Permit | None, float]:
        """A permit, or for how long there is none."""
        with self._lock:
            now_s = self._clock()
            if now_s < self._without_store_until_s:
                return (), 0.0
            if not self._lessees:
                self._lessees = tuple(Lessee(self._store, limit) for limit in self._limits())
            try:
                wait_s = max(lessee.ready_in_s(now_s) for lessee in self._lessees)
            except StateUnavailable as error:
                self._do_without_store(error)
                return (), 0.0
            return (None, wait_s) if wait_s > 0 else (tuple(lessee.spend() for lessee in self._lessees), 0.0)

    def _do_without_store(self, error: StateUnavailable) -> None:
        self._without_store_until_s = self._clock() + _STORE_PAUSE_S
        log.warning("rate budget not shared for %.0f s: %s", _STORE_PAUSE_S, error)


class Lessee:
    """What this process holds of one limit. Not thread-safe."""

    def __init__(self, store: BudgetStore, limit: Limit) -> None:
        self._store = store
        self._limit = limit
        self._known = StoredBudget(None, None)
        self._left = 0
        self._spent = 0
        self._spent_before = 0
        self._is_shared = True
        self._seen: Seen | None = None

    @property
    def cap(self) -> int:
        """Requests a window, as last known."""
        return self._limit.cap if self._known.budget is None else self._known.budget.cap

    @property
    def ends_at_s(self) -> float | None:
        """When the window ends that is known, in seconds since 1970."""
        return None if self._known.budget is None else self._known.budget.ends_at_s + self._limit.margin_s

    def ready_in_s(self, now_s: float) -> float:
        """0 if a request is at hand, leased now if need be; else how long to wait before asking again."""
        budget = self._known.budget
        if self._left > 0 and budget is not None and windows.is_open(budget, self._limit, now_s):
            return 0.0
        self._left = 0
        if self._is_shared:
            self._is_shared = self._learn(self._store.read_budget(self._limit.scope))
        for _ in range(_ROUNDS):
            granted, after = windows.lease(self._budget_as_seen(), self._limit, want=self._block(), now_s=now_s)
            if granted == 0:
                return max(_CONTENDED_S, windows.opens_in_s(after, self._limit, now_s))
            if self._replace(after):
                self._left = granted
                return 0.0
        return _CONTENDED_S

    def spend(self) -> int:
        """Use one request that is at hand; the number of its window."""
        assert self._known.budget is not None  # noqa: S101  # ready_in_s has leased from it
        self._left -= 1
        self._spent += 1
        return self._known.budget.number

    def note(self, number: int, seen: Seen) -> bool:
        """Learn from the answer to a request of window `number`; whether that is still the current one.

        What can wait is told to the store with the next lease.
        """
        for _ in range(_ROUNDS):
            budget = self._known.budget
            if budget is None or budget.number != number:
                return False
            after = windows.observe(budget, self._limit, seen)
            if not self._must_be_told(budget, after):
                self._seen = seen
                return True
            if self._replace(after):
                return True
        return True

    def give_back(self, number: int) -> None:
        """One request of window `number` was not used."""
        if self._known.budget is not None and self._known.budget.number == number:
            self._left += 1
            self._spent -= 1

    def use_up(self, number: int) -> None:
        """Nothing is left of window `number`, for nobody."""
        budget = self._known.budget
        if budget is not None and self.note(number, Seen(self.cap, 0, budget.ends_at_s)):
            self._left = 0

    def _must_be_told(self, before: Budget, after: Budget) -> bool:
        is_used_up = after.leased >= after.cap > before.leased
        is_shorter = after.ends_at_s < before.ends_at_s - self._limit.margin_s
        return is_used_up or is_shorter or (before.number, before.measured) != (after.number, after.measured)

    def _budget_as_seen(self) -> Budget | None:
        budget, seen = self._known.budget, self._seen
        return budget if budget is None or seen is None else windows.observe(budget, self._limit, seen)

    def _block(self) -> int:
        largest = max(1, self.cap // _LARGEST_BLOCK_SHARE)
        return min(largest, max(_SMALLEST_BLOCK, self._spent, self._spent_before // 2))

    def _replace(self, after: Budget) -> bool:
        was_written, stored = self._store.replace_budget(self._limit.scope, after, self._known.version)
        self._learn(stored)
        self._is_shared = not was_written
        return was_written

    def _learn(self, stored: StoredBudget) -> bool:
        """Take over what is stored; whether somebody else changed it."""
        is_news = bool(stored.version != self._known.version)
        before, self._known = self._known.budget, stored
        if stored.budget is not None and (before is None or stored.budget.number != before.number):
            self._left, self._spent, self._spent_before = 0, 0, self._spent  # what was leased before is void
            self._seen = None
        return is_news


def limits_of(
    api_key: str, organization_id: int, window_s: float = 60.0, *, user_cap: int = 100, organization_cap: int = 500
) -> tuple[Limit, Limit]:
    """The limits of a key's user and of an organization; the caps are those that MaintainX documents, or has raised.

    The user's goes by a hash of the key: keys of sites that share a user should be one key. A key that is rotated is
    another user until the instances that know the old one are gone. The cap is part of the name too, so that a cap
    that was learned does not outlive the setting that it was learned under.
    """
    return (
        Limit(f"maintainx:user:{user_of(api_key)}:{user_cap}", user_cap, window_s),
        Limit(f"maintainx:organization:{organization_id}:{organization_cap}", organization_cap, window_s),
    )


def user_of(api_key: str) -> str:
    """What stands for a key's user in the names of budgets, and tells nothing of the key."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def seen_in(response: httpx.Response, now_s: float) -> Seen | None:
    """What the headers say; None if they are absent or odd, or if the window was just ending."""
    cap, remaining = (header_count(response, f"X-Rate-Limit-{name}") for name in ("Limit", "Remaining"))
    reset_s = header_seconds(response, "X-Rate-Limit-Reset")
    if not cap or remaining is None or not reset_s:
        return None
    return Seen(cap, remaining, now_s + reset_s)
