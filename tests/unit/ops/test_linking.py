"""Which work order and which ERP record belong together: as tables, and whatever a site has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.erp.base import ErpDescription, ErpField, ErpRecord
from shared.errors import ConfigError
from shared.state import RecordKey, SyncRecord
from shared.sync.linking import LinkRule, Match, Matching, counts
from shared.sync.parts import KIND, blank_record
from shared.sync.reference import external_reference

SITE = "plant-1"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BY_FIELD = LinkRule("old_number", "extraFields.ERP Order")
BY_ID = LinkRule("id", "extraFields.ERP Order")
BY_REFERENCE = LinkRule()


def work_order(number: int, value: Any = None) -> dict[str, Any]:
    return {"id": number, "title": "x", "extraFields": {} if value is None else {"ERP Order": value}}


def erp_record(erp_id: str, value: Any = None, reference: str | None = None) -> ErpRecord:
    return ErpRecord(erp_id, reference, {"old_number": value}, None)


def record(number: int, erp_id: str | None, **changes: Any) -> SyncRecord:
    blank = blank_record(RecordKey(SITE, KIND, number), external_reference(SITE, number), NOW)
    linked = {"erp_id": erp_id, "state": "linked", "base": {"title": {"maintainx": 1, "sent": 1, "erp": 1}}}
    return replace(blank, **{**linked, **changes})


def matching(
    rule: LinkRule, work_orders: list[dict[str, Any]], erp: list[ErpRecord], records: list[SyncRecord] | None = None
) -> Matching:
    made = Matching(SITE, rule, 40)
    for order in work_orders:
        made.add_work_order(order)
    for found in erp:
        made.add_erp_record(found)
    for known in records or []:
        made.add_record(known)
    return made


def test_what_is_found_by_a_field(subtests: pytest.Subtests) -> None:
    cases: list[tuple[list[dict[str, Any]], list[ErpRecord], list[SyncRecord], list[Any]]] = [
        ([work_order(1, "A")], [erp_record("7", "A")], [], [("link", (1,), ("7",))]),
        ([work_order(1, 4711)], [erp_record("7", " 4711 ")], [], [("link", (1,), ("7",))]),
        (
            [work_order(1, "4711")],
            [erp_record("7", "00004711")],
            [],
            [("maintainx_only", (1,), ()), ("erp_only", (), ("7",))],
        ),
        ([work_order(1)], [erp_record("7")], [], [("maintainx_only", (1,), ()), ("erp_only", (), ("7",))]),
        ([work_order(1, " ")], [erp_record("7", "")], [], [("maintainx_only", (1,), ()), ("erp_only", (), ("7",))]),
        (
            [work_order(1, "A")],
            [erp_record("7", "A"), erp_record("8", "A")],
            [],
            [("ambiguous", (1,), ("7", "8"))],
        ),
        (
            [work_order(1, "A"), work_order(2, "A")],
            [erp_record("7", "A")],
            [],
            [("ambiguous", (1, 2), ("7",))],
        ),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(1, "7")], [("linked", (1,), ("7",))]),
        ([work_order(1)], [erp_record("7")], [record(1, "7")], [("linked", (1,), ("7",))]),
        (
            [work_order(1, "A"), work_order(2, "A")],
            [erp_record("7", "A"), erp_record("8", "A")],
            [record(1, "7")],
            [("linked", (1,), ("7",)), ("ambiguous", (1, 2), ("7", "8"))],
        ),
        (
            [work_order(1, "A"), work_order(2, "A")],
            [erp_record("7", "A"), erp_record("8", "A")],
            [record(1, "7"), record(2, "8")],
            [("linked", (1,), ("7",)), ("linked", (2,), ("8",))],
        ),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(1, "9")], [("conflict", (1,), ("7",))]),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(2, "7")], [("conflict", (1,), ("7",))]),
        (
            [work_order(1, "A")],
            [erp_record("7", "A")],
            [record(1, None, state="creating", base={}, intent={"action": "create"})],
            [("conflict", (1,), ("7",))],
        ),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(1, "6", state="orphaned")], [("link", (1,), ("7",))]),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(2, "7", state="orphaned")], [("link", (1,), ("7",))]),
        ([work_order(1, "A")], [erp_record("7", "A")], [record(1, None, state="creating")], [("link", (1,), ("7",))]),
        ([], [erp_record("7", "A")], [record(2, "7", state="deleted")], [("erp_only", (), ("7",))]),
        ([work_order(1)], [], [record(1, "7")], [("linked", (1,), ("7",))]),
    ]
    for work_orders, erp, records, expected in cases:
        with subtests.test(work_orders=work_orders, erp=erp, records=records, expected=expected):
            found = matching(BY_FIELD, work_orders, erp, records).matches()
            assert [(match.kind, match.work_orders, match.erp_ids) for match in found] == expected


def test_by_reference_only_references_of_this_site_count() -> None:
    erp = [
        erp_record("7", reference=external_reference(SITE, 1)),
        erp_record("8", reference=external_reference("plant-2", 2)),
        erp_record("9", reference=external_reference(SITE, 3)),
        erp_record("10", reference="their own"),
    ]
    found = list(matching(BY_REFERENCE, [work_order(1), work_order(2)], erp).matches())
    assert [(match.kind, match.work_orders, match.erp_ids) for match in found] == [
        ("link", (1,), ("7",)),
        ("maintainx_only", (2,), ()),
        ("erp_only", (), ("10",)),
        ("erp_only", (), ("8",)),
        ("erp_only", (), ("9",)),
    ]
    assert [match.detail for match in found if match.erp_ids == ("9",)] == ["MaintainX does not have work order 3"]


def test_the_erp_records_own_id_can_be_what_is_matched() -> None:
    (match,) = matching(BY_ID, [work_order(1, "4711")], [erp_record("4711")]).matches()
    assert match == Match("link", "4711", (1,), ("4711",))


def test_a_link_that_the_engine_has_not_looked_at_is_told_apart() -> None:
    for known, expected in (
        (record(1, "7", base={}), True),
        (record(1, "7"), False),
        (record(1, "7", base={}, conflicts={"title": {}}), False),
        (record(1, "7", base={}, state="deleted"), False),
    ):
        (match,) = matching(BY_ID, [work_order(1, "7")], [erp_record("7")], [known]).matches()
        assert match.not_compared is expected


def test_what_comes_twice_in_a_list_is_one() -> None:
    twice = matching(BY_ID, [work_order(1), work_order(1, "7")], [erp_record("7"), erp_record("7")])
    assert [match.kind for match in twice.matches()] == ["link"]
    assert twice.size == (1, 1)


def test_a_field_that_no_erp_record_shows_is_noticed() -> None:
    rule = LinkRule("odl_number", "title")
    assert matching(rule, [], [erp_record("7", "A")]).is_blind
    assert not matching(rule, [], []).is_blind
    for right in (BY_FIELD, BY_ID, BY_REFERENCE):
        assert not matching(right, [], [erp_record("7")]).is_blind


def test_rules_that_are_understood(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, LinkRule]] = [
        ("reference", LinkRule()),
        ("id=extraFields.ERP Order", LinkRule("id", "extraFields.ERP Order")),
        (" old_number = sequentialId ", LinkRule("old_number", "sequentialId")),
    ]
    for text, expected in cases:
        with subtests.test(text=text):
            assert LinkRule.parse(text, ErpDescription(fields={"old_number": ErpField("old_number")})) == expected
            assert LinkRule.parse(text, ErpDescription()) == expected


def test_rules_that_are_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str]] = [
        ("references", "neither"),
        ("", "neither"),
        ("id=", "neither"),
        ("=title", "neither"),
        ("oldnumber=title", "no field 'oldnumber'"),
        ("id=extrafields.ERP Order", "no 'extrafields.ERP Order'"),
        ("id=name", "no 'name'"),
        ("id=extraFields", "no 'extraFields'"),
    ]
    for text, message in cases:
        with subtests.test(text=text), pytest.raises(ConfigError, match=message):
            LinkRule.parse(text, ErpDescription(fields={"old_number": ErpField("old_number")}))


VALUES = st.sampled_from([None, "", "A", "B", "C"])


@given(
    st.dictionaries(st.integers(1, 6), VALUES),
    st.dictionaries(st.sampled_from("uvwxyz"), VALUES),
    st.dictionaries(st.integers(1, 7), st.sampled_from("uvwxyz")),
)
def test_nobody_is_forgotten_and_nobody_is_linked_twice(
    work_orders: dict[int, Any], erp: dict[str, Any], links: dict[int, str]
) -> None:
    owners = {erp_id: number for number, erp_id in links.items()}  # one a record, as the state has it
    records = [record(number, erp_id) for erp_id, number in owners.items()]
    found = list(
        matching(
            BY_FIELD,
            [work_order(number, value) for number, value in work_orders.items()],
            [erp_record(erp_id, value) for erp_id, value in erp.items()],
            records,
        ).matches()
    )
    assert {number for match in found for number in match.work_orders} == set(work_orders)
    assert {erp_id for match in found for erp_id in match.erp_ids} >= set(erp) - owners.keys()
    made = [match for match in found if match.kind == "link"]
    numbers = Counter(match.work_orders for match in made)
    assert max([*numbers.values(), *Counter(match.erp_ids for match in made).values()], default=1) == 1
    for match in made:
        (number,), (erp_id,) = match.work_orders, match.erp_ids
        assert work_orders[number] == erp[erp_id] == match.value
        assert number not in owners.values()
        assert erp_id not in owners
    assert sum(counts(found).values()) == len(found)
