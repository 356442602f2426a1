"""Finds what people changed in the ERP, which sends no webhooks, and has the engine look at it.

Two ways. `changed` asks the ERP what changed since the last run: often, cheap, and blind to what an ERP does not list
as changed. `compare_all` reads every linked record, some thousands a run: rarely, and it sees what is gone as well.

Both only publish events ("look at this work order") and decide nothing, so that they may run at the same time, twice,
or end anywhere: the same state of a record gives the same event, which the consumer handles once.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol

from shared.config.mappings import MappingFile
from shared.deadline import deadline, remaining_s
from shared.erp.base import ErpAdapter, ErpRecord
from shared.errors import AuthenticationFailed, RecordNotFound, RemoteRejected
from shared.state import RecordKey, StateStore, SyncRecord
from shared.sync.engine import KIND
from shared.sync.findings import REPORTED, Finding, change_event, judge, judge_gone, judge_unreadable
from shared.sync.reference import work_order_id_in
from shared.sync.sides import compared
from shared.topics import ERP_PUSH

# A record may become visible after one that was changed later; and where the ERP tells no times, its clock may go
# behind ours by so much.
OVERLAP = timedelta(minutes=10)
# How far back the first run of a site looks.
FIRST_WINDOW = timedelta(days=30)
WATERMARK = "erp_pull"
POSITION = "erp_pull:compare_all"
_BATCH = 100
_AT_ONCE = 4  # reads of a comparison; the ERP has other users
_SHOWN = 20
# What is left of the deadline when nothing new is begun: enough to publish and to note how far we came.
_RESERVE_S = 30.0

log = logging.getLogger(__name__)


class PublishAllPort(Protocol):
    """Where events go: `shared.pubsub.publisher.Publisher`."""

    def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
        """Returns after the broker acknowledged all, BrokerUnavailable otherwise."""
        ...


@dataclass(slots=True)
class PullReport:
    """What a run found: read = published + all of `skipped` (see `findings.Skip`).

    since: what the ERP was asked for; None for a comparison. ids: up to 20 ERP ids for each reason to skip that people
    may want to look into. complete: whether it came to the end. watermark: what was reached, by the ERP's clock.
    """

    since: datetime | None
    read: int = 0
    published: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    ids: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = False
    watermark: datetime | None = None

    def count(self, finding: Finding) -> None:
        """Take note of one record."""
        self.read += 1
        if finding.skip is None:
            self.published += 1
            return
        self.skipped[finding.skip] += 1
        if finding.skip in REPORTED:
            shown = self.ids.setdefault(finding.skip, [])
            if len(shown) < _SHOWN and finding.erp_id not in shown:
                shown.append(finding.erp_id)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pull:
    """The pull of one site. Works within the deadline around it (`shared.deadline`)."""

    site: str
    mapping: MappingFile
    erp: ErpAdapter
    state: StateStore
    publisher: PublishAllPort
    clock: Callable[[], datetime] = _utc_now

    def changed(self, since: datetime | None = None) -> PullReport:
        """Publish what changed since the last run, or since a time that a person names.

        The watermark moves only after everything was read and published, to the newest change seen. That is a time of
        the ERP's clock, and one that is ahead of ours counts as now. If the ERP tells no times, it is the begin of this
        run. Raises what the ports raise; what is published by then will be found again, and is the same event.
        """
        began = self.clock()
        if since is None:
            watermark = self.state.get_watermark(self.site, WATERMARK)
            since = began - FIRST_WINDOW if watermark is None else watermark - OVERLAP
        report = PullReport(since)
        newest: datetime | None = None
        records = self._in_time(self.erp.changed_since(since), report)
        while batch := list(islice(records, _BATCH)):
            self._publish([self._judged(found) for found in batch], report, anew=False)
            times = [found.changed_at for found in batch if found.changed_at is not None]
            newest = max([*times, *([] if newest is None else [newest])], default=None)
        if report.complete and report.read:
            to = began if newest is None else min(began, newest)
            report.watermark = self.state.advance_watermark(self.site, WATERMARK, to)
        return report

    def compare_all(self) -> PullReport:
        """Read linked records one by one, from where the last comparison ended, and publish each that differs.

        At the end of the deadline it stops, and the next run goes on from there; a run that comes to the end has the
        next one begin anew.
        """
        report = PullReport(None)
        last = self.state.get_memo(self.site, POSITION).get("after")
        after = None if last is None else RecordKey(self.site, KIND, int(last))
        records = self.state.list_records(self.site, kind=KIND, state="linked", after=after)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="compare") as threads:
            while True:
                if remaining_s() < _RESERVE_S:
                    return report
                batch = list(islice(records, _BATCH))
                self._publish(list(threads.map(self._compared, batch, [remaining_s()] * len(batch))), report, anew=True)
                if len(batch) < _BATCH:
                    break
                self.state.put_memo(self.site, POSITION, {"after": batch[-1].maintainx_id})
        self.state.put_memo(self.site, POSITION, {})
        report.complete = True
        return report

    def _in_time(self, records: Iterable[ErpRecord], report: PullReport) -> Iterator[ErpRecord]:
        """As many as there is time for; the report is complete if that is all."""
        for record in records:
            if remaining_s() < _RESERVE_S:
                return
            yield record
        report.complete = True

    def _judged(self, found: ErpRecord) -> Finding:
        record = self.state.find_record(self.site, KIND, erp_id=found.id)
        if record is not None:
            return judge(found, record.maintainx_id, record, compared(self.mapping))
        named = work_order_id_in(found.reference, self.site, self.erp.description.reference_length)
        if named is not None:
            record = self.state.get_record(RecordKey(self.site, KIND, named))
        return judge(found, named, record, compared(self.mapping))

    def _compared(self, record: SyncRecord, left_s: float) -> Finding:
        with deadline(left_s):  # a thread has none by itself
            try:
                found = self.erp.get(str(record.erp_id))
            except RecordNotFound:
                return judge_gone(record)
            except AuthenticationFailed:
                raise
            except RemoteRejected as error:  # of one record; the others must not wait for it
                log.warning("record %s of the ERP: %s", record.erp_id, error)
                return judge_unreadable(record)
        return judge(found, record.maintainx_id, record, compared(self.mapping))

    def _publish(self, findings: Sequence[Finding], report: PullReport, *, anew: bool) -> None:
        now = self.clock()
        events = [change_event(self.site, each, now, anew=anew) for each in findings if each.skip is None]
        if events:
            self.publisher.publish_all(ERP_PUSH, [(event.to_json(), event.attributes()) for event in events])
        for finding in findings:
            report.count(finding)
