"""The filters of the lists, as tables from parameter name to test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from local.maintainx.store import Organization, Record

Test = Callable[[Record, Any], bool]


def work_orders(organization: Organization, query: dict[str, Any], now: str) -> list[Record]:
    """Work orders that a list shows. Those with a start date after `now` only if `show_upcoming` is set."""
    values = {name: query[name] for name in _WORK_ORDER_TESTS if name in query}
    for name in ("categories", "notCategories"):
        if name in values:
            values[name] = _category_names(organization, values[name])
    rows: Iterable[Record] = organization["workOrders"].listed()
    if not query.get("show_upcoming"):
        rows = (row for row in rows if (row["startDate"] or "") <= now)
    return _matching(rows, _WORK_ORDER_TESTS, values)


def assets(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _with_custom_fields(_matching(rows, _ASSET_TESTS, query), query)


def locations(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _with_custom_fields(_matching(rows, _LOCATION_TESTS, query), query)


def asset_statuses(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _matching(rows, _ASSET_STATUS_TESTS, query)


def users(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _matching(rows, _USER_TESTS, query)


def parts(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _with_custom_fields(_matching(rows, _PART_TESTS, query), query)


def work_requests(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _matching(rows, _WORK_REQUEST_TESTS, query)


def meters(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _matching(rows, _METER_TESTS, query)


def meter_triggers(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    return _matching(rows, _METER_TRIGGER_TESTS, query)


def root_cause_reports(rows: Iterable[Record], query: dict[str, Any]) -> list[Record]:
    """Archived ones only if asked for, and then only those."""
    archived = bool(query.get("archived"))
    rows = (row for row in rows if (row["archivedAt"] is not None) == archived)
    return _matching(rows, _REPORT_TESTS, query)


def _matching(rows: Iterable[Record], tests: dict[str, Test], values: dict[str, Any]) -> list[Record]:
    active = [(tests[name], value) for name, value in values.items() if name in tests]
    return [row for row in rows if all(test(row, value) for test, value in active)]


def _with_custom_fields(rows: list[Record], query: dict[str, Any]) -> list[Record]:
    """Different labels are joined by AND, several values of one by OR."""
    wanted = {name.removeprefix("custom:"): values for name, values in query.items() if name.startswith("custom:")}
    return [row for row in rows if all(row["extraFields"].get(label) in values for label, values in wanted.items())]


def _category_names(organization: Organization, wanted: list[str]) -> set[str]:
    """Categories are named by label or by id, mixed."""
    labels = {str(category["id"]): category["label"] for category in organization["categories"].current()}
    return {labels.get(text, text) for text in wanted}


def _one_of(field: str) -> Test:
    return lambda row, wanted: row.get(field) in wanted


def _none_of(field: str) -> Test:
    return lambda row, unwanted: row.get(field) not in unwanted


def _shares(field: str) -> Test:
    return lambda row, wanted: not set(wanted).isdisjoint(row[field])


def _shares_none(field: str) -> Test:
    return lambda row, unwanted: set(unwanted).isdisjoint(row[field])


def _hierarchy(row: Record, wanted: list[str]) -> bool:
    role = "PARENT" if row["isParent"] else "SUB_WORK_ORDER" if row["parentId"] else "STANDALONE"
    return role in wanted


def _part_ids(row: Record) -> set[int]:
    return {used["partId"] for used in row["parts"]}


# Times are text of one fixed form in UTC: they compare as text.
_DATE_TESTS: dict[str, Test] = {
    "updatedAt[gte]": lambda row, bound: row["updatedAt"] >= bound,
    "updatedAt[lte]": lambda row, bound: row["updatedAt"] <= bound,
    "createdAt[gte]": lambda row, bound: row["createdAt"] >= bound,
    "createdAt[lte]": lambda row, bound: row["createdAt"] <= bound,
}
_WORK_ORDER_TESTS: dict[str, Test] = {
    **_DATE_TESTS,
    "title": lambda row, text: text.casefold() in row["title"].casefold(),
    "assets": _one_of("assetId"),
    "notAssets": _none_of("assetId"),
    "locations": _one_of("locationId"),
    "notLocations": _none_of("locationId"),
    "parts": lambda row, wanted: not _part_ids(row).isdisjoint(wanted),
    "notParts": lambda row, unwanted: _part_ids(row).isdisjoint(unwanted),
    "vendors": _shares("vendorIds"),
    "notVendors": _shares_none("vendorIds"),
    "assignees": _shares("assigneeIds"),
    "teams": _shares("teamIds"),
    "categories": _shares("categories"),
    "notCategories": _shares_none("categories"),
    "priorities": _one_of("priority"),
    "statuses": _one_of("status"),
    "partStatuses": _one_of("partStatus"),
    "parentSubWorkOrderTypes": _hierarchy,
}
_ASSET_TESTS: dict[str, Test] = {
    **_DATE_TESTS,
    "locationId": lambda row, wanted: row["locationId"] == wanted,
    "manufacturer": _one_of("manufacturer"),
    "model": _one_of("model"),
}
_LOCATION_TESTS: dict[str, Test] = {"name": lambda row, prefix: row["name"].startswith(prefix)}
_ASSET_STATUS_TESTS: dict[str, Test] = {"assetId": _one_of("assetId")}
_USER_TESTS: dict[str, Test] = {"email": _one_of("email")}
_PART_TESTS: dict[str, Test] = {
    **_DATE_TESTS,
    "partNumber": lambda row, wanted: any(vendor.get("partNumber") in wanted for vendor in row["vendors"]),
}
_WORK_REQUEST_TESTS: dict[str, Test] = {
    "title": _WORK_ORDER_TESTS["title"],
    "assets": _one_of("assetId"),
    "locations": _one_of("locationId"),
    "priorities": _one_of("priority"),
    "statuses": _one_of("requestStatus"),
}
_METER_TESTS: dict[str, Test] = {
    "measurementType": lambda row, wanted: row["measurementType"] == wanted,
    "assets": _one_of("assetId"),
}
_METER_TRIGGER_TESTS: dict[str, Test] = {"meters": _one_of("meterId")}
_REPORT_TESTS: dict[str, Test] = {
    "assets": _one_of("mainAssetId"),
    "statuses": _one_of("status"),
    "creators": _one_of("creatorId"),
    "createdAfter": lambda row, bound: row["createdAt"] >= bound,
    "createdBefore": lambda row, bound: row["createdAt"] <= bound,
}
