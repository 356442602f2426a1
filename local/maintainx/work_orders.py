"""What can be done to work orders, and what each act makes happen."""

from __future__ import annotations

from dataclasses import replace

from local.maintainx.actors import Actor
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import detailed
from local.maintainx.store import Organization, Record
from local.maintainx.work_requests import approve, finish

# Canceled work is "DONE" with a sub-status in webhooks, and counts as done in `progress`.
_BASE_STATUS = {"CANCELED": "DONE", "SKIPPED": "DONE"}
_COUNTERS = {"OPEN": "openCount", "IN_PROGRESS": "inProgressCount", "ON_HOLD": "onHoldCount", "DONE": "doneCount"}
PROPERTY_FIELDS = {
    "ASSET": "assetId",
    "ASSIGNEES": "assigneeIds",
    "CATEGORIES": "categories",
    "DESCRIPTION": "description",
    "DUE_DATE": "dueDate",
    "ESTIMATED_TIME": "estimatedTime",
    "EXTRA_FIELDS": "extraFields",
    "LOCATION": "locationId",
    "PARTS": "parts",
    "PRIORITY": "priority",
    "START_DATE": "startDate",
    "TEAMS": "teamIds",
    "TITLE": "title",
    "VENDORS": "vendorIds",
}


def create(actor: Actor, new_id: int, given: Record, *, check_categories: bool) -> list[Occurrence]:
    """Add a work order with the fields of the request (API names)."""
    fields = _resolved(actor.organization, given, check_categories=check_categories)
    if fields.get("isParent") and fields.get("parentId"):
        raise detailed(400, "isParent and parentId are mutually exclusive", "isParent", True)
    parent_id = fields.get("parentId")
    if parent_id is not None and actor.organization["workOrders"].get(parent_id) is None:
        raise detailed(400, "parentId is not valid", "parentId", parent_id)
    record = {
        **_EMPTY,
        **fields,
        "id": new_id,
        "sequentialId": actor.organization.next_sequential_id(),
        "organizationId": actor.organization.id,
        "creatorId": actor.user_id,
        "createdAt": actor.at,
        "updatedAt": actor.at,
    }
    _check_dates(record)
    approved = approve(actor, given["workRequestId"], new_id) if given.get("workRequestId") is not None else []
    actor.organization["workOrders"].put(record)
    return [actor.occurrence("NEW_WORK_ORDER", record, {}, entity_field="newWorkOrder"), *approved]


def change(actor: Actor, record: Record, given: Record, *, check_categories: bool) -> list[Occurrence]:
    """Replace fields. A request that changes nothing leaves `updatedAt` alone and tells nobody (undocumented)."""
    fields = _resolved(actor.organization, given, check_categories=check_categories)
    changed = {name for name, value in fields.items() if record[name] != value}
    if not changed:
        return []
    new = {**record, **fields, "updatedAt": actor.at}
    _check_dates(new)
    actor.organization["workOrders"].put(new)
    occurrences = [
        actor.occurrence(
            "WORK_ORDER_CHANGE",
            new,
            {
                **_difference("AssigneeIds", record["assigneeIds"], new["assigneeIds"]),
                **_difference("TeamIds", record["teamIds"], new["teamIds"]),
            },
            entity_field="newWorkOrder",
            facts={"oneOfProperties": {name for name, field in PROPERTY_FIELDS.items() if field in changed}},
            property_fields=PROPERTY_FIELDS,
        )
    ]
    added = [label for label in new["categories"] if label not in record["categories"]]
    if added:
        shown = [
            {"id": row["id"], "name": row["label"], "description": row.get("description", "")}
            for row in actor.organization["categories"].current()
            if row["label"] in added
        ]
        named = {row["id"] for row in shown} | set(added)
        occurrences.append(
            actor.occurrence(
                "NEW_CATEGORY_ON_WORK_ORDER", new, {"newCategories": shown}, facts={"oneOfCategories": named}
            )
        )
    return occurrences


def change_status(actor: Actor, record: Record, status: str) -> list[Occurrence]:
    """Enter a status. All transitions are allowed: the vendor states no rule."""
    if record["status"] == status:
        return []
    base = _BASE_STATUS.get(status, status)
    progress = {**record["progress"], _COUNTERS[base]: record["progress"][_COUNTERS[base]] + 1}
    new = {**record, "status": status, "progress": progress, "updatedAt": actor.at}
    if status == "DONE":
        new |= {"completedAt": actor.at, "completerId": actor.user_id}
    if status == "IN_PROGRESS" and record["startedAt"] is None:
        new["startedAt"] = actor.at
    actor.organization["workOrders"].put(new)
    finished = finish(actor, record["id"]) if status == "DONE" else []
    fields = {
        "oldStatus": _BASE_STATUS.get(record["status"], record["status"]),
        **({"oldSubStatus": record["status"]} if record["status"] in _BASE_STATUS else {}),
        "newStatus": base,
        **({"newSubStatus": status} if status in _BASE_STATUS else {}),
        "progress": {name: count for name, count in progress.items() if name != "openCount"},
        "userId": actor.user_id,
    }
    return [
        actor.occurrence(
            "WORK_ORDER_STATUS_CHANGE",
            new,
            fields,
            entity_field="newWorkOrder",
            facts={"oneOfStatuses": {status}},
        ),
        *finished,
    ]


