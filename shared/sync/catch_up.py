"""Finds changes of work orders in MaintainX of which no webhook told, and tells of them in its place.

A change counts as known if the sync record of the work order is as new (our own writes, which make no webhooks, are
known by that), or if the archive has an event that tells of it: then it is under way, or dead, and not lost either way.

What a list does not show cannot be found: a comment, what assets do. A deletion (the work order just vanishes) is found
by the nightly comparison of ids (`shared.warehouse.deletions`), which tells of it with `deletion_event`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol

from shared.canonical import canonical_json
from shared.deadline import remaining_s
from shared.events import Event, event_identity, format_utc
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter
from shared.state import RecordKey, StateStore, SyncRecord
from shared.sync.parts import KIND
from shared.sync.pull import PublishAllPort
from shared.topics import EVENTS

# Lists of MaintainX lag behind writes by up to an hour or two (measured on the live system).
OVERLAP = timedelta(hours=3)
# How far back the first run of a site looks.
FIRST_WINDOW = timedelta(days=1)
# The webhook of a younger change may still be on its way, or on its way into the archive.
YOUNGEST = timedelta(minutes=2)
WATERMARK = "catch_up"
ORIGIN = "catch_up"
_BATCH = 200  # a page of MaintainX's list
_REMEMBERED = 10_000  # some 400 KB; a store's document has room for 1 MiB
_RESERVE_S = 30.0
# Of a row, what routes.yaml may ask for, so that the router need not read the work order for it.
_TOLD = ("title", "status", "priority", "type", "categories")

log = logging.getLogger(__name__)


class Source(Protocol):
    """Where work orders are listed: `shared.maintainx.client.MaintainXClient`."""

    def iter_work_orders(self, wanted: WorkOrderFilter = ...) -> Iterator[WorkOrder]: ...


class Archive(Protocol):
    """Which changes we were told of: `shared.warehouse.archive.EventArchive`."""

    def told_of(self, site: str, work_order_ids: Collection[int], since: datetime) -> Mapping[int, datetime]: ...


@dataclass(slots=True)
class CatchUpReport:
    """What a run found: read = seen + told + published + too_young + len(unusable).

    since: from which change on. seen: the sync is as far; without an ERP, an earlier run dealt with it. told: an event
    told of it, and the sync is not as far yet.
    published: nobody told. unusable: ids of rows that do not say when they changed. complete: whether it came to the
    end; if not, the next run goes on. watermark: the newest change that was dealt with.
    """

    since: datetime
    read: int = 0
    seen: int = 0
    told: int = 0
    published: int = 0
    too_young: int = 0
    unusable: list[int] = field(default_factory=list)
    complete: bool = False
    watermark: datetime | None = None


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The catch-up of one site. Works within the deadline around it (`shared.deadline`).

    has_erp: whether the site's work orders have sync records.
    """

    site: str
    has_erp: bool
    source: Source
    state: StateStore
    archive: Archive
    publisher: PublishAllPort
    clock: Callable[[], datetime] = _utc_now

    def run(self, since: datetime | None = None) -> CatchUpReport:
        """Publish what was missed since the last run, or since a time that a person names.

        Oldest change first, so that a run that is cut short has the next one go on where it ended: the watermark moves
        batch by batch, after what was missed is published. Raises what the ports raise.
        """
        began = self.clock()
        if since is None:
            watermark = self.state.get_watermark(self.site, WATERMARK)
            since = began - FIRST_WINDOW if watermark is None else watermark - OVERLAP
        report = CatchUpReport(since)
        dealt_with = _Memo(self.state, self.site)
        rows = self._usable(self.source.iter_work_orders(WorkOrderFilter(updated_from=since, sort="updatedAt")), report)
        while batch := list(islice(rows, _BATCH)):
            old = [change for change in batch if change.at <= began - YOUNGEST]
            report.too_young += len(batch) - len(old)
            if old:
                self._deal_with(old, dealt_with, report)
                newest = max(change.at for change in old)
                report.watermark = self.state.advance_watermark(self.site, WATERMARK, newest)
                dealt_with.save(report.watermark - OVERLAP)
        return report

    def _deal_with(self, changes: Sequence[_Change], dealt_with: _Memo, report: CatchUpReport) -> None:
        fresh = [change for change in changes if not dealt_with.has(change)]
        records = {change.row.id: self._record(change) for change in fresh}
        stale = [change for change in fresh if not _is_synced(records[change.row.id], change.at)]
        told_at: Mapping[int, datetime] = {}
        if stale:
            # From the creation of a new one on: its event says that the work order itself is known.
            begins = [change.row.created_at for change in stale if change.is_new(report.since)]
            oldest = min([change.at for change in stale] + [at for at in begins if at is not None])
            told_at = self.archive.told_of(self.site, [change.row.id for change in stale], oldest)
        missed = [change for change in stale if (at := told_at.get(change.row.id)) is None or at < change.at]
        now = self.clock()
        known = told_at.keys() | {work_order_id for work_order_id, record in records.items() if record is not None}
        events = [_event(self.site, each, report.since, now, known=each.row.id in known) for each in missed]
        if events:
            self.publisher.publish_all(EVENTS, [(event.to_json(), event.attributes()) for event in events])
            for event in events:
                missed_keys = {"missed": event.resource_id, "type": event.type, "event_id": event.event_id}
                log.warning("no webhook told of %s", event.resource_id, extra=missed_keys)
        for change in fresh:
            dealt_with.note(change)
        # What an earlier run dealt with may still be under way, or dead.
        behind = [each for each in changes if each not in fresh and self.has_erp and not self._is_synced(each)]
        report.seen += len(changes) - len(stale) - len(behind)
        report.told += len(stale) - len(missed) + len(behind)
        report.published += len(missed)

    def _is_synced(self, change: _Change) -> bool:
        return _is_synced(self._record(change), change.at)

    def _record(self, change: _Change) -> SyncRecord | None:
        return self.state.get_record(RecordKey(self.site, KIND, change.row.id)) if self.has_erp else None

    def _usable(self, rows: Iterator[WorkOrder], report: CatchUpReport) -> Iterator[_Change]:
        """As many as there is time for; the report is complete if that is all."""
        for row in rows:
            if remaining_s() < _RESERVE_S:
                return
            report.read += 1
            if row.updated_at is None:
                report.unusable.append(row.id)
            else:
                yield _Change(row, row.updated_at)
        report.complete = True


