"""What an ERP record says of its work order, as a table; one event for a change, however often it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.erp.base import ErpRecord
from shared.state import SyncRecord
from shared.sync.conflicts import ORPHAN, Parked
from shared.sync.findings import Finding, change_event, judge, judge_gone
from shared.sync.merge import Baseline
from shared.sync.parts import maintainx_hash
from shared.sync.snapshot import compared
from tests.fakes.sync_world import SITE, WORK_ORDER, example_mapping

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
RULES = compared(example_mapping())
FIELDS = {
    "shortText": "Replace seal",
    "longText": None,
    "status": "NEW",
    "priority": "1",
    "orderType": "PM01",
    "equipment": "2201",
    "dueDate": "2026-09-16",
    "plant": "1010",
}
BASE = {name: Baseline("of MaintainX", value, value).to_json() for name, value in FIELDS.items()}
RECORD = SyncRecord(
    site=SITE,
    kind="work_order",
    maintainx_id=WORK_ORDER,
    erp_id="40000001",
    reference=f"mx:{SITE}:{WORK_ORDER}",
    base=BASE,
    base_hash=maintainx_hash(BASE),
    erp_version='W/"1"',
    state="linked",
    intent=None,
    updated_at_utc=NOON,
)


def found(*, erp_id: str = "40000001", version: str | None = 'W/"2"', **fields: Any) -> ErpRecord:
    return ErpRecord(erp_id, RECORD.reference, {**FIELDS, **fields}, version, NOON)


def parked(erp: str) -> Mapping[str, Any]:
    of = Parked(reason="both_changed", maintainx="LOW", sent="3", erp=erp, since="", event_id="e1")
    return {"priority": of.to_json()}


CASES: dict[str, tuple[ErpRecord, SyncRecord | None, str | None, tuple[str, ...]]] = {
    "a field that people changed": (found(priority="3"), RECORD, None, ("priority",)),
    "two fields": (found(status="IN_WORK", dueDate="2026-10-01"), RECORD, None, ("dueDate", "status")),
    "the version that we wrote": (found(version='W/"1"'), RECORD, "own_write", ()),
    "a status that is no new version": (found(version='W/"1"', status="IN_WORK"), RECORD, None, ("status",)),
    "our version, with what the ERP made of a value that only we write": (
        found(version='W/"1"', plant="01010"),
        RECORD,
        "own_write",
        (),
    ),
    "the same at another version": (found(plant="01010"), RECORD, None, ("plant",)),
    "our version, and a change of each kind": (
        found(version='W/"1"', plant="01010", status="IN_WORK"),
        RECORD,
        None,
        ("plant", "status"),
    ),
    "a new version with the values agreed on": (found(), RECORD, "unchanged", ()),
    "blanks at the end, and empty for null": (found(shortText="Replace seal  ", longText=""), RECORD, "unchanged", ()),
    "a field that is not mapped": (found(createdBy="somebody else"), RECORD, "unchanged", ()),
    "no versions at all, nothing changed": (
        found(version=None),
        replace(RECORD, erp_version=None),
        "unchanged",
        (),
    ),
    "no versions at all, a field changed": (
        found(version=None, priority="2"),
        replace(RECORD, erp_version=None),
        None,
        ("priority",),
    ),
    "only fields that are not mapped": (ErpRecord("40000001", None, {"x": 1}, None, NOON), RECORD, None, ()),
    "a rule that is new in the mapping": (
        found(),
        replace(RECORD, base={name: each for name, each in BASE.items() if name != "dueDate"}),
        None,
        ("dueDate",),
    ),
    "what is parked already": (found(priority="2"), replace(RECORD, conflicts=dict(parked("2"))), "unchanged", ()),
    "another value than the parked one": (
        found(priority="4"),
        replace(RECORD, conflicts=dict(parked("2"))),
        None,
        ("priority",),
    ),
    "there again after it was parked as gone": (found(), replace(RECORD, conflicts={ORPHAN: {}}), None, ()),
    "still being made": (found(), replace(RECORD, state="creating", erp_id=None, erp_version=None), None, ()),
    "deleted in MaintainX": (found(priority="3"), replace(RECORD, state="deleted"), "deleted", ()),
    "given up": (found(priority="3"), replace(RECORD, state="orphaned"), "orphaned", ()),
    "another record with the same reference": (found(erp_id="40000002"), RECORD, None, ()),
    "another one, of a deleted work order": (found(erp_id="2"), replace(RECORD, state="deleted"), "doubled", ()),
    "a reference of ours that our state does not know": (found(), None, None, ()),
}


def test_verdict(subtests: pytest.Subtests) -> None:
    for erp, record, skip, fields in CASES.values():
        with subtests.test(erp=erp, record=record, skip=skip, fields=fields):
            finding = judge(erp, WORK_ORDER, record, RULES)
            assert (finding.skip, finding.fields) == (skip, fields)


def test_a_comparison_finds_what_differs_at_our_own_version_whichever_side_writes_it() -> None:
    for name in ("plant", "status"):
        finding = judge(found(version='W/"1"', **{name: "another"}), WORK_ORDER, RECORD, RULES, thorough=True)
        assert (finding.skip, finding.fields) == (None, (name,))
    assert judge(found(version='W/"1"'), WORK_ORDER, RECORD, RULES, thorough=True).skip == "own_write"


def test_record_that_is_none_of_ours_is_not_linked() -> None:
    assert judge(found(), None, None, RULES).skip == "not_linked"


def test_linked_record_that_is_gone_is_told_until_it_is_parked() -> None:
    assert judge_gone(RECORD).skip is None
    assert judge_gone(replace(RECORD, conflicts={ORPHAN: {}})).skip == "parked"


def event_id(finding: Finding, *, anew: bool = False, after: float = 0) -> str:
    return change_event(SITE, finding, NOON + timedelta(seconds=after), anew=anew).event_id


def test_the_same_state_of_a_record_is_the_same_event_until_somebody_looked_at_it() -> None:
    finding = judge(found(priority="3"), WORK_ORDER, RECORD, RULES)
    looked_at = replace(finding, record=replace(RECORD, updated_at_utc=NOON + timedelta(minutes=5)))
    assert event_id(finding) == event_id(finding, after=86400) != event_id(looked_at)
    new_to_us = judge(found(priority="3"), WORK_ORDER, None, RULES)
    assert event_id(new_to_us) == event_id(new_to_us, after=86400)


def test_back_and_forth_is_a_new_event_each_time(subtests: pytest.Subtests) -> None:
    """Of an ERP that may have no versions or no times, or does not count each change as one. A look follows each."""
    for version in ["none", "of the content", "one for all"]:
        for tells_time in [True, False]:
            with subtests.test(version=version, tells_time=tells_time):
                record, ids = replace(RECORD, erp_version=None), []
                for value in ("3", "1", "3", "1", "3"):
                    told = {"none": None, "of the content": f"v{value}", "one for all": "v"}[version]
                    erp = replace(found(version=told, priority=value), changed_at=NOON if tells_time else None)
                    finding = judge(erp, WORK_ORDER, record, RULES)
                    assert (finding.skip, finding.fields) == (None, ("priority",))
                    ids.append(event_id(finding))
                    base = {**record.base, "priority": Baseline("x", value, value).to_json()}
                    record = replace(
                        record, base=base, erp_version=told, updated_at_utc=record.updated_at_utc + timedelta(minutes=1)
                    )
                    assert judge(erp, WORK_ORDER, record, RULES).skip in ("own_write", "unchanged")
                assert len(set(ids)) == 5


def test_another_state_is_another_event() -> None:
    finding = judge(found(priority="3"), WORK_ORDER, RECORD, RULES)
    other = judge(found(priority="3", version='W/"3"'), WORK_ORDER, RECORD, RULES)
    assert len({event_id(finding), event_id(other), event_id(judge_gone(RECORD))}) == 3


def test_comparison_looks_again_the_next_day_at_a_difference_that_stays() -> None:
    """Even if the look came to nothing, and was a dead letter: then the record is as it was."""
    finding = judge(found(priority="3"), WORK_ORDER, RECORD, RULES)
    assert event_id(finding, anew=True) == event_id(finding, anew=True, after=300)
    assert event_id(finding, anew=True) != event_id(finding, anew=True, after=12 * 3600)
    assert event_id(judge_gone(RECORD), anew=True) != event_id(judge_gone(RECORD), anew=True, after=86400)
    assert event_id(finding, anew=True) != event_id(finding)


def test_event_names_the_work_order_and_what_differs() -> None:
    event = change_event(SITE, judge(found(priority="3"), WORK_ORDER, RECORD, RULES), NOON, anew=False)
    assert (event.type, event.record_id, event.source) == ("work_order.changed_in_erp", WORK_ORDER, "poll")
    assert event.data["fields"] == ["priority"]
    assert event.attributes()["resource_id"] == str(WORK_ORDER)
