"""The rules of a work order's operations: what they need, when they may change, and what completing them does."""

from __future__ import annotations

from typing import Any

from local.oracle.attributes import OPERATION, Changes
from local.oracle.refusals import Refusal, refused_attribute
from local.oracle.status import COMPLETED, FINAL, IDS, NAMES, RELEASED, system_status
from local.oracle.store import Operation, Order, Tenant
from local.oracle.values import checked_body

CREATABLE: frozenset[Changes] = frozenset({"insert", "always"})
UPDATABLE: frozenset[Changes] = frozenset({"always"})


def new_operation(tenant: Tenant, order: Order, body: Any) -> Operation:
    """An operation that the body asks for, not yet part of the order. Raises Refusal."""
    _check_open(tenant, order)
    given = checked_body(OPERATION, body, CREATABLE)
    sequence = given.get("OperationSequenceNumber")
    if sequence is None or sequence <= 0:
        detail = "The operation sequence number must be greater than zero."
        raise refused_attribute("OperationSequenceNumber", "BAD_SEQUENCE", detail)
    if any(operation.sequence == sequence for operation in order.operations.values()):
        detail = f"The operation sequence number {sequence} is already used in this work order."
        raise refused_attribute("OperationSequenceNumber", "DUPLICATE_SEQUENCE", detail)
    standard = given.get("StandardOperationCode") or given.get("StandardOperationId")
    if not standard and not (given.get("OperationName") and given.get("WorkCenterCode")):
        detail = "A standard operation, or an operation name and a work center, is required."
        raise refused_attribute("OperationName", "MANDATORY", detail)
    _check_master_data(tenant, given)
    values = {
        **dict.fromkeys(OPERATION),
        "OperationName": given.get("StandardOperationCode"),
        "CountPointOperationFlag": True,
        "AutoTransactFlag": False,
        "PlannedStartDate": order.values["PlannedStartDate"],
        "PlannedCompletionDate": order.values["PlannedCompletionDate"],
        **given,
        "WoOperationId": tenant.next_operation_id(),
    }
    return Operation(values["WoOperationId"], values)


def change_operation(tenant: Tenant, order: Order, operation: Operation, body: Any) -> None:
    """Write the attributes in the body. Raises Refusal."""
    _check_open(tenant, order)
    given = checked_body(OPERATION, body, UPDATABLE)
    _check_master_data(tenant, given)
    if operation.completed and given:
        raise Refusal(400, "OPERATION_COMPLETED", "You can't update an operation that's completed.")
    if given:
        operation.values.update(given)
        operation.version += 1


def delete_operation(tenant: Tenant, order: Order, operation: Operation) -> None:
    """Take the operation away. Raises Refusal if work was reported for it."""
    _check_open(tenant, order)
    if operation.completed:
        raise Refusal(400, "OPERATION_COMPLETED", "You can't delete an operation that's completed.")
    del order.operations[operation.id]


def complete(tenant: Tenant, order: Order, operation: Operation, at: str) -> None:
    """Report the operation complete. Raises Refusal if it is not its turn.

    Operations before it that are no count points are completed with it. With the last one the order is completed.
    """
    _check_reportable(tenant, order)
    if operation.completed:
        raise Refusal(400, "NOT_READY", "The operation has no quantity in the dispatch state READY.")
    before = [o for o in order.in_sequence() if o.sequence < operation.sequence and not o.completed]
    in_between = [o for o in before if o.values["CountPointOperationFlag"] and not o.values["AutoTransactFlag"]]
    if in_between and not order.values["AllowOutOfSequenceOperationCompletionFlag"]:
        detail = f"The operation {in_between[0].sequence} must be completed before."
        raise Refusal(400, "OPERATION_SEQUENCE", detail)
    for done in (*(o for o in before if o not in in_between), operation):
        done.values.update(ActualStartDate=at, ActualCompletionDate=at)
        done.version += 1
    order.values["ActualStartDate"] = order.values["ActualStartDate"] or at
    if all(o.completed for o in order.operations.values()):
        put_status(order, COMPLETED)
        order.values["ActualCompletionDate"] = at
    tenant.touch(order)


def reverse(tenant: Tenant, order: Order, operation: Operation) -> None:
    """Take the report of the operation back; a completed order is released again. Raises Refusal."""
    _check_reportable(tenant, order, also=COMPLETED)
    if not operation.completed:
        raise Refusal(400, "NOT_COMPLETE", "The operation has no quantity in the dispatch state COMPLETE.")
    operation.values.update(ActualStartDate=None, ActualCompletionDate=None)
    operation.version += 1
    put_status(order, RELEASED)
    order.values["ActualCompletionDate"] = None
    if not order.has_transactions:
        order.values["ActualStartDate"] = None
    tenant.touch(order)


def put_status(order: Order, code: str, system: str | None = None) -> None:
    """Write a status with its name and id. system: the one that a user-defined code belongs to."""
    system = system or code
    order.values.update(
        WorkOrderStatusCode=code,
        WorkOrderStatus=NAMES.get(code, code),
        WorkOrderStatusId=IDS[system],
    )


def order_status(tenant: Tenant, order: Order) -> str:
    """The system status that the order is in."""
    return system_status(order.values["WorkOrderStatusCode"], tenant.settings.user_statuses)


def _check_open(tenant: Tenant, order: Order) -> None:
    status = order_status(tenant, order)
    if status in FINAL or status == COMPLETED:
        detail = f"You can't change the operations of a work order in the status {NAMES[status]}."
        raise Refusal(400, "ORDER_DONE", detail)


def _check_reportable(tenant: Tenant, order: Order, also: str = RELEASED) -> None:
    status = order_status(tenant, order)
    if status not in (RELEASED, also):
        detail = f"You can't report transactions for a work order in the status {NAMES[status]}."
        raise Refusal(400, "NOT_RELEASED", detail)


def _check_master_data(tenant: Tenant, given: dict[str, Any]) -> None:
    known = {
        "StandardOperationCode": tenant.settings.standard_operations,
        "WorkCenterCode": tenant.settings.work_centers,
    }
    for name, codes in known.items():
        if codes and given.get(name) is not None and given[name] not in codes:
            raise refused_attribute(name, "BAD_VALUE", f"The value of the attribute {name} isn't valid.")
