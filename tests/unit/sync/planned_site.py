"""A site on which a planner has made an order in the ERP, of which a work order is to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.events import Event
from shared.outcomes import Outcome
from shared.state import RecordKey, SyncRecord
from shared.sync.new_in_erp import mark_of, new_event
from shared.sync.operator import Linked, Operator
from shared.sync.parts import LEASE_S
from tests.fakes.sync_world import SITE, WORK_ORDER, Killed, Wire, World, apart, both_ways_mapping, event

ORDER = {
    "shortText": "Change the oil",
    "longText": "Every 500 hours",
    "status": "NEW",
    "priority": "2",
    "orderType": "PM02",
    "equipment": "2201",
    "dueDate": "2026-09-20",
    "plant": "2020",
    "costCenter": "4100",
    "externalReference": "",
}
MADE = WORK_ORDER + 1


class Site(World):
    """A site with one order, made by a planner in the ERP."""

    def __init__(self, **order: Any) -> None:
        super().__init__(both_ways_mapping(on_new_in_erp={"action": "create"}))
        self.erp_id = self.planned(**order)

    def planned(self, **order: Any) -> str:
        """A planner makes another one."""
        return self.tenant.create({**ORDER, **order}, counter="user_creates").id

    def told(self) -> Event:
        """The event that erp_pull would publish."""
        return new_event(SITE, self.mapping, self.erp.get(self.erp_id), self.now)

    def take_in(self, wire: Wire | None = None, about: Event | None = None) -> Outcome:
        """One delivery of it."""
        return self.engine(wire or Wire()).take_in(self.erp_id, about or self.told())

    def look(self, number: int = MADE, wire: Wire | None = None) -> Outcome:
        """A webhook tells of the new work order."""
        return self.engine(wire or Wire()).look_at(number, replace(event("w1"), resource_id=str(number)))

    def made(self) -> list[int]:
        """The work orders that were made of the order."""
        mark = mark_of(SITE, self.erp_id)
        return [number for number, row in self.work_orders.items() if row.get("externalData") == mark]

    def ops_link(self, number: int = WORK_ORDER, wire: Wire | None = None) -> Linked:
        """An operator links a work order and the order."""
        wire = wire or Wire()
        state, publisher = wire.port("state", self.state), wire.port("publisher", self)
        operator = Operator(state, publisher, "anna", clock=lambda: self.now, sleep=self.wait)
        key, reference = RecordKey(SITE, "work_order", number), f"mx:{SITE}:{number}"
        return apart(operator.clock, lambda: operator.link(key, self.erp_id, reference))

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        return "1" if topic == "erp-push" else super().publish(topic, data, attributes)

    def dies_at(self, call: str, when: Any = "before") -> None:
        """A worker dies at this call, and its leases end."""
        with pytest.raises(Killed):
            self.take_in(Wire(kill_at=call_number(self, call), when=when))
        self.wait(LEASE_S + 1)

    def link(self, number: int = MADE) -> SyncRecord | None:
        """What is known of a work order."""
        return self.state.get_record(RecordKey(SITE, "work_order", number))

    def linked(self) -> list[int]:
        """The work orders that are linked to the order."""
        return [each.maintainx_id for each in self.state.list_records(SITE) if each.erp_id == self.erp_id]

    def must_be_in_step(self) -> None:
        """One work order of one order, linked, as the planner wrote it."""
        (number,) = self.made()
        assert self.linked() == [number]
        record, row = self.link(number), self.work_orders[number]
        assert record is not None
        assert (record.state, record.erp_id, record.conflicts) == ("linked", self.erp_id, {})
        assert (row["title"], row["priority"], row["assetId"]) == ("Change the oil", "MEDIUM", 2201)
        assert row["extraFields"] == {"Cost Center": "4100", "Order": self.erp_id}
        order = self.tenant.orders[self.erp_id].fields
        assert {name: order[name] for name in ORDER} == ORDER
        assert len(self.tenant.orders) == 1
        assert self.look(number).reason == "unchanged"


def call_number(site: Site, name: str) -> int:
    """At which call a worker makes this one."""
    wire, twin = Wire(), Site()
    twin.mapping = site.mapping
    twin.take_in(wire)
    return wire.calls.index(name) + 1
