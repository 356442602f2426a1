"""A mapping that does not fit its ERP is refused at start: each fault, its place in the file and its words."""

from __future__ import annotations

from typing import Any

import pytest

from shared.config.loading import Location
from shared.config.mappings import MappingFile
from shared.erp.agreement import disagreements
from shared.erp.base import ErpDescription, ErpField, StatusRules

STATUSES = {
    "OPEN": "NEW",
    "IN_PROGRESS": "WORK",
    "ON_HOLD": "NEW",
    "DONE": "DONE",
    "CANCELED": "GONE",
    "SKIPPED": "GONE",
}
BACK = {"NEW": "OPEN", "GONE": "CANCELED", "SHUT": "DONE"}
STATUS: dict[str, Any] = {"erp": "state", "maintainx": "status", "values": STATUSES, "back": BACK}
PRIORITIES = {"NONE": "0", "LOW": "3", "MEDIUM": "2", "HIGH": "1"}
FIELDS = (
    ErpField("short", max_length=10),
    ErpField("long"),
    ErpField("wide", max_length=20),
    ErpField("number", "number"),
    ErpField("flag", "boolean"),
    ErpField("day", "date"),
    ErpField("moment", "time"),
    ErpField("kind", max_length=4, updatable=False),
    ErpField("made", "time", creatable=False, updatable=False),
    ErpField("late", creatable=False),
    ErpField("rank", values=frozenset("0123")),
    ErpField("reference", max_length=40),
)
RULES = StatusRules(
    name="state",
    readable=("NEW", "WORK", "DONE", "SHUT", "GONE"),
    writable=frozenset({"NEW", "WORK", "DONE", "GONE"}),
    separate=True,
)
ERP = ErpDescription({field.name: field for field in FIELDS}, RULES)
UNKNOWN = ErpDescription()


def faults(*rules: dict[str, Any], erp: ErpDescription = ERP, **keys: Any) -> list[tuple[Location, str]]:
    content = {"fields": list(rules), "on_delete": {"action": "ignore"}, **keys}
    return list(disagreements(MappingFile.model_validate(content), erp, "reference"))


def rule(erp: str, maintainx: str | None = "title", **keys: Any) -> dict[str, Any]:
    return {"erp": erp, **({} if maintainx is None else {"maintainx": maintainx}), **keys}


def out(erp: str, maintainx: str = "title", **keys: Any) -> dict[str, Any]:
    return rule(erp, maintainx, direction="to_erp", **keys)


def rank(**keys: Any) -> dict[str, Any]:
    return {"erp": "rank", "maintainx": "priority", "values": PRIORITIES, **keys}


def test_what_the_erp_can_hold_is_not_refused(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        rule("short", max_length=10),
        rule("short", max_length=6, on_too_long="cut"),
        rule("long"),
        rule("long", "description"),
        rule("long", "dueDate"),
        rule("long", "extraFields.Cost Center"),
        rule("number", "assetId"),
        rule("number", "extraFields.Hours"),
        rule("day", "dueDate", convert="date"),
        rule("moment", "dueDate", convert="time"),
        rule("moment", "extraFields.When", convert="time"),
        rule("wide", "assetId", convert="text"),
        rule("short", "dueDate", convert="date"),
        rule("wide", "dueDate", convert="time"),
        rule("kind", "assetId", values={1: "A", 2: "B"}, once=True),
        rule("kind", None, constant="1010", once=True),
        rule("flag", None, constant=True),
        rule("number", None, constant=2.5),
        rule("day", None, constant="2026-09-16"),
        rule("moment", None, constant="2026-09-16T16:00:00Z"),
        rule("made", "startDate", direction="to_maintainx"),
        rule("late", direction="to_maintainx"),
        out("flag", "isParent"),
        out("short", "isParent", convert="text"),
        out("moment", "createdAt", convert="time"),
        out("long", "asset.name"),
        rank(),
        rank(default="0"),
        STATUS,
        {**STATUS, "policy": "newest"},
    ]
    for good in cases:
        with subtests.test(good=good):
            assert faults(good) == []


