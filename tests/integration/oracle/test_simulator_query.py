"""The two grammars of `q`: which version takes which, and what they find."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.oracle.attributes import WITH_LAST_UPDATE
from local.oracle.query_example import parse_example
from local.oracle.query_expression import parse_expression
from local.oracle.refusals import Refusal
from tests.integration.oracle.conftest import Plant, refusal

ROW: dict[str, Any] = {
    "WorkOrderId": 300000010000001,
    "WorkOrderNumber": "mx:a'b",
    "OrganizationCode": "M1",
    "WorkOrderDescription": "Replace; seal (50%)",
    "WorkOrderStatusCode": "ORA_RELEASED",
    "WorkOrderPriority": 2,
    "PlannedStartDate": "2026-04-01T06:00:00+00:00",
    "ActualStartDate": None,
}

EXPRESSIONS = [
    ("OrganizationCode='M1'", True),
    ("OrganizationCode = 'M2'", False),
    ("OrganizationCode != 'M2'", True),
    ("OrganizationCode <> 'M1'", False),
    ("WorkOrderNumber = 'mx:a''b'", True),
    ("WorkOrderDescription='Replace; seal (50%)'", True),
    ("WorkOrderId = 300000010000001", True),
    ("WorkOrderId > '300000010000000'", True),
    ("WorkOrderPriority >= 2 AND WorkOrderPriority < 2.5", True),
    ("OrganizationCode='M2' or WorkOrderPriority=2", True),
    ("OrganizationCode='M2' or WorkOrderPriority=2 and WorkOrderId=1", False),
    ("(OrganizationCode='M2' or WorkOrderPriority=2) and WorkOrderId>1", True),
    ("not OrganizationCode='M2'", True),
    ("PlannedStartDate >= '2026-04-01T08:00:00+02:00'", True),
    ("PlannedStartDate > '2026-04-01T06:00:00Z'", False),
    ("PlannedStartDate > '2026-04-01'", True),
    ("PlannedStartDate between '2026-03-01' and '2026-04-01T06:00:00+00:00'", True),
    ("PlannedStartDate not between '2026-03-01' and '2026-05-01'", False),
    ("WorkOrderStatusCode like 'ORA_%'", True),
    ("WorkOrderStatusCode like 'ORA'", False),
    ("WorkOrderStatusCode not like '%HOLD'", True),
    ("WorkOrderStatusCode in ('ORA_ON_HOLD', 'ORA_RELEASED')", True),
    ("WorkOrderStatusCode not in ('ORA_RELEASED')", False),
    ("ActualStartDate is null", True),
    ("ActualStartDate is not null", False),
    ("ActualStartDate < '2030-01-01'", False),
    ("ActualStartDate not in ('2030-01-01')", False),
]
NO_EXPRESSIONS = [
    "OrganizationCode=M1",
    'OrganizationCode="M1"',
    "OrganizationCode='M1';WorkOrderId=1",
    "OrganizationCode='M1' and",
    "OrganizationCode='M1",
    "(OrganizationCode='M1'",
    "OrganizationCode='M1')",
    "OrganizationCode",
    "='M1'",
    "WorkOrderNumber=5",
    "WorkOrderId='abc'",
    "WorkOrderId=5x",
    "WorkOrderId=1.5",
    "WorkOrderId like '5%'",
    "PlannedStartDate > '2026-04-01T06:00:00'",
    "PlannedStartDate > '2026-04-01T06:00:00 00:00'",
    "PlannedStartDate > 'yesterday'",
    "PlannedStartDate > 2026",
    "WorkOrderStatusCode in ()",
    "WorkOrderName='x'",
    "workorderid=1",
    "WorkOrderStatus='Released'",
    "(" * 60 + "WorkOrderId=1" + ")" * 60,
]
EXAMPLES = [
    ("OrganizationCode=M1", True),
    ("OrganizationCode='M1'", True),
    ('OrganizationCode="M1";WorkOrderPriority=2', True),
    ("OrganizationCode = M1 ; WorkOrderPriority = 3", False),
    ("WorkOrderPriority>=1 and <=2", True),
    ("WorkOrderPriority<1 or >1", True),
    ("WorkOrderPriority!=2", False),
    ("WorkOrderDescription='Replace; seal (50%)'", True),
    ("PlannedStartDate>=2026-04-01T06:00:00+00:00", True),
    ("PlannedStartDate>2026-04-01;PlannedStartDate<2026-04-02", True),
]
NO_EXAMPLES = [
    "OrganizationCode='M1' and WorkOrderId=1",
    "OrganizationCode=M1 or WorkOrderId=1",
    "(OrganizationCode=M1)",
    "OrganizationCode=M1;",
    "OrganizationCode like 'M%'",
    "OrganizationCode=",
    "OrganizationCode",
    "WorkOrderName=x",
    "WorkOrderStatus=Released",
    "PlannedStartDate>tomorrow",
]


@pytest.mark.parametrize(("text", "holds"), EXPRESSIONS)
def test_an_expression_is_read_as_in_sql(text: str, holds: bool) -> None:
    assert parse_expression(text, WITH_LAST_UPDATE)(ROW) is holds


@pytest.mark.parametrize("text", NO_EXPRESSIONS)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        parse_expression(text, WITH_LAST_UPDATE)


@pytest.mark.parametrize(("text", "holds"), EXAMPLES)
def test_a_query_by_example_is_read(text: str, holds: bool) -> None:
    assert parse_example(text, WITH_LAST_UPDATE)(ROW) is holds


@pytest.mark.parametrize("text", NO_EXAMPLES)
def test_what_is_no_query_by_example_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        parse_example(text, WITH_LAST_UPDATE)


@given(st.text(max_size=60))
def test_a_quoted_text_finds_exactly_the_row_that_has_it(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    predicate = parse_expression(f"WorkOrderNumber={quoted}", WITH_LAST_UPDATE)
    assert predicate({"WorkOrderNumber": text})
    assert not predicate({"WorkOrderNumber": f"{text}x"})


@given(st.text(alphabet="AWorkOrderId=<>'\";() and or not like in 1,", max_size=60))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    for parse in (parse_expression, parse_example):
        with contextlib.suppress(Refusal):
            parse(text, WITH_LAST_UPDATE)(ROW)


@pytest.mark.parametrize("framework", [None, 1])
def test_version_1_takes_examples_and_no_expressions(plant: Plant, framework: int | None) -> None:
    plant.create(WorkOrderNumber="A1")
    assert plant.get(framework=framework, q="WorkOrderNumber=A1;OrganizationCode=M1").json()["count"] == 1
    assert plant.get(framework=framework, q="WorkOrderNumber='A1' and OrganizationCode='M1'").status_code == 400


@pytest.mark.parametrize("framework", [2, 3, 4, 9])
def test_later_versions_take_expressions_and_no_examples(plant: Plant, framework: int) -> None:
    plant.create(WorkOrderNumber="A1")
    assert plant.get(framework=framework, q="WorkOrderNumber='A1' and OrganizationCode='M1'").json()["count"] == 1
    assert plant.get(framework=framework, q="WorkOrderNumber='A1';OrganizationCode='M1'").status_code == 400


def test_a_plus_that_is_not_encoded_spoils_the_time(plant: Plant) -> None:
    query = "q=PlannedStartDate>='2026-04-01T06:00:00+00:00'"
    assert refusal(plant.request("GET", f"/maintenanceWorkOrders?{query}")) == (400, "BAD_QUERY")
    assert plant.request("GET", f"/maintenanceWorkOrders?{query.replace('+', '%2B')}").status_code == 200
