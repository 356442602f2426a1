"""Where both sides are apart is what the plan would do about it, over all pairs and both lists."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.state import RecordKey
from shared.sync.drift import Drift, of_erp_records, of_pairs, of_work_orders
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, work_order
from tests.unit.sync.pull_plant import Plant


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def pairs(plant: Plant, pool: ThreadPoolExecutor) -> dict[int, Drift | None]:
    return dict(of_pairs(plant.engine(Wire()), pool, plant.now))


def test_each_way_to_be_apart_has_its_kind(pool: ThreadPoolExecutor) -> None:
    plant = Plant(6)
    numbers = list(range(WORK_ORDER, WORK_ORDER + 6))
    in_step, there, here, gone, strange, deleted = numbers
    plant.work_orders[there]["title"] = "Changed in MaintainX"
    plant.edit(here, priority="3")
    del plant.tenant.orders[plant.record_of(gone).erp_id or ""]
    plant.tenant.orders[plant.record_of(strange).erp_id or ""].fields["externalReference"] = "mx:plant-9:1"
    del plant.work_orders[deleted]
    found = pairs(plant, pool)
    assert found[in_step] is None
    kinds = {number: each.kind for number, each in found.items() if each is not None}
    assert kinds == {
        there: "different",
        here: "different",
        gone: "missing_in_erp",
        strange: "not_ours",
        deleted: "missing_in_maintainx",
    }
    assert found[there].fields == {"shortText": "to the ERP: 'Changed in MaintainX'"}  # type: ignore[union-attr]
    assert found[here].fields == {"priority": "to MaintainX: 'LOW'"}  # type: ignore[union-attr]
    assert (plant.published[6:], plant.maintainx_writes, plant.announced) == ([], [], [])


def test_it_goes_on_behind_a_work_order(pool: ThreadPoolExecutor) -> None:
    plant = Plant(4)
    behind = RecordKey(SITE, "work_order", WORK_ORDER + 1)
    found = [number for number, _ in of_pairs(plant.engine(Wire()), pool, plant.now, after=behind)]
    assert found == [WORK_ORDER + 2, WORK_ORDER + 3]


def test_lists_show_what_nothing_links(pool: ThreadPoolExecutor) -> None:
    plant = Plant(2)
    rows = [*plant.work_orders.values(), work_order(id=7), work_order(id=8, status="CANCELED")]
    plant.mapping = plant.mapping.model_copy(update={"skip_when": ["CANCELED"]})
    parts = plant.engine(Wire())
    missing = [each for each in of_work_orders(parts, pool, rows) if each is not None]
    assert [(each.kind, each.work_order) for each in missing] == [("missing_in_erp", 7)]
    double = plant.erp.create({"shortText": "x", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")
    lost = plant.erp.create({"shortText": "x", "orderType": "PM01"}, f"mx:{SITE}:999")
    plant.tenant.create({"shortText": "of the ERP's own", "orderType": "PM01"})
    listed = [plant.erp.get(erp_id) for erp_id in plant.tenant.orders]
    found = {each.erp_id: each.kind for each in of_erp_records(parts, pool, listed) if each is not None}
    assert found == {double.id: "doubled", lost.id: "missing_in_maintainx"}
