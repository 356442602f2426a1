"""A site with work orders that have orders in the ERP, and its pull."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.erp.base import ErpRecord
from shared.events import Event
from shared.state import RecordKey, SyncRecord
from shared.sync.pull import Pull, PullReport
from tests.fakes.publisher import FakePublisher
from tests.fakes.sync_world import SITE, WORK_ORDER, Wire, World, event, work_order


class Plant(World):
    """A world with several work orders, its pull, and what that published."""

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        self.broker = FakePublisher()
        for number in range(WORK_ORDER, WORK_ORDER + count):
            self.work_orders[number] = work_order(id=number, updatedAt="2026-09-14T12:00:00.000Z")
            self.look_at(number)

    def look_at(self, number: int, about: Event | None = None) -> str:
        outcome = self.engine(Wire()).look_at(number, about or event(f"e{number}"))
        return outcome.reason

    @property
    def pull(self) -> Pull:
        return Pull(SITE, self.mapping, self.erp, self.state, self.broker, clock=lambda: self.now)

    def run(self, since: datetime | None = None) -> PullReport:
        return self.pull.changed(since)

    def edit(self, number: int, **fields: Any) -> None:
        order = next(o for o in self.tenant.orders.values() if o.fields["externalReference"] == f"mx:{SITE}:{number}")
        self.tenant.change(order, fields, counter="user_edits")
        self.erp.stamped(order)

    def record_of(self, number: int) -> SyncRecord:
        record = self.state.get_record(RecordKey(SITE, "work_order", number))
        assert record is not None
        return record

    def found(self) -> list[int]:
        return [message.event.record_id or 0 for message in self.broker.to("erp-push")]


class Listing:
    """An ERP that lists what it is given, and may end in the middle."""

    def __init__(self, plant: Plant, records: list[ErpRecord], fault: Exception | None = None) -> None:
        self.description = plant.erp.description
        self._records, self._fault = records, fault

    def changed_since(self, since: datetime) -> Iterator[ErpRecord]:  # noqa: ARG002  # the port's
        yield from self._records
        if self._fault is not None:
            raise self._fault
