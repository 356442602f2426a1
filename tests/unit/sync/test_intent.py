"""What an intent that was found tells: whether the write was done, wholly or in part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.sync.intent import Intent
from tests.fakes.sync_world import World


def intent(**fields: Any) -> Intent:
    """An update of the ERP that was about to be made."""
    known: dict[str, Any] = {
        "action": "update",
        "direction": "maintainx_to_erp",
        "event_id": "e1",
        "actor": "webhook",
        "at": "2026-09-14T12:00:00.000Z",
        "before": {"priority": "3", "shortText": "Replace seal"},
        "after": {"priority": "2", "shortText": "Replace both seals"},
        "rejected": {},
        "policy": {},
        "agreed": {},
        "version_before": "1",
    }
    return Intent(**(known | fields))


def test_a_record_at_the_version_of_before_shows_that_an_update_was_not_done(subtests: pytest.Subtests) -> None:
    for version_now, was_done in [("1", False), ("2", True), (None, True)]:
        with subtests.test(version_now=version_now):
            found = {"priority": "2", "shortText": "Replace both seals"}
            assert (intent().part_done(found, version_now) is not None) is was_done


def test_one_written_field_is_enough_if_none_is_as_before(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, str], bool]] = [
        ({"priority": "3", "shortText": "Replace seal"}, False),
        ({"priority": "4", "shortText": "Replace both seals "}, True),  # somebody changed the priority since
        ({"priority": "3"}, False),
        ({}, False),
    ]
    for found, was_done in cases:
        with subtests.test(found=found):
            assert (intent().part_done(found, "2") is not None) is was_done
            assert (intent(version_before=None).part_done(found, "2") is not None) is was_done


@pytest.mark.parametrize("direction", ["maintainx_to_erp", "erp_to_maintainx"])
def test_where_some_fields_are_as_before_only_the_others_count(direction: str) -> None:
    agreed = {name: {"maintainx": 1, "sent": 1, "erp": 1} for name in ("priority", "text")}
    about = intent(direction=direction, agreed=agreed, fields={"shortText": "text"})
    part = about.part_done({"priority": "2", "shortText": "Replace seal"}, "2")
    assert part is not None
    assert (part.before, part.after, list(part.agreed)) == ({"priority": "3"}, {"priority": "2"}, ["priority"])
    other = about.part_done({"priority": "3", "shortText": "Replace both seals"}, "2")
    assert other is not None
    assert (list(other.after), list(other.agreed)) == (["shortText"], ["text"])


def test_an_emptied_field_must_be_shown_as_empty_by_the_erp_but_may_be_left_out_by_maintainx() -> None:
    assert intent(before={}, after={"costCenter": None}).part_done({}, "2") is None
    assert intent(before={}, after={"costCenter": None}).part_done({"costCenter": ""}, "2") is not None
    back = intent(direction="erp_to_maintainx", after={"extraFields.Cost Center": None}, version_before=None)
    assert back.part_done({"extraFields": {}}, "2") is not None
    assert back.part_done({"extraFields": {"Cost Center": "4100"}}, "2") is None


def test_a_record_that_was_found_shows_that_it_was_created() -> None:
    assert intent(action="create", version_before=None).part_done({}, "1") is not None


AGREED = {"status": {"maintainx": "DONE", "sent": "COMPLETED", "erp": "COMPLETED"}}


def status(**fields: Any) -> Intent:
    """A change of status by steps."""
    step: dict[str, Any] = {"action": "status", "before": {"status": "NEW"}, "after": {"status": "COMPLETED"}}
    return intent(**step, agreed=AGREED, stepwise=True, **fields)


def test_a_status_needs_no_new_version_to_have_been_done() -> None:
    assert status().part_done({"status": "COMPLETED"}, "1") == status()
    assert status().part_done({"status": "NEW"}, "2") is None
    assert status().part_done({}, "2") is None


def test_a_status_on_the_way_is_a_part_that_was_done_and_leaves_the_rest_to_do() -> None:
    part = status().part_done({"status": "IN_WORK"}, "2")
    assert part is not None
    assert (part.before, part.after) == ({"status": "NEW"}, {"status": "IN_WORK"})
    assert part.agreed == {"status": {"maintainx": "DONE", "sent": "IN_WORK", "erp": "IN_WORK"}}


def test_an_update_is_done_wholly_or_not_at_all() -> None:
    assert intent().part_done({"priority": "4", "shortText": "Something else"}, "2") is None
    assert intent().part_done({"priority": "2", "shortText": "Something else"}, "2") == intent()


def test_an_intent_survives_the_record() -> None:
    world = World()
    world.deliver()
    record = world.record()
    assert Intent.of(record) is None
    assert Intent.of(replace(record, intent=status().to_json())) == status()


def test_an_entry_has_the_same_id_whatever_the_erp_made_of_the_values() -> None:
    world = World()
    world.deliver()
    record = world.record()
    made = [{"f": {"maintainx": "a", "sent": "a", "erp": value}} for value in ("a", "A")]
    entries = [intent(agreed=agreed).entry(record, erp_id="1", version_after="2") for agreed in made]
    assert [entry.agreed for entry in entries] == [{"f": "a"}, {"f": "A"}]
    assert entries[0].entry_id == entries[1].entry_id
