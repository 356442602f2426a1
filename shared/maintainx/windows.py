"""The arithmetic of MaintainX's rate windows. Pure: the time is an argument.

MaintainX counts in fixed windows that open with a request, not at round minutes, and refill when they end. When a
window ends we can only measure: an answer says how many seconds of its window are left. So the end in a Budget is the
earliest that any answer told, and before the first answer what follows from the window's length. A margin of a 60th
of a window (1 s in production) lies on both sides of it: no request is sent in the last moments, where it could arrive
in the next window, and none in the first ones, since the header is rounded to seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.state.budget import Budget

_LONGEST_MARGIN_S = 5.0  # of a window of a day


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit. scope: whom it counts for. cap: requests a window, as far as known before MaintainX says it."""

    scope: str
    cap: int
    window_s: float = 60.0

    @property
    def margin_s(self) -> float:
        """How far we stay away from the end of a window, on both sides."""
        return min(self.window_s / 60, _LONGEST_MARGIN_S)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the headers of an answer say about its window; ends_at_s in seconds since 1970."""

    cap: int
    remaining: int
    ends_at_s: float


def lease(budget: Budget | None, limit: Limit, *, want: int, now_s: float) -> tuple[int, Budget]:
    """How many of `want` requests may be sent in the window of `now_s`, and the budget after that."""
    if budget is None or now_s >= budget.ends_at_s + limit.margin_s:
        cap = limit.cap if budget is None else budget.cap
        granted = min(want, cap)
        # The server's window opens with our first request, a moment from now.
        ends_at_s = now_s + limit.window_s + limit.margin_s
        return granted, Budget(1 if budget is None else budget.number + 1, cap, granted, ends_at_s, measured=False)
    if not is_open(budget, limit, now_s):
        return 0, budget
    granted = max(0, min(want, budget.cap - budget.leased))
    return granted, replace(budget, leased=budget.leased + granted)


def is_open(budget: Budget, limit: Limit, now_s: float) -> bool:
    """Whether what was leased in this window may still be sent."""
    return now_s < budget.ends_at_s - limit.margin_s


def opens_in_s(budget: Budget, limit: Limit, now_s: float) -> float:
    """How long it is until the next window."""
    return max(0.0, budget.ends_at_s + limit.margin_s - now_s)


def observe(budget: Budget, limit: Limit, seen: Seen) -> Budget:
    """The budget in the light of an answer to a request that was sent in its window.

    What others use of the limit, people or programs without this budget, counts as leased: `remaining` shows it.
    """
    used = max(0, seen.cap - seen.remaining)
    # Of one window, answers differ by the rounding to seconds and by how long they were under way.
    is_another = seen.ends_at_s > budget.ends_at_s + max(1.5, limit.window_s / 2)
    if budget.measured and is_another:
        return Budget(budget.number + 1, seen.cap, used, seen.ends_at_s, measured=True)
    ends_at_s = min(budget.ends_at_s, seen.ends_at_s) if budget.measured else seen.ends_at_s
    return replace(budget, cap=seen.cap, leased=max(budget.leased, used), ends_at_s=ends_at_s, measured=True)
