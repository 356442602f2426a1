"""Fields that MaintainX shows only if it is asked for them: read by whoever maps them, never taken for empty."""

from __future__ import annotations

from typing import Any

import pytest

from shared.config.mappings import MappingFile
from shared.config.work_order_fields import READABLE
from shared.erp.base import ErpDescription
from shared.errors import ConfigError
from shared.events import dig
from shared.maintainx.client import MaintainXClient
from shared.state import RecordKey
from shared.sync.linking import LinkRule
from shared.sync.maintainx_side import MaintainXSide
from shared.sync.parts import KIND
from tests.fakes.sync_world import erp_event, event
from tests.integration.maintainx.plant import ORG
from tests.integration.sync.conftest import Stack

# A path in each object that a work order shows only on demand, and each single value that can be written.
EXPANDED = ("estimatedTime", "asset.name", "asset.id", "location.name", "location.id", "extraFields.Cost Center")
WRITTEN: dict[str, Any] = {
    "description": "Leak",
    "dueDate": "2026-09-16T22:30:00.000Z",
    "startDate": "2026-09-14T06:00:00.000Z",
    "estimatedTime": 5400,
    "extraFields": {"Cost Center": "4100"},
}


def _mapping(**rules: dict[str, Any]) -> MappingFile:
    fields = [{"erp": "shortText", "maintainx": "title"}, {"erp": "orderType", "constant": "PM01", "once": True}]
    fields += [{"erp": name, **rule} for name, rule in rules.items()]
    return MappingFile.model_validate({"fields": fields, "on_delete": {"action": "ignore"}})


@pytest.fixture
def client(stack: Stack) -> Any:
    made = MaintainXClient(stack.maintainx.api_url, lambda: stack.token, ORG)
    stack.closers.append(made.close)
    return made


def _located(stack: Stack) -> int:
    (location, *_) = stack.api.get("/locations").raise_for_status().json()["locations"]
    return stack.new_work_order(**WRITTEN, locationId=location["id"])


def test_every_path_that_a_rule_may_name_is_read(
    stack: Stack, client: MaintainXClient, subtests: pytest.Subtests
) -> None:
    number = _located(stack)
    everything = MaintainXSide(client, (*READABLE, *EXPANDED)).get_work_order(number)
    for path in (*READABLE, *EXPANDED):
        with subtests.test(path):
            shown = dig(MaintainXSide(client, (path,)).get_work_order(number), path)
            assert shown == dig(everything, path)
            if path in EXPANDED:
                assert shown is not None


def test_a_value_that_is_shown_on_demand_travels_both_ways(stack: Stack) -> None:
    stack.mapping = _mapping(
        costCenter={"maintainx": "estimatedTime", "convert": "text"},
        longText={"maintainx": "asset.name", "direction": "to_erp"},
    )
    engine = stack.engine()
    number = stack.new_work_order(estimatedTime=5400)
    engine.look_at(number, event("e1"))
    assert stack.order()["costCenter"] == "5400"
    assert stack.order()["longText"]
    stack.erp.edit(stack.site, str(stack.order()["id"]), costCenter="7200")
    assert engine.look_at(number, erp_event()).reason == "pulled"
    assert engine.maintainx.get_work_order(number)["estimatedTime"] == 7200
    for again in range(3):
        assert engine.look_at(number, event(f"again-{again}")).kind == "skipped"
    assert stack.order()["costCenter"] == "7200"
    record = engine.state.get_record(RecordKey(stack.site, KIND, number))
    assert record is not None
    assert record.conflicts == {}


def test_a_link_rule_asks_the_list_for_its_field(
    stack: Stack, client: MaintainXClient, subtests: pytest.Subtests
) -> None:
    number = _located(stack)
    for path in ("assetId", *EXPANDED):
        with subtests.test(path):
            rule = LinkRule.parse(f"equipment={path}", ErpDescription())
            rows = {row.id: row.wire() for row in client.iter_work_orders(expand=rule.expands)}
            assert rule.of_work_order(rows[number]) is not None
    for path in ("externalData.erpRecord", "parentId", "isParent", "progress.x"):
        with subtests.test(path), pytest.raises(ConfigError, match="lists of work orders do not show"):
            LinkRule.parse(f"equipment={path}", ErpDescription())
