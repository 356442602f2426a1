"""What an answer shows of a record: list rows, details, expansions.

A list row is thinner than a detail: no `assetId`, and no assignees unless asked for by `expand`. Source: MaintainX
REST API v1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.maintainx.store import Organization, Record

_WORK_ORDER_ROW = (
    *("id", "sequentialId", "title", "status", "priority", "type", "createdAt", "updatedAt", "creatorId"),
    *("organizationId", "completedAt", "completerId", "description", "dueDate", "startDate", "locationId"),
    *("lastMessageSentAt", "partStatus", "recurrenceInfo", "requesterId", "deletedAt"),
)
_WORK_ORDER_DETAIL = (
    *_WORK_ORDER_ROW,
    *("assetId", "assigneeIds", "teamIds", "categories", "vendorIds", "attachments", "externalData"),
    *("isParent", "parentId", "progress"),
)
_ASSET_ROW = (
    *("id", "name", "description", "parentId", "criticalityId", "locationId", "serialNumber"),
    *("createdAt", "updatedAt", "creatorId"),
)
_ASSET_DETAIL = (
    *_ASSET_ROW,
    *("globalUuid", "barcode", "teamIds", "assetTypes", "extraFields", "vendorIds", "attachments"),
    *("manufacturer", "model"),
)
_STATUS = ("id", "customStatusId", "status", "downtimeType", "startedAt", "endedAt", "description")
_PART_USED = ("id", "name", "description", "area", "unitCost", "availableQuantity", "minimumQuantity", "barcode")
_COST_ROW = (
    *("type", "description", "costPerUnit", "quantity", "rowTotal"),
    *("durationTotal", "userId", "partId"),
)
_LOCATION_ROW = ("id", "name", "description", "address", "parentId", "createdAt", "updatedAt")
_LOCATION_DETAIL = (*_LOCATION_ROW, "barcode", "extraFields", "teamIds", "vendorIds", "attachments")

# Required by the vendor's schema although they may be null, so never omitted.
_ALWAYS_WORK_ORDER = frozenset({"creatorId"})
_ALWAYS_ASSET_ROW = frozenset({"description", "parentId", "criticalityId", "locationId", "serialNumber", "creatorId"})


class Views:
    """Projections of one organization's records. `omit_nulls`: leave null fields out, as the live system does."""

    def __init__(self, organization: Organization, *, omit_nulls: bool = True) -> None:
        self._organization = organization
        self._omit_nulls = omit_nulls
        self._current_statuses: dict[int, Record] | None = None

    def work_order_row(self, record: Record, expand: Iterable[str]) -> Record:
        return self._shown(self._pick(record, _WORK_ORDER_ROW) | self._expanded(record, expand), frozenset())

    def work_order(self, record: Record, expand: Iterable[str]) -> Record:
        return self._shown(self._pick(record, _WORK_ORDER_DETAIL) | self._expanded(record, expand), _ALWAYS_WORK_ORDER)

    def asset_row(self, record: Record, expand: Iterable[str], *, with_organization: bool) -> Record:
        row = self._pick(record, _ASSET_ROW)
        for name in expand:
            field = _ASSET_EXPAND.get(name)
            if field and record.get(field) is not None:
                row[field] = record[field]
        if "status" in expand:
            row["status"] = self._current_status(record["id"])
        if with_organization:
            row["organizationId"] = self._organization.id
        return self._shown(row, _ALWAYS_ASSET_ROW)

    def asset(self, record: Record) -> Record:
        children = [row["id"] for row in self._organization["assets"].current() if row["parentId"] == record["id"]]
        detail = self._pick(record, _ASSET_DETAIL)
        return self._shown(
            detail | {"childrenIds": children, "status": self._current_status(record["id"])}, frozenset()
        )

    def asset_status(self, record: Record) -> Record:
        return self._shown(dict(record), frozenset())

    def location_row(self, record: Record, expand: Iterable[str], *, with_organization: bool) -> Record:
        row = self._pick(record, _LOCATION_ROW)
        for name in expand:
            field = _LOCATION_EXPAND[name]
            if record.get(field) is not None:
                row[field] = record[field]
        if with_organization:
            row["organizationId"] = self._organization.id
        return self._shown(row, frozenset())

    def location(self, record: Record) -> Record:
        children = [row["id"] for row in self._organization["locations"].current() if row["parentId"] == record["id"]]
        return self._shown({**self._pick(record, _LOCATION_DETAIL), "childrenIds": children}, frozenset())

    def embedded_location(self, location_id: int | None) -> Record | None:
        location = self._organization["locations"].get(location_id) if location_id else None
        return self._shown(self._pick(location, _LOCATION_ROW), frozenset()) if location else None

    def picked(self, record: Record, fields: Iterable[str], always: frozenset[str] = frozenset()) -> Record:
        """These fields of a record; null ones left out as the settings say, except `always`."""
        return self._shown(self._pick(record, fields), always)

    def status_interval(self, record: Record) -> Record:
        """An asset status inside an asset or a webhook."""
        interval = self._pick(record, (*_STATUS, "createdAt", "updatedAt"))
        return {
            name: value for name, value in interval.items() if name in ("downtimeType", "endedAt") or value is not None
        }

    def embedded_asset(self, asset_id: int | None) -> Record | None:
        asset = self._organization["assets"].get(asset_id) if asset_id else None
        return self._pick(asset, _ASSET_ROW) if asset else None

    def _current_status(self, asset_id: int) -> Record | None:
        if self._current_statuses is None:
            statuses = self._organization["assetStatuses"].current()
            self._current_statuses = {row["assetId"]: row for row in statuses if row["endedAt"] is None}
        current = self._current_statuses.get(asset_id)
        return self.status_interval(current) if current else None

    def _expanded(self, record: Record, expand: Iterable[str]) -> Record:
        expanded: Record = {}
        names = set(expand)
        for name in names & _WORK_ORDER_EXPAND.keys():
            field, show = _WORK_ORDER_EXPAND[name]
            expanded[field] = show(self, record)
        asset, location = expanded.get("asset"), expanded.get("location")
        if asset and "asset_extra_fields" in names:
            asset["assetExtraFields"] = self._extra_fields("assets", asset["id"])
        if location and "location_extra_fields" in names:
            location["locationExtraFields"] = self._extra_fields("locations", location["id"])
        return expanded

    def _parts_used(self, record: Record) -> list[Record]:
        parts = ((used, self._organization["parts"].get(used["partId"])) for used in record["parts"])
        return [
            {
                **self._pick(part, _PART_USED),
                "quantityUsed": used["quantityUsed"],
                "copyOnRecurring": used["copyOnRecurring"],
                **({"locationId": used["locationId"]} if used["locationId"] is not None else {}),
            }
            for used, part in parts
            if part is not None
        ]

    def _cost_rows(self, record: Record, type_: str) -> list[Record]:
        rows = self._organization["costs"].current()
        return [cost_row(row) for row in rows if row["workOrderId"] == record["id"] and row["type"] == type_]

    def _extra_fields(self, table: str, record_id: int) -> Any:
        record = self._organization[table].get(record_id)
        return record["extraFields"] if record else {}

    def _pick(self, record: Record, fields: Iterable[str]) -> Record:
        return {field: record.get(field) for field in fields}

    def _shown(self, row: Record, always: frozenset[str]) -> Record:
        if not self._omit_nulls:
            return row
        return {field: value for field, value in row.items() if value is not None or field in always}