def test_what_the_erp_cannot_hold_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        (rule("shrt"), "erp", "the ERP has no field shrt; did you mean short?"),
        (rule("xyz"), "erp", "the ERP has no field xyz"),
        (rule("reference"), "erp", "reference carries the reference to the work order: no rule may write it"),
        (out("long", "titel"), "maintainx", "a work order has no single value titel; did you mean title?"),
        (
            out("long", "assets.name"),
            "maintainx",
            "a work order has no single value assets.name; did you mean asset.name?",
        ),
        (out("long", "categories"), "maintainx", "a work order has no single value categories"),
        (out("long", "categories.0"), "maintainx", "a work order has no single value categories.0"),
        (out("long", "asset"), "maintainx", "a work order has no single value asset; did you mean assetId?"),
        (out("late"), "erp", "late cannot be written when a record is made"),
        (rule("late"), "erp", "late cannot be written when a record is made; say direction: to_maintainx"),
        (out("kind", max_length=4), "erp", "kind cannot be changed once it is made: say once: true"),
        (rule("kind", None, constant="1010"), "erp", "kind cannot be changed once it is made: say once: true"),
        (rule("short"), "max_length", "short has room for 10 characters: give max_length: 10"),
        (rule("short", "extraFields.Line"), "max_length", "short has room for 10 characters: give max_length: 10"),
        (rule("short", max_length=11), "max_length", "11 is more than the 10 characters of short"),
        (
            rule("short", "assetId", convert="text"),
            "max_length",
            "short has room for 10 characters: give max_length: 10",
        ),
        (
            rule("short", "dueDate", convert="time"),
            "max_length",
            "short has room for 10 characters: give max_length: 10",
        ),
        (rule("wide", "dueDate"), "max_length", "wide has room for 20 characters: give max_length: 20"),
        (rule("long", "assetId"), "convert", "assetId is a number, long takes a text: say convert: text"),
        (rule("day", "dueDate"), "convert", "dueDate is a time, day takes a date: say convert: date"),
        (rule("moment", "dueDate"), "convert", "dueDate is a time, moment takes a time: say convert: time"),
        (
            rule("moment", "dueDate", convert="date"),
            "convert",
            "dueDate is a date, moment takes a time: say convert: time",
        ),
        (rule("day", "dueDate", convert="time"), "convert", "dueDate is a time, day takes a date: say convert: date"),
        (rule("number"), "convert", "title is a text, number takes a number: list the values"),
        (rule("flag"), "convert", "title is a text, flag takes a boolean: list the values"),
        (out("long", "isParent"), "convert", "isParent is a boolean, long takes a text: say convert: text"),
        (rule("long", convert="date"), "convert", "title is a text, not a time"),
        (
            rule("kind", None, constant="10101", once=True),
            "constant",
            "'10101' is longer than the 4 characters of kind",
        ),
        (
            rule("kind", None, constant=1010, once=True),
            "constant",
            "kind takes a text, and 1010 is none: put it in quotes",
        ),
        (
            rule("kind", None, constant=True, once=True),
            "constant",
            "kind takes a text, and True is none: put it in quotes",
        ),
        (rule("number", None, constant="7"), "constant", "number takes a number, and '7' is none"),
        (rule("number", None, constant=True), "constant", "number takes a number, and True is none"),
        (rule("flag", None, constant="NO"), "constant", "flag takes a boolean, and 'NO' is none"),
        (rule("day", None, constant="2026-02-30"), "constant", "day takes a date, and '2026-02-30' is none"),
        (rule("moment", None, constant="2026-09-16"), "constant", "moment takes a time, and '2026-09-16' is none"),
        (rule("number", "assetId", default="7"), "default", "number takes a number, and '7' is none"),
        (rank(default="4"), "default", "the ERP never is '4', only 0, 1, 2, 3"),
        (
            rank(values={**PRIORITIES, "LOW": "9"}, back={"3": "LOW"}),
            "values.LOW",
            "the ERP never is '9', only 0, 1, 2, 3",
        ),
        (rank(back={"4": "LOW"}), "back.4", "the ERP never is 4"),
        (
            rank(values={**PRIORITIES, "NONE": "3"}, back={"3": "LOW"}),
            "back",
            "the ERP may be 0: say what that is in MaintainX",
        ),
        (
            {**STATUS, "values": {**STATUSES, "DONE": "SHUT"}},
            "values.DONE",
            "the ERP cannot be brought to 'SHUT', only DONE, GONE, NEW, WORK",
        ),
        ({**STATUS, "back": {**BACK, "DOEN": "DONE"}}, "back.DOEN", "the ERP never is DOEN; did you mean DONE?"),
        (
            {**STATUS, "back": {"NEW": "OPEN", "GONE": "CANCELED"}},
            "back",
            "the ERP may be SHUT: say what that is in MaintainX",
        ),
    ]
    for bad, place, reason in cases:
        with subtests.test(bad=bad):
            found = faults(bad)
            assert (("fields", 0, *place.split(".")), reason) in found
            assert len(found) == 1 or place.startswith(("values", "default", "back"))


