"""/meters, /meterreadings and /meters/{meterId}/readings."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from local.maintainx import filters, meter_readings, queries
from local.maintainx.bodies_plant import BatchReading, MeterChange, NewMeter, SingleReading
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.problems import detailed, plain
from local.maintainx.resource import Resource, operations
from local.maintainx.store import Record
from shared.events import parse_utc

_ROW = ("id", "name", "unit", "measurementType")
_DETAIL = (
    *("id", "assetId", "locationId", "creatorId", "updaterId", "name", "uuid", "description", "measurementType"),
    *("readingFrequency", "unit", "createdAt", "updatedAt", "deletedAt"),
)
# Required by the vendor's schema although they may be null, so never omitted.
_ALWAYS = frozenset(_DETAIL)
_OLDEST_AUTOMATED = timedelta(days=3)
EMPTY: Record = {
    **dict.fromkeys(("assetId", "locationId", "description", "readingFrequency", "deletedAt", "lastReading")),
    "measurementType": "MANUAL",
}


def list_meters(call: Call) -> Answer:
    rows = filters.meters(call.organization["meters"].listed(), call.query)
    page, cursor = call.paged(rows, "id")
    return call.page("meters", [call.views().picked(row, _ROW) | _expanded(call, row) for row in page], cursor)


def create_readings(call: Call) -> Answer:
    """A batch counts once against each limit that it touches, and is kept whole or not at all."""
    given = call.given()
    meters = [_meter(call, row["meterId"], f"{index}.meterId") for index, row in enumerate(given)]
    _check_dates(call, given, meters)
    settings = call.simulator.settings
    caps = {
        True: (settings.automated_batches_cap, settings.automated_batches_window_s),
        False: (settings.manual_readings_cap, settings.manual_readings_window_s),
    }
    for automated in {_automated(meter) for meter in meters}:
        _spend(call, automated, "batch", *caps[automated])
    actor = call.actor()
    made, occurrences = meter_readings.keep(
        actor, call.simulator.store, [(row["meterId"], row["value"], row.get("readingDate")) for row in given]
    )
    return Answer(201, [{name: row[name] for name in _BATCH_ROW} for row in made], occurrences)


def create_reading(call: Call) -> Answer:
    given = call.given()
    meter = call.organization["meters"].get(call.path_id("meterId"))
    if meter is None:
        raise detailed(400, "meterId is not valid")  # the vendor's document has no 404 here
    _check_dates(call, [given], [meter])
    settings = call.simulator.settings
    if _automated(meter):
        _spend(call, True, "single", 1, settings.automated_single_window_s)
    else:
        _spend(call, False, "batch", settings.manual_readings_cap, settings.manual_readings_window_s)
    wanted = [(meter["id"], given["readingValue"], given.get("readingDate"))]
    (made,), occurrences = meter_readings.keep(call.actor(), call.simulator.store, wanted)
    shown = {"id": made["shownId"], "readingValue": made["value"], **{n: made[n] for n in ("createdAt", "readingDate")}}
    return Answer(201, shown, occurrences)


def _meter(call: Call, meter_id: int, path: str) -> Record:
    meter = call.organization["meters"].get(meter_id)
    if meter is None:
        raise plain(404, f"Meter {meter_id} Not Found ({path})")
    return meter


def _automated(meter: Record) -> bool:
    return bool(meter["measurementType"] != "MANUAL")


def _check_dates(call: Call, rows: Iterable[Record], meters: list[Record]) -> None:
    oldest = call.simulator.clock.now() - _OLDEST_AUTOMATED
    for row, meter in zip(rows, meters, strict=True):
        date = row.get("readingDate")
        if date is not None and _automated(meter) and parse_utc(date) < oldest:
            raise detailed(400, "readingDate must not be more than 3 days ago", "readingDate", date)


def _spend(call: Call, automated: bool, endpoint: str, cap: int, window_s: float) -> None:
    if call.token.privileged:
        return
    key = f"{call.token.token}:{'automated' if automated else 'manual'}:{endpoint}"
    left_s = call.simulator.limiter.spend(key, cap, window_s)
    if left_s is None:
        return
    if automated:
        raise plain(429, f"Too many requests. Please retry in {left_s} seconds")
    hours, rest_s = divmod(round(window_s), 3600)
    period = f"{hours}h {rest_s // 60:02d}m {rest_s % 60:02d}s"
    raise plain(429, f"Too Many Requests. Manual meter readings are limited to {cap} every {period}.")


def _expanded(call: Call, record: Record) -> Record:
    last = record["lastReading"]
    views = call.views()
    expansions = {
        "asset": ("asset", views.embedded_asset(record["assetId"])),
        "location": ("location", views.embedded_location(record["locationId"])),
        "last_reading": ("lastReading", last and {"id": last["shownId"], **{name: last[name] for name in _LAST}}),
    }
    return dict(expansions[name] for name in call.expand())


def _shown(call: Call, record: Record) -> Record:
    return call.views().picked(record, _DETAIL, _ALWAYS) | _expanded(call, record)


_BATCH_ROW = ("meterId", "value", "createdAt", "readingDate")
_LAST = ("meterId", "createdAt", "readingDate", "value")
KIND = Resource(
    path="/meters",
    table="meters",
    one="meter",
    new=NewMeter,
    change=MeterChange,
    empty=EMPTY,
    shown=_shown,
    detail_query=queries.METER,
    references=(("assetId", "assets"), ("locationId", "locations")),
    prepared=lambda old, given: given if old else {**given, "uuid": str(uuid.uuid4())},
)
OPERATIONS = (
    Operation("GET", "/meters", list_meters, queries.METERS),
    *operations(KIND),
    Operation("POST", "/meterreadings", create_readings, queries.SKIP_WEBHOOK, list[BatchReading]),
    Operation("POST", "/meters/{meterId}/readings", create_reading, queries.SKIP_WEBHOOK, SingleReading),
)
