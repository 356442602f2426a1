"""What a run tells while it works."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a run."""

    def phase(self, text: str, total: int | None = None) -> None:
        """A new phase begins; `total` steps if that is known."""

    def advance(self) -> None:
        """One step of the phase is done."""

    def note(self, text: str) -> None:
        """Something happened."""
