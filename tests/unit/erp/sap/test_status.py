"""How a status is read, and that every way to another one leads there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.config.erp_sap import SapErpConfig
from shared.erp.sap.documents import parsed
from shared.erp.sap.status import RULES, Function, next_step, status_in
from shared.errors import StatusNotPossible
from tests.reference import sap_metadata

_NOW = datetime(2026, 9, 16, 16, 0, 0, tzinfo=UTC)
_CONFIG = SapErpConfig()
_FLAGGING = SapErpConfig(cancel_with="deletion_flag")
# What an order in NOEX or DLFL may have been before.
_BELOW = ("CRTD", "REL", "PCNF", "CNF", "TECO", "CLSD")


def test_the_code_that_says_most_is_the_status(subtests: pytest.Subtests) -> None:
    cases: list[tuple[Any, Mapping[str, str], str | None]] = [
        ("CRTD MANC NMAT", {}, "CRTD"),
        ("REL  CNF  GMPS JBFI MANC PRC  SETC TTJL", {}, "CNF"),
        ("REL  PCNF PRC", {}, "PCNF"),
        ("TECO CNF  PRC", {}, "TECO"),
        ("CLSD DLFL", {}, "DLFL"),
        ("CLSD NOEX", {}, "NOEX"),
        ("TECO NCMP", {"NCMP": "NOEX"}, "NOEX"),
        ("TECO NCMP", {}, "TECO"),
        ("PRC  SETC", {}, None),
        ("", {}, None),
        (None, {}, None),
        ("RELX", {}, None),
    ]
    for line, further, status in cases:
        with subtests.test(line=line, further=further, status=status):
            assert status_in(line, further) == status


def _ways(current: str, wanted: str, config: SapErpConfig, taken: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every sequence of functions that may bring an order there, whatever it was before."""
    if RULES.holds(wanted, current):
        return [taken]
    assert len(taken) < 6, (current, wanted, taken)
    step = next_step(current, wanted, config)
    led_to = _BELOW if step.leads_to is None else (step.leads_to,)
    return [way for status in led_to for way in _ways(status, wanted, config, (*taken, step.name))]


def test_a_way_that_begins_can_be_gone_to_its_end(subtests: pytest.Subtests) -> None:
    for current in RULES.readable:
        for wanted in sorted(RULES.writable):
            for config in [_CONFIG, _FLAGGING]:
                with subtests.test(current=current, wanted=wanted, config=config):
                    try:
                        if not RULES.holds(wanted, current):
                            next_step(current, wanted, config)
                    except StatusNotPossible:
                        continue
                    assert all(len(way) <= 5 for way in _ways(current, wanted, config))


def test_where_no_way_leads_is_said_before_anything_is_sent(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str | None, str]] = [
        ("PCNF", "NOEX"),
        ("CNF", "NOEX"),
        ("TECO", "NOEX"),
        ("CLSD", "NOEX"),
        ("CRTD", "PCNF"),
        ("REL", "CNF"),
        ("REL", "CRTD"),
        ("REL", "COMPLETED"),
        ("LKD", "REL"),
        (None, "REL"),
    ]
    for current, wanted in cases:
        says = f"from status {current} to {wanted}"
        with subtests.test(says), pytest.raises(StatusNotPossible, match=says):
            next_step(current, wanted, _CONFIG)


def test_an_order_with_work_on_it_is_flagged_for_deletion_instead_if_the_settings_say_so(
    subtests: pytest.Subtests,
) -> None:
    for current in ["PCNF", "CNF", "TECO", "CLSD"]:
        with subtests.test(current=current):
            assert next_step(current, "NOEX", _FLAGGING).leads_to == "DLFL"
            assert RULES.holds("NOEX", "DLFL")


@pytest.mark.parametrize("current", ["CRTD", "REL"])
def test_an_order_without_work_is_not_executed_whatever_the_settings_say(current: str) -> None:
    assert next_step(current, "NOEX", _FLAGGING).leads_to == "NOEX"


def test_parameters_are_literals_of_their_types() -> None:
    step = next_step("REL", "TECO", _CONFIG)
    assert step.query("000004000123", _CONFIG, _NOW) == {
        "MaintenanceOrder": "'4000123'",
        "MainWrkCmpltdDateTimeIsUsed": "false",
        "MaintOrderReferenceDateTime": "datetimeoffset'2026-09-16T16:00:00Z'",
        "AssignedMaintNotifIsToBeClosed": "false",
    }


def test_parameters_follow_the_settings() -> None:
    config = SapErpConfig(
        close_notifications=True,
        cancellation_action="1",
        omit_parameters=frozenset({"MaintOrderReferenceDateTime", "AssgdMaintNotifIsToBeRsetAlloc"}),
    )
    assert next_step("REL", "NOEX", config).query("4", config, _NOW) == {
        "MaintenanceOrder": "'4'",
        "MaintOrdCancellationAction": "'1'",
        "AssignedMaintNotifIsToBeClosed": "true",
    }


def test_the_vendors_metadata_have_every_function_with_its_parameters() -> None:
    root = parsed(sap_metadata())
    assert root is not None
    known = {
        element.get("Name"): {parameter.get("Name") for parameter in element}
        for element in root.iter()
        if element.tag.endswith("}FunctionImport")
    }
    config = SapErpConfig(cancel_with="deletion_flag", cancellation_action="1")
    for step in _functions(config):
        assert set(step.query("4", config, _NOW)) <= known[step.name], step.name


def _functions(config: SapErpConfig) -> list[Function]:
    found: dict[str, Function] = {}
    for wanted in RULES.writable:
        for current in RULES.readable:
            try:
                step = next_step(current, wanted, config)
            except StatusNotPossible:
                continue
            found[step.name] = step
    assert len(found) == 9
    return list(found.values())
