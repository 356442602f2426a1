"""The comparison of what people changed in the ERP: it sees a change that did not arrive, or was put back."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from local.demo.comparison import compare_edits
from local.demo.erp_people import Edit

CHICAGO = ZoneInfo("America/Chicago")
ARRIVED = {"id": 7, "status": "IN_PROGRESS", "priority": "LOW", "dueDate": "2026-11-20T02:00:00.000Z"}
EDITS = [Edit("p", "mx:p:7", "status", "IN_WORK"), Edit("p", "mx:p:7", "priority", "3")]
DAY = Edit("p", "mx:p:7", "dueDate", "2026-11-19")  # two in the morning, UTC, is the evening before in Chicago


def test_changes_that_arrived_are_no_difference() -> None:
    assert compare_edits("p", CHICAGO, [ARRIVED], [*EDITS, DAY]).lost == 0


def test_change_that_did_not_arrive_is_lost(subtests: pytest.Subtests) -> None:
    cases: list[dict[str, Any]] = [
        {"status": "OPEN"},
        {"priority": "HIGH"},
        {"dueDate": "2026-11-13T02:00:00.000Z"},
        {"dueDate": None},
    ]
    for before in cases:
        with subtests.test(before=before):
            found = compare_edits("p", CHICAGO, [{**ARRIVED, **before}], [*EDITS, DAY])
            assert (found.lost, found.doubled, found.compared) == (1, 0, 0)
