"""Putting the story of a record together: what each source tells, in one order, and the fields as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.config.mappings import MappingFile
from shared.errors import MappingError
from shared.events import format_utc
from shared.state import ClaimKey, Done, InProgress, KnownClaim
from shared.sync.audit import AuditEntry
from shared.sync.conflicts import DELETION, ORPHAN, decide
from shared.sync.trace import (
    FieldLine,
    Moment,
    Row,
    audit_told,
    claims_told,
    events_told,
    field_lines,
    letters_told,
    timeline,
    what_waits,
)
from tests.fakes.sync_world import WORK_ORDER, ZONE, World, event, example_mapping

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def row(data: bytes, minutes: float = 0, message_id: str = "m1", **attributes: str) -> Row:
    return Row(at(minutes), message_id, data.decode(), json.dumps(attributes))


def entry(**changes: Any) -> AuditEntry:
    fields = {
        "site": "plant-1",
        "event_id": "e1",
        "actor": "webhook",
        "at": format_utc(NOON),
        "action": "update",
        "kind": "work_order",
        "maintainx_id": 1,
        "erp_id": "4711",
        "reference": "mx:plant-1:1",
    }
    return AuditEntry(**(fields | changes))  # type: ignore[arg-type]  # a table of fields has no types of its own


def test_moments_are_in_order_and_an_event_comes_before_what_it_caused() -> None:
    def moment(minutes: float, kind: Any) -> Moment:
        return Moment(at(minutes), kind, "", "", "")

    letter, claim, audit, told = (moment(1, kind) for kind in ("dead letter", "claim", "audit", "event"))
    first = moment(0, "claim")
    assert timeline([letter, claim], [audit], [told], [first]) == [first, told, audit, claim, letter]


def test_a_replay_is_another_delivery_and_a_message_written_twice_is_not() -> None:
    data = event("e1", userId=77).to_json()
    rows = [
        row(data, 5, "m2", source="replay"),
        row(data, 0, "m1", source="webhook"),
        row(data, 1, "m1", source="webhook"),
    ]
    told = list(events_told(rows))
    assert [(moment.at, moment.what, moment.detail) for moment in told] == [
        (at(0), "work_order.updated", "webhook, MaintainX user 77"),
        (at(5), "work_order.updated", "replay, MaintainX user 77"),
    ]
    assert {moment.event_id for moment in told} == {"e1"}
    assert told[0].data["resource_id"] == str(WORK_ORDER)


def test_an_audit_entry_that_was_published_again_is_one() -> None:
    again = replace(entry(), at=format_utc(at(3)))
    rows = [row(entry().to_json(), 0), row(again.to_json(), 4, "m2"), row(entry(event_id="e2").to_json(), 5, "m3")]
    assert [(moment.at, moment.event_id) for moment in audit_told(rows)] == [(NOON, "e1"), (NOON, "e2")]


def test_an_audit_entry_in_one_line(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        (
            {"before": {"title": "a"}, "after": {"title": "b"}, "direction": "erp_to_maintainx"},
            "update in MaintainX",
            'title: "a" -> "b"; on a webhook',
        ),
        (
            {"action": "create", "after": {"dueDate": None, "shortText": "b"}},
            "create in the ERP",
            'ERP record 4711; dueDate: null; shortText: "b"; on a webhook',
        ),
        (
            {"before": {"priority": "1"}, "after": {"priority": "2"}, "policy": {"priority": "maintainx"}},
            "update in the ERP",
            'priority: "1" -> "2"; priority: maintainx wins; on a webhook',
        ),
        (
            {"action": "park", "parked": {"title": {"maintainx": "a", "erp": "b", "reason": "both_changed"}}},
            "park",
            'title: MaintainX "a", ERP "b", both_changed; on a webhook',
        ),
        (
            {"action": "agree", "agreed": {"title": "a"}},
            "agree",
            'title: "a"; on a webhook',
        ),
        ({"action": "link", "actor": "operator olga"}, "link", "ERP record 4711; by operator olga"),
        ({"action": "keep", "erp_id": None}, "keep", "on a webhook"),
        (
            {"before": {"title": "a"}, "after": {"title": "b"}, "actor": "maintainx user 77"},
            "update in the ERP",
            'title: "a" -> "b"; on the event of maintainx user 77',
        ),
        (
            {"before": {"title": "a"}, "after": {"title": "b"}, "actor": "operator olga"},
            "update in the ERP",
            'title: "a" -> "b"; on the decision of operator olga',
        ),
        ({"action": "decide", "actor": "operator olga"}, "decide", "by operator olga"),
        ({"action": "agree", "actor": "poll"}, "agree", "on a change that was found"),
        ({"action": "agree", "actor": "operator"}, "agree", "on an operator's wish"),
        ({"action": "agree", "actor": "sync"}, "agree", "on the event of sync"),
        (
            {"after": {"longText": "x" * 100}, "before": {"longText": ""}},
            "update in the ERP",
            f'longText: "" -> "{"x" * 59}…; on a webhook',
        ),
    ]
    for changes, what, detail in cases:
        with subtests.test(changes=changes):
            (moment,) = audit_told([row(entry(**changes).to_json())])
            assert (moment.kind, moment.what, moment.detail) == ("audit", what, detail)


def test_an_audit_entry_from_before_a_field_was_added_is_told_as_well() -> None:
    old = json.loads(entry(before={"t": 1}, after={"t": 2}).to_json())
    for later in ("parked", "agreed", "policy"):
        del old[later]
    (moment,) = audit_told([row(json.dumps(old).encode())])
    assert moment.detail == "t: 1 -> 2; on a webhook"


def test_claims_tell_what_became_of_an_event_or_who_is_at_it() -> None:
    key = ClaimKey("plant-1", "e1", "erp_push")
    claims = [
        KnownClaim(key, Done("done", "created", at(1))),
        KnownClaim(replace(key, nonce="r1"), Done("dead", "MappingError", at(2))),
        KnownClaim(replace(key, destination="notify"), InProgress("notify/m1", at(9))),
    ]
    told = [(moment.at, moment.what, moment.detail) for moment in claims_told(claims, at(5))]
    assert told == [
        (at(1), "erp_push: done", "created"),
        (at(2), "erp_push: dead", "MappingError, replay"),
        (at(5), "notify: in progress", "until 2026-11-22T12:09:00+00:00"),
    ]


def test_a_dead_letter_says_where_and_why() -> None:
    letter = {
        "pipeline": "notify",
        "dead_since": format_utc(NOON),
        "error_class": "MappingError",
        "error_message": "no such",
        "event_id": None,
    }
    (moment,) = letters_told([letter])
    assert (moment.at, moment.what, moment.detail, moment.event_id) == (NOON, "notify: MappingError", "no such", "")


# Fields


def policies(**of: str) -> MappingFile:
    mapping = example_mapping()
    fields = [r.model_copy(update={"policy": of[r.erp]}) if r.erp in of else r for r in mapping.fields]
    return mapping.model_copy(update={"fields": fields})


def lines(world: World, **record: Any) -> dict[str, FieldLine]:
    found = world.erp.get(world.order().id)
    status = world.erp.description.status
    known = replace(world.record(), **record)
    made = field_lines(world.mapping, ZONE, known, world.work_orders[WORK_ORDER], found, status)
    return {line.field: line for line in made}


def linked(**of: str) -> World:
    world = World(policies(**of))
    assert world.deliver().reason == "created"
    return world


def test_both_sides_agree_after_a_create() -> None:
    found = lines(linked())
    assert {line.state for line in found.values()} == {"in step"}
    assert found["priority"] == FieldLine("priority", "HIGH", "1", "1", "1", True, True, "in step")


def test_what_each_side_is_to_get() -> None:
    world = linked(shortText="manual", dueDate="maintainx")
    world.change(title="Ours", description="ours alone", dueDate="2026-10-01T10:00:00.000Z")
    world.edit_erp(shortText="Theirs", priority="3", dueDate="2026-12-01")
    found = lines(world)
    assert {name: line.state for name, line in found.items() if not line.in_step} == {
        "shortText": "both changed: to be parked",
        "longText": "changed: the ERP is to get MaintainX's",
        "priority": "changed: MaintainX is to get the ERP's",
        "dueDate": "both changed, by policy the ERP is to get MaintainX's",
    }
    never = lines(world, base={}, conflicts={})
    assert never["shortText"].state == "never compared: to be parked"
    assert never["priority"].state == "never compared, by policy MaintainX is to get the ERP's"


def test_what_is_parked_and_what_is_decided() -> None:
    world = linked(shortText="manual")
    world.change(title="Ours")
    world.edit_erp(shortText="Theirs")
    assert world.deliver(replace(event("e2"), type="work_order.changed_in_erp")).reason == "parked"
    since = world.record().conflicts["shortText"]["since"]
    assert lines(world)["shortText"].state == f"parked since {since}"
    conflicts = decide(world.record(), {"shortText": "erp"}, "olga").conflicts
    assert lines(world, conflicts=conflicts)["shortText"].state == "olga decided: MaintainX is to get the ERP's"
    world.edit_erp(shortText="Theirs, newer")
    assert lines(world, conflicts=conflicts)["shortText"].state == "both changed: to be parked"


def test_a_value_that_only_one_side_can_hold_is_in_step_by_what_was_agreed() -> None:
    world = linked()
    world.edit_erp(status="IN_WORK")
    world.edit_erp(status="COMPLETED")
    world.edit_erp(status="CLOSED")
    world.deliver(replace(event("e2"), type="work_order.changed_in_erp"))
    line = lines(world)["status"]
    assert (line.maintainx, line.sent, line.erp, line.in_step) == ("DONE", "COMPLETED", "CLOSED", True)
    assert line.state == "in step, by what was agreed"


def test_a_field_that_the_erp_does_not_show_is_told_apart_from_an_empty_one() -> None:
    world = linked()
    found = world.erp.get(world.order().id)
    hidden = replace(found, fields={name: value for name, value in found.fields.items() if name != "longText"})
    made = field_lines(world.mapping, ZONE, world.record(), world.work_orders[WORK_ORDER], hidden, None)
    line = next(line for line in made if line.field == "longText")
    assert (line.shown, line.erp, line.in_step) == (False, None, True)


def test_a_value_that_the_mapping_does_not_know_is_an_error_of_the_comparison() -> None:
    world = linked()
    world.work_orders[WORK_ORDER]["priority"] = "URGENT"
    with pytest.raises(MappingError, match="URGENT"):
        lines(world)


def test_what_waits_names_a_record_as_a_whole_in_words() -> None:
    record = replace(linked().record(), conflicts={ORPHAN: {}, "shortText": {}, DELETION: {}})
    assert what_waits(record) == ["what becomes of the ERP's record", "what becomes of the work order", "shortText"]
