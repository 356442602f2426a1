"""A circuit breaker: stops asking a system that keeps failing, and finds out when it works again.

closed     every call passes; `failures` failed ones in a row open it
open       no call passes for `pause_s`
half-open  the pause is over: one call at a time passes, as a trial. If it is answered the breaker closes; if it fails
           the breaker opens again for twice as long, up to LONGEST_PAUSE times `pause_s`
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from shared.errors import BreakerOpen

FAILURES = 5
PAUSE_S = 15.0
LONGEST_PAUSE = 8

Verdict = Literal["answered", "failed", "unknown"]
"""What a call tells of the other side; unknown: nothing, for instance because it was not even sent."""
Change = Literal["open", "closed"]


class Breaker:
    """The breaker of one system, shared by the threads of a process. Every `admit` is followed by one `report`.

    name: of the system, for messages. failures: in a row that open it. pause_s: the first pause. clock: in seconds,
    monotonic.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._failures = failures
        self._first_pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_in_a_row = 0
        self._pause_s = pause_s
        self._open_until_s: float | None = None  # None: closed
        self._on_trial = False
        # Counts the changes: calls that began before the last one say nothing of what is now.
        self._period = 0

    def admit(self) -> int:
        """Ask before a call; the number goes into its `report`. Raises BreakerOpen: do not call."""
        with self._lock:
            if self._open_until_s is None:
                return self._period
            wait_s = self._first_pause_s if self._on_trial else self._open_until_s - self._clock()
            if wait_s > 0:
                text = f"{self._name}: not asked, as {self._failed_in_a_row} calls in a row have failed"
                raise BreakerOpen(text, retry_after_s=wait_s)
            self._on_trial = True
            return self._period

    def report(self, admitted: int, verdict: Verdict) -> Change | None:
        """What became of the call. Returns what the breaker became by it, None if it is what it was."""
        with self._lock:
            if admitted != self._period:
                return None
            trial, self._on_trial = self._on_trial, False
            if verdict == "unknown":
                return None
            if verdict == "answered":
                self._failed_in_a_row = 0
                return self._change(None) if trial else None
            self._failed_in_a_row += 1
            if self._failed_in_a_row < self._failures:
                return None
            longest_s = LONGEST_PAUSE * self._first_pause_s
            self._pause_s = min(2 * self._pause_s, longest_s) if trial else self._first_pause_s
            return self._change(self._clock() + self._pause_s)

    def _change(self, open_until_s: float | None) -> Change:
        self._open_until_s = open_until_s
        self._period += 1
        return "closed" if open_until_s is None else "open"
