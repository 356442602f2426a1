"""/workorders/{id}/costs: money in cents, durations in seconds."""

from __future__ import annotations

from local.maintainx import queries
from local.maintainx.bodies_plant import NewCost
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.store import Organization, Record
from local.maintainx.views import cost_row

_NOT_FOUND = "Work Order Not Found"
_SECONDS_PER_HOUR = 3600


def create_cost(call: Call) -> Answer:
    order = call.record("workOrders", _NOT_FOUND)
    given = call.given()
    actor = call.actor()
    priced = _expense(given) if given["type"] == "EXPENSE" else _time(call.organization, actor.user_id, given)
    cost = {**given, **priced, "id": call.simulator.store.new_id(), "userId": actor.user_id, "workOrderId": order["id"]}
    call.organization["costs"].put(cost)
    if call.simulator.settings.comments_and_costs_move_updated_at:
        call.organization["workOrders"].put({**order, "updatedAt": actor.at})
    total = sum(row["rowTotal"] for row in _rows(call.organization, order))
    return Answer(201, {**cost_row(cost), "id": cost["id"], "total": total})


def list_costs(call: Call) -> Answer:
    rows = _rows(call.organization, call.record("workOrders", _NOT_FOUND))
    return Answer(200, {"costs": {"total": sum(row["rowTotal"] for row in rows), "rows": rows}})


def _expense(given: Record) -> Record:
    cents = given["costPerUnit"] or 0
    return {"costPerUnit": cents, "quantity": 1, "rowTotal": cents, "durationTotal": 0}


def _time(organization: Organization, user_id: int, given: Record) -> Record:
    """Without a rate, the user's own counts (undocumented)."""
    user = organization["users"].get(user_id) or {}
    hourly_rate = given["hourlyRate"] if given.get("hourlyRate") is not None else user.get("hourlyRate") or 0
    duration_s = given["durationTotal"] or 0
    hours = duration_s / _SECONDS_PER_HOUR
    row_total = round(hourly_rate * hours)
    return {"costPerUnit": hourly_rate, "quantity": hours, "rowTotal": row_total, "durationTotal": duration_s}


def _rows(organization: Organization, order: Record) -> list[Record]:
    """Expenses and times in the order of their making, then a row for each part that was used."""
    costs = [cost_row(row) for row in organization["costs"].current() if row["workOrderId"] == order["id"]]
    parts = ((used, organization["parts"].get(used["partId"])) for used in order["parts"])
    return costs + [
        {
            "type": "PART",
            "description": part["name"],
            "costPerUnit": part["unitCost"] or 0,
            "quantity": used["quantityUsed"],
            "rowTotal": (part["unitCost"] or 0) * used["quantityUsed"],
            "durationTotal": 0,
            "partId": part["id"],
        }
        for used, part in parts
        if part is not None
    ]


OPERATIONS = (
    Operation("GET", "/workorders/{id}/costs", list_costs),
    Operation("POST", "/workorders/{id}/costs", create_cost, queries.SKIP_WEBHOOK, NewCost),
)
