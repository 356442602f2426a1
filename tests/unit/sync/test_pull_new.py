"""What people make in the ERP is found and told, where the mapping wants work orders of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.sync import pull as module
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, both_ways_mapping
from tests.unit.sync.pull_plant import Plant

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def site(**when: list[Any]) -> Plant:
    plant = Plant(0)
    plant.mapping = both_ways_mapping(on_new_in_erp={"action": "create", "when": when}, plant={"once": True})
    return plant


def planned(made: Plant, **fields: Any) -> str:
    return made.tenant.create({"shortText": "Change the oil", "orderType": "PM02", **fields}).id


def told(plant: Plant) -> list[tuple[str, str, str]]:
    events = [message.event for message in plant.broker.to("erp-push")]
    return [(each.type, each.resource, each.resource_id) for each in events]


def test_a_new_order_is_told_and_the_engine_makes_a_work_order_of_it() -> None:
    plant = site()
    erp_id = planned(plant)
    report = plant.run(LONG_AGO)
    assert (report.read, report.published, dict(report.skipped)) == (1, 1, {})
    assert told(plant) == [("work_order.new_in_erp", "erp_record", erp_id)]
    about = plant.broker.to("erp-push")[0].event
    assert plant.engine(Wire()).take_in(about.resource_id, about).reason == "adopted"
    made = WORK_ORDER + 1
    assert plant.work_orders[made]["title"] == "Change the oil"
    assert dict(plant.run(LONG_AGO).skipped) == {"own_write": 1}
    plant.edit_erp(priority="3")
    plant.run(LONG_AGO)
    assert told(plant)[1:] == [("work_order.changed_in_erp", "work_order", str(made))]


def test_the_same_state_of_a_new_order_is_told_as_the_same_event() -> None:
    plant = site()
    planned(plant)
    plant.run(LONG_AGO)
    plant.run(LONG_AGO)
    first, second = (message.event.event_id for message in plant.broker.to("erp-push"))
    assert first == second


def test_what_is_not_wanted_is_counted_and_not_told() -> None:
    plant = site(plant=["2020"])
    planned(plant, plant="1010")
    planned(plant, plant="2020", status="COMPLETED")
    wanted = planned(plant, plant="2020")
    plant.erp.create({"shortText": "another site's", "orderType": "PM01", "plant": "2020"}, "mx:plant-9:5")
    report = plant.run(LONG_AGO)
    assert (report.published, dict(report.skipped), report.ids) == (1, {"not_wanted": 3}, {})
    assert told(plant) == [("work_order.new_in_erp", "erp_record", wanted)]


def test_an_order_that_carries_our_reference_is_looked_at_as_ever() -> None:
    plant = site()
    plant.erp.create({"shortText": "ours", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    plant.run(LONG_AGO)
    assert told(plant) == [("work_order.changed_in_erp", "work_order", str(WORK_ORDER))]


def test_what_was_left_alone_under_another_policy_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = site()
    erp_ids = [planned(plant) for _ in range(3)]
    ignoring = replace(plant.pull, mapping=both_ways_mapping())
    monkeypatch.setattr(module, "_BATCH", 2)
    left = iter([100, 100])
    monkeypatch.setattr(module, "remaining_s", lambda: next(left, 0))
    assert dict(ignoring.changed(LONG_AGO).skipped) == {"not_linked": 2}
    monkeypatch.setattr(module, "remaining_s", lambda: 100)
    assert plant.run(LONG_AGO).published == 3
    assert [erp_id for _, _, erp_id in told(plant)] == erp_ids
