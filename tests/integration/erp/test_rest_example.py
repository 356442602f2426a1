"""The worked example of docs/configuration.md against the simulated ERP, whose interface it describes."""

from __future__ import annotations

from datetime import UTC, datetime

from local.erp.rules import FIELDS, STATUSES, Text
from shared.config.erp_rest import RestErpConfig
from tests.fakes.rest_example import REST_EXAMPLE
from tests.integration.erp.conftest import ORDER, Plant


def test_the_example_shows_every_setting() -> None:
    assert set(REST_EXAMPLE) | {"api_key_header"} == set(RestErpConfig.model_fields)


def test_the_example_works(plant: Plant) -> None:
    erp = plant.adapter(**REST_EXAMPLE)
    made = erp.create({**ORDER, "dueDate": "2026-09-16"}, "mx:plant-1:1")
    found = erp.find_by_reference("mx:plant-1:1")
    assert found is not None
    assert found.id == made.id
    updated = erp.update(made.id, {"priority": "1"}, made.version)
    assert updated == erp.get(made.id)
    (changed,) = erp.changed_since(datetime(2020, 1, 1, tzinfo=UTC))
    assert (changed.id, changed.changed_at) == (made.id, updated.changed_at)
    assert erp.set_status(made.id, "IN_WORK", current="NEW", version=updated.version).fields["status"] == "IN_WORK"


def test_the_example_describes_the_simulated_erp(plant: Plant) -> None:
    description = plant.adapter(**REST_EXAMPLE).description
    assert description.fields is not None
    assert set(FIELDS) <= set(description.fields)
    lengths = {name: field.max_length for name, field in FIELDS.items() if isinstance(field, Text)}
    assert {name: description.fields[name].max_length for name in lengths} == lengths
    assert description.status is not None
    assert set(description.status.readable) == set(STATUSES)
