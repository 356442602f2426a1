"""/parts: stock, as one number or by location."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from local.maintainx import filters, queries
from local.maintainx.actors import Actor
from local.maintainx.bodies_plant import NewPart, PartChange
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.resource import Resource, operations
from local.maintainx.store import Organization, Record

_ROW = (
    *("id", "name", "description", "barcode", "locationId", "locations", "area", "unitCost", "availableQuantity"),
    *("minimumQuantity", "orderedQuantity", "reservedQuantity", "partTypes", "createdAt", "updatedAt"),
)
_DETAIL = (*_ROW, "assetIds", "teamIds", "extraFields", "vendors", "vendorIds", "attachments")
_WEBHOOK = (
    *("name", "area", "assetIds", "availableQuantity", "barcode", "description", "extraFields", "locationId"),
    *("minimumQuantity", "partTypes", "teamIds", "unitCost", "vendors", "locations"),
)
# Required by the vendor's schema although they may be null, so never omitted.
_ALWAYS_ROW = frozenset({"description", "barcode", "locationId", "area", "unitCost"})
_EXPAND = {"extra_fields": "extraFields", "vendors": "vendors"}
PROPERTY_FIELDS = {
    "AREA": "area",
    "ASSETS": "assetIds",
    "AVAILABLE_QUANTITY": "availableQuantity",
    "BARCODE": "barcode",
    "DESCRIPTION": "description",
    "EXTRA_FIELDS": "extraFields",
    "LOCATION": "locationId",
    "LOCATIONS": "locations",
    "MINIMUM_QUANTITY": "minimumQuantity",
    "NAME": "name",
    "PART_TYPES": "partTypes",
    "TEAMS": "teamIds",
    "UNIT_COST": "unitCost",
    "VENDORS": "vendors",
}
EMPTY: Record = {
    **dict.fromkeys(("description", "area", "unitCost", "barcode", "locationId")),
    **dict.fromkeys(("availableQuantity", "minimumQuantity", "orderedQuantity", "reservedQuantity"), 0),
    **{name: [] for name in ("locations", "partTypes", "assetIds", "teamIds", "vendors", "vendorIds", "attachments")},
    "extraFields": {},
}


def list_parts(call: Call) -> Answer:
    homes: dict[int, tuple[Organization, Record]] = {
        row["id"]: (organization, row)
        for organization in call.organizations
        for row in filters.parts(organization["parts"].listed(), call.query)
    }
    page, cursor = call.paged((row for _, row in homes.values()), "id")
    fields = (*_ROW, *(_EXPAND[name] for name in call.expand()))
    shown = [
        call.views().picked(row, fields, _ALWAYS_ROW)
        | ({"organizationId": homes[row["id"]][0].id} if call.names_organizations else {})
        for row in page
    ]
    return call.page("parts", shown, cursor)


def _prepared(old: Record | None, given: Record) -> Record:
    """Stock by location adds up to the part's own number."""
    if "locations" not in given:
        return given
    if old is None:
        stock = {row["locationId"]: row for row in given["locations"]}
    else:
        change = given["locations"]
        stock = {row["locationId"]: row for row in (*old["locations"], *change.get("addedUpdated", ()))}
        stock = {place: row for place, row in stock.items() if place not in change.get("removedLocationIds", ())}
    rows = [{"availableQuantity": 0, **row} for row in stock.values()]
    return {**given, "locations": rows, "availableQuantity": sum(row["availableQuantity"] for row in rows)}


def _told(actor: Actor, old: Record | None, new: Record | None) -> Iterable[Occurrence]:
    part: Any = new or old
    entity = {name: part[name] for name in _WEBHOOK if part[name] is not None}
    fields = {"partId": part["id"]}
    if old is None:
        yield actor.tells("NEW_PART", fields, entity_field="newPart", entity=entity)
    elif new is None:
        yield actor.tells("PART_DELETE", fields, entity_field="deletedPart", entity=entity)
    else:
        changed = {name for name, field in PROPERTY_FIELDS.items() if old[field] != new[field]}
        yield actor.tells(
            "PART_CHANGE",
            fields,
            entity_field="newPart",
            entity=entity,
            facts={"oneOfPartProperties": changed},
            property_fields=PROPERTY_FIELDS,
        )
        if old["availableQuantity"] != new["availableQuantity"]:
            yield actor.tells("PART_QUANTITY_CHANGE", {**fields, **_quantities(actor, old, new)})


def _quantities(actor: Actor, old: Record, new: Record) -> Record:
    before, after = ({row["locationId"]: row["availableQuantity"] for row in part["locations"]} for part in (old, new))
    places = [(place, before.get(place, 0), after.get(place, 0)) for place in before | after]
    return {
        **_difference(old["availableQuantity"], new["availableQuantity"]),
        "userId": actor.user_id,
        "triggeredFrom": "MANUAL_RESTOCK",
        "locations": [{"locationId": place, **_difference(was, now)} for place, was, now in places if was != now],
    }


def _difference(old: int, new: int) -> Record:
    return {"quantityDiff": new - old, "oldQuantity": old, "newQuantity": new}


KIND = Resource(
    path="/parts",
    table="parts",
    one="part",
    new=NewPart,
    change=PartChange,
    empty=EMPTY,
    shown=lambda call, record: call.views().picked(record, _DETAIL),
    references=(("locationId", "locations"),),
    prepared=_prepared,
    told=_told,
)
OPERATIONS = (
    Operation("GET", "/parts", list_parts, queries.PARTS, custom_fields_of="parts", several_organizations=True),
    *operations(KIND),
)
