"""The Oracle adapter against the simulated tenant, over sockets: reading, writing, searching, failing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.erp.oracle.fields import known_fields
from shared.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    RateLimited,
    RecordNotFound,
    RemoteRejected,
    RemoteUnavailable,
    VersionConflict,
)
from tests.integration.oracle.adapter_plant import (
    FIRST_OPERATION,
    ORDER,
    REFERENCE,
    VARIABLE,
    OraclePlant,
    empty_plant,  # noqa: F401  # a fixture
    running_oracle,  # noqa: F401  # a fixture
)

SEARCH = "GET maintenanceWorkOrders"
CREATE = "POST maintenanceWorkOrders"
READ = "GET maintenanceWorkOrders/_"
WRITE = "PATCH maintenanceWorkOrders/_"
OPERATIONS = "GET maintenanceWorkOrders/_/child/WorkOrderOperation"
ADD_OPERATION = "POST maintenanceWorkOrders/_/child/WorkOrderOperation"


def test_a_created_order_is_found_read_and_updated_with_one_call_each(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    assert erp.find_by_reference(REFERENCE) is None
    created = erp.create(ORDER, REFERENCE)
    assert created.fields.items() >= ORDER.items()
    assert created.reference == REFERENCE
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert (found.id, found.fields) == (created.id, created.fields)
    updated = erp.update(created.id, {"WorkOrderDescription": "Replace both seals"}, created.version)
    assert updated.version not in (None, created.version)
    assert erp.get(created.id) == updated
    assert oracle_plant.calls() == [SEARCH, CREATE, SEARCH, WRITE, READ]


def test_making_a_released_order_is_search_create_and_release(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    erp.find_by_reference(REFERENCE)
    created = erp.create(ORDER, REFERENCE)
    erp.set_status(created.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=created.version)
    assert oracle_plant.calls() == [SEARCH, CREATE, WRITE]


def test_a_first_operation_is_made_before_the_release(oracle_plant: OraclePlant) -> None:
    oracle_plant.simulator.set(oracle_plant.name, release_needs_operation=True)
    erp = oracle_plant.adapter(first_operation=FIRST_OPERATION)
    created = erp.create(ORDER, REFERENCE)
    erp.set_status(created.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=created.version)
    assert oracle_plant.calls() == [CREATE, OPERATIONS, ADD_OPERATION, READ, WRITE]


def test_an_operation_whose_answer_was_lost_is_not_made_twice(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter(first_operation=FIRST_OPERATION)
    created = erp.create(ORDER, REFERENCE)
    oracle_plant.simulator.fault(
        "drop_after", tenant=oracle_plant.name, times=1, methods=["POST"], path="WorkOrderOperation"
    )
    for attempt in (1, 2):
        order = erp.get(created.id)
        if attempt == 1:
            with pytest.raises(OutcomeUnknown):
                erp.set_status(order.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=order.version)
        else:
            erp.set_status(order.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=order.version)
    kept = oracle_plant.simulator.order(oracle_plant.name, created.id)
    assert len(kept["WorkOrderOperation"]) == 1
    assert kept["WorkOrderStatusCode"] == "ORA_RELEASED"


@pytest.mark.parametrize("kind", ["drop_after", "error_after"])
def test_a_completion_whose_answer_was_lost_is_seen_at_the_next_look(oracle_plant: OraclePlant, kind: str) -> None:
    erp = oracle_plant.adapter()
    order = oracle_plant.order_in(erp, "ORA_RELEASED")
    oracle_plant.simulator.fault(kind, tenant=oracle_plant.name, times=1, path="Transactions")
    with pytest.raises(OutcomeUnknown):
        erp.set_status(order.id, "ORA_COMPLETED", current="ORA_RELEASED", version=order.version)
    assert erp.get(order.id).fields["WorkOrderStatusCode"] == "ORA_COMPLETED"


def test_a_create_whose_answer_was_lost_is_adopted_when_it_is_repeated(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    oracle_plant.simulator.fault("drop_after", tenant=oracle_plant.name, times=1, methods=["POST"])
    with pytest.raises(OutcomeUnknown):
        erp.create(ORDER, REFERENCE)
    adopted = erp.create(ORDER, REFERENCE)
    assert [str(order["WorkOrderId"]) for order in oracle_plant.simulator.orders(oracle_plant.name)] == [adopted.id]
    assert oracle_plant.calls() == [CREATE, CREATE, SEARCH]


def test_the_number_of_an_order_in_another_organization_is_free(oracle_plant: OraclePlant) -> None:
    oracle_plant.simulator.create(oracle_plant.name, **ORDER, OrganizationCode="M2", WorkOrderNumber=REFERENCE)
    erp = oracle_plant.adapter()
    assert erp.find_by_reference(REFERENCE) is None
    created = erp.create(ORDER, REFERENCE)
    assert created.fields["OrganizationCode"] == "M1"
    found = erp.find_by_reference(REFERENCE)
    assert found is not None
    assert found.id == created.id


def test_a_stale_version_is_a_conflict_and_writes_nothing(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    created = erp.create(ORDER, REFERENCE)
    oracle_plant.simulator.edit(oracle_plant.name, created.id, WorkOrderPriority=2)
    with pytest.raises(VersionConflict):
        erp.update(created.id, {"WorkOrderPriority": 3}, created.version)
    with pytest.raises(VersionConflict):
        erp.set_status(created.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=created.version)
    assert erp.get(created.id).fields["WorkOrderPriority"] == 2
    assert oracle_plant.status(created.id) == "ORA_UNRELEASED"


def test_a_tenant_without_versions_is_written_all_the_same(oracle_plant: OraclePlant) -> None:
    oracle_plant.simulator.set(oracle_plant.name, etag=False)
    erp = oracle_plant.adapter()
    created = erp.create(ORDER, REFERENCE)
    assert created.version is None
    assert erp.update(created.id, {"WorkOrderPriority": 3}, None).fields["WorkOrderPriority"] == 3
    order = oracle_plant.order_in(erp, "ORA_RELEASED")
    completed = erp.set_status(order.id, "ORA_COMPLETED", current="ORA_RELEASED", version=None)
    assert (completed.fields["WorkOrderStatusCode"], completed.version) == ("ORA_COMPLETED", None)


def test_a_field_is_emptied_and_comes_back_as_none(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    created = erp.create({**ORDER, "PlannedCompletionDate": "2026-09-17T06:30:00Z"}, REFERENCE)
    assert created.fields["PlannedCompletionDate"] == "2026-09-17T06:30:00Z"
    assert erp.update(created.id, {"PlannedCompletionDate": None}, None).fields["PlannedCompletionDate"] is None


def test_an_order_that_is_not_there_is_not_found(oracle_plant: OraclePlant) -> None:
    with pytest.raises(RecordNotFound):
        oracle_plant.adapter().get("1")


@pytest.mark.parametrize("framework_version", [2, 3, 4, 9])
def test_what_oracle_refuses_carries_its_words_in_every_framework_version(
    oracle_plant: OraclePlant, framework_version: int
) -> None:
    erp = oracle_plant.adapter(framework_version=framework_version)
    with pytest.raises(RemoteRejected, match="AssetNumber isn't valid") as caught:
        erp.create({**ORDER, "AssetNumber": "PUMP-9999"}, REFERENCE)
    assert caught.value.status == 400
    assert erp.find_by_reference(REFERENCE) is None


@pytest.mark.parametrize(("kind", "error"), [("outage", RemoteUnavailable), ("throttle", RateLimited)])
def test_a_write_that_oracle_turns_away_is_not_done(
    oracle_plant: OraclePlant, kind: str, error: type[RemoteUnavailable]
) -> None:
    oracle_plant.simulator.fault(kind, tenant=oracle_plant.name, times=1, retry_after_s=7)
    with pytest.raises(error, match=f"simulated {kind}") as caught:
        oracle_plant.adapter().create(ORDER, REFERENCE)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert "<html>" not in str(caught.value)
    assert caught.value.retry_after_s == 7
    assert oracle_plant.simulator.orders(oracle_plant.name) == []


@pytest.mark.parametrize("searchable", [True, False])
def test_changed_orders_come_in_pages_each_once(oracle_plant: OraclePlant, searchable: bool) -> None:
    oracle_plant.simulator.set(oracle_plant.name, last_update_date=searchable)
    erp = oracle_plant.adapter(page_limit=2)
    made = [erp.create(ORDER, f"mx:plant-1:{number}").id for number in range(5)]
    oracle_plant.simulator.create(oracle_plant.name, **ORDER, OrganizationCode="M2")
    oracle_plant.forget()
    found = list(erp.changed_since(datetime.now(UTC) - timedelta(hours=1)))
    assert [record.id for record in found] == made
    assert all((record.changed_at is not None) == searchable for record in found)
    assert oracle_plant.calls() == ["GET maintenanceWorkOrders/describe", SEARCH, SEARCH, SEARCH]


def test_only_what_changed_since_comes_where_the_tenant_can_tell(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    for day, number in (("2026-09-15", 1), ("2026-09-16", 2)):
        oracle_plant.simulator.set_clock(oracle_plant.name, f"{day}T12:00:00+00:00")
        erp.create(ORDER, f"mx:plant-1:{number}")
    found = list(erp.changed_since(datetime(2026, 9, 16, 12, tzinfo=UTC)))
    assert [record.reference for record in found] == ["mx:plant-1:2"]
    assert found[0].changed_at == datetime(2026, 9, 16, 12, tzinfo=UTC)


def test_where_it_cannot_tell_open_orders_and_those_planned_in_the_window_come(oracle_plant: OraclePlant) -> None:
    oracle_plant.simulator.set(oracle_plant.name, last_update_date=False)
    erp = oracle_plant.adapter(window_days=10)
    since = datetime(2026, 9, 16, tzinfo=UTC)

    def order(days_before: int, *codes: str) -> str:
        start = (since - timedelta(days=days_before)).isoformat()
        made = oracle_plant.simulator.create(
            oracle_plant.name, **{**ORDER, "PlannedStartDate": start}, OrganizationCode="M1"
        )
        for code in codes:
            oracle_plant.simulator.set_status(oracle_plant.name, made["WorkOrderId"], code)
        return str(made["WorkOrderId"])

    expected = [order(300), order(300, "ORA_ON_HOLD"), order(9, "ORA_CLOSED"), order(2, "ORA_CANCELED")]
    order(11, "ORA_CLOSED")
    assert [record.id for record in erp.changed_since(since)] == expected


def test_what_the_tenant_describes_agrees_with_what_is_known_without_asking(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    told = erp.describe().fields or {}
    known = known_fields(erp._settings)
    differing: dict[str, Any] = {
        name: (field, known.get(name))
        for name, field in told.items()
        if name not in known or (field.type, field.updatable) != (known[name].type, known[name].updatable)
    }
    assert differing == {}
    assert told["WorkOrderNumber"].creatable
    assert not told["ActualStartDate"].creatable
    assert told["WorkOrderDescription"].max_length == 240


def test_a_new_password_is_taken_up_once_the_old_one_is_refused(
    oracle_plant: OraclePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = oracle_plant.adapter()
    erp.find_by_reference(REFERENCE)  # the old password is remembered
    oracle_plant.simulator.set(oracle_plant.name, user="bridge", password="pw-2")
    monkeypatch.setenv(VARIABLE, "bridge:pw-2")
    erp.create(ORDER, REFERENCE)
    assert oracle_plant.simulator.counters(oracle_plant.name)["refused_401"] == 1


def test_a_wrong_password_is_an_error_that_does_not_show_it(
    oracle_plant: OraclePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "bridge:wrong-one")
    with pytest.raises(AuthenticationFailed) as caught:
        oracle_plant.adapter().create(ORDER, REFERENCE)
    assert "wrong-one" not in str(caught.value)


def test_oauth_client_credentials_work_and_an_expired_token_is_renewed(
    oracle_plant: OraclePlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle_plant.simulator.set(oracle_plant.name, client_id="bridge-client", client_secret="s-1", scope="fusion")
    monkeypatch.setenv(VARIABLE, "bridge-client:s-1")
    oauth = {"token_url": oracle_plant.simulator.token_url(oracle_plant.name), "scope": "fusion"}
    erp = oracle_plant.adapter(auth="oauth", oauth=oauth)
    created = erp.create(ORDER, REFERENCE)
    oracle_plant.simulator.expire_tokens(oracle_plant.name)
    assert erp.get(created.id).id == created.id
    assert oracle_plant.simulator.counters(oracle_plant.name)["tokens"] == 2
