"""The SAP adapter while the simulated SAP fails: what is repeated, what is not, and what is known afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from shared.errors import (
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
)
from tests.integration.sap.adapter_plant import FIELDS, REFERENCE, SapPlant, adapters
from tests.integration.sap.conftest import Plant


@pytest.fixture
def sap(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    with adapters(plant, monkeypatch) as made:
        yield made


def test_an_ended_session_costs_one_refusal_and_one_token(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.simulator.expire_sessions(sap.plant.name)
    sap.forget()
    erp.update(created.id, {"MaintPriority": "1"}, created.version)
    assert sap.calls() == ["PATCH MaintenanceOrder", "HEAD ", "PATCH MaintenanceOrder"]
    assert sap.plant.counters() == {
        "requests": 3,
        "refused_403": 1,
        "token_fetches": 1,
        "service_documents": 1,
        "updates": 1,
    }


def test_a_session_that_ends_before_a_create_makes_one_order(sap: SapPlant) -> None:
    erp = sap.erp()
    erp.find_by_reference(REFERENCE)
    sap.plant.fault("session_expired", times=1, methods=["POST"])
    erp.create(FIELDS, REFERENCE)
    assert len(sap.plant.orders()) == 1


def test_threads_that_share_an_adapter_survive_ended_sessions(sap: SapPlant) -> None:
    erp, faults = sap.erp(), []

    def work(number: int) -> None:
        try:
            for turn in range(3):
                reference = f"mx:plant-1:{number}{turn}"
                assert erp.find_by_reference(reference) is None
                created = erp.create(FIELDS, reference)
                erp.set_status(created.id, "REL", current="CRTD", version=None)
                if number == 0:
                    sap.plant.simulator.expire_sessions(sap.plant.name)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert faults == []
    orders = sap.plant.orders()
    assert len(orders) == len({order["ReferenceElement"] for order in orders}) == 12
    assert {order["status"] for order in orders} == {"REL"}


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_create_without_an_answer_leaves_the_outcome_unknown_and_is_found(sap: SapPlant, kind: str) -> None:
    erp = sap.erp()
    erp.find_by_reference(REFERENCE)
    sap.plant.fault(kind, times=1, methods=["POST"])
    with pytest.raises(OutcomeUnknown):
        erp.create(FIELDS, REFERENCE)
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert found.fields.items() >= FIELDS.items()
    assert len(sap.plant.orders()) == 1


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_text_without_an_answer_is_mended_by_a_second_look(sap: SapPlant, kind: str) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    changes = {"MaintPriority": "1", "LongText": "New words"}
    sap.plant.fault(kind, times=1, path="MaintenanceOrderLongText(")
    with pytest.raises(OutcomeUnknown):
        erp.update(created.id, changes, created.version)
    found = erp.get(created.id)
    erp.update(created.id, changes, found.version)
    assert erp.get(created.id).fields.items() >= changes.items()


def test_a_text_that_was_not_written_although_the_header_was_is_mended_by_a_second_look(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    changes = {"MaintPriority": "1", "LongText": "New words"}
    sap.plant.fault("outage", times=1, path="MaintenanceOrderLongText(")
    with pytest.raises(OutcomeUnknown, match="after a part was done"):
        erp.update(created.id, changes, created.version)
    found = erp.get(created.id)
    assert (found.fields["MaintPriority"], found.fields["LongText"]) == ("1", FIELDS["LongText"])
    erp.update(created.id, changes, found.version)
    assert erp.get(created.id).fields["LongText"] == "New words"


def test_a_step_without_an_answer_is_mended_by_a_second_look(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.fault("drop_after", times=1, path="SetMaintOrdToTechCompleted")
    with pytest.raises(OutcomeUnknown):
        erp.set_status(created.id, "TECO", current="CRTD", version=None)
    current = str(erp.get(created.id).fields["SystemStatus"])
    assert current == "TECO"
    erp.set_status(created.id, "TECO", current=current, version=None)
    assert sap.plant.counters()["SetMaintOrdToTechCompleted"] == 1


def test_a_second_step_that_is_not_taken_on_leaves_the_outcome_unknown(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.fault("locked", times=1, path="SetMaintOrdToTechCompleted")
    with pytest.raises(OutcomeUnknown, match="locked by user ADA"):
        erp.set_status(created.id, "TECO", current="CRTD", version=None)
    assert erp.get(created.id).fields["SystemStatus"] == "REL"


def test_an_order_that_somebody_has_open_is_only_busy(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.fault("locked", times=2)
    with pytest.raises(NotTakenOn, match=f"IW/037: Order {created.id} is locked by user ADA"):
        erp.update(created.id, {"MaintPriority": "1"}, created.version)
    with pytest.raises(NotTakenOn):
        erp.set_status(created.id, "REL", current="CRTD", version=None)
    assert erp.update(created.id, {"MaintPriority": "1"}, created.version).version is not None


def test_an_outage_and_a_throttle_say_when_to_come_back(sap: SapPlant) -> None:
    erp = sap.erp()
    erp.find_by_reference(REFERENCE)
    sap.plant.fault("outage", times=1, retry_after_s=7)
    sap.plant.fault("throttle", times=1, retry_after_s=9)
    with pytest.raises(RemoteUnavailable, match="simulated outage") as outage:
        erp.create(FIELDS, REFERENCE)
    assert not isinstance(outage.value, OutcomeUnknown)
    assert outage.value.retry_after_s == 7
    with pytest.raises(RateLimited) as throttle:
        erp.create(FIELDS, REFERENCE)
    assert throttle.value.retry_after_s == 9
    assert sap.plant.orders() == []


def test_a_dropped_read_is_unavailable_and_the_next_one_works(sap: SapPlant) -> None:
    erp = sap.erp()
    sap.plant.fault("drop_before", times=1)
    with pytest.raises(RemoteUnavailable):
        erp.find_by_reference(REFERENCE)
    assert erp.find_by_reference(REFERENCE) is None
    erp.create(FIELDS, REFERENCE)
    assert sap.plant.counters()["token_fetches"] == 1