@dataclass(frozen=True, slots=True)
class _Change:
    """A row of the list, and when it changed."""

    row: WorkOrder
    at: datetime

    def is_new(self, since: datetime) -> bool:
        """Whether the work order was made since then."""
        return self.row.created_at is not None and self.row.created_at >= since


class _Memo:
    """The versions that earlier runs dealt with, as far back as this one looks again."""

    def __init__(self, state: StateStore, site: str) -> None:
        self._state, self._site = state, site
        self._versions: dict[str, str] = state.get_memo(site, WATERMARK)
        self._saved = dict(self._versions)

    def has(self, change: _Change) -> bool:
        """Whether this version, or a later one, was dealt with."""
        return self._versions.get(str(change.row.id), "") >= format_utc(change.at)

    def note(self, change: _Change) -> None:
        self._versions[str(change.row.id)] = format_utc(change.at)

    def save(self, oldest: datetime) -> None:
        """Keep those from `oldest` on. What is forgotten is looked at again, which finds that we were told."""
        kept = sorted((at, key) for key, at in self._versions.items() if at >= format_utc(oldest))
        self._versions = {key: at for at, key in kept[-_REMEMBERED:]}
        if self._versions != self._saved:
            self._state.put_memo(self._site, WATERMARK, self._versions)
            self._saved = dict(self._versions)


def deletion_event(site: str, work_order_id: int, now: datetime) -> Event:
    """The event in place of a lost webhook: the work order is no longer there. The same all day (UTC)."""
    key = canonical_json([work_order_id, "deleted", now.date().isoformat()])
    return Event(
        event_id=event_identity(site, ORIGIN, key.encode()),
        site=site,
        type="work_order.deleted",
        resource="work_order",
        resource_id=str(work_order_id),
        occurred_at=now,
        received_at=now,
        source="poll",
        origin=ORIGIN,
        data={"workOrderId": work_order_id},
    )


def _is_synced(record: SyncRecord | None, at: datetime) -> bool:
    return record is not None and record.maintainx_updated_at is not None and record.maintainx_updated_at >= at


def _event(site: str, change: _Change, since: datetime, now: datetime, *, known: bool) -> Event:
    """The event in place of the webhook's: of the creation if nobody ever told of the work order, else of a change."""
    row, at = change.row, format_utc(change.at)
    wire = row.wire()
    return Event(
        event_id=event_identity(site, ORIGIN, canonical_json([row.id, at]).encode()),
        site=site,
        type="work_order.created" if not known and change.is_new(since) else "work_order.updated",
        resource="work_order",
        resource_id=str(row.id),
        occurred_at=change.at,
        received_at=now,
        source="poll",
        origin=ORIGIN,
        data={"workOrderId": row.id, "occurredAt": at, **{name: wire[name] for name in _TOLD if name in wire}},
    )
