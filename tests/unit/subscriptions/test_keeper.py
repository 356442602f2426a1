"""Carrying plans out: nothing refused, nothing missed, nothing forgotten, wherever it stops."""

from __future__ import annotations

import re
import traceback
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import ConfigError, OutcomeUnknown, RecordBusy, RecordNotFound, RemoteRejected
from shared.maintainx.models import Subscription
from shared.maintainx.subscriptions.keeper import GRACE, SETTLE, Keeper
from shared.maintainx.subscriptions.work import Report
from shared.secrets import lines
from shared.state import RecordKey
from tests.unit.subscriptions.world import LEDGER, PUBLIC_URL, SITE, Crash, World, secret_name, site, used

TYPES: dict[str, dict[str, Any]] = {"NEW_WORK_ORDER": {"options": {"serializeEntity": True}}, "NEW_ASSET": {}}
FILTERED: dict[str, dict[str, Any]] = {**TYPES, "NEW_ASSET": {"filters": {"oneOf": ["x"]}}}
END = timedelta(days=1)


@pytest.fixture
def world() -> World:
    return World()


def run(world: World, keeper: Keeper, *, patience: timedelta = END, **how: Any) -> Report:
    return keeper.run_on(patience=patience, sleep=world.sleep, **how)


def verbs(report: Report) -> list[str]:
    return [item.verb for item in report.done]


def test_apply_makes_all_and_a_second_time_does_nothing(world: World) -> None:
    keeper = world.keeper(TYPES)
    first = run(world, keeper)
    assert verbs(first) == ["create"] * 2 + ["store_secret"] * 2 + ["activate"] * 2
    assert {row["type"]: row["url"] for row in world.made.values()} == {name: used(name) for name in TYPES}
    assert [row["options"] for row in world.made.values()] == [{"serializeEntity": True}, None]
    world.calls.clear()
    second = run(world, keeper)
    assert second == Report((), ())
    assert world.calls == [f"get {id_}" for id_ in world.made]
    assert world.refused == []


def test_new_one_is_not_used_before_its_secret_has_settled_and_is_known(world: World) -> None:
    keeper = world.keeper({"NEW_ASSET": {}})
    keeper.run()
    (row,) = world.made.values()
    assert row["url"] == used("NEW_ASSET") + "/parked"
    world.sleep(SETTLE.total_seconds() - 1)
    assert verbs(keeper.run()) == []
    world.sleep(1)
    world.deaf = True
    report = run(world, keeper, patience=timedelta(seconds=20))
    assert (verbs(report), [step.verb for step in report.waiting]) == ([], ["activate"])
    assert not report.failed
    assert row["url"] == used("NEW_ASSET") + "/parked"
    world.deaf = False
    assert verbs(run(world, keeper)) == ["activate"]
    assert row["url"] == used("NEW_ASSET")


def test_rotation_leaves_one_with_a_new_secret(world: World) -> None:
    keeper = world.keeper(TYPES)
    run(world, keeper)
    before = dict(world.made)
    world.must_be_served = set(TYPES)
    report = run(world, keeper, rotate=set(TYPES))
    steps = ("create", "store_secret", "activate", "retire", "delete", "drop_secret")
    assert verbs(report) == [verb for verb in steps for _ in TYPES]
    assert not set(before) & set(world.made)
    assert {name: world.secrets[secret_name(name)] for name in TYPES} == {
        row["type"]: row["secret"] for row in world.made.values()
    }
    assert (world.refused, world.gaps, keeper.verify(compare_secrets=True)) == ([], [], ())


def test_both_secrets_are_accepted_during_the_grace(world: World) -> None:
    keeper = world.keeper({"NEW_ASSET": {}})
    run(world, keeper)
    report = run(world, keeper, rotate={"NEW_ASSET"}, patience=timedelta(minutes=2))
    assert [(step.verb, step.due_at_utc) for step in report.waiting] == [("delete", world.now_utc + GRACE)]
    assert len(world.serving("NEW_ASSET")) == len(lines(world.secrets[secret_name("NEW_ASSET")])) == 2
    assert verbs(run(world, keeper, rotate={"NEW_ASSET"}, patience=timedelta())) == []  # it is under way


def test_changed_filters_replace_and_the_old_one_serves_meanwhile(world: World) -> None:
    run(world, world.keeper(TYPES))
    world.must_be_served = set(TYPES)
    report = run(world, world.keeper(FILTERED))
    assert verbs(report) == ["create", "store_secret", "activate", "retire", "delete", "drop_secret"]
    (served,) = world.serving("NEW_ASSET")
    assert world.made[served]["filters"] == {"oneOf": ["x"]}
    assert (world.refused, world.gaps) == ([], [])


def test_type_that_is_not_wanted_any_more_is_removed(world: World) -> None:
    run(world, world.keeper(TYPES))
    keeper = world.keeper({"NEW_ASSET": {}})
    assert verbs(run(world, keeper)) == ["delete", "drop_secret"]
    assert [row["type"] for row in world.made.values()] == ["NEW_ASSET"]
    assert [entry.type for entry in keeper.remembered()] == ["NEW_ASSET"]


