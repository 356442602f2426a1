"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime


class Clock:
    """`clock()`: seconds; `clock.utc()`: the same moment. Sleeping moves it, and `slept_s` keeps how long each was."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s
        self.slept_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def utc(self) -> datetime:
        """Now, as a time with zone."""
        return datetime.fromtimestamp(self.now_s, UTC)

    def forward(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds

    def sleep(self, seconds: float) -> None:
        """In place of time.sleep."""
        self.slept_s.append(seconds)
        self.forward(seconds)
