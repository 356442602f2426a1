"""`ops events` on a real warehouse: rows as BigQuery subscriptions write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.warehouse.gateway import Warehouse
from tests.unit.ops.conftest import Ops

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def site() -> str:
    return f"plant-{uuid4().hex[:8]}"


@pytest.fixture
def look(warehouse: Warehouse, ops: Ops, monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*words: str) -> tuple[int, Any]:
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test-project")
        result = ops("--dataset", "maintenance", "events", *words, "--json")
        return result.exit_code, json.loads(result.stdout)

    return call


def write(warehouse: Warehouse, table: str, *messages: tuple[timedelta, dict[str, Any], dict[str, str]]) -> None:
    rows = [
        {
            "subscription_name": "s",
            "message_id": uuid4().hex,
            "publish_time": (NOW - age).isoformat(),
            "data": json.dumps(data),
            "attributes": json.dumps(attributes),
        }
        for age, data, attributes in messages
    ]
    schema = warehouse.client.get_table(f"{warehouse.dataset_id}.{table}").schema
    warehouse.append(table, rows, schema)


def event(site: str, event_id: str, kind: str, record: str) -> dict[str, Any]:
    return {"event_id": event_id, "site": site, "type": kind, "resource_id": record}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_events_replays_and_audit_entries_of_a_record_in_order(warehouse: Warehouse, look: Any, site: str) -> None:
    created = event(site, f"{site}-e1", "work_order.created", "9001")
    write(
        warehouse,
        "raw_events",
        (minutes(30), created, {"source": "webhook"}),
        (minutes(10), created, {"source": "replay"}),
        (minutes(29), event(site, f"{site}-e2", "work_order.created", "9002"), {"source": "webhook"}),
        (minutes(28), event("another", f"{site}-e3", "work_order.created", "9001"), {"source": "webhook"}),
        (timedelta(days=40), event(site, f"{site}-e0", "work_order.created", "9001"), {"source": "webhook"}),
    )
    entry = {"event_id": f"{site}-e1", "site": site, "action": "create", "maintainx_id": 9001, "erp_id": "4711"}
    write(warehouse, "sync_audit_raw", (minutes(9), {**entry, "direction": "maintainx_to_erp"}, {}))
    code, report = look("--site", site, "--record", "9001")
    assert code == 0
    assert [(row["kind"], row["what"], row["detail"]) for row in report["entries"]] == [
        ("event", "work_order.created", "webhook"),
        ("event", "work_order.created", "replay"),
        ("audit", "create", "maintainx_to_erp 4711"),
    ]
    assert look("--site", site, "--id", f"{site}-e1")[1]["count"] == 3
    assert look("--site", site, "--record", "9001", "--days", "50")[1]["count"] == 4


def test_nothing_found_is_exit_code_1(look: Any, site: str) -> None:
    code, report = look("--site", site, "--record", "1")
    assert (code, report["entries"]) == (1, [])
