"""An ERP that suddenly shows nothing, or far too little, cancels no work order: the sync holds still and tells."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.errors import RemoteUnavailable
from shared.sync import pull as module
from shared.sync.brake import BRAKE_EVENT, FEW, Brake
from shared.sync.findings import Finding
from tests.fakes.sync_world import SITE, WORK_ORDER, erp_event
from tests.unit.sync.pull_plant import Plant

MANY = FEW + 2


def plant_of(count: int) -> Plant:
    plant = Plant(count)
    plant.mapping = plant.mapping.model_copy(update={"on_erp_delete": "cancel"})
    return plant


def lose(plant: Plant, *numbers: int) -> None:
    for number in numbers:
        del plant.tenant.orders[plant.record_of(number).erp_id or ""]


def told(plant: Plant) -> list[str]:
    return [message.event.type for message in plant.broker.to("events")]


def test_an_empty_tenant_cancels_nothing_and_is_told() -> None:
    plant = plant_of(MANY)
    plant.tenant.orders.clear()
    report = plant.pull.compare_all()
    assert (report.read, report.published, dict(report.skipped)) == (MANY, 0, {"held": MANY})
    assert (plant.found(), told(plant), plant.maintainx_writes) == ([], [BRAKE_EVENT], [])
    held = Brake(plant.state, SITE).held()
    assert (held.gone, held.of, len(held.ids)) == (MANY, MANY, MANY)
    # Nor does a look at one of them, whoever asks for it.
    with pytest.raises(RemoteUnavailable, match="either, which are linked as well"):
        plant.look_at(WORK_ORDER, erp_event())
    assert plant.maintainx_writes == []


def test_it_is_told_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = plant_of(MANY)
    plant.tenant.orders.clear()
    for _ in range(3):
        plant.pull.compare_all()
    events = [message.event.event_id for message in plant.broker.to("events")]
    assert len(set(events)) == 1
    since = Brake(plant.state, SITE).held().since
    assert since
    plant.wait(86400)
    plant.pull.compare_all()
    assert Brake(plant.state, SITE).held().since == since
    assert len({message.event.event_id for message in plant.broker.to("events")}) == 2


def test_a_person_lets_it_go_on_for_a_day() -> None:
    plant = plant_of(3 * MANY)
    lose(plant, *range(WORK_ORDER, WORK_ORDER + MANY))
    plant.pull.compare_all()
    assert plant.found() == []
    Brake(plant.state, SITE).release(plant.now)
    assert plant.pull.compare_all().published == MANY
    plant.now += timedelta(days=2)
    plant.broker.published.clear()
    assert plant.pull.compare_all().skipped["held"] == MANY


def test_a_few_or_a_small_share_are_what_people_delete() -> None:
    plant = plant_of(FEW)
    lose(plant, *range(WORK_ORDER, WORK_ORDER + FEW))
    assert plant.pull.compare_all().published == FEW
    brake = Brake(plant.state, SITE)
    ids = [str(number) for number in range(100)]
    assert not brake.stops(ids, 5_000, plant.now)
    assert brake.stops([*ids, "100"], 5_000, plant.now)
    assert brake.held().gone == 101
    assert not brake.stops(ids, 5_000, plant.now)
    assert brake.held().gone == 0


def test_what_is_gone_is_counted_over_all_runs_of_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 4)
    plant = plant_of(MANY)
    plant.tenant.orders.clear()
    for _ in range(MANY // 4):
        left = iter([100.0, 0.0])
        monkeypatch.setattr(module, "remaining_s", lambda left=left: next(left, 0.0))
        assert plant.pull.compare_all().published == 0
    monkeypatch.setattr(module, "remaining_s", lambda: 100.0)
    assert plant.pull.compare_all().skipped["held"] == MANY


def test_what_is_back_at_the_end_of_the_comparison_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plant = plant_of(4)
    lost = plant.tenant.orders.pop(plant.record_of(WORK_ORDER).erp_id or "")
    real = Brake.stops

    def comes_back(*arguments: object) -> bool:
        plant.tenant.orders[lost.id] = lost
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Brake, "stops", comes_back)
    assert plant.pull.compare_all().published == 0


def test_records_in_other_hands_are_held_too() -> None:
    plant = plant_of(MANY)
    for order in plant.tenant.orders.values():
        order.fields["externalReference"] = "mx:plant-9:1"
    assert plant.pull.compare_all().skipped["held"] == MANY


def test_only_what_is_new_counts() -> None:
    assert not Finding("1", "parked", None).is_end
    assert not Finding("1", None, None).is_end
