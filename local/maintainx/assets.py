"""What can be done to assets and their statuses, and what each act makes happen."""

from __future__ import annotations

import uuid

from local.maintainx.actors import Actor
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import detailed
from local.maintainx.store import Organization, Record, Store
from local.maintainx.views import Views, serialised_asset


def create(actor: Actor, store: Store, given: Record) -> tuple[int, list[Occurrence]]:
    """Add an asset; its first status interval is ONLINE from now on (undocumented). Returns the id."""
    _check_references(actor.organization, given)
    asset_id = store.new_id()
    record = {
        **_EMPTY,
        **_flat(given),
        "id": asset_id,
        "globalUuid": str(uuid.uuid4()),
        "creatorId": actor.user_id,
        "createdAt": actor.at,
        "updatedAt": actor.at,
    }
    actor.organization["assets"].put(record)
    actor.organization["assetStatuses"].put(first_status(actor, store.new_id(), asset_id))
    occurrence = Occurrence(
        type="NEW_ASSET",
        organization_id=actor.organization.id,
        occurred_at=actor.at,
        user_id=actor.user_id,
        fields={"assetId": asset_id},
        entity_field="newAsset",
        entity=serialised_asset(record),
    )
    return asset_id, [occurrence]


def seeded(seed: Record, at: str) -> Record:
    """An asset record from a seed that may leave out anything but `id` and `name`."""
    return {**_EMPTY, "createdAt": at, "updatedAt": at, **seed}


def first_status(actor: Actor, status_id: int, asset_id: int) -> Record:
    """The ONLINE interval that begins now."""
    return {
        **_EMPTY_STATUS,
        "id": status_id,
        "assetId": asset_id,
        "organizationId": actor.organization.id,
        "status": "ONLINE",
        "startedAt": actor.at,
        "creatorId": actor.user_id,
        "createdAt": actor.at,
        "updatedAt": actor.at,
    }


def change(actor: Actor, record: Record, given: Record) -> None:
    """Replace fields; MaintainX has no webhook for it."""
    _check_references(actor.organization, given)
    changes = _flat(given)
    if any(record[name] != value for name, value in changes.items()):
        actor.organization["assets"].put({**record, **changes, "updatedAt": actor.at})


def set_status(actor: Actor, asset: Record, status_id: int, given: Record) -> tuple[Record, list[Occurrence]]:
    """Begin a status interval, which ends the open one; or, with `endedAt`, add a past interval to the history."""
    _check_custom_status(actor.organization, given)
    statuses = actor.organization["assetStatuses"]
    current = next((row for row in statuses.current() if row["assetId"] == asset["id"] and not row["endedAt"]), None)
    new = {
        **first_status(actor, status_id, asset["id"]),
        **({"status": current["status"]} if current else {}),
        **given,
    }
    if new["endedAt"] is not None:
        if new["endedAt"] < new["startedAt"]:
            raise detailed(400, "endedAt must not be before startedAt", "endedAt", new["endedAt"])
        statuses.put(new)
        return new, []
    if current is not None:
        if new["startedAt"] < current["startedAt"]:
            text = "startedAt must not be before the start of the current status"
            raise detailed(400, text, "startedAt", new["startedAt"])
        current = {**current, "endedAt": new["startedAt"], "updaterId": actor.user_id, "updatedAt": actor.at}
        statuses.put(current)
    statuses.put(new)
    views = Views(actor.organization)
    occurrence = Occurrence(
        type="ASSET_STATUS_CHANGE",
        organization_id=actor.organization.id,
        occurred_at=actor.at,
        user_id=actor.user_id,
        fields={
            "assetId": asset["id"],
            "oldStatus": views.status_interval(current) if current else {},
            "newStatus": views.status_interval(new),
        },
        facts={
            "oneOfAssetStatusTypes": {new["status"]},
            "oneOfCustomAssetStatusesIds": {new["customStatusId"]},
        },
    )
    return new, [occurrence]


def correct_status(actor: Actor, record: Record, given: Record) -> Record:
    """Change an interval of the history; MaintainX has no webhook for it."""
    _check_custom_status(actor.organization, given)
    new = {**record, **given, "updaterId": actor.user_id, "updatedAt": actor.at}
    if new["endedAt"] is not None and new["endedAt"] < new["startedAt"]:
        raise detailed(400, "endedAt must not be before startedAt", "endedAt", new["endedAt"])
    actor.organization["assetStatuses"].put(new)
    return new


def _check_references(organization: Organization, given: Record) -> None:
    for name, table in (("parentId", "assets"), ("locationId", "locations")):
        if given.get(name) is not None and organization[table].get(given[name]) is None:
            raise detailed(400, f"{name} is not valid", name, given[name])


def _check_custom_status(organization: Organization, given: Record) -> None:
    wanted = given.get("customStatusId")
    if wanted is not None and organization["assetCustomStatuses"].get(wanted) is None:
        raise detailed(400, "customStatusId is not valid", "customStatusId", wanted)


def _flat(given: Record) -> Record:
    """Manufacturer and model are objects when written and text when read."""
    named: Record = {name: (given[name] or {}).get("name") for name in ("manufacturer", "model") if name in given}
    return {**given, **named}


_EMPTY: Record = {
    **dict.fromkeys(
        (
            *("description", "barcode", "criticalityId", "parentId", "locationId", "serialNumber"),
            *("manufacturer", "model", "creatorId", "globalUuid"),
        )
    ),
    **{name: [] for name in ("teamIds", "assetTypes", "vendorIds", "attachments")},
    "extraFields": {},
}
_EMPTY_STATUS: Record = dict.fromkeys(
    ("customStatusId", "downtimeType", "endedAt", "updaterId", "deletedAt", "description")
)
