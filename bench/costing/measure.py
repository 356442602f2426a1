"""Measures what one event uses: a history lived through on the local stack, and single operations counted call by call.

CPU, messages, bytes and log lines come from the stack, where the real functions run as processes. Firestore's reads
and writes come from operations done here on an embedded server that counts its calls: each call touches one document.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.costing.state_calls import count_state_calls
from bench.costing.tables_read import tables_read
from bench.costing.usage import Function, Installation, KpiRun, PerEvent
from local.demo.function_logs import entries, outcomes
from local.demo.history import invent
from local.demo.mishaps import Faults
from local.demo.run import Run, newest_moment
from local.stack import ROOT, Stack, running_stack
from ops.config import secret_names
from shared.bootstrap import maintainx_client
from shared.config.whole import load_config
from shared.state.firestore import FirestoreStateStore
from shared.warehouse.gateway import Parameter, Warehouse, warehouse_from_environment
from shared.warehouse.service import refresh_site

WORK_ORDERS = 60
_PUSHED = ("event_router", "erp_push", "notify")
_MEASURED = ("webhook_ingress", *_PUSHED)


class _Silent:
    def phase(self, text: str, total: int | None = None) -> None: ...

    def advance(self) -> None: ...

    def note(self, text: str) -> None: ...


def measure() -> tuple[PerEvent, KpiRun]:
    """Live a history through, without faults, and divide by the accepted events. Takes about half a minute."""
    kept = dict(os.environ)
    try:
        with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "s", rate_window_s=1.0) as stack:
            before = {name: _cpu_s(stack, name) for name in _MEASURED}
            end = newest_moment(datetime.now(UTC))
            planned = invent([site.id for site in stack.sites], WORK_ORDERS, seed=1, end=end)
            faults = Faults(erp_outage=None, erp_drops_answers_at=None, lost_webhooks=0, erp_edits=0, erp_orders=0)
            Run(stack, planned, [], end, faults, _Silent()).execute()
            cpu_s = {name: _cpu_s(stack, name) - before[name] for name in _MEASURED}
            return _per_event(stack, cpu_s), _kpi_run(stack, end)
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _per_event(stack: Stack, cpu_s: Mapping[str, float]) -> PerEvent:
    accepted = outcomes(stack.log_path("webhook_ingress"))["accepted", ""]
    handled = {name: outcomes(stack.log_path(name)) for name in _PUSHED}
    state = count_state_calls()
    reads, writes, claims = _state_use(handled, state)
    calls = {"webhook_ingress": accepted, **{name: sum(handled[name].values()) for name in _PUSHED}}
    raw, audit = (_message_sizes(table) for table in ("raw_events", "sync_audit_raw"))
    lines = [line for name in _MEASURED for line in entries(stack.log_path(name))]
    types = Counter(row["type"].partition(".")[0] for row in _query("SELECT type FROM events"))
    waits = _waits(handled, audit["count"], calls, state)
    return PerEvent(
        functions={
            name: Function(calls[name] / accepted, cpu_s[name] / max(1, calls[name]), waits[name]) for name in _MEASURED
        },
        event_bytes=raw["bytes"],
        audit_messages=audit["count"] / accepted,
        audit_bytes=audit["bytes"],
        state_reads=reads / accepted,
        state_writes=writes / accepted,
        claims=claims / accepted,
        records=handled["erp_push"]["done", "created"] / accepted,
        log_lines=len(lines) / accepted,
        log_bytes=sum(len(json.dumps(line)) for line in lines) / accepted,
        work_order_events=types["work_order"] / sum(types.values()),
    )


def _state_use(handled: Mapping[str, Counter[tuple[str, str]]], state: Mapping[str, Counter[str]]) -> tuple[int, ...]:
    """Documents read and written, and claims left behind, by the outcomes that were seen."""
    used: Counter[str] = Counter()
    claims = 0
    for (kind, reason), count in handled["erp_push"].items():
        work = "unchanged" if kind == "skipped" else reason if reason in state else "updated"
        for part in ("claim", work):
            used.update({document: calls * count for document, calls in state[part].items()})
        claims += count
    notified = sum(handled["notify"].values())
    # notify claims the event, and each of its addresses (one a site here).
    used.update({document: calls * 2 * notified for document, calls in state["claim"].items()})
    return used["reads"], used["writes"], claims + 2 * notified


def _waits(
    handled: Mapping[str, Counter[tuple[str, str]]],
    audited: float,
    calls: Mapping[str, float],
    state: Mapping[str, Counter[str]],
) -> dict[str, dict[str, float]]:
    """How often one request of each function waits for whom."""
    work: Counter[str] = Counter()
    for (kind, reason), count in handled["erp_push"].items():
        each = state["unchanged" if kind == "skipped" else reason if reason in state else "updated"]
        work.update({to: each[to] * count for to in ("MaintainX", "ERP", "reads", "writes")})
    pushes = max(1, calls["erp_push"])
    claim = state["claim"]["reads"] + state["claim"]["writes"]
    router = max(1, calls["event_router"])
    return {
        "webhook_ingress": {"Pub/Sub": 1},
        "event_router": {"Pub/Sub": (calls["erp_push"] + calls["notify"]) / router},
        "erp_push": {
            "MaintainX": work["MaintainX"] / pushes,
            "ERP": work["ERP"] / pushes,
            "Firestore": (work["reads"] + work["writes"]) / pushes + claim,
            "Pub/Sub": audited / pushes,
        },
        # The asset that it is about, unless it was read not long ago.
        "notify": {"people": 1, "MaintainX": 1, "Firestore": 2 * claim},
    }


def _message_sizes(table: str) -> dict[str, float]:
    """How many messages reached the table, and how long one is, attributes included."""
    rows = _query(f"SELECT COUNT(*) AS n, AVG(LENGTH(data) + LENGTH(attributes)) AS size FROM {table}")
    return {"count": float(rows[0]["n"]), "bytes": float(rows[0]["size"] or 0)}


def _query(sql: str) -> list[Any]:
    return warehouse_from_environment().query(sql)


def _cpu_s(stack: Stack, name: str) -> float:
    """CPU time that the function's processes have used so far."""
    popen = stack.processes[name].popen
    assert popen is not None
    own = psutil.Process(popen.pid)
    times = [process.cpu_times() for process in [own, *own.children(recursive=True)]]
    return sum(time.user + time.system for time in times)


