"""Which rows of a list were seen already, in constant memory.

A row comes twice when rows before it are inserted or moved while the pages are read: as many rows later as were
inserted. So it is enough to remember the last few pages; what comes back later than that has been moved there by a
change of its own, and is news.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

_REMEMBERED = 2_000  # ten full pages


class Recent:
    """The last rows of one list. Not thread-safe: each iteration has its own."""

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._size = size
        self._seen: OrderedDict[int, datetime | None] = OrderedDict()

    def is_news(self, record_id: int, updated_at: datetime | None) -> bool:
        """Whether the row was not among the last ones, or is newer than it was there; it is remembered from now on."""
        if record_id in self._seen:
            known = self._seen[record_id]
            if updated_at is None or (known is not None and updated_at <= known):
                return False
        self._seen[record_id] = updated_at
        self._seen.move_to_end(record_id)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True
