"""The rules of work orders: what a create needs, what may change in which status, and what a status change does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.oracle import status
from local.oracle.attributes import CHILD
from local.oracle.operations import CREATABLE, UPDATABLE, complete, new_operation, order_status, put_status, reverse
from local.oracle.refusals import Refusal, refused_attribute
from local.oracle.store import Order, Tenant
from local.oracle.values import checked_body

_WHILE_UNRELEASED = frozenset(
    {
        "AllowCompletionToInventoryFlag",
        "CompletionSubinventoryCode",
        "AllowOutOfSequenceOperationCompletionFlag",
        "WarrantyRepairFlag",
        "InventoryItemId",
        "ItemNumber",
    }
)
_WHEN_COMPLETED = frozenset({"WorkOrderDescription", "WorkOrderPriority", "WorkOrderStatusCode"})
_DEFAULTS = {
    "WorkMethodCode": "MAINTENANCE",
    "AllowCompletionToInventoryFlag": False,
    "AllowOutOfSequenceOperationCompletionFlag": False,
    "WarrantyRepairFlag": False,
    "PlannedStartQuantity": 1,
}


def create_order(tenant: Tenant, body: Any) -> Order:
    """A new work order, with the operations in the body if there are any. Raises Refusal, and nothing is made."""
    given, children = _split(body)
    given = checked_body(tenant.attributes, given, CREATABLE)
    given |= _master_data("OrganizationCode", "OrganizationId", tenant.settings.organizations, given)
    given |= _master_data("AssetNumber", "AssetId", tenant.settings.assets, given)
    _check_lookups(tenant, given, mandatory=True)
    _check_number(tenant, given)
    code = given.pop("WorkOrderStatusCode", None) or status.UNRELEASED
    system = status.system_status(code, tenant.settings.user_statuses)
    if system != status.UNRELEASED and not (system == status.RELEASED and children):
        detail = f"You can't create a work order in the status {status.NAMES[system]}."
        raise refused_attribute("WorkOrderStatusCode", "STATUS_ORDER", detail)
    now = tenant.now()
    order_id = tenant.next_order_id()
    number = given.pop("WorkOrderNumber", None) or _free_number(tenant, given["OrganizationCode"], order_id)
    values = {
        **dict.fromkeys(tenant.attributes),
        **_DEFAULTS,
        **given,
        "WorkOrderId": order_id,
        "WorkOrderNumber": number,
        "AssetDescription": f"Asset {given['AssetNumber']}",
        "CreationDate": now,
        "LastUpdateDate": now,
    }
    order = Order(order_id, values)
    _put_names(order)
    put_status(order, status.UNRELEASED)
    for child in children:
        operation = new_operation(tenant, order, child)
        order.operations[operation.id] = operation
    _move(tenant, order, code, system)
    tenant.orders[order_id] = order
    return order


def matching_order(tenant: Tenant, body: Any) -> Order | None:
    """The order that an upsert with this body would update: the same number in the same organization."""
    if not isinstance(body, dict) or not isinstance(body.get("WorkOrderNumber"), str):
        return None
    codes = {id_: code for code, id_ in tenant.settings.organizations.items()}
    organization = body.get("OrganizationCode") or codes.get(body.get("OrganizationId", 0))
    return tenant.numbered(organization, body["WorkOrderNumber"]) if isinstance(organization, str) else None


def upsert_order(tenant: Tenant, order: Order, body: Mapping[str, Any]) -> None:
    """Write the body over an order; what only a create may set has to be as it is. Raises Refusal."""
    same = {
        name
        for name, value in body.items()
        if name in tenant.attributes and tenant.attributes[name].changes == "insert" and value == order.values[name]
    }
    change_order(tenant, order, {name: value for name, value in body.items() if name not in same})


def change_order(tenant: Tenant, order: Order, body: Any, *, by_person: bool = False) -> None:
    """Write the attributes in the body, the status last. Raises Refusal, and nothing is written.

    by_person: in Oracle's own screens, where an order can be completed (all its operations are) and a completed one
    reopened. As in most ERPs a write of equal values is a write.
    """
    given = checked_body(tenant.attributes, body, UPDATABLE)
    if not given:
        return
    current = order_status(tenant, order)
    _check_changeable(current, given)
    _check_lookups(tenant, given, mandatory=False)
    code = given.pop("WorkOrderStatusCode", order.values["WorkOrderStatusCode"])
    system = status.system_status(code, tenant.settings.user_statuses)
    if by_person and (current, system) in _BY_PERSON:
        order.values.update(given)
        _BY_PERSON[current, system](tenant, order)
        return
    status.check_transition(current, system, has_transactions=order.has_transactions)
    _check_release(tenant, order, current, system)
    order.values.update(given)
    _put_names(order)
    _move(tenant, order, code, system)
    tenant.touch(order)


def _move(tenant: Tenant, order: Order, code: str, system: str) -> None:
    """Put the order into a status that it may be put into."""
    previous = order_status(tenant, order)
    put_status(order, code, system)
    if system != previous and system in _DATES:
        order.values[_DATES[system]] = tenant.now()
    if system == status.UNRELEASED:
        order.values["ReleasedDate"] = None


def _complete_by_person(tenant: Tenant, order: Order) -> None:
    now = tenant.now()
    for operation in order.in_sequence():
        if not operation.completed:
            complete(tenant, order, operation, now)
    if not order.operations:
        put_status(order, status.COMPLETED)
        order.values.update(ActualStartDate=now, ActualCompletionDate=now)
        tenant.touch(order)


def _reopen_by_person(tenant: Tenant, order: Order) -> None:
    if order.operations:
        reverse(tenant, order, order.in_sequence()[-1])
        return
    put_status(order, status.RELEASED)
    order.values.update(ActualStartDate=None, ActualCompletionDate=None)
    tenant.touch(order)


def _split(body: Any) -> tuple[Any, list[Any]]:
    """The order's own attributes and its operations of a create's body."""
    if not isinstance(body, dict) or CHILD not in body:
        return body, []
    children = body[CHILD]
    if not isinstance(children, list):
        raise refused_attribute(CHILD, "BAD_VALUE", f"The value of {CHILD} isn't an array.")
    return {name: value for name, value in body.items() if name != CHILD}, children


def _master_data(code_name: str, id_name: str, known: Mapping[str, int], given: Mapping[str, Any]) -> dict[str, Any]:
    """Both the code and the id of what is named by either."""
    code, id_ = given.get(code_name), given.get(id_name)
    if code is None and id_ is None:
        raise refused_attribute(code_name, "MANDATORY", f"The attribute {code_name} is required.")
    if code is None:
        code = next((found for found, number in known.items() if number == id_), "")
    if code not in known or id_ not in (None, known[code]):
        wrong = code_name if given.get(code_name) is not None else id_name
        raise refused_attribute(wrong, "BAD_VALUE", f"The value of the attribute {wrong} isn't valid.")
    return {code_name: code, id_name: known[code]}


def _check_lookups(tenant: Tenant, given: Mapping[str, Any], *, mandatory: bool) -> None:
    if mandatory and given.get("WorkOrderTypeCode") is None:
        detail = "The attribute WorkOrderTypeCode is required."
        raise refused_attribute("WorkOrderTypeCode", "MANDATORY", detail)
    lookups = {
        "WorkOrderTypeCode": tenant.settings.work_order_types,
        "WorkOrderSubTypeCode": tenant.settings.sub_types,
        "MntWorkDefinitionCode": tenant.settings.work_definitions or (given.get("MntWorkDefinitionCode"),),
    }
    for name, codes in lookups.items():
        if given.get(name) is not None and given[name] not in codes:
            raise refused_attribute(name, "BAD_VALUE", f"The value of the attribute {name} isn't valid.")


def _check_number(tenant: Tenant, given: Mapping[str, Any]) -> None:
    number = given.get("WorkOrderNumber")
    if number is not None and tenant.numbered(given["OrganizationCode"], number) is not None:
        detail = f"The work order number {number} already exists in the organization."
        raise refused_attribute("WorkOrderNumber", "DUPLICATE_NUMBER", detail)


def _check_changeable(current: str, given: Mapping[str, Any]) -> None:
    if current in status.FINAL:
        raise Refusal(400, "ORDER_DONE", f"You can't update a work order in the status {status.NAMES[current]}.")
    for name in given:
        fixed = current == status.COMPLETED and name not in _WHEN_COMPLETED
        if fixed or (current != status.UNRELEASED and name in _WHILE_UNRELEASED):
            detail = f"You can't update the attribute {name} in the status {status.NAMES[current]}."
            raise refused_attribute(name, "NOT_IN_STATUS", detail)


def _check_release(tenant: Tenant, order: Order, current: str, system: str) -> None:
    released = system == status.RELEASED and current != status.RELEASED
    if released and tenant.settings.release_needs_operation and not order.operations:
        detail = "You can't release a work order that has no operations."
        raise refused_attribute("WorkOrderStatusCode", "NO_OPERATIONS", detail)


def _put_names(order: Order) -> None:
    """The meanings of the lookup codes."""
    for name in ("WorkOrderType", "WorkOrderSubType"):
        code = order.values[f"{name}Code"]
        order.values[name] = None if code is None else code.removeprefix("ORA_").replace("_", " ").capitalize()


def _free_number(tenant: Tenant, organization: str, order_id: int) -> str:
    """A number of Oracle's own making."""
    number = order_id % 10_000_000 + 1000
    while tenant.numbered(organization, f"{organization}-{number}") is not None:
        number += 1
    return f"{organization}-{number}"


_DATES = {status.RELEASED: "ReleasedDate", status.CLOSED: "ClosedDate"}
_BY_PERSON = {
    (status.RELEASED, status.COMPLETED): _complete_by_person,
    (status.COMPLETED, status.RELEASED): _reopen_by_person,
}
