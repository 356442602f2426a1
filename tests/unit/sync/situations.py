"""What a delivery may meet, and what must be true after it whatever happened in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from shared.events import Event
from shared.sync.conflicts import DELETION, ORPHAN, resolved_event
from shared.sync.merge import Baseline
from shared.sync.plan import DELETED_EVENT
from shared.sync.snapshot import compared
from shared.values import same_value
from tests.fakes.erp import SeparateStatusErp, TenantErp
from tests.fakes.sync_world import SITE, WORK_ORDER, World, both_ways_mapping, erp_event, event

Step = Callable[[World], None]


class QuietStatusErp(SeparateStatusErp):
    """Its statuses make no version."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings, quiet=True)


@dataclass
class Situation:
    """prepare: what happened before the delivery, in a world with these settings of the mapping and this ERP."""

    prepare: Step
    settings: dict[str, Any]
    erp: type[TenantErp] = TenantErp

    def world(self) -> World:
        """A world of its own, prepared."""
        return self._prepared.copy()

    @cached_property
    def _prepared(self) -> World:
        world = World(both_ways_mapping(**self.settings), erp=self.erp)
        self.prepare(world)
        return world

    def event(self, world: World) -> Event:
        """The event that is delivered."""
        if "decided" in self.prepare.__name__:
            return resolved_event(world.record(), world.now)
        if WORK_ORDER not in world.work_orders:
            return replace(event("e1"), type=DELETED_EVENT)
        return erp_event() if "erp" in self.prepare.__name__ else event("e1")


def created(_world: World) -> None:
    """A new work order."""


def created_further_on(world: World) -> None:
    world.change(status="DONE", extraFields={"Cost Center": "4100"})


def linked(world: World) -> None:
    world.deliver(event("e0"))
    world.deliver(event("e0"))  # with the number of the order
    world.wait(10)


def changed(world: World) -> None:
    linked(world)
    world.change(title="Replace both seals", status="IN_PROGRESS")


def changed_in_erp(world: World) -> None:
    linked(world)
    world.edit_erp(shortText="Planner's title", costCenter="4100")
    edit_status(world, "IN_WORK")


def put_back_in_erp(world: World) -> None:
    linked(world)
    world.edit_erp(plant="2020", longText="Planner's text")


def changed_on_both_sides(world: World) -> None:
    changed(world)
    world.wait(5)
    world.edit_erp(shortText="Planner's title", dueDate="2026-10-01", equipment="2202")


def changed_in_erp_then_in_maintainx(world: World) -> None:
    changed_in_erp(world)
    world.wait(5)
    world.change(title="Replace both seals", dueDate="2026-10-02T06:00:00.000Z", extraFields={"Order": "40000001"})


def a_long_title_is_shortened_in_erp(world: World) -> None:
    world.change(title="Replace the seal on the feed pump of line number four", description="Leak")
    linked(world)
    world.edit_erp(shortText="Replace the seal")


def deleted(world: World) -> None:
    linked(world)
    world.delete()


def deleted_and_edited(world: World) -> None:
    deleted(world)
    world.edit_erp(costCenter="4100")


def found(world: World) -> None:
    world.erp.create({"shortText": "By hand", "orderType": "PM01"}, f"mx:{SITE}:{WORK_ORDER}")


def gone_from_erp(world: World) -> None:
    linked(world)
    world.delete_in_erp()


def parked_before(world: World) -> None:
    linked(world)
    world.change(title="Replace both seals", assetId=2202)
    world.edit_erp(shortText="Planner's title", equipment=None)
    world.deliver(erp_event("p0"))
    world.wait(10)
    world.change(description="Leak at both ends")


def decided_for_maintainx(world: World) -> None:
    parked_before(world)
    world.note_choice(dict.fromkeys(world.record().conflicts, "maintainx"))


def decided_for_the_erp(world: World) -> None:
    parked_before(world)
    world.note_choice(dict.fromkeys(world.record().conflicts, "erp"))


def closed_in_the_erp_long_ago(world: World) -> None:
    linked(world)
    edit_status(world, "COMPLETED")
    edit_status(world, "CLOSED")
    world.deliver(erp_event("p0"))
    world.wait(10)
    world.change(title="Replace both seals")


def decided_to_cancel(world: World) -> None:
    deleted(world)
    world.deliver(event("e00"))
    world.note_choice({DELETION: "maintainx"})


def decided_to_keep(world: World) -> None:
    deleted(world)
    world.deliver(event("e00"))
    world.note_choice({DELETION: "erp"})


def decided_to_make_anew(world: World) -> None:
    gone_from_erp(world)
    world.deliver(erp_event("p0"))
    world.note_choice({ORPHAN: "maintainx"})


def decided_to_cancel_the_work_order(world: World) -> None:
    gone_from_erp(world)
    world.deliver(erp_event("p0"))
    world.note_choice({ORPHAN: "erp"})


def edit_status(world: World, status: str) -> None:
    world.edit_erp(status=status)


MANUAL = {name: {"policy": "manual"} for name in ("shortText", "costCenter", "dueDate")}
NEWEST = {name: {"policy": "newest"} for name in ("shortText", "costCenter", "status")}
ERP_WINS = {name: {"policy": "erp"} for name in ("shortText", "costCenter", "status")}
PARK_DELETION = {"on_delete": {"action": "park", "set": {"status": "CANCELLED"}}}