def test_moved_public_url_is_patched(world: World) -> None:
    run(world, world.keeper({"NEW_ASSET": {}}))
    for row in world.made.values():
        row["url"] = "https://old.example.com"
    assert verbs(run(world, world.keeper({"NEW_ASSET": {}}))) == ["repoint"]
    assert world.serving("NEW_ASSET")


def test_deleted_one_is_healed_also_by_a_run_that_only_heals(world: World) -> None:
    keeper = world.keeper(TYPES)
    run(world, keeper)
    (lost,) = world.serving("NEW_WORK_ORDER")
    del world.made[lost]
    assert [finding.id for finding in keeper.verify() if finding.gone] == [lost]
    report = run(world, keeper, heal=True)
    assert verbs(report) == ["create", "lose", "store_secret", "activate", "drop_secret"]
    assert (world.refused, keeper.verify(compare_secrets=True)) == ([], ())
    assert [row["options"] for row in world.made.values()] == [None, {"serializeEntity": True}]


def test_healing_does_not_enforce_the_configuration(world: World) -> None:
    run(world, world.keeper(TYPES))
    before = {id_: dict(row) for id_, row in world.made.items()}
    assert run(world, world.keeper({**FILTERED, "NEW_PART": {}}), heal=True).done == ()
    assert run(world, world.keeper({"NEW_PART": {}}), heal=True).done == ()
    assert world.made == before


def test_interrupted_anywhere_the_next_run_goes_on(subtests: pytest.Subtests) -> None:
    """Every call in turn is the last of a process; then a new process finishes."""
    for changed in ["create", "rotate", "replace", "heal"]:
        for case, after in [("before the call", False), ("after the call", True)]:
            with subtests.test(case=case):
                crash_at = 0
                while True:
                    crash_at += 1
                    world = World()
                    if changed != "create":
                        run(world, world.keeper(TYPES))
                    keeper = world.keeper(FILTERED if changed == "replace" else TYPES)
                    rotate = set(TYPES) if changed == "rotate" else set()
                    if changed == "heal":
                        del world.made[world.serving("NEW_ASSET")[0]]
                    elif changed != "create":
                        world.must_be_served = set(TYPES)
                    world.calls.clear()
                    world.crash_at, world.crash_after = crash_at, after
                    try:
                        run(world, keeper, rotate=rotate)
                    except Crash:
                        crashed = True
                    else:
                        crashed = False
                    finished = len(world.calls) < crash_at
                    world.crash_at = None
                    run(world, keeper, rotate=rotate)
                    assert world.refused == []
                    assert world.gaps == []
                    assert keeper.verify(compare_secrets=True) == ()
                    assert [entry.state for entry in keeper.remembered()] == ["active", "active"]
                    unknown = set(world.made) - {entry.id for entry in keeper.remembered()}
                    # Only what was made in the very call that never came back is unknown, and it delivers nothing.
                    assert len(unknown) <= 1
                    assert all(world.made[id_]["url"].endswith("/parked") for id_ in unknown)
                    if finished and not crashed:
                        break
                assert crash_at > 10


def test_nothing_is_made_that_could_not_be_remembered(world: World) -> None:
    world.broken_secrets = {LEDGER}
    report = run(world, world.keeper({"NEW_ASSET": {}}))
    assert report.failed
    assert world.made == {}
    assert "create NEW_ASSET" not in world.calls


def test_what_cannot_be_remembered_is_deleted_again_or_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create = world.create_subscription

    def create_and_break(*arguments: Any, **options: Any) -> Subscription:
        world.broken_secrets = {LEDGER}
        return create(*arguments, **options)

    monkeypatch.setattr(world, "create_subscription", create_and_break)
    report = run(world, world.keeper({"NEW_ASSET": {}}))
    assert "subscription 101 was deleted again" in report.done[0].error
    assert world.made == {}

    def refuse(_id: int) -> None:
        raise RemoteRejected("by the test", status=403)

    world.broken_secrets = set()
    monkeypatch.setattr(world, "delete_subscription", refuse)
    report = run(world, world.keeper({"NEW_ASSET": {}}))
    assert "subscription 102 must be deleted by hand" in report.done[0].error


def test_creation_of_unknown_outcome_is_told_and_not_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def lost(webhook_type: str, *_arguments: Any, **_options: Any) -> Subscription:
        tries.append(webhook_type)
        raise OutcomeUnknown("by the test")

    monkeypatch.setattr(world, "create_subscription", lost)
    report = run(world, world.keeper(TYPES))
    assert tries == list(TYPES)
    assert all("/parked may have been made" in item.error for item in report.done)


