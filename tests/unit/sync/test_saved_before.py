"""What the version before saved is taken on as it is, and leads to the same decisions; what a later one saved is not.

The files were written by the code of schema 1, each in the situation that it names.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.erp.store import Order
from shared.errors import NewerRecord
from shared.state.documents import SCHEMA, record_from
from shared.sync.conflicts import resolved_event
from shared.sync.parts import LEASE_S
from tests.fakes.erp import SeparateStatusErp, TenantErp
from tests.fakes.sync_world import WORK_ORDER, World, both_ways_mapping, event

SAVED = Path(__file__).parent / "saved_by_1"
_TIMES = ("maintainx_updated_at", "updated_at")
# What the next look does: kind and reason, and the ERP's field that shows it.
NEXT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "linked": ("skipped", "unchanged", {}),
    "update-unanswered-done": ("done", "updated", {"shortText": "Replace both seals"}),
    "update-unanswered-not-done": ("done", "updated", {"shortText": "Replace both seals"}),
    "create-unanswered-done": ("done", "pulled", {}),
    "create-unanswered-not-done": ("done", "created", {}),
    "parked": ("skipped", "parked", {"equipment": None}),
    "parked-decided": ("done", "updated", {"equipment": "2202"}),
    "pull-unanswered-done": ("done", "pulled", {"costCenter": "4100"}),
    "status-half-way": ("done", "updated", {"status": "WAITING"}),
    "closed": ("skipped", "late", {"shortText": "Replace seal on feed pump"}),
    "deleted": ("skipped", "gone", {}),
    "orphaned": ("skipped", "orphaned", {}),
}


def saved(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAVED / f"{name}.json").read_text(encoding="utf-8"))
    document = found["document"]
    times = {key: document[key] and datetime.fromisoformat(document[key]) for key in _TIMES}
    return {**found, "document": {**document, **times}}


def world_of(name: str) -> World:
    found = saved(name)
    world = World(both_ways_mapping(), erp=SeparateStatusErp if "half-way" in name else TenantErp)
    world.work_orders = {} if found["work_order"] is None else {WORK_ORDER: found["work_order"]}
    if (order := found["order"]) is not None:
        world.tenant.orders[order["id"]] = Order(
            order["id"], order["fields"], order["version"], order["changed_at"], order["changed_at"]
        )
    record = record_from(found["document"])
    assert record is not None
    locked = world.state.lock_record(record.key, owner="before", lease_s=60)
    assert locked is not None
    world.state.save_record(locked, record)
    world.wait(LEASE_S + world.erp.settle_s + 1)
    return world


def test_each_situation_that_was_saved_goes_on(subtests: pytest.Subtests) -> None:
    assert {path.stem for path in SAVED.iterdir()} == NEXT.keys()
    for name, (kind, reason, fields) in NEXT.items():
        with subtests.test(name):
            world = world_of(name)
            about = resolved_event(world.record(), world.now) if name == "parked-decided" else event("next")
            outcome = world.deliver(about)
            assert (outcome.kind, outcome.reason) == (kind, reason)
            assert world.record().intent is None
            if fields:
                assert world.order().fields.items() >= fields.items()
            quiet = world.deliver(event("once more"))
            assert quiet.kind == "skipped"


def test_a_record_of_a_later_version_is_refused() -> None:
    document = {**saved("linked")["document"], "schema": SCHEMA + 1}
    with pytest.raises(NewerRecord, match=f"9001001 of plant-1 has schema {SCHEMA + 1}; this version knows {SCHEMA}"):
        record_from(document)
