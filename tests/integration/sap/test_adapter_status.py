"""Every status of MaintainX, for an order in every status of SAP: the functions called, or that none can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.erp.sap.status import RULES
from shared.errors import RemoteRejected, StatusNotPossible, VersionConflict
from tests.integration.sap.adapter_plant import FIELDS, REFERENCE, SapPlant, adapters
from tests.integration.sap.conftest import Plant


@pytest.fixture
def sap(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    with adapters(plant, monkeypatch) as made:
        yield made


RELEASE, COMPLETE, CANCEL = "ReleaseMaintenanceOrder", "SetMaintOrdToTechCompleted", "SetMaintOrderToDoNotExecute"
RESUME, REOPEN = "ResetMaintOrdStsTechCompleted", "ResetMaintOrderStatusClosed"
UNCANCEL, UNFLAG, FLAG = "ResetStatusFromDoNotExecute", "ResetMaintOrdStsMrkdForDeltn", "SetMaintOrdStsToMrkdForDeltn"
CLOSE = "SetMaintOrderStatusToClosed"
NO_WAY = None

Calls = tuple[str, ...] | None

# What the shipped mapping makes of MaintainX's statuses.
MAPPED = {
    "OPEN": "REL",
    "IN_PROGRESS": "REL",
    "ON_HOLD": "REL",
    "DONE": "TECO",
    "CANCELED": "NOEX",
    "SKIPPED": "NOEX",
}
# Wanted status -> status at present -> calls. Orders in NOEX and DLFL were CRTD before.
WAYS: Mapping[str, Mapping[str, Calls]] = {
    "REL": {
        "CRTD": (RELEASE,),
        "REL": (),
        "PCNF": (),
        "CNF": (),
        "TECO": (RESUME,),
        "CLSD": (REOPEN, RESUME),
        "NOEX": (UNCANCEL, RELEASE),
        "DLFL": (UNFLAG, RELEASE),
    },
    "TECO": {
        "CRTD": (RELEASE, COMPLETE),
        "REL": (COMPLETE,),
        "PCNF": (COMPLETE,),
        "CNF": (COMPLETE,),
        "TECO": (),
        "CLSD": (),
        "NOEX": (UNCANCEL, RELEASE, COMPLETE),
        "DLFL": (UNFLAG, RELEASE, COMPLETE),
    },
    "NOEX": {
        "CRTD": (CANCEL,),
        "REL": (CANCEL,),
        "PCNF": NO_WAY,
        "CNF": NO_WAY,
        "TECO": NO_WAY,
        "CLSD": NO_WAY,
        "NOEX": (),
        "DLFL": (),
    },
}
# The same for the statuses that only a mapping of one's own uses.
FURTHER_WAYS: Mapping[str, Mapping[str, Calls]] = {
    "CLSD": {
        "CRTD": (RELEASE, COMPLETE, CLOSE),
        "REL": (COMPLETE, CLOSE),
        "PCNF": (COMPLETE, CLOSE),
        "CNF": (COMPLETE, CLOSE),
        "TECO": (CLOSE,),
        "CLSD": (),
        "NOEX": (UNCANCEL, RELEASE, COMPLETE, CLOSE),
        "DLFL": (UNFLAG, RELEASE, COMPLETE, CLOSE),
    },
    "DLFL": {**dict.fromkeys(("CRTD", "REL", "PCNF", "CNF", "TECO", "CLSD", "NOEX"), (FLAG,)), "DLFL": ()},
}
FLAGGED_INSTEAD: Mapping[str, Calls] = {**WAYS["NOEX"], **dict.fromkeys(("PCNF", "CNF", "TECO", "CLSD"), (FLAG,))}


def _order_in(sap: SapPlant, status: str) -> str:
    erp = sap.erp()
    number = erp.create(FIELDS, REFERENCE).id
    sap.plant.simulator.set_status(sap.plant.name, number, status)
    assert erp.get(number).fields["SystemStatus"] == status
    sap.forget()
    return number


def _goes(sap: SapPlant, number: str, current: str, wanted: str, calls: Calls, **settings: Any) -> None:
    erp = sap.erp(**settings)
    if calls is NO_WAY:
        with pytest.raises(StatusNotPossible):
            erp.set_status(number, wanted, current=current, version=None)
        assert sap.calls() == []
        return
    answer = erp.set_status(number, wanted, current=current, version=None)
    assert tuple(call.removeprefix("POST ") for call in sap.calls() if call.startswith("POST")) == calls
    reached = erp.get(number).fields["SystemStatus"]
    assert RULES.holds(wanted, reached)
    assert RULES.holds(wanted, answer.fields["SystemStatus"])


@pytest.mark.parametrize("current", RULES.readable)
@pytest.mark.parametrize("maintainx", MAPPED)
def test_every_status_of_maintainx_meets_every_status_of_sap(sap: SapPlant, maintainx: str, current: str) -> None:
    wanted = MAPPED[maintainx]
    _goes(sap, _order_in(sap, current), current, wanted, WAYS[wanted][current])


@pytest.mark.parametrize(
    ("wanted", "current", "calls"),
    [(wanted, current, calls) for wanted, ways in FURTHER_WAYS.items() for current, calls in ways.items()],
)
def test_a_mapping_of_ones_own_can_close_and_flag_orders(
    sap: SapPlant, wanted: str, current: str, calls: Calls
) -> None:
    _goes(sap, _order_in(sap, current), current, wanted, calls)


@pytest.mark.parametrize(("current", "calls"), FLAGGED_INSTEAD.items())
def test_an_order_with_work_on_it_is_flagged_for_deletion_where_the_settings_say_so(
    sap: SapPlant, current: str, calls: Calls
) -> None:
    _goes(sap, _order_in(sap, current), current, "NOEX", calls, cancel_with="deletion_flag")


def test_the_tables_leave_no_status_out() -> None:
    shipped = load_model(Path(__file__).parents[3] / "config" / "mappings" / "sap-s4hana.yaml", MappingFile)
    assert next(rule.values for rule in shipped.fields if rule.erp == RULES.name) == MAPPED
    assert {*WAYS, *FURTHER_WAYS} == RULES.writable
    assert all(set(ways) == set(RULES.readable) for ways in {**WAYS, **FURTHER_WAYS}.values())


def test_a_completion_that_is_taken_back_leads_to_the_work_that_was_reported(sap: SapPlant) -> None:
    number = _order_in(sap, "CNF")
    erp = sap.erp()
    erp.set_status(number, "TECO", current="CNF", version=None)
    erp.set_status(number, "REL", current="TECO", version=None)
    assert erp.get(number).fields["SystemStatus"] == "CNF"


def test_a_crash_between_two_steps_is_mended_by_what_is_read_then(sap: SapPlant) -> None:
    number = _order_in(sap, "CRTD")
    erp = sap.erp()
    erp.set_status(number, "REL", current="CRTD", version=None)  # all that was done of CRTD -> TECO
    sap.forget()
    current = str(erp.get(number).fields["SystemStatus"])
    erp.set_status(number, "TECO", current=current, version=None)
    assert sap.calls() == ["GET MaintenanceOrder", f"POST {COMPLETE}"]


def test_a_status_that_somebody_changed_meanwhile_is_a_conflict(sap: SapPlant) -> None:
    number = _order_in(sap, "REL")
    with pytest.raises(VersionConflict, match="not CRTD any more"):
        sap.erp().set_status(number, "REL", current="CRTD", version=None)


def test_an_older_sap_gets_only_the_parameters_that_it_knows(sap: SapPlant) -> None:
    old = ["MainWrkCmpltdDateTimeIsUsed", "MaintOrdCancellationAction"]
    number = _order_in(sap, "REL")
    sap.plant.configure(missing=old)
    with pytest.raises(RemoteRejected, match="no parameter MainWrkCmpltdDateTimeIsUsed"):
        sap.erp().set_status(number, "TECO", current="REL", version=None)
    sap.erp(omit_parameters=old).set_status(number, "TECO", current="REL", version=None)
    assert sap.order(number)["status"] == "TECO"


def test_a_final_status_takes_no_change_of_fields(sap: SapPlant) -> None:
    for status in sorted(RULES.final):
        number = _order_in(sap, status)
        with pytest.raises(RemoteRejected, match="cannot be changed"):
            sap.erp().update(number, {"MaintPriority": "1"}, None)


def test_the_line_of_codes_may_be_long(sap: SapPlant) -> None:
    sap.plant.configure(noise=["GMPS", "JBFI", "MANC", "PRC", "SETC", "TTJL", "NTUP"])
    number = _order_in(sap, "CNF")
    assert sap.erp().get(number).fields["SystemStatus"] == "CNF"
