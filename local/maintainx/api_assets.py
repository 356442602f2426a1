"""/assets, /assetstatuses, /assetcustomstatuses."""

from __future__ import annotations

from local.maintainx import assets, filters, queries
from local.maintainx.bodies import AssetChange, AssetStatusBody, NewAsset
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.store import Organization, Record

_NOT_FOUND = "asset Not Found"


def list_assets(call: Call) -> Answer:
    rows: list[tuple[Organization, Record]] = [
        (organization, row)
        for organization in call.organizations
        for row in filters.assets(organization["assets"].listed(), call.query)
    ]
    homes = {row["id"]: organization for organization, row in rows}
    page, cursor = call.paged((row for _, row in rows), "id")
    views = {organization.id: call.views(organization) for organization in call.organizations}
    shown = [
        views[homes[row["id"]].id].asset_row(row, call.expand(), with_organization=call.names_organizations)
        for row in page
    ]
    return call.page("assets", shown, cursor)


def get_asset(call: Call) -> Answer:
    return Answer(200, {"asset": call.views().asset(call.record("assets", "Not Found."))})


def create_asset(call: Call) -> Answer:
    asset_id, occurrences = assets.create(call.actor(), call.simulator.store, call.given())
    return Answer(201, {"id": asset_id}, occurrences)


def change_asset(call: Call) -> Answer:
    record = call.record("assets", _NOT_FOUND)
    assets.change(call.actor(), record, call.given())
    return Answer(200, {"asset": call.views().asset(call.record("assets", _NOT_FOUND))})


def delete_asset(call: Call) -> Answer:
    call.organization["assets"].drop(call.record("assets", _NOT_FOUND)["id"])
    return Answer(204)


def set_status(call: Call) -> Answer:
    asset = call.record("assets", _NOT_FOUND, param="assetId")
    status, occurrences = assets.set_status(call.actor(), asset, call.simulator.store.new_id(), call.given())
    shown = {name: status[name] for name in _NEW_STATUS if name == "downtimeType" or status[name] is not None}
    return Answer(201, {"assetStatus": shown}, occurrences)


def list_statuses(call: Call) -> Answer:
    rows = filters.asset_statuses(call.organization["assetStatuses"].listed(), call.query)
    page, cursor = call.paged(rows, "-createdAt")
    views = call.views()
    return call.page("assetStatuses", [views.asset_status(row) for row in page], cursor)


def correct_status(call: Call) -> Answer:
    record = call.record("assetStatuses", "assetstatus Not Found")
    new = assets.correct_status(call.actor(), record, call.given())
    return Answer(200, {"assetStatus": call.views().status_interval(new)})


def list_custom_statuses(call: Call) -> Answer:
    page, cursor = call.paged(call.organization["assetCustomStatuses"].listed(), "id")
    return call.page("assetCustomStatuses", page, cursor)


_NEW_STATUS = ("id", "downtimeType", "status", "startedAt", "customStatusId", "updatedAt")
OPERATIONS = (
    Operation("GET", "/assets", list_assets, queries.ASSETS, custom_fields_of="assets", several_organizations=True),
    Operation("POST", "/assets", create_asset, queries.SKIP_WEBHOOK, NewAsset),
    Operation("GET", "/assets/{id}", get_asset),
    Operation("PATCH", "/assets/{id}", change_asset, queries.SKIP_WEBHOOK, AssetChange),
    Operation("DELETE", "/assets/{id}", delete_asset, queries.SKIP_WEBHOOK),
    Operation("POST", "/assets/{assetId}/status", set_status, queries.SKIP_WEBHOOK, AssetStatusBody),
    Operation("GET", "/assetstatuses", list_statuses, queries.ASSET_STATUSES),
    Operation("PATCH", "/assetstatuses/{id}", correct_status, queries.SKIP_WEBHOOK, AssetStatusBody),
    Operation("GET", "/assetcustomstatuses", list_custom_statuses, queries.PAGE),
)
