"""One run of the demonstration: start, seed, live the history through with faults, mend, heal, compute, compare."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from local import loopback
from local.demo.comparison import Comparison, compare_edits, compare_made, compare_notifications, compare_site
from local.demo.driver import Driver
from local.demo.erp_people import Edit, MadeOrder, change_orders, make_orders
from local.demo.function_logs import entries, outcomes
from local.demo.history import PlannedWorkOrder, Step, steps
from local.demo.lost import lost_steps
from local.demo.mishaps import Faults, Mishaps
from local.demo.on_call import Operator
from local.demo.own_history import BadRow
from local.demo.progress import Progress
from local.demo.report import Report
from local.demo.sites import SeededSite, asset_unknown_to_erp, seed_sites
from local.demo.truth import differences, kpis_of
from local.maintainx.control_client import SimControl
from local.processes import StackFailed
from local.pubsub.delivery.oidc import TokenIssuer, key_from_file
from local.scheduler import Job, Scheduler
from local.schedules import CATCH_UP, ERP_PULL, Schedule, jobs
from local.stack import PROJECT, Stack
from shared.errors import TransientError
from shared.events import event_identity, format_utc
from shared.topics import PIPELINES
from shared.warehouse.gateway import warehouse_from_environment

_DRAIN_TIMEOUT_S = 120.0
# Deliveries and messages that may be under way before the simulated people wait, and how long they do at the most.
_MOST_UNDER_WAY = 40
_LONGEST_PAUSE_S = 6.0
# Assets stand there, online, for a while before the first work order.
_BEFORE_THE_HISTORY = timedelta(days=60)
_KPI_REFRESH = Schedule("kpi-refresh", "kpi_compute", {}, 3600.0)
# What MaintainX sends; other events in the archive are the bundle's own.
_WEBHOOKS = "SELECT COUNT(DISTINCT event_id) AS n FROM events WHERE source = 'webhook'"
_KPIS = (
    "SELECT site, period, kpi, value, n, unit, definition FROM kpis "
    "WHERE period_kind = 'rolling' AND scope = 'site' ORDER BY site, kpi"
)


@dataclass
class Run:
    """A run on a running stack. `execute` gives the report."""

    stack: Stack
    planned: Sequence[PlannedWorkOrder]
    bad_rows: Sequence[BadRow]
    end: datetime
    faults: Faults
    progress: Progress
    report: Report = field(default_factory=Report)
    _edits: list[Edit] = field(default_factory=list)
    _made: list[MadeOrder] = field(default_factory=list)
    _lost: list[Step] = field(default_factory=list)

    def execute(self) -> Report:
        """Do everything. Raises StackFailed if the stack fails, rather than the bundle on it."""
        try:
            return self._execute()
        except (httpx.HTTPError, TimeoutError, TransientError) as error:
            self.stack.check()
            raise StackFailed(f"{type(error).__name__}: {error}; logs: {self.stack.folder / 'logs'}") from error

    def _execute(self) -> Report:
        with SimControl(self.stack.url("maintainx")) as maintainx:
            maintainx.configure(rate_window_s=self.stack.rate_window_s)
            self.report.work_orders = len(self.planned)
            self.report.skipped_rows = [asdict(row) for row in self.bad_rows]
            seeded_at = min(order.created_at for order in self.planned) - _BEFORE_THE_HISTORY
            maintainx.set_clock(seeded_at)
            sites = seed_sites(self.stack, self.planned, maintainx, seeded_at)
            driver = Driver(maintainx.api_url, sites)
            with self._timed("history"):
                self._live(driver, sites, maintainx)
            with self._timed("rest of the queue"):
                self.progress.phase("Waiting until every queue is empty")
                maintainx.wait_idle()
                self._drain()
            self._lose_webhooks(driver, maintainx)
            maintainx.set_clock(self.end)
            with self._timed("replay"):
                self._replay(sites)
            with self._timed("catch-up"):
                self._catch_up()
            with self._timed("KPIs"):
                self._compute_kpis(seeded_at)
            with self._timed("work in the ERP"):
                self._work_in_the_erp(maintainx)
            with self._timed("comparison"):
                self.progress.phase("Comparing both sides, one by one")
                self._compare(driver, maintainx)
            self._count()
        return self.report

    def _live(self, driver: Driver, sites: dict[str, SeededSite], maintainx: SimControl) -> None:
        history = steps(self.planned)
        unknown = asset_unknown_to_erp(self.planned)
        spared = {order for order in self.planned if (order.site, order.asset) == unknown}
        lost = lost_steps(history, self.faults.lost_webhooks, spared)
        self._lost = [history[number] for number in lost]
        lived = [step for number, step in enumerate(history) if number not in set(lost)]
        self.report.steps = len(history)
        self.progress.phase("Living through the history", len(history))
        mishaps = Mishaps(self.stack, self.faults, self.progress, self.report)
        driver.run(
            lived,
            list(mishaps.on_the_way(next(iter(sites.values())))),
            keep_pace=lambda: self._keep_pace(maintainx, nothing_gets_through=mishaps.erp_is_down),
            progress=lambda _step: self.progress.advance(),
        )

    def _lose_webhooks(self, driver: Driver, maintainx: SimControl) -> None:
        """The steps of which nobody is told, each at its own time.

        After all others: an event that is still under way would look at their results too.
        """
        maintainx.configure(delivery_drop_ratio=1.0)
        for step in self._lost:
            maintainx.set_clock(step.at)
            driver.run([step], [], keep_pace=lambda: None, progress=lambda _step: None)
        maintainx.configure(delivery_drop_ratio=0.0)
        self.progress.note(f"the webhooks of {len(self._lost)} changes were lost")

    def _keep_pace(self, maintainx: SimControl, *, nothing_gets_through: bool) -> None:
        """Wait until little is under way; not while the ERP is down."""
        if nothing_gets_through:
            if maintainx.stats()["pending"] > _MOST_UNDER_WAY:
                maintainx.wait_idle()
            return
        deadline = time.monotonic() + _LONGEST_PAUSE_S
        while maintainx.stats()["pending"] + sum(self._waiting().values()) > _MOST_UNDER_WAY:
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def _drain(self) -> None:
        """Wait until no subscription but those of dead letters holds a message."""
        deadline = time.monotonic() + _DRAIN_TIMEOUT_S
        while any(self._waiting().values()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"still waiting after {_DRAIN_TIMEOUT_S:.0f} s: {self._waiting()}")
            time.sleep(0.1)

    def _waiting(self) -> dict[str, int]:
        self.stack.check()
        backlog = self.stack.backlog()
        return {name: backlog[name] for name in PIPELINES}

    def _replay(self, sites: dict[str, SeededSite]) -> None:
        self.progress.phase("Looking at dead letters, replaying")
        operator = Operator(self.stack)
        self.report.dead_letters = operator.dead_letters()
        operator.mend(sites.values())
        self.report.replay = operator.replay(self.report.dead_letters)
        self._drain()
        self.report.still_dead = operator.dead_letters()

    def _catch_up(self) -> None:
        """Changes in MaintainX whose webhooks were lost are found and told."""
        self.progress.phase("Finding what no webhook told")
        since = min((step.at for step in self._lost), default=self.end - timedelta(days=1))
        self.report.catch_up = self._called(CATCH_UP, since=format_utc(since))
        self._drain()
        self.report.missed = len(self._lost)

    def _work_in_the_erp(self, maintainx: SimControl) -> None:
        """What people do in the ERP, which tells nobody of it. After the KPIs, which are those of the history."""
        self.progress.phase("People work in the ERP")
        for site in self.stack.sites:
            self._edits += change_orders(self.stack, site.id, self.faults.erp_edits, self.end.date())
            self._made += make_orders(self.stack, site.id, self.faults.erp_orders, self.end.date())
        self.report.erp_pull = self._called(ERP_PULL)
        self._drain()
        maintainx.wait_idle()  # webhooks tell of the work orders that were made of the ERP's orders
        self._drain()
        self.report.erp_edits, self.report.made_in_erp = len(self._edits), len(self._made)

    def _called(self, schedule: Schedule, **body: Any) -> dict[str, int]:
        """Call a schedule's jobs, as Cloud Scheduler would; the counts that they answer, of all sites together."""
        counts: Counter[str] = Counter()
        for job, answer in self._run(schedule, **body):
            found = answer["sites"][job.body["site"]]
            counts.update({name: n for name, n in found.items() if type(n) is int})
            counts.update(found.get("skipped", {}))
        return dict(counts)

    def _run(self, schedule: Schedule, **body: Any) -> Iterator[tuple[Job, dict[str, Any]]]:
        scheduler = Scheduler(PROJECT, TokenIssuer(key_from_file(self.stack.signing_key)))
        for job in jobs(self.stack, [schedule], **body):
            yield job, scheduler.run(job).raise_for_status().json()

    def _compute_kpis(self, known: datetime) -> None:
        """The KPIs, compared with what they must be by the history. known: since when the assets are there."""
        self.progress.phase("Computing KPIs in BigQuery")
        list(self._run(_KPI_REFRESH, as_of=format_utc(self.end)))
        self.report.kpis = [dict(row.items()) for row in warehouse_from_environment().query(_KPIS)]
        expected = {
            site.id: kpis_of(self.planned, site.id, self.stack.config.site(site.id).zone, self.end, known)
            for site in self.stack.sites
        }
        self.report.kpi_differences = differences(self.report.kpis, expected)

    def _compare(self, driver: Driver, maintainx: SimControl) -> None:
        deleted = {order.key for order in self.planned if order.end == "delete" and order.started_at is not None}
        for site in self.stack.sites:
            dump = loopback.get(f"{self.stack.url('erp')}/_sim/tenants/{site.id}/dump", timeout=30.0).json()
            work_orders = maintainx.records(site.organization_id)["workOrders"]
            zone = self.stack.config.site(site.id).zone
            deleted_ids = [driver.work_order_ids[o.key] for o in self.planned if o.site == site.id and o.key in deleted]
            self.report.erp[site.id] = dump["counters"]
            edits = [edit for edit in self._edits if edit.site == site.id]
            made = [order for order in self._made if order.site == site.id]
            taken_in = compare_made(site.id, zone, work_orders, dump["orders"], made)
            self.report.taken_in += taken_in.compared
            self._note(compare_site(site.id, zone, work_orders, deleted_ids, dump["orders"], made))
            self._note(compare_edits(site.id, zone, work_orders, edits))
            self._note(taken_in)
        self.report.archived = next(iter(warehouse_from_environment().query(_WEBHOOKS)))["n"]
        log = maintainx.deliveries(bodies=True)
        sent = [entry for entry in log if entry["outcome"] != "dropped"]
        self.report.deliveries, self.report.lost_webhooks = len(sent), len(log) - len(sent)
        self.report.undelivered = sum(entry["outcome"] != "delivered" for entry in sent)
        # What is told of a conflict follows from no delivery; the comparison above finds what waits.
        told = [entry for entry in self.stack.notifications() if "sync.conflict, " not in entry["message"]]
        expected, missing, doubled = compare_notifications(self._to_be_told(sent), told)
        self.report.notifications = {"expected": expected, "missing": missing, "doubled": doubled}

    def _note(self, found: Comparison) -> None:
        self.report.compared += found.compared
        self.report.lost += found.lost
        self.report.doubled += found.doubled
        self.report.differences += [asdict(difference) for difference in found.differences]

    def _to_be_told(self, log: Sequence[dict[str, Any]]) -> Iterator[dict[str, str]]:
        """The deliveries that the shipped routes send to people: asset status changes and urgent new work."""
        site_of = {site.organization_id: site.id for site in self.stack.sites}
        for entry in log:
            urgent = entry["type"] == "NEW_WORK_ORDER" and '"priority":"HIGH"' in entry["body"]
            if entry["type"] == "ASSET_STATUS_CHANGE" or urgent:
                site = site_of[entry["organization_id"]]
                yield {"event_id": event_identity(site, entry["type"], entry["body"].encode())}

    def _count(self) -> None:
        self.report.accepted = outcomes(self.stack.log_path("webhook_ingress"))["accepted", ""]
        for name in ("event_router", "erp_push", "notify"):
            counts: Counter[str] = Counter()
            for entry in entries(self.stack.log_path(name)):
                if "outcome" in entry:
                    counts[" ".join(filter(None, (entry["outcome"], entry.get("reason"))))] += 1
            self.report.outcomes[name] = dict(counts.most_common())

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.report.seconds[name] = round(time.monotonic() - begin, 2)


def newest_moment(now: datetime) -> datetime:
    """Where simulated time ends: the last midnight, UTC, long enough ago that no change counts as having just happened.

    A full day, so that a history has the same days, and KPIs, whenever a run begins.
    """
    return (now - timedelta(minutes=10)).replace(hour=0, minute=0, second=0, microsecond=0)
