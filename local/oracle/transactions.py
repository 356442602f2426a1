"""Operation transactions: the only way to report work, and so the only way to complete a work order.

The shape of the request is documented (SourceSystemCode, SourceSystemType, OperationTransactionDetail); the names in a
detail and the answer follow clients of the sister resource of manufacturing and are not verified for this one.
"""

from __future__ import annotations

from typing import Any

from local.oracle.attributes import Attribute, Attributes
from local.oracle.operations import complete, reverse
from local.oracle.refusals import Refusal, refused_attribute
from local.oracle.store import Order, Tenant
from local.oracle.values import checked_body

DETAILS = "OperationTransactionDetail"
READY, COMPLETE = "READY", "COMPLETE"
"""Dispatch states: from READY to COMPLETE reports an operation done, the other way takes that back."""

_HEAD: Attributes = {
    "SourceSystemCode": Attribute("SourceSystemCode", "string", 30, "always", mandatory=True),
    "SourceSystemType": Attribute("SourceSystemType", "string", 30, "always", mandatory=True),
}
_DETAIL: Attributes = {
    attribute.name: attribute
    for attribute in (
        Attribute("OrganizationCode", "string", 30, "always", mandatory=True),
        Attribute("WorkOrderNumber", "string", 120, "always", mandatory=True),
        Attribute("WoOperationSequenceNumber", "number", changes="always", mandatory=True),
        Attribute("FromDispatchState", "string", 30, "always", mandatory=True),
        Attribute("ToDispatchState", "string", 30, "always", mandatory=True),
        Attribute("TransactionDate", "datetime", changes="always"),
        Attribute("TransactionQuantity", "number", changes="always"),
        Attribute("TransactionUnitOfMeasure", "string", 25, "always"),
        Attribute("TransactionNote", "string", 240, "always"),
        Attribute("SourceSystemCode", "string", 30, "always"),
        Attribute("AssetNumber", "string", 80, "always"),
        Attribute("AssetId", "integer", changes="always"),
    )
}
_SYSTEM_TYPES = ("INTERNAL", "EXTERNAL")


def report(tenant: Tenant, body: Any) -> dict[str, Any]:
    """Do the transactions of the body and answer with what became of each.

    What is wrong with the request itself is a Refusal 400. What the business rules refuse is not: the answer is that of
    a success, with ErrorsExistFlag "true" (a text) and the messages in the detail.
    """
    details = body.get(DETAILS) if isinstance(body, dict) else None
    if not isinstance(details, list) or not details:
        raise refused_attribute(DETAILS, "MANDATORY", f"The attribute {DETAILS} is required.")
    head = _complete_body(_HEAD, {name: value for name, value in body.items() if name != DETAILS})
    if head["SourceSystemType"] not in _SYSTEM_TYPES:
        raise refused_attribute("SourceSystemType", "BAD_VALUE", "The value of SourceSystemType isn't valid.")
    checked = [_complete_body(_DETAIL, detail) for detail in details]
    answers = [_done(tenant, detail) for detail in checked]
    failed = any(answer["ErrorMessages"] is not None for answer in answers)
    return {**head, "ErrorsExistFlag": "true" if failed else "false", DETAILS: answers}


def _done(tenant: Tenant, detail: dict[str, Any]) -> dict[str, Any]:
    try:
        _transact(tenant, detail)
    except Refusal as refusal:
        tenant.counters["refused_transactions"] += 1
        return {**detail, "ErrorMessageNames": f"SIM-{refusal.code}", "ErrorMessages": refusal.detail}
    tenant.counters["transactions"] += 1
    return {**detail, "ErrorMessageNames": None, "ErrorMessages": None}


def _transact(tenant: Tenant, detail: dict[str, Any]) -> None:
    order = _order(tenant, detail)
    sequence = detail["WoOperationSequenceNumber"]
    operation = next((o for o in order.operations.values() if o.sequence == sequence), None)
    if operation is None:
        raise Refusal(400, "NO_OPERATION", f"The work order has no operation {sequence}.")
    states = detail["FromDispatchState"], detail["ToDispatchState"]
    if states == (READY, COMPLETE):
        complete(tenant, order, operation, detail.get("TransactionDate") or tenant.now())
    elif states == (COMPLETE, READY):
        reverse(tenant, order, operation)
    else:
        raise Refusal(400, "DISPATCH_STATE", f"You can't move a quantity from {states[0]} to {states[1]}.")


def _order(tenant: Tenant, detail: dict[str, Any]) -> Order:
    order = tenant.numbered(detail["OrganizationCode"], detail["WorkOrderNumber"])
    if order is None:
        raise Refusal(400, "NO_ORDER", f"The work order {detail['WorkOrderNumber']} doesn't exist.")
    return order


def _complete_body(attributes: Attributes, body: Any) -> dict[str, Any]:
    checked = checked_body(attributes, body, frozenset({"always"}))
    for attribute in attributes.values():
        if attribute.mandatory and attribute.name not in checked:
            raise refused_attribute(attribute.name, "MANDATORY", f"The attribute {attribute.name} is required.")
    return checked
