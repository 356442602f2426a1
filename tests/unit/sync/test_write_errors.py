"""Every error that a system may answer a write with, at every write of the engine: what becomes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn

import pytest

from shared import errors
from shared.errors import BridgeError, PermanentError, RemoteRejected, TransientError
from shared.events import Source
from shared.sync.intent import Intent
from tests.cases import try_each
from tests.fakes.erp import SeparateStatusErp, TenantErp
from tests.fakes.sync_world import Killed, Meeting, World, both_ways_mapping, erp_event, event
from tests.unit.sync.planned_site import Site
from tests.unit.sync.situations import assert_in_step, linked

ERRORS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, BridgeError)
    if error not in (BridgeError, TransientError, PermanentError)
]
RAISED = "raised, nothing was written"
UNCLEAR = "raised, may have been written"
TRIED_AGAIN = "looked at again and tried three times, then raised"
PARKED = "parked for a person"
NOT_VISIBLE = "raised as RecordNotVisible: an event will tell of the deletion"
# At a create, at another write to the ERP, at a write to MaintainX (whose client repeats requests by itself, so that an
# outage does not tell whether one of them was done). What is not here is raised, and nothing was written.
FATES = {
    "OutcomeUnknown": (UNCLEAR, UNCLEAR, UNCLEAR),
    "RemoteUnavailable": (RAISED, RAISED, UNCLEAR),
    "ServerFailed": (RAISED, RAISED, UNCLEAR),
    "NetworkFailed": (RAISED, RAISED, UNCLEAR),
    "BreakerOpen": (RAISED, RAISED, UNCLEAR),
    "VersionConflict": (TRIED_AGAIN, TRIED_AGAIN, TRIED_AGAIN),
    "RemoteRejected": (RAISED, PARKED, RAISED),
    "ValidationFailed": (RAISED, PARKED, RAISED),
    "RecordNotFound": (RAISED, PARKED, NOT_VISIBLE),
    "AuthenticationFailed": (RAISED, RAISED, RAISED),  # all fields wait for the key, and no person for each field
    "PermissionDenied": (RAISED, RAISED, RAISED),
}
NEVER = {("StatusNotPossible", 0), ("StatusNotPossible", 2)}  # only a status that is wanted of the ERP raises it


@dataclass(frozen=True)
class Write:
    """A write: the port's call, the column of FATES, what leads to it in a linked record, and the event."""

    call: str
    column: int
    happens: Callable[[World], object]
    source: str = "webhook"
    erp: type[TenantErp] = TenantErp

    def world(self) -> World:
        world = World(both_ways_mapping(), erp=self.erp)
        if self.column > 0:
            linked(world)
        self.happens(world)
        return world


WRITES = {
    "create": Write("erp.create", 0, lambda _: None),
    "update": Write("erp.update", 1, lambda world: world.change(title="Replace both seals")),
    "update, looked at before": Write("erp.update", 1, lambda world: world.change(title="Both seals"), "poll"),
    "status": Write("erp.set_status", 1, lambda world: world.change(status="IN_PROGRESS"), erp=SeparateStatusErp),
    "cancel": Write("erp.update", 1, World.delete),
    "cancel, status apart": Write("erp.set_status", 1, World.delete, erp=SeparateStatusErp),
    "MaintainX": Write("maintainx.change_work_order", 2, lambda world: world.edit_erp(costCenter="4100"), "poll"),
    "MaintainX, status": Write("maintainx.set_status", 2, lambda world: world.edit_erp(status="IN_WORK"), "poll"),
}


def fate_of(error: type[BridgeError], column: int) -> str:
    if error is errors.StatusNotPossible:
        return PARKED
    return FATES.get(error.__name__, (RAISED, RAISED, RAISED))[column]


def answers(error: type[BridgeError], tries: list[object]) -> Callable[..., NoReturn]:
    """A call that fails with this error, and notes each try."""

    def fails(*arguments: Any, **_: Any) -> NoReturn:
        tries.append(arguments)
        raise error("no", status=418) if issubclass(error, RemoteRejected) else error("no")

    return fails


