"""One site between MaintainX and an ERP, with everything that can go wrong between them, in any order.

MaintainX, the state store and the broker are in memory; the ERP is one of the simulators behind a socket, spoken to by
the real adapter. Workers of the bundle can die at any call, and meet each other at any call.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from shared.config.mappings import MappingFile
from shared.erp.base import ErpAdapter
from shared.errors import (
    AuthenticationFailed,
    BridgeError,
    LeaseLost,
    TransientError,
)
from shared.events import Event, format_utc, parse_utc
from shared.maintainx.models import WorkOrder
from shared.maintainx.queries import WorkOrderFilter
from shared.outcomes import Outcome, skipped
from shared.state import ClaimKey, Done, InProgress, RecordKey, SyncRecord
from shared.sync.catch_up import CatchUp
from shared.sync.engine import SyncEngine
from shared.sync.new_in_erp import RESOURCE, mark_of
from shared.sync.parts import LEASE_S
from shared.sync.plan import DELETED_EVENT
from shared.sync.pull import Pull
from shared.sync.reference import work_order_id_in
from tests.fakes.maintainx import FIRST, FakeMaintainX
from tests.fakes.state import MemoryStateStore
from tests.fakes.sync_world import Killed, Wire, Worker

ZONE = ZoneInfo("Europe/Berlin")


class Plant(Protocol):
    """A site's part of a simulated ERP, as the people there and as the bundle see it."""

    site: str
    mapping: MappingFile

    def adapter(self) -> ErpAdapter:
        """The bundle's adapter to it."""
        ...

    def orders(self) -> dict[str, str | None]:
        """Every order: its id and its reference."""
        ...

    def new_order(self, title: str) -> str:
        """A person makes an order, released or not as the ERP begins it; its id."""
        ...

    def edit(self, order_id: str, name: str, value: Any) -> bool:
        """A person changes a field; False, and nothing happens, if the ERP does not allow it now."""
        ...

    def set_status(self, order_id: str, status: str) -> None:
        """A person moves the order to a status, if the ERP allows that now."""
        ...

    def lose(self, order_id: str) -> None:
        """The order vanishes, as when the ERP is restored."""
        ...

    def fault(self, kind: str) -> None:
        """The next request meets a fault."""
        ...

    def clear_faults(self) -> None:
        """Everything works again."""
        ...

    def writes(self) -> int | None:
        """How often the bundle wrote an order; None if the simulator does not tell that from a person's writes."""
        ...


