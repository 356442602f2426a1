"""The gate that every request passes, so that MaintainX's rate limit is kept.

`Pacer` keeps one process inside the limit, by the headers of the answers: `X-Rate-Limit-Remaining` 0 means: wait
`X-Rate-Limit-Reset` (seconds left in the window, not a point in time) before the next call. Of several processes each
learns that only when the window is used up; `shared.maintainx.budget.SharedGate` keeps all of them inside it.
Source: MaintainX REST API v1, "Rate limits": 100 requests a minute and user, 500 a minute and organization.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpx

from shared.deadline import remaining_s
from shared.errors import RateLimited
from shared.http import retry_after_s
from shared.maintainx.failures import header_count, header_seconds, is_of_another_limit

_MARGIN_S = 0.1  # the window ends on MaintainX's clock, rounded to seconds there


class Gate(Protocol):
    """What the client asks before each request and tells about each answer. Thread-safe."""

    def enter(self) -> Any:
        """Wait until a request may be sent; RateLimited, without waiting, if that is too long. Returns a permit.

        Too long is also what goes past the deadline (`shared.deadline`).
        """
        ...

    def note(self, permit: Any, response: httpx.Response) -> None:
        """Learn from the headers of the answer to the request that `permit` was for."""
        ...

    def blocked_s(self) -> float:
        """For how long no request may be sent, as far as known; 0 if one may."""
        ...


class Pacer:
    """What the last answer said about the window."""

    def __init__(
        self,
        max_wait_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._blocked_until_s = 0.0

    def enter(self) -> None:
        """See Gate."""
        blocked_s = self.blocked_s()
        if blocked_s > min(self._max_wait_s, remaining_s()):
            raise RateLimited(f"MaintainX: rate limit is used up for {blocked_s:.0f} s", retry_after_s=blocked_s)
        if blocked_s > 0:
            self._sleep(blocked_s)

    def note(self, _permit: None, response: httpx.Response) -> None:
        """See Gate. `Retry-After` is not documented, but obeyed if a 429 has it."""
        refused = response.status_code == 429
        if is_of_another_limit(response):
            return
        if not refused and header_count(response, "X-Rate-Limit-Remaining") != 0:
            return
        waits_s = [header_seconds(response, "X-Rate-Limit-Reset"), retry_after_s(response) if refused else None]
        known_s = [wait_s for wait_s in waits_s if wait_s is not None]
        if known_s:
            with self._lock:
                self._blocked_until_s = self._clock() + max(known_s) + _MARGIN_S

    def blocked_s(self) -> float:
        """See Gate."""
        with self._lock:
            return max(0.0, self._blocked_until_s - self._clock())
