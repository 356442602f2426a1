"""One run of the demonstration: start, seed, live the history through with faults, replay, compute, compare."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Protocol

import httpx

from local.demo.comparison import compare_notifications, compare_site
from local.demo.csv_history import BadRow
from local.demo.driver import At, Driver
from local.demo.function_logs import entries, outcomes
from local.demo.history import PlannedWorkOrder, steps
from local.demo.intruder import try_to_get_in
from local.demo.report import Report
from local.demo.sites import SeededSite, add_equipment, seed_sites
from local.maintainx.control_client import SimControl
from local.processes import StackFailed
from local.pubsub.delivery.oidc import TokenIssuer, key_from_file
from local.scheduler import Job, Scheduler
from local.stack import PROJECT, Stack
from shared.errors import TransientError
from shared.events import event_identity, format_utc
from shared.pubsub.publisher import Publisher
from shared.topics import ERP_PUSH, PIPELINES
from shared.warehouse.gateway import warehouse_from_environment

_DRAIN_TIMEOUT_S = 120.0
_KPI_INTERVAL_S = 3600.0
# Deliveries and messages that may be under way before the simulated people wait, and how long they do at the most.
_MOST_UNDER_WAY = 40
_LONGEST_PAUSE_S = 6.0
# Assets stand there, online, for a while before the first work order.
_BEFORE_THE_HISTORY = timedelta(days=60)


@dataclass(frozen=True)
class Faults:
    """What goes wrong on the way. Parts are of the history's steps, 0 to 1."""

    erp_outage: tuple[float, float] | None = (0.4, 0.55)
    erp_drops_answers_at: float | None = 0.7
    kill: Sequence[tuple[float, str]] = ()