def change_part_status(actor: Actor, record: Record, part_status: str) -> list[Occurrence]:
    if record["partStatus"] == part_status:
        return []
    new = {**record, "partStatus": part_status, "updatedAt": actor.at}
    actor.organization["workOrders"].put(new)
    return [
        actor.occurrence(
            "WORK_ORDER_PART_STATUS_CHANGE",
            new,
            {"oldPartStatus": record["partStatus"], "newPartStatus": part_status},
            entity_field="newWorkOrder",
            facts={"oneOfPartStatuses": {part_status.lower()}},
        )
    ]


def comment(
    actor: Actor, record: Record, new_id: int, content: str, *, moves_updated_at: bool = False
) -> list[Occurrence]:
    """A comment moves `lastMessageSentAt`; `updatedAt` only if a test wants a MaintainX that does."""
    actor.organization["comments"].put(
        {
            "id": new_id,
            "authorId": actor.user_id,
            "content": content,
            "createdAt": actor.at,
            "workOrderId": record["id"],
        }
    )
    moved = {"lastMessageSentAt": actor.at, **({"updatedAt": actor.at} if moves_updated_at else {})}
    actor.organization["workOrders"].put({**record, **moved})
    return [actor.occurrence("NEW_COMMENT_ON_WORK_ORDER", record, {"type": "TEXT", "comment": content})]


def delete(actor: Actor, record: Record, *, vanishes: bool = True) -> list[Occurrence]:
    """The work order vanishes from reads, and from lists unless those are to show it with `deletedAt`."""
    listed = None if vanishes else {**record, "deletedAt": actor.at, "updatedAt": actor.at}
    actor.organization["workOrders"].drop(record["id"], listed=listed)
    return [actor.occurrence("WORK_ORDER_DELETE", record, {}, entity_field="WorkOrder")]


def become_overdue(actor: Actor, record: Record) -> Occurrence:
    """Found by the system, not done by a user."""
    return replace(actor.occurrence("WORK_ORDER_OVERDUE", record, {"dueDate": record["dueDate"]}), user_id=None)


def _resolved(organization: Organization, given: Record, *, check_categories: bool) -> Record:
    """The request's fields as they are kept: assignees as ids, references checked."""
    fields = dict(given)
    fields.pop("workRequestId", None)
    for name, table in (("assetId", "assets"), ("locationId", "locations")):
        if fields.get(name) is not None and organization[table].get(fields[name]) is None:
            raise detailed(400, f"{name} is not valid", name, fields[name])
    if "partsUsed" in fields:
        fields["parts"] = _parts_used(organization, fields.pop("partsUsed"))
    if "assignees" in fields:
        fields |= _assignee_ids(organization, fields.pop("assignees"))
    if isinstance(fields.get("requesterId"), str):
        fields["requesterId"] = _user_id(organization, fields["requesterId"], "requesterId")
    if check_categories:
        known = {category["label"] for category in organization["categories"].current()}
        for index, label in enumerate(fields.get("categories", ())):
            if label not in known:
                raise detailed(400, "Invalid category", f"categories.{index}", label)
    return fields


def _parts_used(organization: Organization, wanted: list[Record]) -> list[Record]:
    for index, used in enumerate(wanted):
        if organization["parts"].get(used["partId"]) is None:
            raise detailed(400, "Invalid part", f"partsUsed.{index}.partId", used["partId"])
    defaults = {"quantityUsed": 1, "locationId": None, "copyOnRecurring": "Default"}
    return [{**defaults, **used} for used in wanted]


def _assignee_ids(organization: Organization, assignees: list[Record]) -> Record:
    users: list[int] = []
    teams: list[int] = []
    for index, assignee in enumerate(assignees):
        path = f"assignees.{index}.id"
        if assignee["type"] == "USER":
            users.append(_user_id(organization, assignee["id"], path))
        elif organization["teams"].get(assignee["id"]) is None:
            raise detailed(400, "Invalid team", path, assignee["id"])
        else:
            teams.append(assignee["id"])
    return {"assigneeIds": list(dict.fromkeys(users)), "teamIds": list(dict.fromkeys(teams))}


def _user_id(organization: Organization, wanted: int | str, path: str) -> int:
    """Users are named by id or by e-mail."""
    for user in organization["users"].current():
        if wanted in (user["id"], user.get("email")):
            return int(user["id"])
    raise detailed(400, "Invalid user", path, wanted)


def _check_dates(record: Record) -> None:
    if record["startDate"] is not None and record["dueDate"] is None:
        raise detailed(400, "startDate is only valid when dueDate is set", "startDate", record["startDate"])


def _difference(name: str, old: list[int], new: list[int]) -> Record:
    return {
        f"added{name}": [value for value in new if value not in old],
        f"removed{name}": [value for value in old if value not in new],
    }


_EMPTY: Record = {
    "status": "OPEN",
    "priority": "NONE",
    "type": "REACTIVE",
    "partStatus": "NO_PARTS",
    "progress": {"openCount": 1, "inProgressCount": 0, "onHoldCount": 0, "doneCount": 0},
    "extraFields": {},
    "isParent": False,
    **{name: [] for name in ("assigneeIds", "teamIds", "categories", "vendorIds", "attachments", "parts")},
    **dict.fromkeys(
        (
            *("assetId", "locationId", "description", "dueDate", "startDate", "estimatedTime", "externalData"),
            *("requesterId", "parentId", "completedAt", "completerId", "startedAt", "lastMessageSentAt"),
            *("recurrenceInfo", "deletedAt"),
        )
    ),
}
