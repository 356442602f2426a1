"""What other records refer to: organizations, locations, users, teams, categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.maintainx import filters, queries
from local.maintainx.actors import Actor
from local.maintainx.bodies_plant import CategoryChange, LocationChange, NewCategory, NewLocation
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.resource import Resource, operations
from local.maintainx.store import Record

EMPTY_LOCATION: Record = {
    **dict.fromkeys(("description", "address", "barcode", "parentId")),
    **{name: [] for name in ("teamIds", "vendorIds", "attachments")},
    "extraFields": {},
}


def list_organizations(call: Call) -> Answer:
    rows = [{"id": row.id, "name": row.name, "timeZone": row.time_zone} for row in call.organizations]
    page, cursor = call.paged(rows, "id")
    return call.page("organizations", page, cursor)


def list_locations(call: Call) -> Answer:
    homes = {}
    for organization in call.organizations:
        for row in filters.locations(organization["locations"].listed(), call.query):
            homes[row["id"]] = (organization, row)
    page, cursor = call.paged((row for _, row in homes.values()), "id")
    shown = [
        call.views(homes[row["id"]][0]).location_row(row, call.expand(), with_organization=call.names_organizations)
        for row in page
    ]
    return call.page("locations", shown, cursor)


def list_users(call: Call) -> Answer:
    rows = filters.users(call.organization["users"].listed(), call.query)
    page, cursor = call.paged(rows, "id")
    fields = (*_USER, *(_USER_EXPAND[name] for name in call.expand()))
    return call.page("users", [_present(row, fields) for row in page], cursor)


def get_user(call: Call) -> Answer:
    record = call.record("users", "Not Found.")
    return Answer(200, {"user": {"removedFromOrganization": False, **_present(record, _USER_DETAIL)}})


def list_teams(call: Call) -> Answer:
    page, cursor = call.paged(call.organization["teams"].listed(), "id")
    return call.page("teams", [_present(row, ("id", "name")) for row in page], cursor)


def get_team(call: Call) -> Answer:
    record = call.record("teams", "Not Found.")
    shown = _present(record, ("id", "name", "description", "assetIds", "locationIds"))
    return Answer(200, {"team": {**shown, "membersCount": len(record.get("memberIds", ()))}})


def list_categories(call: Call) -> Answer:
    page, cursor = call.paged(call.organization["categories"].listed(), "id")
    return call.page("categories", [_present(row, ("id", "label", "description")) for row in page], cursor)


def _category(call: Call, record: Record) -> Record:
    orders = call.organization["workOrders"].current()
    named = sum(record["label"] in order["categories"] for order in orders)
    return {**_present(record, ("id", "label", "description", "updatedAt")), "workOrderCount": named}


def _location_told(actor: Actor, old: Record | None, new: Record | None) -> Iterable[Occurrence]:
    if old is None and new is not None:
        yield actor.tells("NEW_LOCATION", {"locationId": new["id"]})


def _present(row: Record, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in fields if row.get(name) is not None}


_USER = ("id", "firstName", "lastName", "email", "phoneNumber", "authType", "hourlyRate", "lastVisitedAt")
_USER_DETAIL = (*_USER, "role", "customRole", "externalData", "extraFields")
_USER_EXPAND = {"role": "role", "extra_fields": "extraFields"}
LOCATION = Resource(
    path="/locations",
    table="locations",
    one="location",
    new=NewLocation,
    change=LocationChange,
    empty=EMPTY_LOCATION,
    shown=lambda call, record: call.views().location(record),
    references=(("parentId", "locations"),),
    told=_location_told,
    created_status=200,
)
CATEGORY = Resource(
    path="/categories",
    table="categories",
    one="category",
    new=NewCategory,
    change=CategoryChange,
    empty={"description": ""},
    shown=_category,
)
OPERATIONS = (
    Operation("GET", "/organizations", list_organizations, queries.PAGE, needs_organization=False),
    Operation(
        "GET",
        "/locations",
        list_locations,
        queries.LOCATIONS,
        custom_fields_of="locations",
        several_organizations=True,
    ),
    *operations(LOCATION),
    Operation("GET", "/users", list_users, queries.USERS),
    Operation("GET", "/users/{id}", get_user),
    Operation("GET", "/teams", list_teams, queries.PAGE),
    Operation("GET", "/teams/{id}", get_team),
    Operation("GET", "/categories", list_categories, queries.PAGE),
    *operations(CATEGORY),
)
