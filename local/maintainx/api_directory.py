"""/subscriptions, and the small lists that other records refer to."""

from __future__ import annotations

from typing import Any

from local.maintainx import filters, queries, subscriptions
from local.maintainx.bodies import NewSubscription, SubscriptionChange
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.paging import offset_page
from local.maintainx.store import Record

_NOT_FOUND = "subscription Not Found"


def create_subscription(call: Call) -> Answer:
    given = {"filters": {}, "options": {}, **call.body(NewSubscription).given()}
    record = {
        **given,
        "id": call.simulator.store.new_id(),
        "status": "VALID",
        "secret": subscriptions.new_secret(),
    }
    call.organization["subscriptions"].put(record)
    told = {"webhookId": record["id"], "webhookType": record["type"], "url": record["url"]}
    shown = {name: record[name] for name in ("id", "status", "secret")}
    return Answer(201, shown, [_audit(call, "WEBHOOK_CREATED", told)])


def get_subscription(call: Call) -> Answer:
    return Answer(200, {"subscription": subscriptions.shown(call.record("subscriptions", _NOT_FOUND))})


def change_subscription(call: Call) -> Answer:
    record = {**call.record("subscriptions", _NOT_FOUND), **call.body(SubscriptionChange).given()}
    call.organization["subscriptions"].put(record)
    return Answer(200, {"subscription": subscriptions.shown(record)})


def delete_subscription(call: Call) -> Answer:
    record = call.record("subscriptions", _NOT_FOUND)
    call.organization["subscriptions"].drop(record["id"])
    return Answer(204, None, [_audit(call, "WEBHOOK_ARCHIVED", {"webhookId": record["id"]})])


def get_secret(call: Call) -> Answer:
    return Answer(200, {"secret": call.record("subscriptions", _NOT_FOUND)["secret"]})


def list_organizations(call: Call) -> Answer:
    rows = [{"id": row.id, "name": row.name, "timeZone": row.time_zone} for row in call.organizations]
    page, cursor = offset_page(rows, call.query, "id")
    return call.page("organizations", page, cursor)


def list_locations(call: Call) -> Answer:
    homes = {}
    for organization in call.organizations:
        for row in filters.locations(organization["locations"].listed(), call.query):
            homes[row["id"]] = (organization, row)
    page, cursor = offset_page((row for _, row in homes.values()), call.query, "id")
    shown = [
        call.views(homes[row["id"]][0]).location_row(row, call.expand(), with_organization=call.names_organizations)
        for row in page
    ]
    return call.page("locations", shown, cursor)


def list_users(call: Call) -> Answer:
    rows = filters.users(call.organization["users"].listed(), call.query)
    page, cursor = offset_page(rows, call.query, "id")
    fields = (*_USER, *(_USER_EXPAND[name] for name in call.expand()))
    return call.page("users", [_present(row, fields) for row in page], cursor)


def list_teams(call: Call) -> Answer:
    page, cursor = offset_page(call.organization["teams"].listed(), call.query, "id")
    return call.page("teams", [_present(row, ("id", "name")) for row in page], cursor)


def list_categories(call: Call) -> Answer:
    page, cursor = offset_page(call.organization["categories"].listed(), call.query, "id")
    return call.page("categories", [_present(row, ("id", "label", "description")) for row in page], cursor)


def _present(row: Record, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in fields if row.get(name) is not None}


def _audit(call: Call, type_: str, fields: Record) -> Occurrence:
    actor = call.actor()
    return Occurrence(type_, call.organization.id, actor.at, actor.user_id, {"actorId": actor.user_id, **fields})


_USER = ("id", "firstName", "lastName", "email", "phoneNumber", "authType", "hourlyRate", "lastVisitedAt")
_USER_EXPAND = {"role": "role", "extra_fields": "extraFields"}
OPERATIONS = (
    Operation("POST", "/subscriptions", create_subscription, queries.SKIP_WEBHOOK),
    Operation("GET", "/subscriptions/{id}", get_subscription),
    Operation("PATCH", "/subscriptions/{id}", change_subscription, queries.SKIP_WEBHOOK),
    Operation("DELETE", "/subscriptions/{id}", delete_subscription, queries.SKIP_WEBHOOK),
    Operation("GET", "/subscriptions/{id}/secret", get_secret),
    Operation("GET", "/organizations", list_organizations, queries.PAGE, needs_organization=False),
    Operation(
        "GET",
        "/locations",
        list_locations,
        queries.LOCATIONS,
        custom_fields_of="locations",
        several_organizations=True,
    ),
    Operation("GET", "/users", list_users, queries.USERS),
    Operation("GET", "/teams", list_teams, queries.PAGE),
    Operation("GET", "/categories", list_categories, queries.PAGE),
)
