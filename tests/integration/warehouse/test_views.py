"""The views on what the BigQuery subscriptions write, and provisioning."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.sync.audit import AuditEntry
from shared.warehouse.gateway import Warehouse, scalar
from shared.warehouse.provision import ensure_warehouse
from shared.warehouse.tables import TABLES, VIEWS
from tests.integration.warehouse.events import append_event, append_message
from tests.integration.warehouse.samples import append, at, interval


def rows(warehouse: Warehouse, view: str, site: str, order: str) -> list[dict[str, object]]:
    sql = f"SELECT * FROM {view} WHERE site = @site ORDER BY {order}"
    return [dict(row.items()) for row in warehouse.query(sql, {"site": scalar("STRING", site)})]


def test_an_event_has_the_fields_of_its_wire_form(warehouse: Warehouse, site: str) -> None:
    event = append_event(
        warehouse, site, "work_order.created", resource_id="17", occurred_at=at("2026-11-02 08:31:40.870")
    )
    (row,) = rows(warehouse, "events", site, "event_id")
    assert json.loads(str(row.pop("data"))) == event.data
    assert {key: row[key] for key in event.attributes()} == event.attributes()
    assert (row["occurred_at"], row["received_at"]) == (event.occurred_at, event.received_at)


def test_an_event_that_was_delivered_twice_is_shown_once_the_first(warehouse: Warehouse, site: str) -> None:
    event = append_event(warehouse, site, "asset.created", resource_id="3", occurred_at=at("2026-11-02 08:00"))
    append_message(
        warehouse,
        "raw_events",
        replace(event, source="poll").to_json(),
        event.attributes(),
        published_at=datetime.now(UTC) + timedelta(hours=1),
    )
    (row,) = rows(warehouse, "events", site, "event_id")
    assert row["source"] == "webhook"


def test_a_message_that_is_no_event_is_not_shown(warehouse: Warehouse, site: str) -> None:
    append_message(warehouse, "raw_events", b"{}", {})
    append_event(warehouse, site, "asset.created", resource_id="3", occurred_at=at("2026-11-02 08:00"))
    assert warehouse.query("SELECT COUNT(*) AS n FROM events WHERE event_id IS NULL")[0]["n"] == 0


def test_an_audit_entry_has_the_fields_of_its_wire_form_and_is_shown_once(warehouse: Warehouse, site: str) -> None:
    entry = AuditEntry(
        site=site,
        event_id="e1",
        actor="erp_push",
        at="2026-11-02T08:31:40.870Z",
        action="update",
        kind="work_order",
        maintainx_id=17,
        erp_id="4711",
        reference="mx-17",
        before={"title": "a"},
        after={"title": "b"},
        policy={"title": "maintainx"},
        parked={"priority": {"maintainx": "HIGH", "erp": "4", "reason": "both_changed"}},
        agreed={"title": "b"},
        version_before="1",
        version_after="2",
    )
    for _ in range(2):
        append_message(warehouse, "sync_audit_raw", entry.to_json(), {})
    (row,) = rows(warehouse, "sync_audit", site, "entry_id")
    for name in ("event_id", "actor", "direction", "action", "kind", "maintainx_id", "erp_id", "reference"):
        assert row[name] == getattr(entry, name), name
    assert row["entry_id"] == entry.entry_id
    assert row["decided_at"] == at("2026-11-02 08:31:40.870")
    assert json.loads(str(row["before_values"])) == {"title": "a"}
    assert json.loads(str(row["after_values"])) == {"title": "b"}
    assert json.loads(str(row["policy"])) == {"title": "maintainx"}
    assert json.loads(str(row["parked_values"])) == entry.parked
    assert json.loads(str(row["agreed_values"])) == {"title": "b"}
    assert (row["version_before"], row["version_after"]) == ("1", "2")


def test_an_audit_entry_tells_its_direction_also_one_of_before_it_had_conflicts(
    warehouse: Warehouse, site: str
) -> None:
    entry = AuditEntry(
        site=site,
        event_id="e1",
        actor="erp_pull",
        at="2026-11-02T08:31:40.870Z",
        action="update",
        kind="work_order",
        maintainx_id=17,
        erp_id="4711",
        reference="mx-17",
        after={"title": "b"},
        direction="erp_to_maintainx",
    )
    old = json.loads(replace(entry, event_id="e0").to_json())
    del old["parked"], old["agreed"]
    append_message(warehouse, "sync_audit_raw", json.dumps(old).encode(), {})
    append_message(warehouse, "sync_audit_raw", entry.to_json(), {})
    found = rows(warehouse, "sync_audit", site, "event_id")
    assert [row["direction"] for row in found] == ["erp_to_maintainx"] * 2
    assert [(row["parked_values"], row["agreed_values"]) for row in found] == [(None, None), ("{}", "{}")]


def test_the_current_status_is_the_latest_version_and_a_deleted_one_no_outage(warehouse: Warehouse, site: str) -> None:
    first = interval(site, 1, at("2026-11-10 08:00"), None)
    closed = {**first, "ended_at": at("2026-11-10 09:00"), "updated_at": at("2026-11-10 09:00")}
    gone = interval(site, 2, at("2026-11-11 08:00"), at("2026-11-11 09:00"))
    removed = {**gone, "deleted": True, "updated_at": at("2026-11-12 00:00")}
    append(warehouse, "asset_statuses", [closed, first, removed, gone])
    current = rows(warehouse, "asset_statuses_current", site, "asset_status_id")
    assert [(row["ended_at"], row["deleted"]) for row in current] == [
        (at("2026-11-10 09:00"), False),
        (at("2026-11-11 09:00"), True),
    ]
    outages = rows(warehouse, "asset_outages", site, "kind")
    assert {(row["kind"], row["started_at"], row["ended_at"]) for row in outages} == {
        (kind, at("2026-11-10 08:00"), at("2026-11-10 09:00"))
        for kind in ("unplanned", "unplanned_or_ignored", "not_operating")
    }


def test_provisioning_again_keeps_tables_and_data(warehouse: Warehouse, site: str) -> None:
    append(warehouse, "asset_statuses", [interval(site, 1, at("2026-11-10 08:00"), None)])
    ensure_warehouse(warehouse.client, warehouse.dataset)
    assert len(rows(warehouse, "asset_statuses_current", site, "asset_id")) == 1
    names = {item.table_id for item in warehouse.client.list_tables(warehouse.dataset_id)}
    assert names == {spec.name for spec in TABLES} | {name for name, _ in VIEWS}


def test_tables_have_the_columns_of_their_schema_files(warehouse: Warehouse) -> None:
    for spec in TABLES:
        made = warehouse.client.get_table(f"{warehouse.dataset_id}.{spec.name}")
        assert [(f.name, f.field_type) for f in made.schema] == [(f.name, f.field_type) for f in spec.schema], spec.name