SITUATIONS: dict[str, Situation] = {
    "created": Situation(created, {}),
    "created, status apart": Situation(created_further_on, {}, SeparateStatusErp),
    "created, status apart and quiet": Situation(created_further_on, {}, QuietStatusErp),
    "changed": Situation(changed, {}),
    "changed, status apart": Situation(changed, {}, SeparateStatusErp),
    "changed, status apart and quiet": Situation(changed, {}, QuietStatusErp),
    "changed in the ERP": Situation(changed_in_erp, {}),
    "changed in the ERP, status apart": Situation(changed_in_erp, {}, SeparateStatusErp),
    "put back in the ERP": Situation(put_back_in_erp, {}),
    "both changed, maintainx": Situation(changed_on_both_sides, {}),
    "both changed, erp": Situation(changed_on_both_sides, ERP_WINS),
    "both changed, newest": Situation(changed_on_both_sides, NEWEST),
    "both changed, manual": Situation(changed_on_both_sides, MANUAL),
    "both changed, manual, status apart": Situation(changed_on_both_sides, MANUAL, SeparateStatusErp),
    "ERP first, maintainx": Situation(changed_in_erp_then_in_maintainx, {}),
    "ERP first, erp": Situation(changed_in_erp_then_in_maintainx, ERP_WINS),
    "ERP first, newest": Situation(changed_in_erp_then_in_maintainx, NEWEST),
    "ERP first, manual": Situation(changed_in_erp_then_in_maintainx, MANUAL),
    "overflow": Situation(a_long_title_is_shortened_in_erp, {}),
    "deleted": Situation(deleted, {}),
    "deleted, status apart": Situation(deleted, {}, SeparateStatusErp),
    "deleted, to be parked": Situation(deleted, PARK_DELETION),
    "deleted and edited": Situation(deleted_and_edited, {}),
    "deletion decided, cancel": Situation(decided_to_cancel, PARK_DELETION),
    "deletion decided, cancel, status apart": Situation(decided_to_cancel, PARK_DELETION, SeparateStatusErp),
    "deletion decided, keep": Situation(decided_to_keep, PARK_DELETION),
    "found": Situation(found, {}),
    "found, status apart": Situation(found, {}, SeparateStatusErp),
    "gone, cancel": Situation(gone_from_erp, {"on_erp_delete": "cancel"}),
    "gone, ignore": Situation(gone_from_erp, {"on_erp_delete": "ignore"}),
    "gone, park": Situation(gone_from_erp, {"on_erp_delete": "park"}),
    "gone, make anew": Situation(decided_to_make_anew, {}),
    "gone, cancelled by a person": Situation(decided_to_cancel_the_work_order, {}),
    "parked": Situation(parked_before, MANUAL),
    "parked, decided for MaintainX": Situation(decided_for_maintainx, MANUAL),
    "parked, decided for the ERP": Situation(decided_for_the_erp, MANUAL),
    "final": Situation(closed_in_the_erp_long_ago, {}),
    "final, status apart": Situation(closed_in_the_erp_long_ago, {}, SeparateStatusErp),
}


def assert_audited(world: World, *, unknowable: int = 0) -> None:
    """Every write stands in the audit trail once, except for so many of which nobody can tell any more.

    Such a write was under way when the process died, and somebody else wrote or deleted the same since.
    """
    entries = world.audit_entries().values()
    written = [entry["direction"] for entry in entries if entry["after"]]
    counters = world.tenant.counters
    by_others = any(entry["action"] == "adopt" for entry in entries)
    to_erp = counters["creates"] - by_others + counters["updates"] + counters["walks"]
    missing = [
        to_erp - written.count("maintainx_to_erp"),
        len(world.maintainx_writes) - written.count("erp_to_maintainx"),
    ]
    assert sum(abs(number) for number in missing) <= unknowable


def told(world: World) -> dict[str, Any]:
    """The ERP's values as the audit trail has them."""
    agreed: dict[str, Any] = {}
    for entry in world.published:
        agreed |= entry["agreed"]
    return agreed


def assert_in_step(world: World, *, unknowable: int = 0) -> None:
    """Both sides agree but for what is parked, and nothing is doubled. unknowable: see `assert_audited`."""
    assert_audited(world, unknowable=unknowable)
    if WORK_ORDER not in world.work_orders and not world.tenant.orders:
        return
    record = world.record()
    assert record.intent is None
    if record.state == "orphaned":
        assert not world.tenant.orders
        return
    if record.conflicts.keys() & {ORPHAN, DELETION}:
        return
    order = world.order()  # fails if there are two
    assert record.erp_id == order.id
    if record.state == "deleted":
        return
    actual, wanted = order.as_json(), world.wanted()
    status = world.erp.description.status
    assert status is not None
    for name, rule in compared(world.mapping).items():
        agreed, parked = Baseline.of(record.base, name), record.conflicts.get(name)
        if parked is not None:
            assert same_value(parked["erp"], actual[name]), name
            assert same_value(parked["sent"], wanted[name]), name
            continue
        assert agreed is not None, name
        assert same_value(agreed.erp, actual[name]), name
        assert same_value(agreed.sent, wanted[name]), name
        assert same_value(told(world)[name], actual[name]), name
        in_step = same_value(wanted[name], actual[name]) or (
            name == "status" and status.holds(wanted[name], actual[name])
        )
        assert in_step or (rule.back or {}).get(str(actual[name])) == agreed.maintainx, name