def assignees(record: Record) -> list[Record]:
    users = [{"type": "USER", "id": user_id} for user_id in record["assigneeIds"]]
    return users + [{"type": "TEAM", "id": team_id} for team_id in record["teamIds"]]


def serialised_work_order(organization: Organization, record: Record) -> Record:
    """The reduced work order inside a webhook: no id and no status."""
    by_label = {category["label"]: category for category in organization["categories"].current()}
    categories = [by_label[label] for label in record["categories"] if label in by_label]
    shown = {
        **{field: record[field] for field in _WEBHOOK_WORK_ORDER},
        "categories": [
            {"id": row["id"], "name": row["label"], "description": row.get("description", "")} for row in categories
        ],
        "parts": [
            {"id": used["partId"], **{name: used[name] for name in ("quantityUsed", "locationId", "copyOnRecurring")}}
            for used in record["parts"]
        ],
    }
    return {field: value for field, value in shown.items() if value is not None}


def cost_row(row: Record) -> Record:
    """A cost as lists show it: without its id."""
    return {name: row[name] for name in _COST_ROW if row.get(name) is not None}


def serialised_asset(record: Record) -> Record:
    """The reduced asset inside NEW_ASSET."""
    return {field: record[field] for field in _WEBHOOK_ASSET if record[field] is not None}


_WEBHOOK_WORK_ORDER = (
    *("assetId", "assigneeIds", "description", "dueDate", "estimatedTime", "extraFields", "locationId"),
    *("priority", "startDate", "teamIds", "title", "vendorIds"),
)
_WEBHOOK_ASSET = (
    *("name", "description", "locationId", "barcode", "parentId", "vendorIds", "teamIds"),
    *("assetTypes", "extraFields"),
)
_ASSET_EXPAND = {
    "barcode": "barcode",
    "team_ids": "teamIds",
    "asset_types": "assetTypes",
    "extra_fields": "extraFields",
    "vendor_ids": "vendorIds",
    "manufacturer": "manufacturer",
    "model": "model",
}
_LOCATION_EXPAND = {
    "extra_fields": "extraFields",
    "team_ids": "teamIds",
    "vendor_ids": "vendorIds",
    "barcode": "barcode",
}
# Procedures are not simulated: no work order has one.
_WORK_ORDER_EXPAND: dict[str, tuple[str, Callable[[Views, Record], Any]]] = {
    "assignees": ("assignees", lambda _views, record: assignees(record)),
    "categories": ("categories", lambda _views, record: record["categories"]),
    "asset": ("asset", lambda views, record: views.embedded_asset(record["assetId"])),
    "location": ("location", lambda views, record: views.embedded_location(record["locationId"])),
    "vendor_ids": ("vendorIds", lambda _views, record: record["vendorIds"]),
    "team_ids": ("teamIds", lambda _views, record: record["teamIds"]),
    "extra_fields": ("extraFields", lambda _views, record: record["extraFields"]),
    "estimated_time": ("estimatedTime", lambda _views, record: record["estimatedTime"]),
    "parts": ("parts", lambda views, record: views._parts_used(record)),
    "times": ("times", lambda views, record: views._cost_rows(record, "TIME")),
    "time_items": ("timeItems", lambda views, record: views._cost_rows(record, "TIME")),
    "expenditures": ("expenditures", lambda views, record: views._cost_rows(record, "EXPENSE")),
}
