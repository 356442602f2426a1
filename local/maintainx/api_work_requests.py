"""/workrequests. A request is approved by creating a work order with its `workRequestId`; nothing rejects one."""

from __future__ import annotations

from collections.abc import Iterable

from local.maintainx import filters, queries
from local.maintainx.actors import Actor
from local.maintainx.bodies_plant import NewWorkRequest, WorkRequestChange
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.resource import Resource, operations
from local.maintainx.store import Record

_SHOWN = (
    *("id", "title", "attachments", "priority", "description", "requestStatus", "assetId", "locationId"),
    *("workOrderId", "sendEmailNotification", "approverTeamId", "creatorContactInfo", "creatorId"),
    *("createdAt", "updatedAt"),
)
EMPTY: Record = {
    **dict.fromkeys(("description", "assetId", "locationId", "workOrderId", "approverTeamId", "creatorContactInfo")),
    "priority": "NONE",
    "requestStatus": "PENDING",
    "sendEmailNotification": False,
    "attachments": [],
    "extraFields": {},
}


def list_work_requests(call: Call) -> Answer:
    rows = filters.work_requests(call.organization["workRequests"].listed(), call.query)
    page, cursor = call.paged(rows, "-createdAt")
    return call.page("workRequests", [_shown(call, row) for row in page], cursor)


def _shown(call: Call, record: Record) -> Record:
    views, names = call.views(), call.expand()
    shown = views.picked(record, _SHOWN)
    order = call.organization["workOrders"].get(record["workOrderId"]) if record["workOrderId"] else None
    expansions = {
        "asset": ("asset", views.embedded_asset(record["assetId"])),
        "location": ("location", views.embedded_location(record["locationId"])),
        "work_order": ("workOrder", views.work_order(order, ()) if order else None),
        "extra_fields": ("extraFields", record["extraFields"]),
    }
    # The vendor's schema does not let these be null: they are absent instead.
    return shown | {field: value for field, value in (expansions[name] for name in names) if value is not None}


def _prepared(_old: Record | None, given: Record) -> Record:
    """The contact is text when written and an object when read."""
    if "creatorContactInfo" not in given:
        return given
    text = given["creatorContactInfo"]
    kind = "EMAIL" if text and "@" in text else "PHONE" if text and text.lstrip("+").isdigit() else "OTHER"
    return {**given, "creatorContactInfo": {"type": kind, "value": text} if text else None}


def _told(actor: Actor, old: Record | None, new: Record | None) -> Iterable[Occurrence]:
    """MaintainX tells of new requests and of their status, not of edits."""
    if old is None and new is not None:
        yield actor.tells("NEW_WORK_REQUEST", {"workRequestId": new["id"]})


KIND = Resource(
    path="/workrequests",
    table="workRequests",
    one="workRequest",
    new=NewWorkRequest,
    change=WorkRequestChange,
    empty=EMPTY,
    shown=_shown,
    detail_query=queries.WORK_REQUEST,
    references=(("assetId", "assets"), ("locationId", "locations"), ("approverTeamId", "teams")),
    prepared=_prepared,
    told=_told,
    created_status=200,
)
OPERATIONS = (Operation("GET", "/workrequests", list_work_requests, queries.WORK_REQUESTS), *operations(KIND))
