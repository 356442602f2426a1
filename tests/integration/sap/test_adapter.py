"""The SAP adapter against the simulated SAP, over sockets: orders, texts, versions, and how many calls that takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.errors import (
    AuthenticationFailed,
    DuplicateRecord,
    RecordNotFound,
    RemoteRejected,
    VersionConflict,
)
from tests.integration.sap.adapter_plant import FIELDS, REFERENCE, VARIABLE, SapPlant, adapters
from tests.integration.sap.conftest import EQUIPMENT, Plant


@pytest.fixture
def sap(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Iterator[SapPlant]:
    with adapters(plant, monkeypatch) as made:
        yield made


def test_a_created_order_is_found_read_and_updated(sap: SapPlant) -> None:
    erp = sap.erp()
    assert erp.find_by_reference(REFERENCE) is None
    created = erp.create(FIELDS, REFERENCE)
    assert created.version is not None
    assert created.fields.items() >= {**FIELDS, "SystemStatus": "CRTD"}.items()
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert found == erp.get(created.id)
    assert (found.id, found.reference, found.version) == (created.id, REFERENCE, created.version)
    assert found.fields.items() >= {**FIELDS, "SystemStatus": "CRTD"}.items()
    changes = {"MaintenanceOrderDesc": "Replace both seals", "Equipment": None}
    updated = erp.update(created.id, changes, created.version)
    read = erp.get(created.id)
    assert (updated.version, updated.fields) == (read.version, {})
    assert read.fields.items() >= {**FIELDS, **changes}.items()


def test_a_create_is_a_search_a_create_and_a_release_and_fetches_no_token_by_itself(sap: SapPlant) -> None:
    erp = sap.erp()
    assert erp.find_by_reference(REFERENCE) is None
    created = erp.create(FIELDS, REFERENCE)
    erp.set_status(created.id, "REL", current=str(created.fields["SystemStatus"]), version=created.version)
    assert sap.calls() == ["GET MaintenanceOrder", "POST MaintenanceOrder", "POST ReleaseMaintenanceOrder"]
    assert sap.plant.counters()["token_fetches"] == 1


def test_an_update_of_a_known_version_is_one_call(sap: SapPlant) -> None:
    erp = sap.erp()
    erp.find_by_reference(REFERENCE)
    created = erp.create(FIELDS, REFERENCE)
    sap.forget()
    version = erp.update(created.id, {"MaintPriority": "1"}, created.version).version
    erp.update(created.id, {"MaintPriority": "3"}, version)
    assert sap.calls() == ["PATCH MaintenanceOrder", "PATCH MaintenanceOrder"]


def test_a_long_text_is_written_with_a_call_of_its_own_after_a_look(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.forget()
    updated = erp.update(created.id, {"LongText": "New words", "MaintPriority": "1"}, created.version)
    look = "GET MaintenanceOrder"
    assert sap.calls() == [look, "PATCH MaintenanceOrder", "PATCH MaintenanceOrderLongText"]
    read = erp.get(created.id)
    assert (updated.version, updated.fields) == (None, {})
    assert read.fields.items() >= {"LongText": "New words", "MaintPriority": "1"}.items()


@pytest.mark.parametrize("first", [None, "Old words"])
@pytest.mark.parametrize("text", ["New words\n\nof two parts, it's said: 100 %", None, "x" * 5000])
def test_a_long_text_is_written_added_or_emptied_alone(sap: SapPlant, first: str | None, text: str | None) -> None:
    erp = sap.erp()
    created = erp.create({**FIELDS, "LongText": first}, REFERENCE)
    assert erp.get(created.id).fields["LongText"] == first
    erp.update(created.id, {"LongText": text}, created.version)
    found = erp.get(created.id)
    assert found.fields["LongText"] == text
    assert found.fields.items() >= {name: value for name, value in FIELDS.items() if name != "LongText"}.items()


def test_our_long_text_is_told_from_those_in_other_languages(sap: SapPlant) -> None:
    created = sap.erp(text_language="DE").create({**FIELDS, "LongText": "Deutsch"}, REFERENCE)
    sap.plant.simulator.write_long_text(sap.plant.name, created.id, "English", "EN")
    assert sap.erp(text_language="DE").get(created.id).fields["LongText"] == "Deutsch"
    assert sap.erp().get(created.id).fields["LongText"] == "English"
    assert sap.erp(text_language="FR").get(created.id).fields["LongText"] is None
    assert "LongText" not in sap.erp(long_text=False).get(created.id).fields


def test_a_stale_version_is_a_conflict_and_writes_nothing(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.simulator.edit(sap.plant.name, created.id, MaintPriority="3")
    for changes in ({"MaintPriority": "1"}, {"MaintPriority": "1", "LongText": "x"}, {"LongText": "x"}):
        with pytest.raises(VersionConflict):
            erp.update(created.id, changes, created.version)
    assert erp.get(created.id).fields.items() >= {"MaintPriority": "3", "LongText": FIELDS["LongText"]}.items()


def test_a_text_that_somebody_writes_after_our_look_is_a_conflict_of_that_text(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    before = sap.order(created.id)["etag"]
    sap.plant.simulator.write_long_text(sap.plant.name, created.id, "A person's words")
    assert sap.order(created.id)["etag"] != before
    with pytest.raises(VersionConflict):
        erp.update(created.id, {"LongText": "Ours"}, created.version)
    assert erp.get(created.id).fields["LongText"] == "A person's words"


@pytest.mark.parametrize("settings", [{"merge_tunnel": True}, {"merge_tunnel": False}])
def test_without_a_version_the_order_is_overwritten(sap: SapPlant, settings: dict[str, bool]) -> None:
    erp = sap.erp(**settings)
    created = erp.create(FIELDS, REFERENCE)
    sap.plant.simulator.edit(sap.plant.name, created.id, MaintPriority="3")
    updated = erp.update(created.id, {"MaintPriority": "1"}, None)
    assert updated.version == erp.get(created.id).version
    assert sap.order(created.id)["MaintPriority"] == "1"


def test_an_operation_of_the_settings_is_made_with_the_order(sap: SapPlant) -> None:
    operation = {"OperationControlKey": "PM01", "WorkCenter": "MECH01", "Plant": "1010"}
    created = sap.erp(first_operation=operation).create(FIELDS, REFERENCE)
    (made,) = sap.order(created.id)["operations"]
    assert made.items() >= {**operation, "OperationDescription": "Replace seal", "MaintenanceOrder": created.id}.items()


def test_values_are_sent_as_sap_keeps_them(sap: SapPlant) -> None:
    erp = sap.erp()
    odd = {"MainWorkCenter": "mech01 ", "MaintenanceOrderDesc": "O'Brien & 100 % \u00fc\u00df\u6f22", "CostCenter": ""}
    created = erp.create({**FIELDS, **odd}, REFERENCE)
    kept = {"MainWorkCenter": "MECH01", "MaintenanceOrderDesc": odd["MaintenanceOrderDesc"], "CostCenter": None}
    assert created.fields.items() >= kept.items()
    updated = erp.update(created.id, {"AssetRoom": "r1 "}, created.version)
    assert updated.fields == {}
    assert erp.get(created.id).fields["AssetRoom"] == "R1"


def test_planned_dates_of_a_plants_wall_clock_are_shifted_both_ways_and_others_are_not(sap: SapPlant) -> None:
    erp = sap.erp(dates="plant", plant_time_zone="Europe/Berlin")
    created = erp.create(FIELDS, REFERENCE)
    order = sap.order(created.id)
    assert order["MaintOrdBasicStartDateTime"] == "2026-09-16T18:00:00Z"  # what the planner sees
    found = erp.get(created.id)
    assert found.fields["MaintOrdBasicStartDateTime"] == FIELDS["MaintOrdBasicStartDateTime"]
    assert found.fields["LatestAcceptableCompletionDate"] == FIELDS["LatestAcceptableCompletionDate"]
    assert found.fields["MaintOrderCreationDateTime"] == order["MaintOrderCreationDateTime"]
    assert sap.erp().get(created.id).fields["MaintOrdBasicStartDateTime"] == "2026-09-16T18:00:00Z"


def test_the_sort_field_can_carry_the_reference(sap: SapPlant) -> None:
    erp = sap.erp(reference_field="MaintObjectFreeDefinedAttrib")
    created = erp.create(FIELDS, REFERENCE)
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert (found.id, found.reference) == (created.id, REFERENCE)
    assert erp.describe().reference_length == erp.description.reference_length == 30


def test_two_orders_of_one_reference_are_an_error_that_names_both(sap: SapPlant) -> None:
    erp = sap.erp()
    ids = [erp.create(FIELDS, REFERENCE).id for _ in range(3)]
    with pytest.raises(DuplicateRecord, match=f"{ids[0]}, {ids[1]}.*{REFERENCE}"):
        erp.find_by_reference(REFERENCE)


def test_an_order_is_known_with_and_without_the_zeros_before_its_number(sap: SapPlant) -> None:
    erp = sap.erp()
    created = erp.create(FIELDS, REFERENCE)
    padded = created.id.zfill(12)
    assert erp.get(padded).id == created.id
    assert erp.update(padded, {"MaintPriority": "1", "LongText": "x"}, created.version).id == created.id
    assert erp.set_status(padded, "REL", current="CRTD", version=None).id == created.id


def test_an_order_that_is_not_there_is_not_found(sap: SapPlant) -> None:
    erp = sap.erp()
    with pytest.raises(RecordNotFound):
        erp.get("1")
    with pytest.raises(RecordNotFound):
        erp.update("1", {"MaintPriority": "1"}, None)
    with pytest.raises(RecordNotFound):
        erp.set_status("1", "REL", current="CRTD", version=None)


def test_what_sap_refuses_carries_its_words(sap: SapPlant) -> None:
    with pytest.raises(RemoteRejected, match=r"IE/002: Equipment 99 .*transaction [0-9A-F]{32}") as caught:
        sap.erp().create({**FIELDS, "Equipment": "99"}, REFERENCE)
    assert caught.value.status == 400
    assert "CX_MGW" not in str(caught.value)
    assert "settlement" not in str(caught.value)


def test_sap_describes_what_the_table_says(sap: SapPlant) -> None:
    erp = sap.erp()
    described, known = erp.describe(), erp.description
    assert described.fields is not None
    assert known.fields is not None
    assert {"LongText", "SystemStatus", "MaintenanceOrderDesc"} <= set(described.fields)
    assert {name: known.fields[name] for name in described.fields} == dict(described.fields)
    assert described.status == known.status


def test_an_older_sap_describes_fewer_fields(sap: SapPlant) -> None:
    sap.plant.configure(missing=["ReferenceElement", "AssetRoom"])
    described = sap.erp(reference_field="MaintObjectFreeDefinedAttrib").describe()
    assert described.fields is not None
    assert "AssetRoom" not in described.fields


def test_the_client_is_named_where_sap_wants_it(sap: SapPlant) -> None:
    sap.plant.configure(client="100")
    created = sap.erp(client="100").create(FIELDS, REFERENCE)
    assert sap.order(created.id)["Equipment"] == next(iter(EQUIPMENT))
    with pytest.raises(AuthenticationFailed):
        sap.erp().find_by_reference(REFERENCE)


def test_a_token_of_saps_own_server_serves_until_it_ends(sap: SapPlant) -> None:
    url = f"{sap.plant.simulator.base_url}/{sap.plant.name}/sap/bc/sec/oauth2/token"
    erp = sap.erp(auth="oauth", oauth={"token_url": url})
    created = erp.create(FIELDS, REFERENCE)
    erp.update(created.id, {"MaintPriority": "1"}, created.version)
    assert sap.plant.counters()["oauth_tokens"] == 1
    sap.plant.simulator.expire_tokens(sap.plant.name)
    assert erp.get(created.id).fields["MaintPriority"] == "1"
    assert sap.plant.counters()["oauth_tokens"] == 2


def test_a_changed_password_is_read_anew_and_a_wrong_one_is_said(
    sap: SapPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = sap.erp()
    assert erp.find_by_reference(REFERENCE) is None
    sap.plant.configure(users={"erp": "other"})
    monkeypatch.setenv(VARIABLE, "erp:other")
    erp.create(FIELDS, REFERENCE)
    monkeypatch.setenv(VARIABLE, "erp:wrong")
    with pytest.raises(AuthenticationFailed):
        sap.erp().get("4000000")