@dataclass(frozen=True)
class _CountingWarehouse(Warehouse):
    statements: list[str] = field(default_factory=list)

    def query(self, sql: str, parameters: Mapping[str, Parameter] | None = None) -> list[Any]:
        self.statements.append(sql)
        return super().query(sql, parameters)


def _kpi_run(stack: Stack, end: datetime) -> KpiRun:
    """One refresh of a site, as kpi_compute does it, with its statements noted."""
    os.environ.update({"CONFIG_DIR": str(stack.folder / "config"), "SECRETS_DIR": str(stack.folder / "secrets")})
    site = next(iter(stack.config.sites.values()))
    made = warehouse_from_environment()
    counting = _CountingWarehouse(made.client, made.dataset)
    state = FirestoreStateStore()
    try:
        refresh_site(counting, site.id, site.zone, end, maintainx_client(site.id), state)
    finally:
        state.close()
    return KpiRun(tuple(dict(tables_read(sql)) for sql in counting.statements))


def installation(min_instances: int = 1) -> Installation:
    """What config/ and terraform/ say, counted."""
    config = load_config(ROOT / "config")
    terraform = {path.name: path.read_text() for path in (ROOT / "terraform").glob("*.tf")}
    scheduled = re.findall(r'function = "(\w+)",\s*cron = var\.schedules\.(\w+)', terraform["scheduler.tf"])
    crons = dict(re.findall(r'(\w+)\s*= optional\(string, "([^"]+)"\)', terraform["variables.tf"]))
    return Installation(
        sites=len(config.sites),
        secrets=len({name for site in config.sites.values() for name in secret_names(site)}),
        jobs=len(scheduled) * len(config.sites),
        kpi_runs_a_month=sum(runs_a_month(crons[name]) for function, name in scheduled if function == "kpi_compute"),
        other_runs_a_month=sum(runs_a_month(crons[name]) for function, name in scheduled if function != "kpi_compute"),
        alert_conditions=_alert_conditions(terraform["alerts.tf"], config.sites),
        functions=len(list((ROOT / "functions").glob("*/main.py"))),
        min_instances=min_instances,
    )


def _alert_conditions(text: str, sites: Iterable[str]) -> int:
    """Metric conditions: those for all, and those that stand in a `for` over the sites, once for each."""
    for_all, *for_each = re.split(r"\{\s*for id in ", text)
    conditions = r"display_name = \"[a-z0-9]"
    return len(re.findall(conditions, for_all)) + len(list(sites)) * sum(
        min(1, len(re.findall(conditions, block))) for block in for_each
    )


def runs_a_month(cron: str) -> float:
    """How often a cron of the forms `*/N * * * *`, `M * * * *` and `M H * * *` fires in 30 days."""
    minute, hour, *rest = cron.split()
    if rest != ["*", "*", "*"]:
        raise ValueError(f"not a daily cron: {cron}")
    an_hour = 60 / int(minute[2:]) if minute.startswith("*/") else 60 if minute == "*" else len(minute.split(","))
    a_day = 24 / int(hour[2:]) if hour.startswith("*/") else 24 if hour == "*" else len(hour.split(","))
    return 30 * a_day * an_hour
