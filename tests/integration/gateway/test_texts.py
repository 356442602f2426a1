"""Texts of any signs reach every ERP, cut at whole characters where the ERP has no room, as it counts."""

from __future__ import annotations

import pytest

from shared.lengths import length_of
from tests.integration.gateway.conftest import MakePlant
from tests.integration.gateway.world import GatewayWorld

EMOJI, FAMILY = "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467"
TITLES = ("x" * 39 + EMOJI, EMOJI * 21, f"Pump {EMOJI} " + "y" * 33, EMOJI * 20, FAMILY * 9, "\u00fc" * 40, "z" * 40)


def test_titles_of_any_signs_reach_the_erp(make_plant: MakePlant, subtests: pytest.Subtests) -> None:
    world = GatewayWorld(make_plant())
    title_rule, *_ = (rule for rule in world.plant.mapping.fields if rule.maintainx == "title")
    for title in TITLES:
        with subtests.test(title=title):
            number = world.create(title=title, assetId=2201, priority="LOW")
            outcome = world.handle(world.queue.pop())
            assert outcome is not None
            assert outcome.reason == "created"
            record = world.record(number)
            assert record is not None
            kept = world.erp.get(str(record.erp_id)).fields[title_rule.erp]
            assert title.startswith(kept)
            assert kept == title or length_of(title, world.erp.description.lengths) > (title_rule.max_length or 0)
