"""/metertriggers: a reading may change a trigger's state, which METER_TRIGGER_STATE_CHANGE tells."""

from __future__ import annotations

from local.maintainx import filters, queries, triggers
from local.maintainx.bodies_plant import MeterTriggerChange, NewMeterTrigger
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.problems import plain
from local.maintainx.resource import check_references, seeded
from local.maintainx.store import Record

_TABLE = "meterTriggers"
_DETAIL = (
    *("id", "meterId", "organizationId", "amount", "condition", "createdAt", "creatorId", "dataPoints", "deletedAt"),
    *("description", "minDateForProcessing", "name", "nextTriggerValue", "period", "state", "updatedAt"),
    "workOrderTemplateId",
)
# Required by the vendor's schema although they may be null, so never omitted.
_ALWAYS = frozenset(_DETAIL)
EMPTY: Record = dict.fromkeys(
    (
        *("dataPoints", "deletedAt", "description", "minDateForProcessing", "nextTriggerValue", "period"),
        "workOrderTemplateId",
    )
)


def list_triggers(call: Call) -> Answer:
    rows = filters.meter_triggers(call.organization[_TABLE].listed(), call.query)
    page, cursor = call.paged(rows, "id")
    return call.page(_TABLE, [{name: row[name] for name in ("id", "name", "meterId")} for row in page], cursor)


def create_trigger(call: Call) -> Answer:
    given = _fields(call)
    actor = call.actor()
    own = {"id": call.simulator.store.new_id(), "organizationId": call.organization.id, "state": "INSUFFICIENT_DATA"}
    trigger = seeded(EMPTY, {**given, **own}, actor)
    last_value = _last_value(call, trigger)
    if trigger["nextTriggerValue"] is None:
        trigger["nextTriggerValue"] = triggers.first_trigger_value(trigger, last_value)
    if trigger["minDateForProcessing"] is not None and trigger["minDateForProcessing"] > actor.at:
        trigger["state"] = "INACTIVE"
    elif last_value is not None:
        trigger["state"] = "STABLE"  # only readings from now on set it off
    call.organization[_TABLE].put(trigger)
    return Answer(201, {"id": trigger["id"]})


def get_trigger(call: Call) -> Answer:
    shown = call.views().picked(call.record(_TABLE, "Not Found."), _DETAIL, _ALWAYS)
    return Answer(200, {"meterTrigger": shown | ({"workOrderTemplate": None} if call.expand() else {})})


def change_trigger(call: Call) -> Answer:
    old = call.record(_TABLE, "meter trigger Not Found")
    actor = call.actor()
    new = {**old, **_fields(call), "updatedAt": actor.at}
    if (new["condition"], new["amount"]) != (old["condition"], old["amount"]):
        new["nextTriggerValue"] = triggers.first_trigger_value(new, _last_value(call, new))
    call.organization[_TABLE].put(new)
    return Answer(204)


def delete_trigger(call: Call) -> Answer:
    call.organization[_TABLE].drop(call.record(_TABLE, "meterTrigger Not Found")["id"])
    return Answer(204)


def _last_value(call: Call, trigger: Record) -> float | None:
    last = (call.organization["meters"].get(trigger["meterId"]) or {})["lastReading"]
    return last["value"] if last else None


def _fields(call: Call) -> Record:
    given: Record = call.given().get("meterTrigger", {})
    check_references(call.organization, given, (("meterId", "meters"),))
    if "workOrderTemplateId" in given:
        raise plain(501, "workOrderTemplateId is not simulated")
    return given


OPERATIONS = (
    Operation("GET", "/metertriggers", list_triggers, queries.METER_TRIGGERS),
    Operation("POST", "/metertriggers", create_trigger, queries.SKIP_WEBHOOK, NewMeterTrigger),
    Operation("GET", "/metertriggers/{id}", get_trigger, queries.METER_TRIGGER),
    Operation("PATCH", "/metertriggers/{id}", change_trigger, queries.SKIP_WEBHOOK, MeterTriggerChange),
    Operation("DELETE", "/metertriggers/{id}", delete_trigger, queries.SKIP_WEBHOOK),
)
