"""The simulated clock: the source of createdAt, updatedAt and occurredAt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.events import format_utc

_STEP = timedelta(milliseconds=1)


class SimClock:
    """Follows real time until it is set; then it stands still or runs on from there.

    Stamps strictly increase by at least a millisecond, the resolution of the API: two writes in one instant would
    otherwise carry the same `updatedAt`, and readers that tell versions apart by it would lose one.
    """

    def __init__(self) -> None:
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        return self._frozen_at or datetime.now(UTC) + self._offset

    def now_text(self) -> str:
        return format_utc(self.now())

    def stamp(self) -> str:
        """The time of one write, as text in the form of the API."""
        now = self.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + _STEP)
        return format_utc(self._last)

    def set(self, at: datetime, *, running: bool) -> None:
        """Jump to `at`, backwards too; `running`: time passes from there at its real speed."""
        self._last = datetime.min.replace(tzinfo=UTC)
        self._offset = at - datetime.now(UTC)
        self._frozen_at = None if running else at

    def advance_to(self, at: datetime) -> None:
        """Jump to `at` unless it is already later."""
        ahead = at - self.now()
        if ahead <= timedelta(0):
            return
        if self._frozen_at is None:
            self._offset += ahead
        else:
            self._frozen_at = at

    @property
    def running(self) -> bool:
        return self._frozen_at is None
