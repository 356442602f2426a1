"""What is planned, as a table: remembered states and what MaintainX has, and the steps that follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.model import Addresses, Remembered, State, Wanted
from shared.maintainx.subscriptions.plan import as_remembered, plan
from tests.unit.subscriptions.world import NOON_UTC

USED, PARKED = "https://b.example.com/webhooks/p/T", "https://b.example.com/webhooks/p/T/parked"
WANTED = Wanted(type="T", addresses=Addresses(USED, PARKED), secret_name="s", filters={}, options={"a": True})
LATER = NOON_UTC + timedelta(hours=1)


def entry(id_: int, state: State, **changes: object) -> Remembered:
    """One that was made as WANTED says; the higher the id, the newer."""
    due = LATER if state in ("parked", "retiring", "gone") else None
    return replace(
        Remembered(
            id=id_,
            type="T",
            secret_name="s",
            filters={},
            options={"a": True},
            state=state,
            secret_hash=f"hash of {id_}",
            created_at_utc=NOON_UTC + timedelta(seconds=id_),
            due_at_utc=due,
        ),
        **changes,  # type: ignore[arg-type]  # a table of changes has no types of its own
    )


OTHER = {"filters": {"oneOfStatuses": ["DONE"]}}
CASES: dict[str, tuple[list[Remembered], set[int], list[tuple[str, int | None]]]] = {
    # name: remembered, ids that MaintainX does not have, steps
    "nothing yet": ([], set(), [("create", None)]),
    "made": ([entry(1, "made")], set(), [("store_secret", 1)]),
    "parked": ([entry(1, "parked")], set(), [("activate", 1)]),
    "as wanted": ([entry(1, "active")], set(), [("keep", 1)]),
    "deleted by MaintainX": ([entry(1, "active")], {1}, [("create", None), ("lose", 1)]),
    "deleted while it was made": ([entry(1, "made")], {1}, [("create", None), ("lose", 1)]),
    "deleted while its successor comes": (
        [entry(1, "active"), entry(2, "parked")],
        {1},
        [("activate", 2), ("lose", 1)],
    ),
    "other filters": ([entry(1, "active", **OTHER)], set(), [("create", None), ("keep", 1)]),
    "other secret name": ([entry(1, "active", secret_name="x")], set(), [("create", None), ("keep", 1)]),
    "its replacement comes": (
        [entry(1, "active", **OTHER), entry(2, "parked")],
        set(),
        [("activate", 2), ("keep", 1)],
    ),
    "its replacement is there": (
        [entry(1, "active", **OTHER), entry(2, "active")],
        set(),
        [("retire", 1), ("keep", 2)],
    ),
    "wanted again what was replaced": (
        [entry(1, "active"), entry(2, "parked", **OTHER)],
        set(),
        [("delete", 2), ("keep", 1)],
    ),
    "two in use": ([entry(1, "active"), entry(2, "active")], set(), [("retire", 1), ("keep", 2)]),
    "old one waits for its end": ([entry(1, "retiring"), entry(2, "active")], set(), [("delete", 1), ("keep", 2)]),
    "old one stays while the new one is lost": (
        [entry(1, "retiring"), entry(2, "active")],
        {2},
        [("create", None), ("lose", 2), ("keep", 1)],
    ),
    "its secret waits for its end": ([entry(1, "gone"), entry(2, "active")], set(), [("drop_secret", 1), ("keep", 2)]),
    "only a deleted one": ([entry(1, "gone")], set(), [("create", None), ("drop_secret", 1)]),
    "not wanted any more": ([entry(1, "active", type="U")], set(), [("create", None), ("delete", 1)]),
}


def test_plan(subtests: pytest.Subtests) -> None:
    for name in CASES:
        with subtests.test(name=name):
            remembered, missing, steps = CASES[name]
            actual = {
                item.id: None
                if item.id in missing
                else Subscription(id=item.id, type=item.type, url=USED, status="VALID")
                for item in remembered
                if item.state != "gone"
            }
            assert [(step.verb, step.id) for step in plan([WANTED], remembered, actual)] == steps
            assert [(step.verb, step.id) for step in plan([WANTED], remembered[::-1], actual)] == steps


def found(**ids: Subscription | None) -> dict[int, Subscription | None]:
    return {int(name[1:]): value for name, value in ids.items()}


def test_reasons_name_what_happened() -> None:
    there = Subscription(id=1, type="T", url=USED, status="VALID")
    reasons = [
        plan([WANTED], [], {})[0].reason,
        plan([WANTED], [entry(1, "active")], {1: None})[0].reason,
        plan([WANTED], [entry(1, "active", **OTHER)], {1: there})[0].reason,
        plan([WANTED], [entry(1, "active")], {1: there}, rotate={"T"})[0].reason,
    ]
    assert [text.partition(":")[0] for text in reasons] == ["create", "heal", "replace", "rotate"]


def test_wrong_url_is_patched_and_wrong_type_replaced() -> None:
    elsewhere = Subscription(id=1, type="T", url="https://old.example.com", status="VALID")
    assert [step.verb for step in plan([WANTED], [entry(1, "active")], {1: elsewhere})] == ["repoint"]
    another = Subscription(id=1, type="U", url=USED, status="VALID")
    assert [step.verb for step in plan([WANTED], [entry(1, "active")], {1: another})] == ["create", "keep"]


def test_only_steps_that_wait_for_their_time_have_one() -> None:
    there = Subscription(id=1, type="T", url=USED, status="VALID")
    assert plan([WANTED], [entry(1, "parked")], {1: there})[0].due_at_utc == LATER
    assert plan([], [entry(1, "parked")], {1: there})[0].due_at_utc is None
    old = plan([WANTED], [entry(1, "retiring"), entry(2, "active")], {1: there, 2: there})[0]
    assert (old.verb, old.due_at_utc) == ("delete", LATER)


@pytest.mark.parametrize("state", ["made", "parked", "retiring"])
def test_rotation_under_way_is_not_begun_again(state: State) -> None:
    there = Subscription(id=1, type="T", url=USED, status="VALID")
    steps = plan([WANTED], [entry(1, state), entry(2, "active")], {1: there, 2: there}, rotate={"T"})
    assert "create" not in {step.verb for step in steps}


def test_what_was_set_up_is_what_is_newest_and_not_on_its_way_out() -> None:
    entries = [entry(2, "active", **OTHER), entry(1, "active"), entry(3, "retiring"), entry(4, "gone", type="U")]
    (kept,) = as_remembered(entries, lambda name: Addresses(f"used {name}", f"parked {name}"))
    assert (kept.type, kept.filters, kept.addresses.used) == ("T", OTHER["filters"], "used T")
