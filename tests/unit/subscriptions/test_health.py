"""What the probes of a site tell, and what becomes of one that fails."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from shared.config.sites import SiteConfig
from shared.errors import BridgeError, RemoteUnavailable, SecretMissing
from shared.health import Parts, Probe, probe_site
from shared.maintainx.subscriptions.keeper import Keeper
from tests.unit.subscriptions.world import World, site

TYPES: dict[str, dict[str, Any]] = {"NEW_ASSET": {}, "NEW_PART": {}}
ERP = {"adapter": "rest", "base_url": "https://erp.example.com", "credentials_secret": "erp", "mapping": "m"}
SITE = SiteConfig.model_validate(site(TYPES).model_dump() | {"erp": ERP})


@pytest.fixture
def world() -> World:
    return World()


class PatientKeeper:
    """A keeper whose clock goes while it sleeps."""

    def __init__(self, world: World) -> None:
        self.keeper: Keeper = world.keeper(TYPES)
        self.verify = self.keeper.verify
        self.is_under_way = self.keeper.is_under_way
        self._world = world

    def run_on(self, *, heal: bool) -> Any:
        return self.keeper.run_on(heal=heal, sleep=self._world.sleep)


def parts(world: World, *, organizations: tuple[int, ...] = (4242,), erp: BridgeError | None = None) -> Parts:
    def search() -> None:
        if erp is not None:
            raise erp

    return Parts(
        maintainx=lambda _site: SimpleNamespace(
            iter_organizations=lambda: iter([SimpleNamespace(id=id_) for id_ in organizations])
        ),
        erp=lambda _site: SimpleNamespace(probe=search),
        subscriptions=lambda _site: PatientKeeper(world),
    )


def by_name(probes: tuple[Probe, ...]) -> dict[str, Probe]:
    return {probe.name: probe for probe in probes}


def test_site_that_is_all_right(world: World) -> None:
    world.keeper(TYPES).run_on(patience=timedelta(days=1), sleep=world.sleep)
    probes = probe_site(SITE, parts(world))
    assert [(probe.name, probe.ok, probe.reason) for probe in probes] == [
        ("maintainx", True, ""),
        ("erp", True, ""),
        ("subscriptions", True, ""),
    ]


def test_site_without_erp_has_no_erp_probe(world: World) -> None:
    assert set(by_name(probe_site(site(TYPES), parts(world)))) == {"maintainx", "subscriptions"}


def test_one_probe_that_fails_does_not_hide_the_others(world: World) -> None:
    found = by_name(probe_site(SITE, parts(world, organizations=(1,), erp=RemoteUnavailable("erp: down"))))
    assert "does not see organization 4242" in found["maintainx"].reason
    assert (found["erp"].reason, found["erp"].details["transient"]) == ("erp: down", True)
    assert "NEW_ASSET : none is remembered" in found["subscriptions"].reason
    assert not any(probe.ok for probe in found.values())


def test_adapter_that_cannot_be_made_fails_its_own_probe(world: World) -> None:
    def broken(_site: str) -> Any:
        raise SecretMissing("no key")

    made = parts(world)
    found = by_name(probe_site(SITE, Parts(broken, made.erp, made.subscriptions)))
    assert (found["maintainx"].reason, found["erp"].ok) == ("no key", True)


def test_healing_makes_again_what_was_deleted_and_nothing_else(world: World) -> None:
    probes = by_name(probe_site(SITE, parts(world), heal=True))
    assert (probes["subscriptions"].ok, world.made) == (False, {})  # never set up: that is the operator's to do
    world.keeper(TYPES).run_on(patience=timedelta(days=1), sleep=world.sleep)
    (lost,) = world.serving("NEW_PART")
    del world.made[lost]
    watched = by_name(probe_site(SITE, parts(world)))["subscriptions"]
    assert (watched.ok, watched.details["findings"][0]["id"], len(world.made)) == (False, lost, 1)
    healed = by_name(probe_site(SITE, parts(world), heal=True))["subscriptions"]
    assert healed.ok
    assert [done["verb"] for done in healed.details["done"]] == ["create", "lose", "store_secret", "activate"]
    assert world.serving("NEW_PART")


def test_key_that_sees_nothing_does_not_look_like_everything_deleted(world: World) -> None:
    world.keeper(TYPES).run_on(patience=timedelta(days=1), sleep=world.sleep)
    kept, world.made = world.made, {}
    probes = by_name(probe_site(SITE, parts(world, organizations=()), heal=True))
    assert not probes["maintainx"].ok
    assert world.made == {}
    world.made = kept
    assert by_name(probe_site(SITE, parts(world), heal=True))["subscriptions"].ok
