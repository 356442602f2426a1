"""Both sides of a sync and all between them, in one process: MaintainX, an ERP, the state, the audit trail, a clock.

Every call that the engine makes to the world goes through a `Wire`, which counts it and can kill the engine's process
just before or just after it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextvars import Context
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, Self, TypeVar
from unittest.mock import patch
from zoneinfo import ZoneInfo

from local.erp.store import Tenant
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.config.work_order_fields import ENUMS
from shared.deadline import remaining_s
from shared.erp import map_work_order
from shared.errors import NotTakenOn
from shared.events import Event, format_utc
from shared.outcomes import Outcome
from shared.state import RecordKey, SyncRecord
from shared.sync.conflicts import ERP_CHANGED_EVENT, decide, resolved_event
from shared.sync.engine import SyncEngine
from shared.sync.merge import Side
from shared.sync.parts import LEASE_S
from tests.fakes.erp import TenantErp
from tests.fakes.maintainx import FIRST, FakeMaintainX
from tests.fakes.state import MemoryStateStore

SITE = "plant-1"
WORK_ORDER = FIRST
ZONE = ZoneInfo("Europe/Berlin")
EXAMPLE_MAPPING = Path(__file__).resolve().parents[2] / "config" / "mappings" / "rest-example.yaml"
When = Literal["before", "after"]
T = TypeVar("T")


def example_mapping() -> MappingFile:
    """The mapping file that the project ships."""
    return load_model(EXAMPLE_MAPPING, MappingFile)


# Every kind of rule: as the example, with one that overflows, one of each direction and one that is written once.
RULES: dict[str, dict[str, Any]] = {
    "shortText": {"maintainx": "title", "max_length": 40, "on_too_long": "overflow", "overflow_to": "longText"},
    "longText": {"maintainx": "description", "direction": "to_erp"},
    "status": {
        "maintainx": "status",
        "values": {
            "OPEN": "NEW",
            "IN_PROGRESS": "IN_WORK",
            "ON_HOLD": "WAITING",
            "DONE": "COMPLETED",
            "CANCELED": "CANCELLED",
            "SKIPPED": "CANCELLED",
        },
        "back": {"CLOSED": "DONE", "CANCELLED": "CANCELED"},
    },
    "priority": {
        "maintainx": "priority",
        "policy": "erp",
        "values": {"HIGH": "1", "MEDIUM": "2", "LOW": "3", "NONE": "4"},
    },
    "orderType": {"maintainx": "type", "once": True, "default": "PM01", "values": dict.fromkeys(ENUMS["type"], "PM01")},
    "equipment": {"maintainx": "assetId", "convert": "text", "policy": "manual"},
    "dueDate": {"maintainx": "dueDate", "convert": "date", "policy": "newest"},
    "costCenter": {"maintainx": "extraFields.Cost Center"},
    "plant": {"constant": "1010"},
    "id": {"maintainx": "extraFields.Order", "direction": "to_maintainx"},
}


def both_ways_mapping(*, without: Collection[str] = (), **keys: Any) -> MappingFile:
    """A mapping of `RULES`. keys: rules of fields with other settings (`priority={...}`), or keys of the file."""
    rules = [{"erp": name, **rule, **keys.pop(name, {})} for name, rule in RULES.items() if name not in without]
    cancel = {"action": "cancel", "set": {"status": "CANCELLED"}}
    return MappingFile.model_validate({"fields": rules, "on_delete": cancel, **keys})


def work_order(**fields: Any) -> dict[str, Any]:
    """A work order as MaintainX answers it."""
    return {
        "id": WORK_ORDER,
        "title": "Replace seal on feed pump",
        "description": "Leak at drive end",
        "status": "OPEN",
        "priority": "HIGH",
        "type": "REACTIVE",
        "assetId": 2201,
        "dueDate": "2026-09-16T16:00:00.000Z",
        **fields,
    }


def event(event_id: str = "e1", **data: Any) -> Event:
    """An event about the work order, younger than whatever is known of it."""
    at = datetime(2030, 1, 1, tzinfo=UTC)
    return Event(
        event_id=event_id,
        site=SITE,
        type="work_order.updated",
        resource="work_order",
        resource_id=str(WORK_ORDER),
        occurred_at=at,
        received_at=at,
        source="webhook",
        origin="WORK_ORDER_CHANGE",
        data=data,
    )


def erp_event(event_id: str = "p1") -> Event:
    """The event that tells of a change in the ERP."""
    return replace(event(event_id), type=ERP_CHANGED_EVENT, source="poll", origin=ERP_CHANGED_EVENT)


class Killed(BaseException):
    """The process is gone: nothing in it may catch this and go on."""


def apart(clock: Callable[[], datetime], work: Callable[[], T]) -> T:
    """Work as a process of its own does it: its deadlines go by this clock, and no other process's is around it."""
    with patch("shared.deadline.time", SimpleNamespace(monotonic=lambda: clock().timestamp())):
        return Context().run(work)


