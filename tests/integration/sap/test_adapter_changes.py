"""What changed in the simulated SAP since a moment, over its pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.sap.adapter_plant import FIELDS, REFERENCE, SapPlant, adapters
from tests.integration.sap.conftest import Plant


@pytest.fixture
def sap(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    with adapters(plant, monkeypatch) as made:
        yield made


_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("settings", "page_size"),
    [
        ({"page_size": 3, "next_links": "absolute"}, 100),
        ({"page_size": 3, "next_links": "relative"}, 100),
        ({"page_size": 50}, 4),
        ({"page_size": 3, "next_links": "relative"}, 4),
    ],
)
def test_every_order_comes_once_over_saps_pages_and_ours(
    sap: SapPlant, settings: dict[str, Any], page_size: int
) -> None:
    sap.plant.configure(**settings)
    erp = sap.erp(page_size=page_size)
    made = [erp.create(FIELDS, f"mx:plant-1:{number}") for number in range(10)]
    for record in made[::2]:
        erp.update(record.id, {"MaintPriority": "1"}, record.version)
    found = list(erp.changed_since(_LONG_AGO))
    assert sorted(record.id for record in found) == sorted(record.id for record in made)
    assert {record.reference for record in found} == {f"mx:plant-1:{number}" for number in range(10)}
    for record in found:
        assert record == erp.get(record.id)
        assert record.fields["LongText"] == FIELDS["LongText"]


def test_a_new_order_has_its_creation_as_time_of_change_and_a_changed_one_its_change(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    assert created.fields["LastChangeDateTime"] is None
    (found,) = erp.changed_since(_LONG_AGO)
    assert found.changed_at == created.changed_at
    sap.plant.configure(clock_offset_s=3600)
    sap.plant.simulator.edit(sap.plant.name, created.id, MaintPriority="1")
    (found,) = erp.changed_since(_LONG_AGO)
    assert created.changed_at is not None
    assert found.changed_at is not None
    assert found.changed_at - created.changed_at >= timedelta(seconds=3600)


def test_what_was_not_touched_since_does_not_come(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    assert created.changed_at is not None
    assert [record.id for record in erp.changed_since(created.changed_at)] == [created.id]
    assert list(erp.changed_since(created.changed_at + timedelta(seconds=1))) == []


@pytest.mark.parametrize(("moves", "found"), [(True, 1), (False, 0)])
def test_a_status_counts_as_a_change_only_in_a_sap_that_notes_its_time(sap: SapPlant, moves: bool, found: int) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.configure(clock_offset_s=3600, status_moves_last_change=moves)
    erp.set_status(created.id, "REL", current="CRTD", version=None)
    assert created.changed_at is not None
    assert len(list(erp.changed_since(created.changed_at + timedelta(seconds=60)))) == found
