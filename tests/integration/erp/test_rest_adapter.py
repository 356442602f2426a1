"""The REST adapter against the simulated ERP, over sockets."""

from __future__ import annotations

import pytest

from shared.errors import (
    AuthenticationFailed,
    DuplicateRecord,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)
from tests.integration.erp.conftest import ORDER, VARIABLE, Plant

REFERENCE = "mx:plant-1:9001001"


def test_a_created_record_is_found_read_and_updated(plant: Plant) -> None:
    erp = plant.adapter()
    assert erp.find_by_reference(REFERENCE) is None
    created = erp.create(ORDER, REFERENCE)
    assert created.version is not None
    assert created.fields.items() >= ORDER.items()
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert (found.id, found.reference) == (created.id, REFERENCE)
    updated = erp.update(created.id, {"shortText": "Replace both seals"}, created.version)
    assert erp.get(created.id) == updated
    assert updated.fields.items() >= {**ORDER, "shortText": "Replace both seals"}.items()
    assert plant.counters() == {"searches": 2, "creates": 1, "updates": 1, "reads": 1}


def test_a_stale_version_is_a_conflict_and_writes_nothing(plant: Plant) -> None:
    erp = plant.adapter()
    created = erp.create(ORDER, REFERENCE)
    plant.simulator.edit(plant.name, created.id, priority="2")
    with pytest.raises(VersionConflict):
        erp.update(created.id, {"priority": "1"}, created.version)
    assert erp.get(created.id).fields["priority"] == "2"


def test_two_records_of_one_reference_are_an_error_that_names_both(plant: Plant) -> None:
    erp = plant.adapter()
    ids = [erp.create(ORDER, REFERENCE).id for _ in range(2)]
    with pytest.raises(DuplicateRecord, match=f"{ids[0]}, {ids[1]}.*{REFERENCE}"):
        erp.find_by_reference(REFERENCE)


def test_a_record_that_is_not_there_is_not_found(plant: Plant) -> None:
    with pytest.raises(RecordNotFound):
        plant.adapter().get("1")


def test_what_the_erp_refuses_carries_its_words_and_status(plant: Plant) -> None:
    with pytest.raises(RemoteRejected, match="equipment '9999' does not exist") as caught:
        plant.adapter().create({**ORDER, "equipment": "9999"}, REFERENCE)
    assert caught.value.status == 422


def test_a_connection_dropped_after_the_write_leaves_the_outcome_unknown(plant: Plant) -> None:
    erp = plant.adapter()
    plant.fault("drop_after", times=1)
    with pytest.raises(OutcomeUnknown):
        erp.create(ORDER, REFERENCE)
    assert len(plant.orders()) == 1


def test_an_error_after_the_write_leaves_the_outcome_unknown(plant: Plant) -> None:
    erp = plant.adapter()
    created = erp.create(ORDER, REFERENCE)
    plant.fault("error_after", times=1)
    with pytest.raises(OutcomeUnknown):
        erp.update(created.id, {"priority": "2"}, created.version)
    assert erp.get(created.id).fields["priority"] == "2"


def test_an_answer_that_does_not_come_in_time_leaves_the_outcome_unknown(plant: Plant) -> None:
    erp = plant.adapter(timeout_s=1.0)
    erp.find_by_reference(REFERENCE)  # opens the connection
    plant.fault("slow_after", times=1, delay_s=5.0)
    with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        erp.create(ORDER, REFERENCE)
    assert len(plant.orders()) == 1


def test_an_outage_is_unavailable_with_the_erp_s_own_wish(plant: Plant) -> None:
    plant.fault("outage", retry_after_s=7)
    with pytest.raises(RemoteUnavailable) as caught:
        plant.adapter().create(ORDER, REFERENCE)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.retry_after_s == 7
    assert plant.orders() == []


def test_throttling_is_told_apart(plant: Plant) -> None:
    plant.fault("throttle", times=1, retry_after_s=3)
    with pytest.raises(RateLimited) as caught:
        plant.adapter().create(ORDER, REFERENCE)
    assert caught.value.retry_after_s == 3


def test_nothing_listening_is_unavailable_and_not_unknown(plant: Plant) -> None:
    erp = plant.adapter(base_url="http://127.0.0.1:1")  # nobody serves port 1, and connecting is refused at once
    with pytest.raises(RemoteUnavailable) as caught:
        erp.create(ORDER, REFERENCE)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_new_token_is_taken_up_once_the_old_one_is_refused(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    erp = plant.adapter()
    erp.find_by_reference(REFERENCE)  # the old token is remembered
    plant.simulator.add_tenant(plant.name, "token-2")
    monkeypatch.setenv(VARIABLE, "token-2")
    erp.create(ORDER, REFERENCE)
    assert plant.counters()["refused_401"] == 1
    assert plant.counters()["creates"] == 1


def test_a_wrong_token_is_tried_twice_and_no_more(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "wrong")
    with pytest.raises(AuthenticationFailed) as caught:
        plant.adapter().create(ORDER, REFERENCE)
    assert plant.counters()["refused_401"] == 2
    assert "wrong" not in str(caught.value)


def test_basic_credentials_are_accepted_too(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"erp:{plant.token}")
    assert plant.adapter(auth="basic").find_by_reference(REFERENCE) is None