class Worker(SyncEngine):
    """An engine in a process of its own."""

    def look_at(self, work_order_id: int, event: Event) -> Outcome:
        """See SyncEngine."""
        return apart(self.clock, lambda: SyncEngine.look_at(self, work_order_id, event))

    def take_in(self, erp_id: str, event: Event) -> Outcome:
        """See SyncEngine."""
        return apart(self.clock, lambda: SyncEngine.take_in(self, erp_id, event))


class Wire:
    """Counts the calls that pass, kills the process at one of them, and sends nothing when no time is left for it."""

    def __init__(self, *, kill_at: int | None = None, when: When = "before") -> None:
        self.calls: list[str] = []
        self._kill_at, self._when = kill_at, when
        self._dead = False

    def port(self, name: str, target: Any) -> Any:
        """`target` behind this wire."""
        return _Port(name, target, self)

    def passes(self, name: str, call: Callable[[], Any]) -> Any:
        """Let one call pass, if the process lives."""
        if self._dead:
            raise Killed
        self.calls.append(name)
        if len(self.calls) != self._kill_at:
            return self._sent(name, call)
        self._dead = True
        if self._when == "after":
            self._sent(name, call)
        raise Killed

    def _sent(self, name: str, call: Callable[[], Any]) -> Any:
        """As `shared.http` does it; the state and the broker know no deadline."""
        if name.startswith(("maintainx.", "erp.")) and remaining_s() <= 0:
            raise NotTakenOn(f"{name}: not sent, no time is left for it")
        return call()

    def count(self, port: str) -> int:
        """How many calls went to this port."""
        return sum(name.startswith(f"{port}.") for name in self.calls)


class Meeting(Wire):
    """A wire at one call of which something else happens, once, before or after it.

    at: the name of the call, or its number. It can kill the process as well, as any wire.
    """

    def __init__(
        self,
        at: str | int | None,
        happens: Callable[[], object],
        *,
        after: bool = False,
        kill_at: int | None = None,
        when: When = "before",
    ) -> None:
        super().__init__(kill_at=kill_at, when=when)
        self._at, self._happens, self._after = at, happens, after

    def passes(self, name: str, call: Callable[[], Any]) -> Any:
        """Let one call pass."""
        if self._at not in (name, len(self.calls) + 1):
            return super().passes(name, call)
        self._at = None
        if not self._after:
            self._happens()
        answer = super().passes(name, call)
        if self._after:
            self._happens()
        return answer


class _Port:
    def __init__(self, name: str, target: Any, wire: Wire) -> None:
        self._name, self._target, self._wire = name, target, wire

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._target, attribute)
        if not callable(value):
            return value
        return lambda *args, **kwargs: self._wire.passes(f"{self._name}.{attribute}", lambda: value(*args, **kwargs))


