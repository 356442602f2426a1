"""What a month uses, from what one event was measured to use. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MONTH_S = 30 * 86400.0
_GIB = 2.0**30
_MIB = 2.0**20
# Pub/Sub bills a request at 1,000 bytes at least; a message alone in its request is the worst case and the usual one.
_LEAST_REQUEST_BYTES = 1000.0
# Cloud Run rounds every request up to 100 ms.
_BILLED_STEP_S = 0.1
# BigQuery bills each table that a query names at 10 MiB at least.
_LEAST_TABLE_BYTES = 10 * _MIB


@dataclass(frozen=True, slots=True)
class Function:
    """What one function does for each accepted event, on average.

    calls: requests to it. cpu_s: CPU time of one request. waits: how often one request asks whom.
    """

    calls: float
    cpu_s: float
    waits: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PerEvent:
    """Measured averages for one accepted event. Bytes of messages include their attributes.

    state_reads, state_writes: Firestore documents. claims: documents that Firestore's TTL deletes later.
    """

    functions: Mapping[str, Function]
    event_bytes: float
    audit_messages: float
    audit_bytes: float
    state_reads: float
    state_writes: float
    claims: float
    records: float
    log_lines: float
    log_bytes: float
    work_order_events: float


@dataclass(frozen=True, slots=True)
class KpiRun:
    """Measured for one run of one site: for each query, how often it reads which table, views resolved."""

    queries: tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """What is there whatever happens: counted from config/ and terraform/. Runs are of scheduled functions, a site."""

    sites: int
    secrets: int
    jobs: int
    kpi_runs_a_month: float
    other_runs_a_month: float
    alert_conditions: int
    functions: int
    min_instances: int


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What could not be measured here. Each is on the careful side."""

    latency_s: Mapping[str, float]
    vcpu: float = 1.0
    memory_gib: float = 0.5
    history_months: float = 12.0
    retained_share_of_month: float = 7 / 30
    work_order_row_bytes: float = 150.0
    asset_status_row_bytes: float = 80.0
    asset_status_events: float = 0.05
    state_document_bytes: float = 1500.0
    request_log_bytes: float = 1500.0
    log_entry_overhead_bytes: float = 500.0
    call_bytes: float = 3000.0
    image_bytes: float = 400 * _MIB
    secret_cache_s: float = 300.0
    kpi_run_s: float = 20.0
    other_run_s: float = 5.0


DEFAULT_ASSUMPTIONS = Assumptions(
    latency_s={"MaintainX": 0.3, "ERP": 0.5, "people": 0.5, "Firestore": 0.02, "Pub/Sub": 0.04}
)


def month(
    events: float, event: PerEvent, kpis: KpiRun, site: Installation, assumed: Assumptions = DEFAULT_ASSUMPTIONS
) -> dict[str, float]:
    """Quantities of a month with `events` accepted events, by the names of `prices.PRICES`."""
    runs = site.sites * (site.kpi_runs_a_month + site.other_runs_a_month)
    scheduled_s = site.kpi_runs_a_month * assumed.kpi_run_s + site.other_runs_a_month * assumed.other_run_s
    busy_s = events * sum(f.calls * billed_s(f, assumed) for f in event.functions.values()) + site.sites * scheduled_s
    requests = events * sum(f.calls for f in event.functions.values()) + runs
    idle_s = site.min_instances * MONTH_S
    message = max(_LEAST_REQUEST_BYTES, event.event_bytes)
    audit = max(_LEAST_REQUEST_BYTES, event.audit_bytes) * event.audit_messages
    pushes = sum(f.calls for name, f in event.functions.items() if name != "webhook_ingress")
    published = 1 + sum(f.calls for name, f in event.functions.items() if name in ("erp_push", "notify"))
    outside = sum(
        f.calls * f.waits.get(to, 0) for f in event.functions.values() for to in ("MaintainX", "ERP", "people")
    )
    kept_rows = events * assumed.history_months
    tables = {
        "raw_events": events * event.event_bytes * 8 / 30,  # the query filters for eight days
        "work_orders": kept_rows * event.work_order_events * assumed.work_order_row_bytes,
        "asset_statuses": kept_rows * assumed.asset_status_events * assumed.asset_status_row_bytes,
    }
    stored = kept_rows * (event.event_bytes + audit) + tables["work_orders"] + tables["asset_statuses"]
    return {
        "Cloud Run: requests": requests,
        "Cloud Run: vCPU": busy_s * assumed.vcpu,
        "Cloud Run: memory": busy_s * assumed.memory_gib,
        "Cloud Run: idle minimum instance, vCPU": idle_s * assumed.vcpu,
        "Cloud Run: idle minimum instance, memory": idle_s * assumed.memory_gib,
        "Pub/Sub: publish and push": events * (message * (published + pushes) + audit),
        "Pub/Sub: to BigQuery": events * (message + audit),
        "Pub/Sub: retained messages": events * (message * published + audit) * assumed.retained_share_of_month,
        "Firestore: reads": events * event.state_reads,
        "Firestore: writes": events * event.state_writes,
        "Firestore: TTL deletes": events * event.claims,
        "Firestore: storage": events
        * (event.claims + event.records * assumed.history_months)
        * assumed.state_document_bytes,
        "BigQuery: storage": stored,
        "BigQuery: queries": site.sites * site.kpi_runs_a_month * run_bytes(kpis, tables),
        "Secret Manager: versions": site.secrets,
        "Secret Manager: accesses": min(requests, site.secrets * MONTH_S / assumed.secret_cache_s),
        "Cloud Scheduler: jobs": site.jobs,
        "Logging": events * (event.log_bytes + event.log_lines * assumed.log_entry_overhead_bytes)
        + requests * assumed.request_log_bytes,
        "Monitoring: alert conditions": site.alert_conditions,
        "Artifact Registry: images": site.functions * assumed.image_bytes,
        "Network: to ERP, MaintainX, people": events * outside * assumed.call_bytes,
    }


def billed_s(function: Function, assumed: Assumptions) -> float:
    """Seconds billed for one request that has its instance to itself: CPU and waiting, rounded up to 100 ms."""
    seconds = function.cpu_s + sum(count * assumed.latency_s[to] for to, count in function.waits.items())
    return -(-seconds // _BILLED_STEP_S) * _BILLED_STEP_S


def run_bytes(kpis: KpiRun, tables: Mapping[str, float]) -> float:
    """Bytes billed for one KPI run: every mention of a table reads it whole, 10 MiB a table and query at least."""
    return sum(
        max(_LEAST_TABLE_BYTES, times * tables.get(table, 0.0))
        for query in kpis.queries
        for table, times in query.items()
    )
