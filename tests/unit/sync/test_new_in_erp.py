"""Records that were made in the ERP, without any I/O: wanted or not, and what they become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from shared.config.mappings import MappingFile
from shared.erp.base import ErpRecord
from shared.errors import MappingError
from shared.sync.merge import UNREAD, Baseline, Direction, FieldState, Policy, merge
from shared.sync.new_in_erp import as_made_of_erp, is_wanted, mark_of, marked_erp_id, new_event, new_work_order
from tests.fakes.sync_world import SITE, ZONE, both_ways_mapping

NOW = datetime(2026, 9, 14, 12, tzinfo=UTC)
FIELDS = {"shortText": "Change the oil", "status": "NEW", "priority": "2", "plant": "2020", "equipment": "2201"}


def found(reference: str | None = None, version: str | None = "v1", **fields: Any) -> ErpRecord:
    return ErpRecord("4711", reference, {**FIELDS, **fields}, version, NOW)


def mapping(**keys: Any) -> MappingFile:
    return both_ways_mapping(**{"on_new_in_erp": {"action": "create"}, "plant": {"once": True}, **keys})


def test_what_is_ours_or_over_is_not_wanted(subtests: pytest.Subtests) -> None:
    cases: list[tuple[ErpRecord, bool]] = [
        (found(), True),
        (found(reference=""), True),
        (found(reference="PM-PLAN-7"), True),
        (found(reference="mx:plant-1:5"), False),
        (found(reference="MX:plant-9:5 "), False),
        (found(status="IN_WORK"), True),
        (found(status="COMPLETED"), False),
        (found(status="CLOSED"), False),
        (found(status="CANCELLED "), False),
        (found(status="SOMETHING NEW"), True),  # the mapping's fault is told when it is made
    ]
    for record, wanted in cases:
        with subtests.test(record=record):
            assert is_wanted(mapping(), record) is wanted
            assert not is_wanted(both_ways_mapping(), record)


def test_every_condition_must_fit(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, list[Any]], bool]] = [
        ({"plant": ["2020"]}, True),
        ({"plant": ["1010", "2020"]}, True),
        ({"plant": ["1010"]}, False),
        ({"plant": ["2020"], "priority": ["1"]}, False),
        ({"priority": [2]}, True),  # a number in YAML means the text
        ({"costCenter": ["4100"]}, True),  # not shown by a list: the record itself will tell
    ]
    for when, wanted in cases:
        with subtests.test(when=when):
            assert is_wanted(mapping(on_new_in_erp={"action": "create", "when": when}), found()) is wanted


def test_an_empty_field_fits_the_empty_text() -> None:
    rule = mapping(on_new_in_erp={"action": "create", "when": {"costCenter": [""]}})
    assert is_wanted(rule, found(costCenter=None))
    assert not is_wanted(rule, found(costCenter="4100"))


def test_the_mapping_is_read_backwards_without_the_status() -> None:
    record = found(longText="Every 500 hours", dueDate="2026-09-20", costCenter="4100", orderType="PM01", id="4711")
    assert new_work_order(mapping(), record, ZONE) == {
        "title": "Change the oil",
        "description": "Every 500 hours",  # its changes do not travel back, but it is clear
        "priority": "MEDIUM",
        "assetId": 2201,
        "dueDate": "2026-09-20T10:00:00.000Z",
        "extraFields": {"Cost Center": "4100", "Order": "4711"},
    }


def test_a_field_that_does_not_travel_back_is_read_where_it_is_clear(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str | None, Any]] = [
        ("PM01", "REACTIVE"),
        ("PM02", "PREVENTIVE"),
        ("PM03", "OTHER"),
        ("PM09", None),
        (None, None),
        ("", None),
    ]
    for order_type, made in cases:
        with subtests.test(order_type=order_type):
            # PM03 is OTHER, as nobody can write CYCLE_COUNT.
            values = {"REACTIVE": "PM01", "PREVENTIVE": "PM02", "OTHER": "PM03", "CYCLE_COUNT": "PM03"}
            body = new_work_order(mapping(orderType={"values": values}), found(orderType=order_type), ZONE)
            assert body.get("type") == made


def test_a_value_that_several_could_mean_is_left_out() -> None:
    values = dict.fromkeys(("REACTIVE", "PREVENTIVE", "OTHER", "CYCLE_COUNT"), "PM01")
    assert "type" not in new_work_order(mapping(orderType={"values": values}), found(orderType="PM01"), ZONE)


def test_numbers_as_keys_of_a_table_become_numbers() -> None:
    rule = {"values": {"2201": "PUMP", "2202": "FAN"}, "convert": None, "direction": "to_erp", "policy": "maintainx"}
    assert new_work_order(mapping(equipment=rule), found(equipment="PUMP"), ZONE)["assetId"] == 2201


def test_fields_that_the_erp_does_not_show_or_that_are_empty_are_left_out() -> None:
    record = ErpRecord("4711", None, {"shortText": "Change the oil", "dueDate": None, "equipment": ""}, None)
    assert new_work_order(mapping(), record, ZONE) == {"title": "Change the oil"}


def test_a_value_that_the_mapping_has_no_answer_for_is_an_error(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"shortText": ""}, "4711 has nothing that could be the title"),
        ({"priority": "9"}, "priority -> priority"),
        ({"equipment": "PUMP-7"}, "equipment -> assetId"),
    ]
    for fields, reason in cases:
        with subtests.test(fields=fields), pytest.raises(MappingError, match=reason):
            new_work_order(mapping(), found(**fields), ZONE)


def test_a_record_without_a_title_is_an_error() -> None:
    with pytest.raises(MappingError, match="4711 has nothing that could be the title"):
        new_work_order(mapping(), ErpRecord("4711", None, {"priority": "1"}, None), ZONE)


def test_the_mark_is_read_as_it_was_written_and_only_of_its_site() -> None:
    assert marked_erp_id({"externalData": mark_of(SITE, "4711")}, SITE) == "4711"
    assert marked_erp_id({"externalData": mark_of("plant-9", "4711")}, SITE) is None
    more = {**mark_of(SITE, "1"), "x": 1}
    others: list[dict[str, Any]] = [{}, *({"externalData": each} for each in (None, "4711", more))]
    assert [marked_erp_id(each, SITE) for each in others] == [None] * 4


def test_the_same_state_of_a_record_is_the_same_event() -> None:
    first = new_event(SITE, mapping(), found(), NOW)
    assert (first.type, first.resource, first.resource_id) == ("work_order.new_in_erp", "erp_record", "4711")
    assert first.event_id == new_event(SITE, mapping(), found(), NOW.replace(hour=13)).event_id
    changed = [found(version="v2"), found(priority="1")]
    assert len({first.event_id, *(new_event(SITE, mapping(), each, NOW).event_id for each in changed)}) == 3
    assert new_event("plant-9", mapping(), found(), NOW).event_id != first.event_id


def test_under_another_policy_the_same_state_is_another_event() -> None:
    policies: list[dict[str, Any]] = [{}, {"when": {"plant": ["2020"]}}, {"when": {"plant": ["1010"]}}]
    rules = [mapping(on_new_in_erp={"action": "create", **each}) for each in policies]
    assert len({new_event(SITE, rule, found(), NOW).event_id for rule in rules}) == 3


def test_at_the_first_meeting_the_erps_value_stays_whatever_the_policy(subtests: pytest.Subtests) -> None:
    for held in [True, False]:
        for policy in get_args(Policy):
            for direction in get_args(Direction):
                with subtests.test(held=held, policy=policy, direction=direction):
                    state = FieldState(
                        field="status",
                        base=None,
                        maintainx="OPEN",
                        sent="REL",
                        erp="CNF",
                        back="IN_PROGRESS",
                        held=held,
                        direction=direction,
                        policy=policy,
                    )
                    (decision,) = merge([as_made_of_erp(state)], "maintainx").decisions
                    assert decision.winner == "erp"


def test_what_the_erp_leaves_empty_and_maintainx_cannot_stays_empty_in_the_erp() -> None:
    state = FieldState(field="priority", base=None, maintainx="NONE", sent="4", erp=None)
    (decision,) = merge([as_made_of_erp(state)], "maintainx").decisions
    assert (decision.kind, decision.winner) == ("agreed", None)


def test_what_the_erp_does_not_show_is_left_as_it_is() -> None:
    unseen = FieldState(field="f", base=None, maintainx="b", sent="b", erp=UNREAD)
    (decision,) = merge([as_made_of_erp(unseen)], "maintainx").decisions
    assert (decision.kind, decision.winner, decision.state.erp) == ("agreed", None, None)


def test_after_the_first_agreement_a_field_is_like_any_other_and_a_person_decides_before_it() -> None:
    agreed = FieldState(field="f", base=Baseline("a", "a", "a"), maintainx="b", sent="b", erp="a")
    assert as_made_of_erp(agreed) == agreed
    decided = FieldState(field="f", base=None, maintainx="b", sent="b", erp="a", decided="maintainx")
    assert as_made_of_erp(decided).decided == "maintainx"
