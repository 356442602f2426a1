"""The plan's rules as people read them, and what a run may cost at the most."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.errors import TooManySteps
from shared.events import parse_utc
from shared.sync.plan import RULES
from tests.fakes.sync_world import WORK_ORDER, Wire, World, both_ways_mapping, erp_event, event

SYNC = Path(__file__).resolve().parents[3] / "docs" / "sync.md"


def test_the_rules_are_those_that_the_documentation_shows() -> None:
    table = SYNC.read_text(encoding="utf-8").partition("a test holds this table to them -->")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE)[2:]
    assert rows == [(rule.when, rule.then) for rule in RULES]


def test_an_event_older_than_what_is_known_costs_nothing(subtests: pytest.Subtests) -> None:
    world = World(both_ways_mapping())
    world.wait(60)
    world.change(title="Replace both seals")
    world.deliver()
    known = parse_utc(world.work_orders[WORK_ORDER]["updatedAt"])
    old = replace(event("old"), occurred_at=known - timedelta(milliseconds=1))
    wire = Wire()
    assert (world.deliver(old, wire).reason, wire.count("maintainx"), wire.count("erp")) == ("unchanged", 0, 0)
    for name, about in {
        "of the same moment": replace(old, occurred_at=known),
        "of a person": replace(old, source="operator"),
        "about the ERP": replace(erp_event(), occurred_at=old.occurred_at),
    }.items():
        with subtests.test(name):
            wire = Wire()
            world.deliver(about, wire)
            assert wire.count("maintainx") == 1
    with subtests.test("while something is open"):
        world.change(dueDate=None)
        world.edit_erp(equipment="2202")
        world.change(assetId=None)
        world.deliver(erp_event("p2"))
        assert world.record().open_conflicts == {"equipment"}
        wire = Wire()
        world.deliver(old, wire)
        assert wire.count("maintainx") == 1
    with subtests.test("of a deletion"):
        world.delete()
        assert world.deliver(old).reason != "unchanged"


def test_two_systems_that_undo_each_other_end_a_run_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(both_ways_mapping())
    world.deliver()
    titles = iter(range(10_000))
    real = world.get_work_order
    monkeypatch.setattr(world, "get_work_order", lambda number: {**real(number), "title": f"Title {next(titles)}"})

    def undoes(erp_id: str, changes: object, version: object) -> object:
        world.tenant.order(erp_id).fields["costCenter"] = str(next(titles))
        return world.erp.get(erp_id)

    monkeypatch.setattr(world.erp, "update", undoes)
    with pytest.raises(TooManySteps, match=r"no end after ReadWorkOrder, .*UpdateErp, "):
        world.deliver(event("e2"))
