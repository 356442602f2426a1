"""Fixed-window rate limits: one per token, one per organization.

A window opens with its first request and refills when it ends. Source: MaintainX REST API v1, "Rate limits".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.maintainx.problems import Refusal
from local.maintainx.settings import Settings
from local.maintainx.store import Token

_UNLIMITED = 1_000_000


@dataclass(slots=True)
class _Window:
    opened_s: float
    used: int = 0


class RateLimiter:
    """Counts requests and says what the X-Rate-Limit headers must say."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._windows: dict[str | int, _Window] = {}

    def admit(self, token: Token, organization_ids: tuple[int, ...]) -> dict[str, str]:
        """Headers of the answer to one more request; Refusal 429 if a limit is used up. Refused ones do not count."""
        if token.privileged:
            return _headers(_UNLIMITED, _UNLIMITED, 0.0)
        caps: dict[str | int, int] = {token.token: self._settings.token_cap}
        caps.update(dict.fromkeys(organization_ids, self._settings.organization_cap))
        windows = {key: self._window(key) for key in caps}
        key = min(caps, key=lambda key: caps[key] - windows[key].used)
        left_s = windows[key].opened_s + self._settings.rate_window_s - self._clock()
        if windows[key].used >= caps[key]:
            raise self._too_many(caps[key], left_s)
        for window in windows.values():
            window.used += 1
        return _headers(caps[key], caps[key] - windows[key].used, left_s)

    def spend(self, key: str, cap: int, window_s: float) -> int | None:
        """Count one against a limit of its own; if it is used up, the whole seconds until its window ends."""
        now = self._clock()
        window = self._windows.get(key)
        if window is None or now - window.opened_s >= window_s:
            window = self._windows[key] = _Window(now)
        if window.used >= cap:
            return math.ceil(window.opened_s + window_s - now)
        window.used += 1
        return None

    def storm(self) -> Refusal:
        """A 429 that no window explains: real services send them when they are overloaded."""
        return self._too_many(self._settings.token_cap, self._settings.storm_429_reset_s)

    def reset(self) -> None:
        """Forget all windows: for a change of the settings."""
        self._windows.clear()

    def _window(self, key: str | int) -> _Window:
        now = self._clock()
        window = self._windows.get(key)
        if window is None or now - window.opened_s >= self._settings.rate_window_s:
            window = self._windows[key] = _Window(now)
        return window

    def _too_many(self, cap: int, left_s: float) -> Refusal:
        headers = _headers(cap, 0, left_s)
        if self._settings.retry_after_header:
            headers["Retry-After"] = headers["X-Rate-Limit-Reset"]
        text = f"Too many requests. Please retry in {headers['X-Rate-Limit-Reset']} seconds"
        return Refusal(429, {"error": text}, headers)


def _headers(cap: int, remaining: int, left_s: float) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(cap),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Reset": str(math.ceil(left_s)),  # seconds left in the window, not a point in time
    }
