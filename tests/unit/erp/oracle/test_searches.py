"""The expressions that orders are searched by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.errors import ConfigError, DuplicateRecord
from tests.unit.erp.oracle.tenant import answer, erp, order, page

SINCE = datetime(2026, 9, 16, 18, 30, 0, 999_999, tzinfo=UTC)


def described(*searchable: str) -> httpx.Response:
    found = [{"name": name, "type": "string", "queryable": True, "updatable": True} for name in searchable]
    return answer(200, {"Resources": {"maintenanceWorkOrders": {"attributes": found}}})


def query(*searchable: str, **settings: Any) -> str:
    seen: list[httpx.Request] = []
    list(erp(described(*searchable), page(), seen=seen, **settings).changed_since(SINCE))
    return seen[1].url.params["q"]


def test_a_reference_is_a_quoted_text_in_the_expression() -> None:
    seen: list[httpx.Request] = []
    assert erp(page(), seen=seen).find_by_reference("mx:plant-1:9") is None
    assert erp(page(), seen=seen).find_by_reference("o'b' or '1'='1") is None
    assert [request.url.params["q"] for request in seen] == [
        "WorkOrderNumber='mx:plant-1:9'",
        "WorkOrderNumber='o''b'' or ''1''=''1'",
    ]
    assert b"%27mx%3Aplant-1%3A9%27" in seen[0].url.raw_path


def test_another_field_may_carry_the_reference() -> None:
    seen: list[httpx.Request] = []
    row = order(CmmsKey_c="mx:plant-1:9", WorkOrderNumber="M1-1001")
    made = erp(page(row), seen=seen, reference_field="CmmsKey_c")
    found = made.find_by_reference("mx:plant-1:9")
    assert found is not None
    assert (found.id, found.reference) == ("300000010000001", "mx:plant-1:9")
    assert seen[0].url.params["q"] == "CmmsKey_c='mx:plant-1:9'"


def test_a_tenant_that_ignores_the_search_is_found_out() -> None:
    with pytest.raises(ConfigError, match="no such search"):
        erp(page(order(WorkOrderNumber="other"))).find_by_reference("mx:plant-1:9")


def test_a_number_of_another_organization_is_another_order() -> None:
    rows = [order(OrganizationCode="M2", WorkOrderId=5), order(WorkOrderId=6)]
    found = erp(page(*rows)).find_by_reference("mx:plant-1:9")
    assert found is not None
    assert found.id == "6"


def test_two_orders_of_one_reference_are_an_error_that_names_both() -> None:
    with pytest.raises(DuplicateRecord, match=r"5, 6.*mx:plant-1:9"):
        erp(page(order(WorkOrderId=5), order(WorkOrderId=6))).find_by_reference("mx:plant-1:9")


def test_changes_are_asked_for_by_the_time_of_the_last_change_where_that_can_be_searched() -> None:
    assert query("LastUpdateDate", "WorkOrderStatusCode") == "LastUpdateDate >= '2026-09-16T18:30:00+00:00'"
    assert query("LastUpdateDate", "OrganizationCode") == (
        "LastUpdateDate >= '2026-09-16T18:30:00+00:00' and OrganizationCode='M1'"
    )


def test_without_it_all_open_orders_and_those_planned_in_the_window_are_looked_at() -> None:
    codes = {"M1_WAITING": "ORA_ON_HOLD", "M1_DROPPED": "ORA_CANCELED"}
    window = query("WorkOrderStatusCode", "PlannedStartDate", "OrganizationCode", window_days=30, status_codes=codes)
    assert window == (
        "(WorkOrderStatusCode='ORA_UNRELEASED' or WorkOrderStatusCode='ORA_RELEASED'"
        " or WorkOrderStatusCode='ORA_ON_HOLD' or WorkOrderStatusCode='ORA_COMPLETED'"
        " or WorkOrderStatusCode='M1_WAITING' or PlannedStartDate >= '2026-08-17T18:30:00+00:00')"
        " and OrganizationCode='M1'"
    )


def test_a_tenant_that_can_be_searched_by_nothing_of_that_says_so() -> None:
    with pytest.raises(ConfigError, match="LastUpdateDate"):
        query("WorkOrderNumber")


def test_what_can_be_searched_is_asked_once() -> None:
    seen: list[httpx.Request] = []
    made = erp(described("LastUpdateDate"), page(), page(), seen=seen)
    list(made.changed_since(SINCE))
    list(made.changed_since(SINCE))
    assert [request.url.path.endswith("/describe") for request in seen] == [True, False, False]


def test_changed_orders_of_other_organizations_are_left_out_and_times_are_told() -> None:
    rows = [
        order(WorkOrderId=1, LastUpdateDate="2026-09-16T20:30:00+02:00"),
        order(WorkOrderId=2, OrganizationCode="M2"),
        order(WorkOrderId=3, WorkOrderStatusCode="M1_WAITING"),
    ]
    made = erp(described("LastUpdateDate"), page(*rows), status_codes={"M1_WAITING": "ORA_ON_HOLD"})
    found = list(made.changed_since(SINCE))
    assert [record.id for record in found] == ["1", "3"]
    assert found[0].changed_at == datetime(2026, 9, 16, 18, 30, tzinfo=UTC)
    assert found[0].fields["LastUpdateDate"] == "2026-09-16T18:30:00Z"
    assert found[1].changed_at is None
    assert found[1].fields["WorkOrderStatusCode"] == "ORA_ON_HOLD"
    assert {record.version for record in found} == {None}
