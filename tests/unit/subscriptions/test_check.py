"""What verification finds, one fault at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import RemoteUnavailable
from shared.maintainx.subscriptions.keeper import Keeper
from tests.unit.subscriptions.world import World, secret_name

TYPES: dict[str, dict[str, Any]] = {"NEW_ASSET": {}, "NEW_PART": {}}
Fault = Callable[[World, int], object]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def keeper(world: World) -> Keeper:
    """All is well."""
    keeper = world.keeper(TYPES)
    keeper.run_on(patience=timedelta(days=1), sleep=world.sleep)
    assert keeper.verify(compare_secrets=True) == ()
    return keeper


FAULTS: dict[str, tuple[Fault, str]] = {
    "deleted": (lambda world, id_: world.made.pop(id_), "does not have it any more"),
    "moved": (
        lambda world, id_: world.made[id_].update(url="https://x.example.com"),
        "it points to https://x.example.com",
    ),
    "pending": (lambda world, id_: world.made[id_].update(status="PENDING_APPROVAL"), "PENDING_APPROVAL"),
    "type": (lambda world, id_: world.made[id_].update(type="NEW_VENDOR"), "its type is NEW_VENDOR"),
    "secret lost": (
        lambda world, _id: world.secrets.update({secret_name("NEW_ASSET"): "another"}),
        "its secret is not in webhook-new_asset",
    ),
    "secret differs": (lambda world, id_: world.made[id_].update(secret="mx_0"), "signs with another secret"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_and_no_other(fault: str, world: World, keeper: Keeper) -> None:
    (id_,) = world.serving("NEW_ASSET")
    break_, text = FAULTS[fault]
    break_(world, id_)
    (finding,) = keeper.verify(compare_secrets=True)
    assert (finding.type, finding.id) == ("NEW_ASSET", id_)
    assert text in finding.problem
    assert finding.gone == (fault == "deleted")


def test_receiver_that_refuses_or_does_not_answer_is_found(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deaf = True
    assert {finding.problem for finding in keeper.verify()} == {
        "webhook_ingress refuses deliveries signed with its secret"
    }

    def silent(_url: str, _secret: str) -> bool:
        raise RemoteUnavailable("by the test")

    monkeypatch.setattr(world, "knows", silent)
    assert {finding.problem for finding in keeper.verify()} == {"webhook_ingress does not answer: by the test"}


def test_what_sites_yaml_wants_otherwise_is_found(world: World, keeper: Keeper) -> None:
    changed = world.keeper({"NEW_ASSET": {"options": {"serializeEntity": True}}, "NEW_VENDOR": {}})
    problems = {finding.type: finding.problem for finding in changed.verify()}
    assert "apply replaces it" in problems["NEW_ASSET"]
    assert "none is remembered" in problems["NEW_VENDOR"]
    assert "apply removes it" in problems["NEW_PART"]


def test_what_was_interrupted_is_found_after_a_while(world: World, keeper: Keeper) -> None:
    keeper.run(rotate={"NEW_ASSET"})
    assert keeper.verify() == ()
    assert keeper.is_under_way()
    world.sleep(3600)
    (finding,) = keeper.verify()
    assert "unfinished since long (parked)" in finding.problem


def test_verification_changes_nothing(world: World, keeper: Keeper) -> None:
    world.made.pop(world.serving("NEW_ASSET")[0])
    world.calls.clear()
    before = dict(world.secrets)
    keeper.verify(compare_secrets=True)
    assert {call.split()[0] for call in world.calls} == {"get", "secret", "knows"}
    assert world.secrets == before
