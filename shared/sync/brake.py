"""Stops a comparison that finds far more ERP records gone than people ever delete, and tells.

An ERP that shows another tenant, or a user that lost a right, looks like one in which everything was deleted. So what a
comparison finds gone, or in the hands of another work order, is held back until it has seen all records; if that is
more than a few and more than a small share, nothing of it is published, until a person says that it may go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.events import Event, event_identity, format_utc
from shared.state import StateStore

BRAKE_EVENT = "sync.brake"
FEW = 10
SHARE = 0.02
RELEASED_FOR = timedelta(days=1)
_MEMO = "erp_pull:brake"
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Held:
    """What is held back: so many of all records, some ERP ids of them, since when. released_until: ISO 8601, or ""."""

    gone: int = 0
    of: int = 0
    ids: tuple[str, ...] = ()
    since: str = ""
    released_until: str = ""


@dataclass(frozen=True, slots=True)
class Brake:
    """The brake of one site."""

    state: StateStore
    site: str

    def held(self) -> Held:
        """What the last comparison held back; nothing if it held nothing."""
        memo = self.state.get_memo(self.site, _MEMO)
        return Held(**{**memo, "ids": tuple(memo.get("ids", ()))})

    def release(self, now_utc: datetime) -> Held:
        """Let the next comparisons of a day go on, whatever they find gone."""
        held = self.held()
        self._note(held, released_until=format_utc(now_utc + RELEASED_FOR))
        return self.held()

    def stops(self, gone: Sequence[str], of: int, now_utc: datetime) -> bool:
        """Whether so many (by their ERP ids) are more than people delete. Notes down which."""
        known = self.held()
        released = known.released_until != "" and now_utc <= datetime.fromisoformat(known.released_until)
        stopped = not released and len(gone) > FEW and len(gone) > SHARE * of
        if stopped:
            since = known.since or format_utc(now_utc)
            self._note(Held(len(gone), of, tuple(gone[:_SHOWN]), since))
        elif known.gone:
            self._note(Held(released_until=known.released_until))
        return stopped

    def event(self, now_utc: datetime) -> Event:
        """Tells people; the same all day (UTC)."""
        held = self.held()
        key = f"{self.site} {now_utc.date().isoformat()}"
        return Event(
            event_id=event_identity(self.site, BRAKE_EVENT, key.encode()),
            site=self.site,
            type=BRAKE_EVENT,
            resource="sync",
            resource_id=self.site,
            occurred_at=now_utc,
            received_at=now_utc,
            source="sync",
            origin=BRAKE_EVENT,
            data={"gone": held.gone, "of": held.of, "erpIds": list(held.ids)},
        )

    def _note(self, held: Held, *, released_until: str | None = None) -> None:
        until = held.released_until if released_until is None else released_until
        content = {"gone": held.gone, "of": held.of, "ids": list(held.ids), "since": held.since}
        self.state.put_memo(self.site, _MEMO, {**content, "released_until": until})
