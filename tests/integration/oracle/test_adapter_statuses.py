"""Every status that MaintainX can ask for, from every status that an order can be in, over sockets."""

from __future__ import annotations

import pytest

from shared.erp.oracle.status import ALL, STATUS_RULES
from shared.errors import StatusNotPossible
from tests.integration.oracle.adapter_plant import (
    FIRST_OPERATION,
    ORDER,
    REFERENCE,
    OraclePlant,
    empty_plant,  # noqa: F401  # a fixture
    running_oracle,  # noqa: F401  # a fixture
)

# What each MaintainX status is called in Oracle by the mapping that is shipped.
MAPPED = {
    "OPEN": "ORA_RELEASED",
    "IN_PROGRESS": "ORA_RELEASED",
    "ON_HOLD": "ORA_ON_HOLD",
    "DONE": "ORA_COMPLETED",
    "CANCELED": "ORA_CANCELED",
    "SKIPPED": "ORA_CANCELED",
}
WRITE = "PATCH maintenanceWorkOrders/_"
READ = "GET maintenanceWorkOrders/_"
OPERATIONS = "GET maintenanceWorkOrders/_/child/WorkOrderOperation"
TRANSACT = "POST maintenanceOperationTransactions"
NOTHING: list[str] = []
IMPOSSIBLE = None

# Status in Oracle -> status wanted -> the requests; None: impossible, and none are sent.
EXPECTED: dict[str, dict[str, list[str] | None]] = {
    "ORA_UNRELEASED": {
        "ORA_RELEASED": [WRITE],
        "ORA_ON_HOLD": [WRITE],
        "ORA_COMPLETED": [OPERATIONS, WRITE, TRANSACT, READ],
        "ORA_CANCELED": [WRITE],
    },
    "ORA_RELEASED": {
        "ORA_RELEASED": NOTHING,
        "ORA_ON_HOLD": [WRITE],
        "ORA_COMPLETED": [OPERATIONS, READ, TRANSACT, READ],
        "ORA_CANCELED": [WRITE],
    },
    "ORA_ON_HOLD": {
        "ORA_RELEASED": [WRITE],
        "ORA_ON_HOLD": NOTHING,
        "ORA_COMPLETED": [OPERATIONS, WRITE, TRANSACT, READ],
        "ORA_CANCELED": [WRITE, WRITE],
    },
    "ORA_COMPLETED": {
        "ORA_RELEASED": IMPOSSIBLE,
        "ORA_ON_HOLD": IMPOSSIBLE,
        "ORA_COMPLETED": NOTHING,
        "ORA_CANCELED": IMPOSSIBLE,
    },
    "ORA_CLOSED": {
        "ORA_RELEASED": IMPOSSIBLE,
        "ORA_ON_HOLD": IMPOSSIBLE,
        "ORA_COMPLETED": NOTHING,  # a closed order is a completed one too
        "ORA_CANCELED": IMPOSSIBLE,
    },
    "ORA_CANCELED": {
        "ORA_RELEASED": IMPOSSIBLE,
        "ORA_ON_HOLD": IMPOSSIBLE,
        "ORA_COMPLETED": IMPOSSIBLE,
        "ORA_CANCELED": NOTHING,
    },
}


@pytest.mark.parametrize("current", ALL)
@pytest.mark.parametrize("maintainx", MAPPED)
def test_each_maintainx_status_from_each_oracle_status(oracle_plant: OraclePlant, current: str, maintainx: str) -> None:
    wanted, erp = MAPPED[maintainx], oracle_plant.adapter()
    order = oracle_plant.order_in(erp, current)
    assert order.fields["WorkOrderStatusCode"] == current
    expected = EXPECTED[current][wanted]
    oracle_plant.forget()
    if expected is IMPOSSIBLE:
        with pytest.raises(StatusNotPossible):
            erp.set_status(order.id, wanted, current=current, version=order.version)
        assert oracle_plant.calls() == []
        assert oracle_plant.status(order.id) == current
        return
    changed = erp.set_status(order.id, wanted, current=current, version=order.version)
    assert oracle_plant.calls() == expected
    assert STATUS_RULES.holds(wanted, oracle_plant.status(order.id))
    assert changed.fields["WorkOrderStatusCode"] == oracle_plant.status(order.id)
    assert changed.version == erp.get(order.id).version


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        ("ORA_COMPLETED", "ORA_CLOSED", [WRITE]),
        ("ORA_RELEASED", "ORA_CLOSED", [WRITE]),
        ("ORA_RELEASED", "ORA_UNRELEASED", [WRITE]),
        ("ORA_ON_HOLD", "ORA_UNRELEASED", [WRITE]),
    ],
)
def test_what_only_other_mappings_ask_for(
    oracle_plant: OraclePlant, current: str, wanted: str, expected: list[str]
) -> None:
    erp = oracle_plant.adapter()
    order = oracle_plant.order_in(erp, current)
    oracle_plant.forget()
    erp.set_status(order.id, wanted, current=current, version=order.version)
    assert oracle_plant.calls() == expected
    assert oracle_plant.status(order.id) == wanted


