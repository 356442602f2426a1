"""The cost estimate's arithmetic; its measurements are `python -m bench cost` itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bench.costing.measure import runs_a_month
from bench.costing.prices import PRICES
from bench.costing.state_calls import count_state_calls
from bench.costing.tables_read import tables_read
from bench.costing.usage import (
    DEFAULT_ASSUMPTIONS,
    Function,
    Installation,
    KpiRun,
    PerEvent,
    billed_s,
    month,
    run_bytes,
)
from shared.warehouse.tables import text

EVENT = PerEvent(
    functions={
        "webhook_ingress": Function(1.0, 0.002, {"Pub/Sub": 1}),
        "event_router": Function(1.0, 0.002, {"Pub/Sub": 1}),
        "erp_push": Function(0.5, 0.01, {"MaintainX": 1, "ERP": 1}),
    },
    event_bytes=500,
    audit_messages=0.5,
    audit_bytes=2000,
    state_reads=1,
    state_writes=4,
    claims=1,
    records=0.1,
    log_lines=3,
    log_bytes=900,
    work_order_events=0.9,
)
KPIS = KpiRun(({"work_orders": 6, "kpis": 1}, {"raw_events": 1}))
SITE = Installation(
    sites=2,
    secrets=20,
    jobs=4,
    kpi_runs_a_month=720,
    other_runs_a_month=0,
    alert_conditions=11,
    functions=6,
    min_instances=1,
)


def test_every_quantity_has_a_price_and_every_price_a_quantity() -> None:
    assert set(month(1000, EVENT, KPIS, SITE)) == set(PRICES)


def test_free_tier_is_taken_off_once() -> None:
    price = PRICES["Cloud Run: requests"]
    assert price.cost(2e6) == 0
    assert price.cost(3e6) == pytest.approx(0.40)


def test_small_messages_are_billed_as_1000_bytes() -> None:
    used = month(1000, EVENT, KPIS, SITE)
    # published: events, erp-push; pushed: event_router, erp_push; audit 0.5 of 2,000 bytes
    assert used["Pub/Sub: publish and push"] == 1000 * (1000 * (1.5 + 1.5) + 1000)
    assert used["Pub/Sub: to BigQuery"] == 1000 * (1000 + 1000)


def test_requests_are_billed_in_steps_of_100_ms_with_their_waiting() -> None:
    assert billed_s(EVENT.functions["webhook_ingress"], DEFAULT_ASSUMPTIONS) == pytest.approx(0.1)
    assert billed_s(EVENT.functions["erp_push"], DEFAULT_ASSUMPTIONS) == pytest.approx(0.9)


def test_more_events_never_cost_less() -> None:
    months = [month(volume, EVENT, KPIS, SITE) for volume in (0, 1e3, 1e5, 1e7)]
    for fewer, more in pairwise(months):
        assert all(more[name] >= fewer[name] for name in fewer)


def test_queries_are_billed_at_10_mib_a_table_and_at_every_mention_above() -> None:
    mib = 2.0**20
    assert run_bytes(KPIS, {}) == 3 * 10 * mib
    assert run_bytes(KPIS, {"work_orders": 100 * mib}) == (600 + 10 + 10) * mib


def test_rarer_kpis_cost_fewer_query_bytes() -> None:
    used, rare = (month(1e6, EVENT, KPIS, site) for site in (SITE, replace(SITE, kpi_runs_a_month=30)))
    assert used["BigQuery: queries"] == 24 * rare["BigQuery: queries"]


def test_crons_are_counted(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, float]] = [
        ("*/30 * * * *", 1440),
        ("17 3 * * *", 30),
        ("5 * * * *", 720),
        ("0 6,18 * * *", 60),
    ]
    for cron, runs in cases:
        with subtests.test(cron=cron):
            assert runs_a_month(cron) == runs


def test_cron_that_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match="not a daily cron"):
        runs_a_month("0 3 * * 1")


def test_tables_behind_views_are_counted_at_each_mention() -> None:
    assert tables_read("SELECT * FROM events JOIN work_orders USING (site) -- FROM kpis") == {
        "raw_events": 1,
        "work_orders": 1,
    }
    merged = tables_read(text("merge_kpis.sql"))
    assert merged["kpis"] == 2  # what is merged into, and which periods are stored with a later as_of
    assert merged["work_orders"] > 3  # every KPI of work orders reads it anew
    assert set(merged) == {"kpis", "kpi_periods", "work_orders", "asset_statuses"}


def test_operations_are_counted_where_they_arrive() -> None:
    counted = count_state_calls()
    assert +counted["claim"] == {"writes": 2}
    assert counted["created"]["MaintainX"] == counted["updated"]["MaintainX"] == counted["unchanged"]["MaintainX"] == 1
    assert (counted["created"]["ERP"], counted["updated"]["ERP"], counted["unchanged"]["ERP"]) == (2, 1, 0)
    for work in ("created", "updated", "unchanged"):
        assert counted[work]["reads"] == 1
        assert counted[work]["writes"] > 1