def test_one_type_that_fails_does_not_stop_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.broken_secrets = {secret_name("NEW_WORK_ORDER")}
    report = run(world, world.keeper(TYPES))
    assert {item.type for item in report.done if item.error} == {"NEW_WORK_ORDER"}
    assert world.serving("NEW_ASSET")
    assert not world.serving("NEW_WORK_ORDER")
    world.broken_secrets = set()
    assert not run(world, world.keeper(TYPES)).failed
    assert world.serving("NEW_WORK_ORDER")
    assert len(world.made) == 2


def test_secret_is_not_put_beside_one_that_cannot_be_used(world: World) -> None:
    name = secret_name("NEW_ASSET")
    world.secrets[name] = "a-secret\u200b"
    (failed,) = (item for item in run(world, world.keeper({"NEW_ASSET": {}})).done if item.error)
    assert failed.verb == "store_secret"
    assert f"secret {name}, with the new value as line 1, holds U+200B ZERO WIDTH SPACE" in failed.error
    assert "a-secret" not in failed.error
    assert world.secrets[name] == "a-secret\u200b"
    world.secrets[name] = "a-secret"
    assert not run(world, world.keeper({"NEW_ASSET": {}})).failed
    assert world.serving("NEW_ASSET")


def test_loss_is_not_noted_before_the_successor_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = world.keeper({"NEW_ASSET": {}})
    run(world, keeper)
    world.made.clear()
    with monkeypatch.context() as patch:
        patch.setattr(
            world, "create_subscription", lambda *_a, **_o: (_ for _ in ()).throw(RemoteRejected("x", status=400))
        )
        assert run(world, keeper, heal=True).failed
    assert not run(world, keeper, heal=True).failed
    assert world.serving("NEW_ASSET")


def test_adopted_one_is_used_after_its_secret_is_known(world: World) -> None:
    world.made[7] = {"type": "NEW_ASSET", "url": "https://elsewhere.example.com", "status": "VALID", "secret": "mx_7"}
    world.made[8] = {"type": "NEW_PART", "url": "https://elsewhere.example.com", "status": "VALID", "secret": "mx_8"}
    keeper = world.keeper({"NEW_ASSET": {}})
    assert keeper.adopt(7).state == keeper.adopt(7).state == "made"
    assert verbs(run(world, keeper)) == ["store_secret", "activate"]
    assert (world.serving("NEW_ASSET"), world.refused, keeper.verify(compare_secrets=True)) == ([7], [], ())
    with pytest.raises(ConfigError, match="NEW_PART"):
        keeper.adopt(8)
    with pytest.raises(RecordNotFound):
        keeper.adopt(9)


def test_forgotten_one_is_left_alone(world: World) -> None:
    keeper = world.keeper({"NEW_ASSET": {}})
    run(world, keeper)
    (id_,) = world.made
    assert [keeper.forget(id_), keeper.forget(id_)] == [True, False]
    assert (list(world.made), keeper.remembered()) == ([id_], ())


def test_text_by_hand_in_the_place_of_the_list_is_told_with_the_way_out(
    world: World, subtests: pytest.Subtests
) -> None:
    keeper = world.keeper({"NEW_ASSET": {}})
    cases = {
        "eyJhbGciOi.a-key.of-somebody": "other text, which is no JSON",
        "": "other text, which is no JSON",
        '"a-key"': "JSON of another form",
        '{"subscriptions": [{"id": "a-key"}]}': "JSON of another form, at subscriptions.0.",
    }
    for text, what in cases.items():
        with subtests.test(case=text):
            world.secrets[LEDGER] = text
            with pytest.raises(ConfigError) as caught:
                keeper.preview()
            message = str(caught.value)
            assert f"secret {LEDGER} is not our list of subscriptions but {what}" in message
            assert "docs/subscriptions.md" in message
            assert "a-key" not in "".join(traceback.format_exception(caught.value)), "it may be a credential"
            (way_out,) = re.findall(r"add .* again, or (\S+) if there is none", message)
            world.secrets[LEDGER] = way_out
            assert [step.verb for step in keeper.preview()] == ["create"]


def test_secrets_that_others_put_there_stay(world: World) -> None:
    world.secrets[secret_name("NEW_ASSET")] = "by hand"
    keeper = world.keeper({"NEW_ASSET": {}})
    run(world, keeper)
    run(world, keeper, rotate={"NEW_ASSET"})
    assert lines(world.secrets[secret_name("NEW_ASSET")])[1:] == ("by hand",)


def test_two_at_once_take_turns(world: World) -> None:
    keeper = world.keeper(TYPES)
    locked = world.state.lock_record(RecordKey(SITE, "subscriptions", 0), owner="other", lease_s=60)
    assert locked is not None
    with pytest.raises(RecordBusy, match=SITE):
        keeper.run()
    assert world.calls == []
    world.state.unlock_record(locked)
    run(world, keeper)
    assert list(world.state.list_records(SITE)) == []


def test_public_url_is_needed() -> None:
    world: Any = World()
    with pytest.raises(ConfigError, match="public_url"):
        Keeper(site(TYPES), None, maintainx=world, receiver=world, state=world.state, versions=world)
    assert used("X").startswith(PUBLIC_URL)