def test_a_status_that_only_goes_to_the_erp_needs_no_way_back() -> None:
    assert faults({**STATUS, "back": None, "direction": "to_erp"}) == []


def test_a_status_that_only_comes_from_the_erp_may_be_one_that_nobody_can_set() -> None:
    values = {**STATUSES, "DONE": "SHUT"}
    back = {**BACK, "DONE": "DONE"}
    assert faults({**STATUS, "values": values, "back": back, "direction": "to_maintainx"}) == []


def test_what_is_written_at_a_deletion_must_be_possible_too(subtests: pytest.Subtests) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"state": "SHUT"}, "the ERP cannot be brought to 'SHUT', only DONE, GONE, NEW, WORK"),
        ({"rank": "9"}, "the ERP never is '9', only 0, 1, 2, 3"),
        ({"short": 7}, "short takes a text, and 7 is none: put it in quotes"),
        ({"kind": "X"}, "kind cannot be changed once it is made"),
    ]
    for written, reason in cases:
        with subtests.test(written=written):
            rules = [STATUS, rank(), rule("short", max_length=10), rule("kind", None, constant="K", once=True)]
            found = faults(*rules, on_delete={"action": "cancel", "set": written})
            assert found == [(("on_delete", "set", *written), reason)]
            assert faults(*rules, on_delete={"action": "cancel", "set": {"state": "GONE"}}) == []


KNOWN = {"state": "WORK", "rank": "1"}


def test_a_condition_for_new_records_that_never_holds_is_refused(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, Any, str]] = [
        ("state", "WROK", "state never is WROK; did you mean WORK?"),
        ("state", "OPEN", "state never is OPEN"),
        ("rank", "9", "rank never is 9"),
        ("rank", 9, "rank never is 9"),
        ("rank", True, "rank never is true"),
    ]
    for field, value, reason in cases:
        with subtests.test(field=field, value=value, reason=reason):
            rules = [rule("short", max_length=10), STATUS, rank()]
            found = faults(
                *rules, on_new_in_erp={"action": "create", "when": {"short": ["x"], field: [KNOWN[field], value]}}
            )
            assert found == [(("on_new_in_erp", "when", field, 1), reason)]


def test_a_condition_for_new_records_that_may_hold_is_not_refused(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, list[Any]]] = [
        {"state": ["NEW", "WORK"]},
        {"state": ["SHUT"]},  # we cannot bring it there, but planners can
        {"rank": ["0", 1]},
        {"rank": [""]},  # an order without one
        {"short": ["PM02", 7]},
        {"state": ["NEW"], "rank": ["1"], "short": ["x"]},
        {},
    ]
    for when in cases:
        with subtests.test(when=when):
            status = {**STATUS, "back": {**BACK, "SHUT": "IN_PROGRESS"}}
            rules = [rule("short", max_length=10), status, rank()]
            assert faults(*rules, on_new_in_erp={"action": "create", "when": when}) == []


def test_a_condition_for_new_records_is_taken_on_trust_where_nothing_is_known() -> None:
    policy = {"action": "create", "when": {"state": ["ANY"], "rank": ["9"]}}
    assert faults(rule("short"), STATUS, rank(), erp=UNKNOWN, on_new_in_erp=policy) == []
    found = faults(rule("short"), STATUS, rank(), erp=ErpDescription(None, RULES), on_new_in_erp=policy)
    assert found == [(("on_new_in_erp", "when", "state", 0), "state never is ANY")]


def test_all_faults_are_found_at_once() -> None:
    found = faults(rule("shrt"), rule("number", "description"), {**STATUS, "back": {"NEW": "OPEN", "GONE": "CANCELED"}})
    assert [place[1] for place, _ in found] == [0, 1, 2]


def test_an_erp_of_which_nothing_is_known_is_taken_on_trust() -> None:
    assert faults(rule("anything"), rule("day", "dueDate"), STATUS, erp=UNKNOWN) == []
    assert [place for place, _ in faults(rule("reference"), out("x", "titel"), erp=UNKNOWN)] == [
        ("fields", 0, "erp"),
        ("fields", 1, "maintainx"),
    ]


def test_a_status_is_checked_even_if_no_field_is_known() -> None:
    (fault,) = faults(
        {**STATUS, "values": {**STATUSES, "DONE": "SHUT"}, "back": {**BACK, "DONE": "DONE"}},
        erp=ErpDescription(None, RULES),
    )
    assert fault[0] == ("fields", 0, "values", "DONE")