class World(FakeMaintainX):
    """The two systems and the bundle between them."""

    def __init__(self, mapping: MappingFile | None = None, *, erp: type[TenantErp] = TenantErp) -> None:
        self.now = datetime(2026, 9, 14, 12, tzinfo=UTC)
        self.mapping = mapping or example_mapping()
        self.work_orders: dict[int, dict[str, Any]] = {WORK_ORDER: work_order(updatedAt=format_utc(self.now))}
        self.tenant = Tenant(SITE, "token", equipment={"2201", "2202"})
        self.erp = erp(self.tenant, clock=self.clock)
        self.state = MemoryStateStore(clock=self.clock)
        self.published: list[dict[str, Any]] = []
        self.announced: list[Event] = []
        self.maintainx_writes: list[dict[str, Any]] = []

    def copy(self) -> Self:
        """Another world in which all is as it is here; what happens in one does not happen in the other."""
        twin = copy(self)
        twin.work_orders = {number: dict(row) for number, row in self.work_orders.items()}
        orders = {number: replace(order) for number, order in self.tenant.orders.items()}
        twin.tenant = replace(self.tenant, orders=orders, counters=Counter(self.tenant.counters))
        twin.erp = self.erp.copy(twin.tenant, clock=twin.clock)
        twin.state = self.state.copy(clock=twin.clock)
        twin.published, twin.announced = list(self.published), list(self.announced)
        twin.maintainx_writes = list(self.maintainx_writes)
        return twin

    def clock(self) -> datetime:
        """Now."""
        return self.now

    # What the people on both sides do

    def change(self, **fields: Any) -> None:
        """Somebody changes the work order in MaintainX."""
        self.work_orders[WORK_ORDER].update(fields, updatedAt=format_utc(self.now))

    def delete(self) -> None:
        """Somebody deletes it."""
        self.work_orders.pop(WORK_ORDER, None)

    def edit_erp(self, **fields: Any) -> None:
        """Somebody changes the order in the ERP."""
        for order in self.tenant.orders.values():
            self.tenant.change(order, fields, counter="user_edits")
            self.erp.stamped(order)

    def delete_in_erp(self) -> None:
        """Somebody deletes the order in the ERP."""
        self.tenant.orders.clear()

    def decide(self, choices: Mapping[str, Side], about: Event | None = None) -> Outcome:
        """An operator decides what is parked, and the record is looked at."""
        record = self.note_choice(choices)
        return self.engine(Wire()).look_at(WORK_ORDER, about or resolved_event(record, self.now))

    def note_choice(self, choices: Mapping[str, Side]) -> SyncRecord:
        """An operator decides; nothing is delivered yet."""
        locked = self.state.lock_record(self.record().key, owner="ops", lease_s=60)
        assert locked is not None
        record = decide(self.record(), choices, "anna")
        self.state.save_record(locked, record)
        return record

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += timedelta(seconds=seconds)

    # What the bundle does

    def engine(self, wire: Wire) -> SyncEngine:
        """The engine, each of its ports behind `wire`."""
        return Worker(
            site=SITE,
            zone=ZONE,
            mapping=self.mapping,
            maintainx=wire.port("maintainx", self),
            erp=wire.port("erp", self.erp),
            state=wire.port("state", self.state),
            publisher=wire.port("publisher", self),
            clock=self.clock,
            sleep=self.wait,
        )

    def deliver(self, about: Event | None = None, wire: Wire | None = None) -> Outcome:
        """One delivery of an event to the engine."""
        about = about or event()
        if WORK_ORDER not in self.work_orders:
            about = replace(about, type="work_order.deleted")  # MaintainX tells of a deletion in an event of its own
        return self.engine(wire or Wire()).look_at(WORK_ORDER, about)

    def redeliver_after_crash(self, about: Event | None = None) -> Outcome:
        """The next delivery, after the lease of the one that died and the time a create may take have run out."""
        self.wait(LEASE_S + self.erp.settle_s + 1)
        return self.deliver(about)

    # Ports

    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:
        if topic == "events":
            self.announced.append(Event.from_json(data))
            return str(len(self.announced))
        assert topic == "audit"
        entry = json.loads(data)
        assert attributes["entry_id"] == entry["entry_id"]
        self.published.append(entry)
        return str(len(self.published))

    # What can be seen

    def order(self) -> Any:
        """The one order that the ERP has."""
        (order,) = self.tenant.orders.values()
        return order

    def record(self) -> SyncRecord:
        """The sync record."""
        record = self.state.get_record(RecordKey(SITE, "work_order", WORK_ORDER))
        assert record is not None
        return record

    def wanted(self) -> dict[str, Any]:
        """The work order as the ERP should have it."""
        return map_work_order(self.mapping, self.work_orders[WORK_ORDER], ZONE)

    def audit_entries(self) -> dict[str, dict[str, Any]]:
        """The audit trail as the warehouse has it: one entry an id."""
        return {entry["entry_id"]: entry for entry in self.published}

    def audited(self) -> Counter[str]:
        """How often each action stands in the audit trail."""
        return Counter(entry["action"] for entry in self.audit_entries().values())