@pytest.mark.parametrize("with_create", [False, True])
def test_an_order_of_ours_goes_from_created_to_closed(oracle_plant: OraclePlant, with_create: bool) -> None:
    oracle_plant.simulator.set(oracle_plant.name, release_needs_operation=True)
    erp = oracle_plant.adapter(first_operation={**FIRST_OPERATION, "with_create": with_create})
    order = erp.create(ORDER, REFERENCE)
    current = "ORA_UNRELEASED"
    for wanted in ("ORA_RELEASED", "ORA_ON_HOLD", "ORA_COMPLETED", "ORA_CLOSED"):
        assert order.fields["WorkOrderStatusCode"] == current
        order = erp.set_status(order.id, wanted, current=current, version=order.version)
        current = wanted
    assert oracle_plant.status(order.id) == "ORA_CLOSED"
    assert oracle_plant.simulator.counters(oracle_plant.name)["transactions"] == 1
    kept = oracle_plant.simulator.order(oracle_plant.name, order.id)
    assert [one["OperationName"] for one in kept["WorkOrderOperation"]] == ["Maintenance"]


def test_the_last_of_several_operations_completes_those_before_it(oracle_plant: OraclePlant) -> None:
    erp = oracle_plant.adapter()
    operations = [
        {"OperationSequenceNumber": number, "OperationName": "Step", "WorkCenterCode": "MECH", **extra}
        for number, extra in ((10, {"CountPointOperationFlag": False, "AutoTransactFlag": True}), (20, {}))
    ]
    made = oracle_plant.simulator.create(
        oracle_plant.name, **ORDER, OrganizationCode="M1", WorkOrderOperation=operations
    )
    order = erp.get(str(made["WorkOrderId"]))
    erp.set_status(order.id, "ORA_COMPLETED", current="ORA_UNRELEASED", version=order.version)
    assert oracle_plant.status(order.id) == "ORA_COMPLETED"


@pytest.mark.parametrize("out_of_sequence", [False, True])
def test_every_count_point_that_is_open_is_reported_in_its_sequence(
    oracle_plant: OraclePlant, out_of_sequence: bool
) -> None:
    erp = oracle_plant.adapter()
    operations = [
        {"OperationSequenceNumber": number, "OperationName": "Step", "WorkCenterCode": "MECH", **extra}
        for number, extra in ((30, {}), (10, {}), (15, {"CountPointOperationFlag": False}), (20, {}))
    ]
    flag = {"AllowOutOfSequenceOperationCompletionFlag": out_of_sequence}
    made = oracle_plant.simulator.create(
        oracle_plant.name, **ORDER, **flag, OrganizationCode="M1", WorkOrderOperation=operations
    )
    order = erp.get(str(made["WorkOrderId"]))
    released = erp.set_status(order.id, "ORA_RELEASED", current="ORA_UNRELEASED", version=order.version)
    erp._operations.report_done(released, 10)  # by a technician, or by a try of before that was cut off
    oracle_plant.forget()
    erp.set_status(order.id, "ORA_COMPLETED", current="ORA_RELEASED", version=None)
    assert oracle_plant.status(order.id) == "ORA_COMPLETED"
    assert oracle_plant.simulator.counters(oracle_plant.name)["transactions"] == 2
    assert oracle_plant.calls() == [OPERATIONS, READ, TRANSACT, TRANSACT, READ]


def test_a_tenant_s_own_status_is_read_as_the_one_it_stands_for(oracle_plant: OraclePlant) -> None:
    oracle_plant.simulator.set(oracle_plant.name, user_statuses={"M1_WAITING_PARTS": "ORA_ON_HOLD"})
    erp = oracle_plant.adapter(status_codes={"M1_WAITING_PARTS": "ORA_ON_HOLD"})
    order = oracle_plant.order_in(erp, "ORA_RELEASED")
    oracle_plant.simulator.set_status(oracle_plant.name, order.id, "M1_WAITING_PARTS")
    order = erp.get(order.id)
    assert order.fields["WorkOrderStatusCode"] == "ORA_ON_HOLD"
    erp.set_status(order.id, "ORA_RELEASED", current="ORA_ON_HOLD", version=order.version)
    assert oracle_plant.status(order.id) == "ORA_RELEASED"