@dataclass
class GatewayWorld(FakeMaintainX):
    """The site. offset: how far its clock is ahead of the machine's. edits: (side, work order, field) -> last value."""

    plant: Plant
    work_orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    maintainx_writes: list[dict[str, Any]] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)
    deleted_marks: list[Any] = field(default_factory=list)
    queue: list[Event] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    announced: dict[str, Event] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    edits: dict[tuple[str, int, str], Any] = field(default_factory=dict)
    offset: timedelta = timedelta()
    events: int = 0

    def __post_init__(self) -> None:
        self.state = MemoryStateStore(clock=self.clock)
        self.erp = self.plant.adapter()

    def clock(self) -> datetime:
        """Now; no two calls are in the same millisecond, so that what is older does not depend on the machine."""
        self.offset += timedelta(milliseconds=1)
        return datetime.now(UTC) + self.offset

    def new_number(self) -> int:
        """Never that of one that is deleted."""
        return max([FIRST - 1, *self.work_orders, *self.deleted]) + 1

    # What people do

    def create(self, **fields: Any) -> int:
        """Somebody makes a work order."""
        number = super().create(**fields)
        self.tell(number)
        return number

    def change(self, number: int, **fields: Any) -> None:
        """Somebody changes it in MaintainX."""
        self.work_orders[number].update(fields, updatedAt=format_utc(self.clock()))
        self.edits |= {("maintainx", number, name): value for name, value in fields.items()}
        self.tell(number)

    def change_order(self, order_id: str, name: str, value: Any) -> None:
        """Somebody changes an order in the ERP."""
        if self.plant.edit(order_id, name, value):
            self.edits["erp", self.number_of(order_id) or 0, name] = value

    def delete(self, number: int) -> None:
        """Somebody deletes it."""
        self.deleted_marks.append(self.work_orders[number].get("externalData"))
        del self.work_orders[number]
        self.deleted.add(number)
        self.tell(number, DELETED_EVENT)

    def tell(self, number: int, type_: str = "work_order.updated") -> None:
        """An event of the change that the work order shows gets on its way."""
        self.events += 1
        row = self.work_orders.get(number)
        now = self.clock() if row is None else parse_utc(row["updatedAt"])
        self.queue.append(
            Event(
                event_id=f"e{self.events}",
                site=self.plant.site,
                type=type_,
                resource="work_order",
                resource_id=str(number),
                occurred_at=now,
                received_at=now,
                source="webhook",
                origin="",
                data={},
            )
        )

    def number_of(self, order_id: str) -> int | None:
        """The work order that an order belongs to, by its reference or by the mark; None if there is none (yet)."""
        reference = self.plant.orders()[order_id]
        mark = mark_of(self.plant.site, order_id)
        marked = [number for number, row in self.work_orders.items() if row.get("externalData") == mark]
        return work_order_id_in(reference and reference.lower(), self.plant.site) or next(iter(marked), None)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.offset += timedelta(seconds=seconds)

    # What the bundle does

    def engine(self, wire: Wire) -> SyncEngine:
        """A worker's engine, each of its ports behind `wire`."""
        return Worker(
            site=self.plant.site,
            zone=ZONE,
            mapping=self.plant.mapping,
            maintainx=wire.port("maintainx", self),
            erp=wire.port("erp", self.erp),
            state=wire.port("state", self.state),
            publisher=wire.port("publisher", self),
            clock=self.clock,
            sleep=self.wait,
        )

    def handle(self, event: Event, wire: Wire | None = None) -> Outcome | None:
        """One delivery; None if it died or is to be tried again, and then the event stays in the queue.

        What was found by polling is claimed, as the function does with all events: a state that was handled once is
        not handled again. Webhooks are delivered again on purpose.
        """
        claim = None
        if event.source == "poll":
            key = ClaimKey(event.site, event.event_id, "erp_push")
            claimed = self.state.claim(key, owner="machine", lease_s=LEASE_AND_MORE_S)
            if isinstance(claimed, Done):
                return skipped("duplicate")
            if isinstance(claimed, InProgress):
                return None
            claim = claimed.claim
        outcome = self._handled(event, wire)
        if claim is not None and outcome is not None:
            with contextlib.suppress(LeaseLost):
                self.state.complete_claim(claim, outcome=outcome.kind, reason=outcome.reason, ttl_s=86400)
        elif claim is not None:
            self.state.release_claim(claim)
        return outcome

    def _handled(self, event: Event, wire: Wire | None) -> Outcome | None:
        try:
            engine = self.engine(wire or Wire())
            if event.resource == RESOURCE:
                outcome = engine.take_in(event.resource_id, event)
            else:
                outcome = engine.look_at(int(event.resource_id), event)
        except Killed:
            self.outcomes["killed"] += 1
            return None
        except BridgeError as error:
            self.outcomes[type(error).__name__] += 1
            if not error.transient and not isinstance(error, AuthenticationFailed):  # a key that a person mends
                raise
            return None
        self.outcomes[f"{outcome.kind} {outcome.reason}"] += 1
        return outcome

    def catch_up(self) -> None:
        """One run of catch_up, on an archive in which no event is found."""
        CatchUp(self.plant.site, True, self, self.state, self, self, clock=self.clock).run()

    def pull(self) -> None:
        """One run of erp_pull; if the ERP does not answer, the next one finds it."""
        try:
            Pull(self.plant.site, self.plant.mapping, self.erp, self.state, self, clock=self.clock).changed()
        except (TransientError, AuthenticationFailed) as error:
            self.outcomes[f"pull {type(error).__name__}"] += 1

    # Ports of the engine and of the two that look for changes

    def iter_work_orders(self, wanted: WorkOrderFilter = WorkOrderFilter()) -> Iterator[WorkOrder]:  # noqa: B008
        rows = sorted(self.work_orders.values(), key=lambda row: str(row["updatedAt"]))
        found = [WorkOrder.model_validate(row) for row in rows]
        since = wanted.updated_from
        return (row for row in found if since is None or (row.updated_at is not None and row.updated_at >= since))

    def told_of(self, site: str, work_order_ids: Collection[int], since: datetime) -> Mapping[int, datetime]:  # noqa: ARG002  # a port
        return {}

    def publish_all(self, topic: str, messages: Sequence[tuple[bytes, Mapping[str, str]]]) -> list[str]:
        return [self.publish(topic, data, attributes) for data, attributes in messages]

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002  # a port
        if topic == "audit":
            self.audit.append(json.loads(data))
        elif topic == "erp-push":
            self.queue.append(Event.from_json(data))
        else:
            event = Event.from_json(data)
            self.announced[event.event_id] = event
            if event.resource == "work_order":
                self.queue.append(event)
        return "1"

    # What can be seen

    def record(self, number: int) -> SyncRecord | None:
        """What the bundle remembers of it."""
        return self.state.get_record(RecordKey(self.plant.site, "work_order", number))

    def entries(self) -> list[dict[str, Any]]:
        """The audit trail as the warehouse has it: one entry an id, in the order of their times."""
        entries = {entry["entry_id"]: entry for entry in self.audit}
        return sorted(entries.values(), key=lambda entry: str(entry["at"]))


LEASE_AND_MORE_S = LEASE_S + 1
