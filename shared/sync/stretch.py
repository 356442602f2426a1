"""What runs of a pull dealt with that had no time for all that changed, so that the next one gets further.

Kept as a memo, which may be lost: then the same is found, and published with the same event ids, once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.canonical import content_hash
from shared.erp.base import ErpRecord
from shared.events import format_utc
from shared.state import StateStore

# Some 60 bytes each; a memo has room for 900 KB.
MOST = 10_000
# A stretch that nobody went on with for so long is begun anew.
_FORGOTTEN_AFTER = timedelta(days=2)


@dataclass(slots=True)
class Stretch:
    """All that changed since a moment, and the records of it that are dealt with, each by the state it was in.

    has_grown: whether there are more of them than when it was resumed.
    """

    state: StateStore
    site: str
    name: str
    since: datetime
    has_grown: bool = False
    _done: dict[str, str] = field(default_factory=dict)
    _was_kept: bool = False

    @classmethod
    def resumed(cls, state: StateStore, site: str, name: str, since: datetime | None, now_utc: datetime) -> Stretch:
        """The unfinished stretch since that moment (None: whichever there is); a new one if there is none.

        A new one without a moment begins now: set `since`.
        """
        memo = state.get_memo(site, name)
        fresh = bool(memo) and now_utc - datetime.fromisoformat(memo["kept_at"]) < _FORGOTTEN_AFTER
        kept_since = datetime.fromisoformat(memo["since"]) if fresh else None
        if kept_since is None or since not in (None, kept_since):
            return cls(state, site, name, since or now_utc, _was_kept=bool(memo))
        return cls(state, site, name, kept_since, _done=dict(memo["done"]), _was_kept=True)

    @property
    def is_new(self) -> bool:
        """Whether nothing of it is dealt with."""
        return not self._done

    def has(self, found: ErpRecord) -> bool:
        """Whether the record was dealt with as it is."""
        return self._done.get(found.id) == _state_of(found)

    def add(self, dealt_with: Iterable[ErpRecord]) -> None:
        """Take note of records. Not of one without version and time: it may be back in a state of before."""
        for found in dealt_with:
            if found.version is None and found.changed_at is None:
                continue
            if found.id in self._done or len(self._done) < MOST:
                self._done[found.id] = _state_of(found)
                self.has_grown = True

    def keep(self, now_utc: datetime) -> None:
        """Note down how far it is."""
        if self.is_new:
            return
        content = {"since": self.since.isoformat(), "kept_at": now_utc.isoformat(), "done": self._done}
        self.state.put_memo(self.site, self.name, content)

    def forget(self) -> None:
        """It is finished."""
        if self._was_kept:
            self.state.put_memo(self.site, self.name, {})


def _state_of(found: ErpRecord) -> str:
    changed_at = None if found.changed_at is None else format_utc(found.changed_at)
    return content_hash([found.version, changed_at, dict(found.fields)])[:16]
