"""Finds what people changed in the ERP, which sends no webhooks, and has the engine look at it.

Two ways. `changed` asks the ERP what changed since the last run: often, cheap, and blind to what an ERP does not list
as changed. `compare_all` reads every linked record, some thousands a run: rarely, and it sees what is gone as well.

Both only publish events ("look at this work order") and decide nothing, so that they may run at the same time, twice,
or end anywhere: the same state of a record gives the same event, which the consumer handles once.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol

from shared.canonical import content_hash
from shared.config.mappings import MappingFile
from shared.deadline import remaining_s
from shared.erp.base import ErpAdapter, ErpRecord, UnreadableRecord
from shared.errors import (
    AuthenticationFailed,
    BreakerOpen,
    BridgeError,
    ConfigError,
    RecordNotFound,
    RemoteRejected,
    TransientError,
)
from shared.events import Event
from shared.state import RecordKey, StateStore, SyncRecord
from shared.sync.brake import Brake
from shared.sync.findings import REPORTED, Finding, change_event, judge, judge_gone, judge_new, judge_unreadable
from shared.sync.new_in_erp import is_wanted, new_event
from shared.sync.parts import KIND
from shared.sync.reference import work_order_id_in
from shared.sync.snapshot import compared
from shared.sync.stretch import Stretch
from shared.sync.together import threads, together
from shared.topics import ERP_PUSH, EVENTS

# A record may become visible after one that was changed later; and where the ERP tells no times, its clock may go
# behind ours by so much.
OVERLAP = timedelta(minutes=10)
# How far back the first run of a site looks.
FIRST_WINDOW = timedelta(days=30)
WATERMARK = "erp_pull"
POSITION = "erp_pull:compare_all"
# What is done of a stretch that one run had no time for: that of the schedule, that of a person's `since`.
DONE = "erp_pull:done"
DONE_SINCE = "erp_pull:done_since"
_BATCH = 100
_AT_ONCE = 4  # reads of a comparison; the ERP has other users
_LOOKUPS_AT_ONCE = 8  # of what we know
# So many failures one after the other are no longer those of single records.
_MOST_IN_A_ROW = 5
# They say that no other record can be read either.
_OF_ALL = (AuthenticationFailed, BreakerOpen)
_SHOWN = 20
_MOST_ENDS = 5_000
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
    may want to look into. complete: whether it came to the end; got_on: if not, whether the next run has less to do.
    watermark: what was reached, by the ERP's clock.
    """

    since: datetime | None
    read: int = 0
    published: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    ids: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = False
    got_on: bool = False
    watermark: datetime | None = None

    @property
    def is_blind(self) -> bool:
        """Whether it read something, but nothing that could be understood."""
        return 0 < self.read == self.skipped["unreadable"]

    def count_seen(self, number: int) -> None:
        """Take note of records that an earlier run dealt with."""
        if number:
            self.read += number
            self.skipped["seen"] += number

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
        run. A run that is cut short notes down what it dealt with (`Stretch`); the next one for the same time passes
        over that and gets further. ConfigError if nothing that was read can be understood; else raises what the ports
        raise, and what is published by then will be passed over, or found again as the same event.
        """
        began = self.clock()
        due, stretch = self._stretch(since, began)
        report = PullReport(stretch.since)
        try:
            newest = self._publish_changed(stretch, report)
        except BridgeError:
            with contextlib.suppress(TransientError):  # the error of before counts
                stretch.keep(self.clock())
            raise
        if not report.complete:
            stretch.keep(self.clock())
            report.got_on = stretch.has_grown
            return report
        # Not if a person asked for less than what is due: the rest would be forgotten.
        if report.read and stretch.since <= due:
            to = began if newest is None else min(began, newest)
            report.watermark = self.state.advance_watermark(self.site, WATERMARK, to)
        stretch.forget()
        return report

    def compare_all(self) -> PullReport:
        """Read linked records one by one, from where the last comparison ended, and publish each that differs.

        At the end of the deadline it stops, and the next run goes on from there; a run that comes to the end has the
        next one begin anew. A record that cannot be read is counted and passed over. Raises the error if several in a
        row fail (a refusal of one record is an answer, and no failure), if the error is not one of that record, or if
        no record could be read at all; the next run goes on behind those that failed.
        """
        report = PullReport(None)
        memo = self.state.get_memo(self.site, POSITION)
        position, before = memo.get("after"), int(memo.get("read", 0))
        after = None if position is None else RecordKey(self.site, KIND, int(position))
        ends: dict[str, int] = dict(memo.get("ends", {}))  # ERP id -> work order
        records = self.state.list_records(self.site, kind=KIND, state="linked", after=after)
        failures = _Failures()
        with threads(_AT_ONCE, "compare") as pool:
            while remaining_s() >= _RESERVE_S and not report.complete:
                batch = list(islice(records, _BATCH))
                findings = list(failures.passed_over(together(pool, self._compared, batch)))
                found_now = {each.erp_id: each.work_order_id for each in findings if each.is_end}
                ends |= {erp_id: number for erp_id, number in found_now.items() if number is not None}
                self._publish([each for each in findings if each.erp_id not in found_now], report, anew=True)
                report.complete = failures.stop is None and not failures.out_of_time and len(batch) < _BATCH
                if report.complete:
                    self._publish_ends(ends, before + report.read + len(ends), report)
                    self.state.put_memo(self.site, POSITION, {})
                elif findings:
                    # More than these are too many anyway.
                    kept = dict(list(ends.items())[:_MOST_ENDS])
                    now = {"after": batch[len(findings) - 1].maintainx_id, "read": before + report.read, "ends": kept}
                    self.state.put_memo(self.site, POSITION, now)
                if failures.stop is not None:
                    raise failures.stop
                if failures.out_of_time:
                    break
        if failures.last is not None and report.is_blind and after is None:
            raise failures.last
        return report

    def _stretch(self, asked: datetime | None, began: datetime) -> tuple[datetime, Stretch]:
        """The time from which on changes are due, and what is to be looked at."""
        watermark = self.state.get_watermark(self.site, WATERMARK)
        due = None if watermark is None else watermark - OVERLAP
        name, since = (DONE, due) if asked is None else (DONE_SINCE, asked)
        if self.mapping.on_new_in_erp.action == "create":  # else what was left alone before would stay so
            name = f"{name}:{content_hash(self.mapping.on_new_in_erp.model_dump())[:8]}"
        stretch = Stretch.resumed(self.state, self.site, name, since, began)
        if since is None and stretch.is_new:
            stretch.since = began - FIRST_WINDOW
        return (began - FIRST_WINDOW if due is None else due), stretch

    def _publish_changed(self, stretch: Stretch, report: PullReport) -> datetime | None:
        """Publish what is new in the stretch; the newest time of change in all of it."""
        newest: datetime | None = None
        unclear: UnreadableRecord | None = None
        records = self._in_time(self.erp.changed_since(stretch.since), report)
        with threads(_LOOKUPS_AT_ONCE, "judge") as pool:
            while batch := list(islice(records, _BATCH)):
                new = [found for found in batch if not stretch.has(found)]
                report.count_seen(len(batch) - len(new))
                self._publish(list(together(pool, self._judged, new)), report, anew=False)
                stretch.add(new)
                times = [found.changed_at for found in batch if found.changed_at is not None]
                newest = max([*times, *([] if newest is None else [newest])], default=None)
                unclear = unclear or next((found for found in new if isinstance(found, UnreadableRecord)), None)
        if unclear is not None and report.is_blind:
            raise ConfigError(f"none of the {report.read} records that changed can be understood: {unclear.why}")
        return newest

    def _in_time(self, records: Iterable[ErpRecord], report: PullReport) -> Iterator[ErpRecord]:
        """As many as there is time for; the report is complete if that is all."""
        for record in records:
            if remaining_s() < _RESERVE_S:
                return
            yield record
        report.complete = True

    def _judged(self, found: ErpRecord) -> Finding:
        if isinstance(found, UnreadableRecord):
            log.warning("record %s of the ERP: %s", found.id, found.why)
            return judge_unreadable(found.id)
        record = self.state.find_record(self.site, KIND, erp_id=found.id)
        named = work_order_id_in(found.reference, self.site, self.erp.description.reference_length)
        if record is not None and named in (None, record.maintainx_id):
            return judge(found, record.maintainx_id, record, compared(self.mapping))
        if named is not None:
            known = self.state.get_record(RecordKey(self.site, KIND, named))
            if record is not None and (known is None or known.erp_id != found.id):
                return judge(
                    found, record.maintainx_id, record, compared(self.mapping)
                )  # it says that it is not its own
            record = known
            if record is not None and record.erp_id not in (None, found.id):
                log.warning(
                    "records %s and %s of the ERP carry one reference: %s", record.erp_id, found.id, found.reference
                )
        if named is None and self.mapping.on_new_in_erp.action == "create":
            return judge_new(found, wanted=is_wanted(self.mapping, found))
        return judge(found, named, record, compared(self.mapping))

    def _compared(self, record: SyncRecord) -> tuple[Finding, BridgeError | None]:
        erp_id = str(record.erp_id)
        try:
            found = self.erp.get(erp_id)
        except RecordNotFound:
            return judge_gone(record), None
        except BridgeError as error:
            return judge_unreadable(erp_id, record), error
        return judge(found, record.maintainx_id, record, compared(self.mapping), thorough=True), None

    def _publish_ends(self, ends: Mapping[str, int], of: int, report: PullReport) -> None:
        """Publish what the comparison found gone, or in other hands, unless that is more than people delete."""
        now = self.clock()
        brake = Brake(self.state, self.site)
        if brake.stops(list(ends), of, now):
            log.error("the brake holds back %d of %d records that are gone", len(ends), of, extra={"held": len(ends)})
            event = brake.event(now)
            self.publisher.publish_all(EVENTS, [(event.to_json(), event.attributes())])
            for erp_id, number in ends.items():
                report.count(Finding(erp_id, "held", None, number))
            return
        for erp_id, number in ends.items():
            record = self.state.get_record(RecordKey(self.site, KIND, number))
            if record is not None and record.erp_id == erp_id:
                finding, _ = self._compared(record)  # it may be back by now
                self._publish([finding], report, anew=True)

    def _publish(self, findings: Sequence[Finding], report: PullReport, *, anew: bool) -> None:
        now = self.clock()
        events = [self._event(each, now, anew=anew) for each in findings if each.skip is None]
        if events:
            self.publisher.publish_all(ERP_PUSH, [(event.to_json(), event.attributes()) for event in events])
        for finding in findings:
            report.count(finding)

    def _event(self, finding: Finding, now: datetime, *, anew: bool) -> Event:
        if finding.work_order_id is None and finding.found is not None:
            return new_event(self.site, self.mapping, finding.found, now)
        return change_event(self.site, finding, now, anew=anew)


@dataclass(slots=True)
class _Failures:
    """The records of a comparison that cannot be read. last: why; stop: the error that no other record is read after.

    in_a_row: failures since the last answer. out_of_time: our own deadline ended the reading; no record is to blame.
    """

    in_a_row: int = 0
    last: BridgeError | None = None
    stop: BridgeError | None = None
    out_of_time: bool = False

    def passed_over(self, answers: Iterable[tuple[Finding, BridgeError | None]]) -> Iterator[Finding]:
        """The findings up to the error that stops all."""
        for finding, error in answers:
            if isinstance(error, _OF_ALL):
                self.stop = error
                return
            if error is not None and remaining_s() <= 0:
                self.out_of_time = True
                return
            yield finding
            if error is None:
                self.in_a_row = 0
                continue
            log.warning("record %s of the ERP: %s: %s", finding.erp_id, type(error).__name__, error)
            self.last = error
            self.in_a_row = 0 if isinstance(error, RemoteRejected) else self.in_a_row + 1
            if self.in_a_row == _MOST_IN_A_ROW:
                self.stop = error
                return