def test_every_error_of_a_write_has_its_fate() -> None:
    pairs = [
        (error, name, write)
        for error, (name, write) in itertools.product(ERRORS, WRITES.items())
        if (error.__name__, write.column) not in NEVER
    ]
    try_each({f"{error.__name__}, {name}": partial(has_its_fate, error, write) for error, name, write in pairs})


def has_its_fate(error: type[BridgeError], write: Write) -> None:
    world, tries, fate = write.world(), list[object](), fate_of(error, write.column)
    about = erp_event("p1") if write.source == "poll" else event("e1")
    port, call = write.call.split(".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.erp if port == "erp" else world, call, answers(error, tries))
        if fate == PARKED:
            assert world.deliver(about).reason == "parked"
        else:
            with pytest.raises(errors.RecordNotVisible if fate == NOT_VISIBLE else error):
                world.deliver(about)
    looked_first = write.source == "poll" or fate != PARKED or error is errors.StatusNotPossible
    assert len(tries) == (3 if fate == TRIED_AGAIN else 1 if looked_first else 2)
    intent = Intent.of(world.record())
    if fate != TRIED_AGAIN:
        assert (intent is not None) == (fate == UNCLEAR)
        assert intent is None or intent.given_up_at
    assert len(world.record().conflicts) == (fate == PARKED)
    # Nothing is lost: once the fault is gone, the next delivery writes it.
    world.redeliver_after_crash(about)
    assert_in_step(world)
    assert world.record().conflicts == {}


def test_every_error_of_the_creation_of_a_work_order_is_raised_and_only_an_unknown_outcome_is_waited_for() -> None:
    for error in ERRORS:
        site = Site()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(site, "create_work_order", answers(error, []))
            with pytest.raises(error):
                site.take_in()
        if error is errors.OutcomeUnknown:
            with pytest.raises(error, match="not listed yet"):
                site.take_in()
            continue
        assert site.take_in().reason == "adopted", error
        site.must_be_in_step()


def test_a_work_order_that_is_deleted_while_it_is_written_is_waited_for_until_an_event_tells() -> None:
    for fields in ({"costCenter": "4100"}, {"status": "IN_WORK"}):
        world = World(both_ways_mapping())
        linked(world)
        world.edit_erp(**fields)
        call = "maintainx.set_status" if "status" in fields else "maintainx.change_work_order"
        with pytest.raises(errors.RecordNotVisible):
            world.deliver(erp_event("p1"), Meeting(call, world.delete))
        assert world.redeliver_after_crash(event("d1")).reason == "cancelled", fields


def test_what_somebody_else_wrote_just_before_us_is_not_in_the_audit_trail_as_ours() -> None:
    world = World(both_ways_mapping())
    linked(world)
    world.change(title="Replace both seals")
    world.deliver(event("e1"), Meeting("erp.update", lambda: world.edit_erp(shortText="Replace both seals")))
    assert world.tenant.counters["updates"] == 0
    assert_in_step(world)


def test_the_audit_trail_names_who_did_it() -> None:
    cases: list[tuple[Source, dict[str, Any], str]] = [
        ("webhook", {"userId": 77}, "maintainx user 77"),
        ("webhook", {}, "webhook"),
        ("webhook", {"by": "anna"}, "webhook"),  # anybody can write that into a webhook's data
        ("poll", {}, "poll"),
        ("operator", {"by": "anna"}, "operator anna"),
        ("operator", {"by": ""}, "operator"),
        ("operator", {}, "operator"),
    ]
    for source, data, actor in cases:
        world = World(both_ways_mapping())
        world.deliver(replace(event(**data), source=source))
        assert {entry["actor"] for entry in world.published} == {actor}, (source, data)


NOTHING: dict[str, Any] = {
    **{key: {} for key in ("before", "after", "rejected", "policy", "agreed")},
    "version_before": None,
}


def _raise(error: BaseException) -> NoReturn:
    raise error


def test_a_record_says_when_it_was_saved_last_also_if_the_worker_died_then() -> None:
    world = World(both_ways_mapping())
    linked(world)
    world.change(title="Replace both seals")
    world.wait(5)
    with pytest.raises(Killed):
        world.deliver(event("e1"), Meeting("erp.update", partial(_raise, Killed())))
    assert world.record().updated_at_utc == world.now
