"""Keeps one process inside MaintainX's rate limit, by the headers of its answers.

`X-Rate-Limit-Remaining` 0 means: wait `X-Rate-Limit-Reset` (seconds left in the window, not a point in time) before the
next call. Source: MaintainX REST API v1, "Rate limits": 100 requests a minute and user.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx

from shared.errors import RateLimited
from shared.http import retry_after_s

_MARGIN_S = 0.1  # the window ends on MaintainX's clock, rounded to seconds there


class Pacer:
    """What the last answer said about the window. Thread-safe."""

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

    def note(self, response: httpx.Response) -> None:
        """Read the headers of an answer. `Retry-After` is not documented, but obeyed if a 429 has it."""
        refused = response.status_code == 429
        if not refused and _number(response.headers.get("X-Rate-Limit-Remaining")) != 0:
            return
        waits_s = [_number(response.headers.get("X-Rate-Limit-Reset")), retry_after_s(response) if refused else None]
        known_s = [wait_s for wait_s in waits_s if wait_s is not None]
        if known_s:
            with self._lock:
                self._blocked_until_s = self._clock() + max(known_s) + _MARGIN_S

    def blocked_s(self) -> float:
        """How long the window still refuses us; 0 if it does not."""
        with self._lock:
            return max(0.0, self._blocked_until_s - self._clock())

    def wait(self) -> None:
        """Sleep until the window is open; RateLimited, without a call, if that is longer than `max_wait_s`."""
        blocked_s = self.blocked_s()
        if blocked_s > self._max_wait_s:
            raise RateLimited(f"MaintainX: rate limit is used up for {blocked_s:.0f} s", retry_after_s=blocked_s)
        if blocked_s > 0:
            self._sleep(blocked_s)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 86_400 else None  # NaN compares false
