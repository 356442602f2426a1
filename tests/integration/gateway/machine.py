"""What can happen to a site, as a hypothesis state machine; when it goes quiet, both sides must agree.

People edit both sides, events come twice, late, in another order or never, workers die between any two of their calls
or meet another worker there, and the ERP answers 412, 429, 503 or not at all. Then everything works again, one
catch-up and one pull run, and the queue is worked off.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.maintainx.creation import SETTLE_S
from shared.sync.new_in_erp import is_wanted, mark_of
from shared.values import same_value
from tests.examples import examples, steps
from tests.fakes.maintainx import WRITABLE_STATUSES
from tests.fakes.sync_world import Meeting
from tests.integration.gateway.checks import differences, lost_edits
from tests.integration.gateway.world import LEASE_AND_MORE_S, GatewayWorld, Plant

TITLES = ("Replace seal", "Replace both seals", "Grease bearings of the feed pump at the drive end, all four of them")
FIELDS: dict[str, tuple[Any, ...]] = {
    "title": TITLES,
    "description": ("Leak at drive end", "It's dry", "", None),
    "priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
    "assetId": (2201, 2202),
    "dueDate": ("2026-09-16T16:00:00.000Z", "2026-09-17T22:30:00.000Z", None),
    "startDate": ("2026-09-14T06:00:00.000Z", "2026-09-15T06:00:00.000Z", None),
    "type": ("REACTIVE", "PREVENTIVE", "OTHER"),
}
MOST_ORDERS = 3
SETTLE_ROUNDS = 12
CALLS = st.none() | st.integers(1, 12)


class GatewayMachine(RuleBasedStateMachine):
    """Subclasses say which ERP: `make_plant`, `erp_edits` (field -> values), `erp_statuses`.

    faults: kinds of the simulator's; plain: fields that the adapter shows just as a person writes them.
    """

    make_plant: Callable[[], Plant]
    erp_edits: dict[str, tuple[Any, ...]]
    erp_statuses: tuple[str, ...]
    faults: tuple[str, ...]
    plain: tuple[str, ...]

    @initialize()
    def begin(self) -> None:
        """A site with a work order."""
        self.plant = type(self).make_plant()
        self.world = GatewayWorld(self.plant)
        self.world.create(title=TITLES[0], priority="HIGH", assetId=2201)
        self.planned = 0

    def teardown(self) -> None:
        """It goes quiet, and everything must be as promised."""
        if hasattr(self, "world"):
            self.settle()
            note(str(dict(self.world.outcomes)))
            self.check()

    # People

    @precondition(lambda self: len(self.world.work_orders) < MOST_ORDERS)
    @rule(title=st.sampled_from(TITLES))
    def somebody_creates(self, title: str) -> None:
        """A new work order."""
        self.world.create(title=title, assetId=2202)

    @rule(data=st.data())
    def somebody_edits_maintainx(self, data: st.DataObject) -> None:
        """A field, or the status."""
        if not self.world.work_orders:
            return
        number = data.draw(st.sampled_from(sorted(self.world.work_orders)))
        name = data.draw(st.sampled_from(["status", *FIELDS]))
        value = data.draw(st.sampled_from(WRITABLE_STATUSES if name == "status" else FIELDS[name]))
        self.world.change(number, **{name: value})

    @rule(data=st.data())
    def somebody_edits_the_erp(self, data: st.DataObject) -> None:
        """A field of an order."""
        if orders := sorted(self.plant.orders()):
            name = data.draw(st.sampled_from(sorted(self.erp_edits)))
            order, value = data.draw(st.sampled_from(orders)), data.draw(st.sampled_from(self.erp_edits[name]))
            self.world.change_order(order, name, value)

    @precondition(lambda self: len(self.world.work_orders) + self.planned <= MOST_ORDERS)
    @rule(title=st.sampled_from(TITLES))
    def somebody_makes_an_order_in_the_erp(self, title: str) -> None:
        """Which is to become a work order."""
        self.plant.new_order(title)
        self.planned += 1

    @rule(data=st.data())
    def somebody_moves_an_order_on(self, data: st.DataObject) -> None:
        """Its status, in the ERP."""
        if orders := sorted(self.plant.orders()):
            order = data.draw(st.sampled_from(orders))
            self.plant.set_status(order, data.draw(st.sampled_from(self.erp_statuses)))

    @precondition(lambda self: len(self.world.work_orders) > 1)
    @rule(data=st.data())
    def somebody_deletes(self, data: st.DataObject) -> None:
        """A work order."""
        self.world.delete(data.draw(st.sampled_from(sorted(self.world.work_orders))))

    # Time and faults

    @rule(seconds=st.sampled_from([1, 20, 120]))
    def time_passes(self, seconds: int) -> None:
        """Leases and settling times end."""
        self.world.wait(seconds)

    @rule(data=st.data())
    def the_erp_has_a_fault(self, data: st.DataObject) -> None:
        """The next request meets it."""
        self.plant.fault(data.draw(st.sampled_from(self.faults)))

    @precondition(lambda self: self.world.queue)
    @rule(data=st.data())
    def an_event_is_lost(self, data: st.DataObject) -> None:
        """A webhook; but that of a deletion, which no list of MaintainX's shows, is not."""
        event = data.draw(st.sampled_from(self.world.queue))
        if event.source == "webhook" and event.type != "work_order.deleted":
            self.world.queue.remove(event)

    # The bundle

    @precondition(lambda self: self.world.queue)
    @rule(data=st.data(), kill_at=CALLS, meet_at=CALLS, again=st.booleans(), after=st.booleans())
    def an_event_is_delivered(
        self, data: st.DataObject, kill_at: int | None, meet_at: int | None, again: bool, after: bool
    ) -> None:
        """Any of them, perhaps for the first of two times; the worker may die, or meet another one."""
        event = data.draw(st.sampled_from(self.world.queue))

        def meeting() -> None:
            what = data.draw(st.sampled_from(["worker", "worker, later", "maintainx", "erp"]))
            if what == "maintainx":
                self.somebody_edits_maintainx(data)
            elif what == "erp":
                self.somebody_edits_the_erp(data)
            else:
                self.world.wait(LEASE_AND_MORE_S if what == "worker, later" else 0)
                self.world.handle(data.draw(st.sampled_from(self.world.queue)))

        wire = Meeting(meet_at, meeting, kill_at=kill_at, when="after" if after else "before")
        if self.world.handle(event, wire) is not None and not again and event in self.world.queue:
            self.world.queue.remove(event)

    @rule()
    def a_catch_up_runs(self) -> None:
        """What no webhook told is published."""
        self.world.catch_up()

    @rule()
    def a_pull_runs(self) -> None:
        """What changed in the ERP is looked at."""
        self.world.pull()

    # The end

    def settle(self) -> None:
        """Everything works again; one catch-up, one pull, and the queue is worked off."""
        self.plant.clear_faults()
        self.world.wait(SETTLE_S)  # and with it every lease
        self.a_catch_up_runs()
        self.a_pull_runs()
        for _ in range(SETTLE_ROUNDS):
            waiting, self.world.queue = self.world.queue, []
            self.world.queue += [event for event in waiting if self.world.handle(event) is None]
            if not self.world.queue:
                return
            self.world.wait(LEASE_AND_MORE_S)
        raise AssertionError(f"not quiet: {self.world.queue} {self.world.outcomes}")

    def check(self) -> None:
        """Nothing lost, nothing doubled, nothing silent."""
        orders = self.plant.orders()
        references = [each for each in orders.values() if (each or "").lower().startswith("mx:")]
        assert len(references) == len(set(references)), f"doubled: {references}"
        self.check_made_in_the_erp()
        for number in self.world.work_orders:
            record = self.world.record(number)
            assert record is not None, f"{number} was skipped"
            assert record.intent is None
            assert record.erp_id in orders, f"{number} has no order"
            order = self.world.erp.get(str(record.erp_id)).fields
            assert differences(self.world, number, order) == []
            assert lost_edits(self.world, number, order, self.plain) == []
            self.check_audit(number, order)
        linked = Counter(self.world.record(number).erp_id for number in self.world.work_orders)  # type: ignore[union-attr]
        assert set(linked.values()) <= {1}, f"linked to several work orders: {linked}"
        for number in self.world.deleted:
            record = self.world.record(number)
            assert record is not None, f"the deletion of {number} was skipped"
            assert record.state == "deleted" or record.conflicts, f"{number}: {record.state}"
        if (writes := self.plant.writes()) is not None:
            entries = [e for e in self.world.entries() if e["after"] and e["direction"] == "maintainx_to_erp"]
            # If somebody writes over what a dying worker wrote, or writes the same, nobody can tell whether it wrote.
            unclear = self.world.outcomes["killed"] + self.world.outcomes["OutcomeUnknown"]
            assert abs(len(entries) - writes) <= unclear, f"{writes} writes, {len(entries)} entries"
        announced = {field for event in self.world.announced.values() for field in event.data.get("fields", {})}
        for number in self.world.work_orders:
            assert announced >= self.world.record(number).conflicts.keys()  # type: ignore[union-attr]

    def check_made_in_the_erp(self) -> None:
        """Each order that is none of ours became one work order, unless it was over before anybody saw it.

        One that somebody deletes before it is linked may be made again; nothing tells that it was made.
        """
        marks = [row.get("externalData") for row in self.world.work_orders.values()]
        for order_id, reference in self.plant.orders().items():
            if (reference or "").lower().startswith("mx:"):
                continue
            mark = mark_of(self.plant.site, order_id)
            living, deleted = marks.count(mark), self.world.deleted_marks.count(mark)
            assert living <= 1, f"order {order_id} became {living} work orders"
            if living + deleted == 0:
                assert not is_wanted(self.plant.mapping, self.world.erp.get(order_id)), f"{order_id} was skipped"

    def check_audit(self, number: int, order: Any) -> None:
        """All entries of a record, in order, give what the ERP has."""
        record = self.world.record(number)
        assert record is not None
        state: dict[str, Any] = {}
        for entry in self.world.entries():
            if entry["maintainx_id"] == number:
                state |= entry["agreed"]
        for name, value in state.items():
            if name not in record.conflicts and name in record.base:
                assert same_value(value, order.get(name)), (
                    f"audit trail of {number}: {name} {value!r} {order.get(name)!r}"
                )


def run_machine(machine: type[GatewayMachine]) -> None:
    """As many runs as GATEWAY_EXAMPLES says, of 40 steps at the most; a failure prints how to reproduce it."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("GATEWAY_EXAMPLES", examples(25))),
            stateful_step_count=steps(40),
            deadline=None,
            print_blob=True,
            phases=(Phase.explicit, Phase.generate) if "GATEWAY_NO_SHRINK" in os.environ else tuple(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
