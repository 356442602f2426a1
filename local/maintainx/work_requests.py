"""What becomes of work requests: there is no call to approve one, a work order made for it does."""

from __future__ import annotations

from local.maintainx.actors import Actor
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import detailed
from local.maintainx.store import Record


def approve(actor: Actor, request_id: int, work_order_id: int) -> list[Occurrence]:
    """The request is APPROVED by this work order; only a PENDING one can be (undocumented)."""
    request = actor.organization["workRequests"].get(request_id)
    if request is None or request["requestStatus"] != "PENDING":
        raise detailed(400, "workRequestId is not valid", "workRequestId", request_id)
    return _enter(actor, {**request, "workOrderId": work_order_id}, "APPROVED")


def finish(actor: Actor, work_order_id: int) -> list[Occurrence]:
    """The request behind a work order that is done is DONE too (undocumented)."""
    requests = actor.organization["workRequests"].current()
    behind = [row for row in requests if row["workOrderId"] == work_order_id and row["requestStatus"] == "APPROVED"]
    return [occurrence for request in behind for occurrence in _enter(actor, request, "DONE")]


def _enter(actor: Actor, request: Record, status: str) -> list[Occurrence]:
    actor.organization["workRequests"].put({**request, "requestStatus": status, "updatedAt": actor.at})
    fields = {"requestId": request["id"], "oldStatus": request["requestStatus"], "newStatus": status}
    return [actor.tells("WORK_REQUEST_STATUS_CHANGE", fields, facts={"oneOfStatuses": {status}})]
