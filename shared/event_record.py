"""The record that an event is about, for the routes that its payload does not decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.errors import RecordNotFound, RecordNotVisible
from shared.events import Event
from shared.state import RecordKey, StateStore

if TYPE_CHECKING:
    from shared.maintainx.client import MaintainXClient
    from shared.maintainx.directory import Directory


@dataclass(frozen=True, slots=True)
class EventRecord:
    """fields: as MaintainX has them. stale_s: how old they are, if they stand in for what cannot be read now."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    stale_s: float | None = None

    @property
    def remark(self) -> dict[str, Any]:
        """What the outcome says of it in its detail."""
        return {} if self.stale_s is None else {"stale_record_s": round(self.stale_s)}


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads records of all sites. client_of, directory_of: by site; state: what the sync knows of deletions."""

    client_of: Callable[[str], MaintainXClient]
    directory_of: Callable[[str], Directory]
    state: Callable[[], StateStore]

    def read(self, event: Event) -> EventRecord:
        """The record now; empty if it is deleted, or if the event is about none that can be read.

        While MaintainX does not answer, an asset as it was last read stands in. Raises what the client raises, and
        RecordNotVisible for a 404 that no deletion explains.
        """
        reader = _READERS.get(event.resource)
        if reader is None or event.record_id is None:
            return EventRecord()
        try:
            return reader(self, event, event.record_id)
        except RecordNotFound:
            if event.type.endswith(".deleted") or self._is_known_deleted(event.site, event.resource, event.record_id):
                return EventRecord()
            text = f"{event.resource} {event.record_id} of {event.site}"
            raise RecordNotVisible(f"{text}: MaintainX answers 404, but no event told of its deletion") from None

    def _is_known_deleted(self, site: str, kind: str, record_id: int) -> bool:
        """Whether the sync has seen the deletion: events of before it may come after it."""
        record = self.state().get_record(RecordKey(site, kind, record_id))
        return record is not None and record.state == "deleted"

    def _work_order(self, event: Event, record_id: int) -> EventRecord:
        return EventRecord(self.client_of(event.site).get_work_order(record_id).wire())

    def _asset(self, event: Event, record_id: int) -> EventRecord:
        found = self.directory_of(event.site).asset(record_id, since_utc=event.occurred_at)
        return EventRecord(found.value.wire(), found.age_s if found.is_stale else None)


_READERS: dict[str, Callable[[RecordReader, Event, int], EventRecord]] = {
    "asset": RecordReader._asset,
    "work_order": RecordReader._work_order,
}
