"""What is known of an order's fields, by the documentation and by the tenant's own `describe`."""

from __future__ import annotations

from typing import Any

import pytest

from shared.erp.base import ErpField
from shared.errors import RemoteRejected, RemoteUnavailable
from tests.unit.erp.oracle.tenant import answer, config, erp

ATTRIBUTES: list[dict[str, Any]] = [
    {"name": "WorkOrderId", "type": "integer", "updatable": False, "queryable": True, "allowChanges": "never"},
    {
        "name": "WorkOrderNumber",
        "type": "string",
        "updatable": True,
        "queryable": True,
        "allowChanges": "inCreate",
        "maxLength": "60",
    },
    {"name": "WorkOrderDescription", "type": "string", "updatable": True, "maxLength": 480, "allowChanges": "always"},
    {"name": "PlannedStartDate", "type": "datetime", "updatable": True, "maxLength": "7"},
    {"name": "Budget_c", "type": "number", "updatable": True},
    {"name": "LastUpdateDate", "type": "datetime", "updatable": False, "queryable": True},
    {"name": "Picture", "type": "attachment", "updatable": True},
]


def described(attributes: Any) -> Any:
    return answer(200, {"Resources": {"maintenanceWorkOrders": {"attributes": attributes}}})


def test_describe_tells_the_tenant_s_own_fields() -> None:
    found = erp(described(ATTRIBUTES)).describe()
    assert found.fields == {
        "WorkOrderId": ErpField("WorkOrderId", "number", None, creatable=False, updatable=False),
        "WorkOrderNumber": ErpField("WorkOrderNumber", "text", 60, updatable=False),
        "WorkOrderDescription": ErpField("WorkOrderDescription", "text", 480),
        "PlannedStartDate": ErpField("PlannedStartDate", "time"),
        "Budget_c": ErpField("Budget_c", "number"),
        "LastUpdateDate": ErpField("LastUpdateDate", "time", creatable=False, updatable=False),
    }
    assert found.reference_length == 60
    assert found.status is not None


def test_an_answer_without_attributes_is_an_error_and_not_an_order_without_fields(subtests: pytest.Subtests) -> None:
    cases: list[Any] = [{}, [], {"Resources": {}}, {"Resources": {"maintenanceWorkOrders": {}}}, "x", None]
    for body in cases:
        with subtests.test(body=body), pytest.raises((RemoteRejected, RemoteUnavailable)):
            erp(answer(200, body)).describe()


def test_the_documented_fields_are_known_without_asking() -> None:
    found = erp().description
    assert found.fields is not None
    assert found.fields["WorkOrderDescription"] == ErpField("WorkOrderDescription", "text", 240)
    assert found.fields["ActualStartDate"] == ErpField("ActualStartDate", "time", creatable=False, updatable=False)
    assert not found.fields["WorkOrderNumber"].updatable
    assert found.reference_length == 120
    assert found.status is not None
    assert (found.status.separate, found.status.initial) == (True, "ORA_UNRELEASED")
    assert found.status.name in found.fields


def test_fields_of_the_settings_are_known_too_and_may_carry_the_reference() -> None:
    made = erp(extra_fields={"Budget_c": "number", "CmmsKey_c": "text"}, reference_field="CmmsKey_c")
    assert made.description.fields is not None
    assert made.description.fields["Budget_c"].type == "number"
    assert made.description.reference_length == 40


def test_an_unknown_type_in_the_settings_is_refused() -> None:
    with pytest.raises(ValueError, match="Budget_c"):
        config(extra_fields={"Budget_c": "money"})