class Progress(Protocol):
    """What the run tells while it works."""

    def phase(self, text: str, total: int | None = None) -> None:
        """A new phase begins; `total` steps if that is known."""

    def advance(self) -> None:
        """One step of the phase is done."""

    def note(self, text: str) -> None:
        """Something happened."""


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
    _erp_is_down: bool = False

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
            planned = self._with_asset_unknown_to_erp()
            maintainx.set_clock(min(order.created_at for order in planned) - _BEFORE_THE_HISTORY)
            sites = seed_sites(self.stack, planned, maintainx)
            driver = Driver(maintainx.api_url, sites)
            with self._timed("history"):
                self._live(driver, planned, sites, maintainx)
            with self._timed("rest of the queue"):
                self.progress.phase("Waiting until every queue is empty")
                maintainx.wait_idle()
                self._drain()
            with self._timed("replay"):
                self._replay(sites)
            with self._timed("KPIs"):
                self._compute_kpis()
            with self._timed("comparison"):
                self.progress.phase("Comparing both sides, record by record")
                self._compare(driver, planned, maintainx)
            self._count()
        return self.report

    def _with_asset_unknown_to_erp(self) -> list[PlannedWorkOrder]:
        """The history with one work order moved to an asset that the ERP does not know yet."""
        names = {site.id: f"New press of {site.name}" for site in self.stack.sites}
        movable = [order for order in self.planned if order.end == "finish" and not order.takes_asset_down]
        chosen = movable[len(movable) // 2] if movable else self.planned[0]
        self.report.work_orders = len(self.planned)
        self.report.skipped_rows = [asdict(row) for row in self.bad_rows]
        return [replace(order, asset=names[order.site]) if order is chosen else order for order in self.planned]

    def _live(
        self,
        driver: Driver,
        planned: Sequence[PlannedWorkOrder],
        sites: dict[str, SeededSite],
        maintainx: SimControl,
    ) -> None:
        history = steps(planned)
        self.report.steps = len(history)
        self.progress.phase("Living through the history in MaintainX", len(history))
        driver.run(
            history,
            list(self._on_the_way(sites)),
            keep_pace=lambda: self._keep_pace(maintainx),
            progress=lambda _step: self.progress.advance(),
        )
        maintainx.set_clock(self.end)

    def _on_the_way(self, sites: dict[str, SeededSite]) -> Iterator[At]:
        first = next(iter(sites.values()))
        yield 0.15, lambda: self._intrude(first)
        yield 0.5, self._publish_poison
        if self.faults.erp_outage is not None:
            begin, end = self.faults.erp_outage
            yield begin, self._erp_goes_down
            yield end, self._erp_works_again
        if self.faults.erp_drops_answers_at is not None:
            fault = {"kind": "drop_after", "times": 3, "methods": ["POST", "PATCH"]}
            yield self.faults.erp_drops_answers_at, lambda: self._erp_fault(fault, "the ERP drops 3 answers")
        for part, name in self.faults.kill:
            yield part, lambda name=name: self._kill(name)  # type: ignore[misc]  # mypy cannot infer a default's type

    def _intrude(self, site: SeededSite) -> None:
        attempts = try_to_get_in(self.stack.url("webhook_ingress"), site.plan)
        self.report.refusals = [asdict(attempt) for attempt in attempts]
        self.report.wrongly_answered = sum(attempt.answered != attempt.expected for attempt in attempts)
        self.progress.note(f"{len(attempts)} forged, stale or malformed deliveries were sent to {site.plan.id}")

    def _publish_poison(self) -> None:
        Publisher().publish(ERP_PUSH, b'{"this is": "no event"}', {"site": self.stack.sites[0].id})
        self.progress.note("a message that can never succeed was published")

    def _erp_fault(self, fault: dict[str, Any], note: str) -> None:
        httpx.post(f"{self.stack.url('erp')}/_sim/faults", json=fault).raise_for_status()
        self.progress.note(note)

    def _erp_goes_down(self) -> None:
        self._erp_is_down = True
        self._erp_fault({"kind": "outage"}, "the ERP goes down")

    def _erp_works_again(self) -> None:
        """The outage ends, but not before erp_push has met it: right after the start, the function may still load."""
        deadline = time.monotonic() + _LONGEST_PAUSE_S * 3
        while not outcomes(self.stack.log_path("erp_push"))["retry", "RemoteUnavailable"]:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self._erp_is_down = False
        httpx.delete(f"{self.stack.url('erp')}/_sim/faults").raise_for_status()
        self.progress.note("the ERP is back")

    def _kill(self, name: str) -> None:
        self.stack.processes[name].kill()
        self.stack.restart(name)
        self.progress.note(f"{name} was killed and started again")

    def _keep_pace(self, maintainx: SimControl) -> None:
        """Wait until little is under way; not while the ERP is down, when nothing gets through."""
        if self._erp_is_down:
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
        """What an operator does: look, mend the cause, try a dry run, replay."""
        self.progress.phase("Looking at dead letters, mending, replaying")
        letters = self._dead_letters()
        self.report.dead_letters = _grouped(letters)
        for site in sites.values():
            if site.unknown_to_erp in site.asset_ids:
                add_equipment(self.stack, site, site.unknown_to_erp)
        for pipeline in sorted({letter["pipeline"] for letter in letters}):
            rehearsal = self._replay_pipeline(pipeline, dry_run=True)
            done = self._replay_pipeline(pipeline, dry_run=False)
            self.report.replay.append({"pipeline": pipeline, "dry_run": rehearsal["matched"], **_short(done)})
        self._drain()
        self.report.still_dead = _grouped(self._dead_letters())

    def _dead_letters(self) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = []
        for pipeline in PIPELINES:
            query: dict[str, str | int] = {"pipeline": pipeline, "limit": 10_000}
            response = httpx.get(self.stack.url("dlq_replay"), params=query, timeout=60.0)
            response.raise_for_status()
            letters += response.json()["letters"]
        return letters

    def _replay_pipeline(self, pipeline: str, *, dry_run: bool) -> dict[str, Any]:
        body = {"pipeline": pipeline, "limit": 10_000, "dry_run": dry_run}
        response = httpx.post(self.stack.url("dlq_replay"), json=body, timeout=60.0)
        response.raise_for_status()
        result: dict[str, Any] = response.json()
        return result

    def _compute_kpis(self) -> None:
        self.progress.phase("Computing KPIs in BigQuery")
        scheduler = Scheduler(PROJECT, TokenIssuer(key_from_file(self.stack.signing_key)))
        url = self.stack.url("kpi_compute")
        for site in self.stack.sites:
            body = {"site": site.id, "as_of": format_utc(self.end)}
            scheduler.run(Job(f"kpi-compute-{site.id}", url, body, _KPI_INTERVAL_S)).raise_for_status()
        self.report.kpis = self._read_kpis()
        sql = "SELECT COUNT(DISTINCT event_id) AS n FROM events"
        self.report.archived = next(iter(self._query(sql)))["n"]

    def _read_kpis(self) -> list[dict[str, Any]]:
        sql = (
            "SELECT site, period, kpi, value, n, unit, definition FROM kpis "
            "WHERE period_kind = 'rolling' AND scope = 'site' ORDER BY site, kpi"
        )
        return [dict(row.items()) for row in self._query(sql)]

    def _query(self, sql: str) -> list[Any]:
        return warehouse_from_environment().query(sql)

    def _compare(self, driver: Driver, planned: Sequence[PlannedWorkOrder], maintainx: SimControl) -> None:
        deleted = {order.key for order in planned if order.end == "delete" and order.started_at is not None}
        for site in self.stack.sites:
            dump = httpx.get(f"{self.stack.url('erp')}/_sim/tenants/{site.id}/dump", timeout=30.0).json()
            found = compare_site(
                site.id,
                self.stack.config.site(site.id).zone,
                maintainx.records(site.organization_id)["workOrders"],
                [driver.work_order_ids[o.key] for o in planned if o.site == site.id and o.key in deleted],
                dump["orders"],
            )
            self.report.erp[site.id] = dump["counters"]
            self.report.compared += found.compared
            self.report.lost += found.lost
            self.report.doubled += found.doubled
            self.report.differences += [asdict(difference) for difference in found.differences]
        log = maintainx.deliveries(bodies=True)
        self.report.deliveries = len(log)
        self.report.undelivered = sum(entry["outcome"] != "delivered" for entry in log)
        expected, missing, doubled = compare_notifications(self._to_be_told(log), self.stack.notifications())
        self.report.notifications = {"expected": expected, "missing": missing, "doubled": doubled}

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


def _grouped(letters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Dead letters counted by pipeline and error, with one message of each."""

    def kind(letter: dict[str, Any]) -> tuple[str, str]:
        return letter["pipeline"], letter["error_class"]

    return [
        {"pipeline": key[0], "error_class": key[1], "count": len(group), "error_message": group[0]["error_message"]}
        for key, members in groupby(sorted(letters, key=kind), kind)
        if (group := list(members))
    ]


def _short(result: dict[str, Any]) -> dict[str, Any]:
    return {"seen": result["seen"], "replayed": result["replayed"]}


def newest_moment(now: datetime) -> datetime:
    """Where simulated time ends: the last full hour."""
    return now.replace(minute=0, second=0, microsecond=0)
