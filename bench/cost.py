"""What the bundle costs a month in Google Cloud, from counted calls and list prices: `python -m bench cost`.

Measured: requests, CPU, messages, bytes, documents, log lines and table reads of the real functions on the local stack.
Counted: secrets, jobs, alerts in config/ and terraform/. Assumed, and printed: latencies, sizes, how long is kept.
The upper bound: each request has its instance to itself, and each mention of a table in a query reads all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bench.costing.measure import installation, measure
from bench.costing.prices import PRICES, PRICES_AS_OF
from bench.costing.usage import DEFAULT_ASSUMPTIONS, Installation, PerEvent, billed_s, month

VOLUMES = (1_000, 100_000, 10_000_000)


def main() -> None:
    """Measure, then print quantities and costs."""
    event, kpis = measure()
    site = installation()
    _print_measured(event, site)
    months = {volume: month(volume, event, kpis, site) for volume in VOLUMES}
    _print_table(months)
    daily = replace(site, kpi_runs_a_month=30.0)
    queries = PRICES["BigQuery: queries"]
    costs = (queries.cost(month(volume, event, kpis, daily)["BigQuery: queries"]) for volume in VOLUMES)
    print(f"{'BigQuery: queries, if KPIs run once a day':<42}" + "".join(f"{cost:>12,.2f}" for cost in costs))
    print(f"\nList prices, us-central1, USD, free tiers taken off. Prices as of {PRICES_AS_OF}.")


def _print_measured(event: PerEvent, site: Installation) -> None:
    assumed = DEFAULT_ASSUMPTIONS
    print("Measured for each accepted event")
    for name, function in event.functions.items():
        waits = ", ".join(f"{to} {count:.1f}" for to, count in function.waits.items())
        print(
            f"  {name:<16} {function.calls:5.2f} requests of {function.cpu_s * 1e3:5.1f} ms CPU; waits for {waits}; "
            f"{billed_s(function, assumed) * 1e3:.0f} ms billed"
        )
    print(
        f"  message          {event.event_bytes:,.0f} bytes; "
        f"{event.audit_messages:.2f} audit entries of {event.audit_bytes:,.0f}"
    )
    print(
        f"  Firestore        {event.state_reads:.2f} reads, {event.state_writes:.2f} writes, {event.claims:.2f} claims"
    )
    print(f"  log              {event.log_lines:.1f} lines, {event.log_bytes:,.0f} bytes")
    print(
        f"Counted: {site.sites} sites, {site.secrets} secrets, {site.jobs} jobs, "
        f"{site.alert_conditions} alert conditions, "
        f"{site.kpi_runs_a_month:.0f} KPI and {site.other_runs_a_month:.0f} other runs a site and month, "
        f"{site.min_instances} instance kept warm"
    )
    print(
        "Assumed: "
        + ", ".join(f"{to} answers in {seconds * 1e3:.0f} ms" for to, seconds in assumed.latency_s.items())
        + f"; {assumed.vcpu:g} vCPU, {assumed.memory_gib:g} GiB; {assumed.history_months:g} months of history; "
        f"{assumed.work_order_row_bytes:.0f} bytes a work order version; a KPI run takes {assumed.kpi_run_s:.0f} s\n"
    )


def _print_table(months: Mapping[int, Mapping[str, float]]) -> None:
    print(f"{'USD a month':<42}" + "".join(f"{volume:>12,}" for volume in months) + "  events a month")
    totals = dict.fromkeys(months, 0.0)
    for name, price in PRICES.items():
        costs = {volume: price.cost(quantities[name]) for volume, quantities in months.items()}
        for volume, cost in costs.items():
            totals[volume] += cost
        print(f"{name:<42}" + "".join(f"{cost:>12,.2f}" for cost in costs.values()))
    print(f"{'all':<42}" + "".join(f"{total:>12,.2f}" for total in totals.values()))
    per_event = (f"{total / volume * 1e3:>12,.3f}" for volume, total in totals.items())
    print(f"{'for each 1,000 events':<42}" + "".join(per_event))


if __name__ == "__main__":
    main()
