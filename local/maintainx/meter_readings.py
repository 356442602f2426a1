"""Keeping meter readings, and what they set off."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from local.maintainx import triggers
from local.maintainx.actors import Actor
from local.maintainx.occurrences import Occurrence
from local.maintainx.store import Organization, Record, Store
from shared.events import parse_utc

_REMEMBERED = 1000  # readings of a meter that its triggers look back at


def keep(
    actor: Actor, store: Store, wanted: Iterable[tuple[int, float, str | None]]
) -> tuple[list[Record], list[Occurrence]]:
    """Add readings (meter id, value, time or None for now) in their order; returns them and the webhooks."""
    made: list[Record] = []
    occurrences: list[Occurrence] = []
    for meter_id, value, read_at in wanted:
        reading = _reading(actor, store, meter_id, value, read_at)
        actor.organization["meterReadings"].put(reading)
        meter = actor.organization["meters"].get(meter_id) or {}
        last = meter["lastReading"]
        made.append(reading)
        if last is None or last["readingDate"] <= reading["readingDate"]:
            actor.organization["meters"].put({**meter, "lastReading": reading})
            occurrences += _set_off(actor, meter_id, reading)
    return made, occurrences


def _reading(actor: Actor, store: Store, meter_id: int, value: float, read_at: str | None) -> Record:
    meter = actor.organization["meters"].get(meter_id) or {}
    reading_id = store.new_id()
    automated = meter["measurementType"] != "MANUAL"
    return {
        "id": reading_id,
        "shownId": f"{meter_id}-{uuid.uuid4()}" if automated else str(reading_id),
        "meterId": meter_id,
        "value": value,
        "createdAt": actor.at,
        "readingDate": read_at or actor.at,
        "userId": actor.user_id,
    }


def _set_off(actor: Actor, meter_id: int, reading: Record) -> Iterable[Occurrence]:
    """States of the meter's triggers after its newest reading."""
    for trigger in list(actor.organization["meterTriggers"].current()):
        begins = trigger["minDateForProcessing"]
        if trigger["meterId"] != meter_id or (begins is not None and reading["readingDate"] < begins):
            continue
        newest = triggers.Reading(reading["value"], parse_utc(reading["readingDate"]))
        readings = _history(actor.organization, meter_id) if trigger["dataPoints"] else [newest]
        state, next_value = triggers.after_reading(trigger, readings)
        if (state, next_value) == (trigger["state"], trigger["nextTriggerValue"]):
            continue
        new = {**trigger, "state": state, "nextTriggerValue": next_value, "updatedAt": actor.at}
        actor.organization["meterTriggers"].put(new)
        if state != trigger["state"]:
            fields = {"meterTriggerId": trigger["id"], "meterId": meter_id, "oldState": trigger["state"]}
            yield actor.tells(
                "METER_TRIGGER_STATE_CHANGE", {**fields, "newState": state}, facts={"oneOfStates": {state}}
            )


def _history(organization: Organization, meter_id: int) -> list[triggers.Reading]:
    """The last readings of a meter, oldest first."""
    rows = [row for row in organization["meterReadings"].current() if row["meterId"] == meter_id]
    rows = sorted(rows, key=lambda row: (row["readingDate"], row["id"]))[-_REMEMBERED:]
    return [triggers.Reading(row["value"], parse_utc(row["readingDate"])) for row in rows]
