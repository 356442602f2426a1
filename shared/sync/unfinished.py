"""Which events about a record no function is done with: they are tried again, or still on their way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.canonical import canonical_json
from shared.config.routes import Route
from shared.errors import MalformedEvent
from shared.events import Event
from shared.routing import Record, route_event
from shared.sync.trace import Moment
from shared.topics import ERP_PUSH, NOTIFICATIONS

# Claims are forgotten later than this (`shared.pubsub.handler`), so that within it none means none.
_CLAIMS_KNOWN = timedelta(days=29)
# Topic -> the function that it leads to, and the pipeline of its dead letters.
_FUNCTIONS = {ERP_PUSH: "erp_push", NOTIFICATIONS: "notify"}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An event that a function is not done with. in_progress: it works on it right now; else it tried, or will."""

    event_id: str
    function: str
    what: str
    since: datetime
    in_progress: bool


def unfinished(
    moments: Iterable[Moment], routes: Iterable[Route], work_order: Record | None, now_utc: datetime
) -> list[Unfinished]:
    """By what was told (`shared.sync.trace`), oldest first. work_order: for routes that ask for what it has."""
    moments, routes = list(moments), list(routes)
    ended = {(m.event_id, function) for m in moments for function in _ended(m)}
    under_way = {(m.event_id, str(m.data.get("destination"))) for m in moments if m.kind == "claim"} - ended
    found: dict[tuple[str, str], Unfinished] = {}
    for moment in moments:
        if now_utc - moment.at > _CLAIMS_KNOWN:
            continue
        for function in _expected(moment, routes, work_order):
            key = (moment.event_id, function)
            if key not in ended and key not in found:
                found[key] = Unfinished(*key, moment.what, moment.at, key in under_way)
    return list(found.values())


def logs_command(event_id: str, project: str) -> str:
    """The command that shows what functions logged about an event, oldest first."""
    fields = ("function", "outcome", "reason", "detail.error")
    shown = ", ".join(["timestamp", *(f"jsonPayload.{name}" for name in fields)])
    return (
        f"gcloud logging read 'jsonPayload.event_id=\"{event_id}\"' --project={project} --freshness=30d --order=asc "
        f"--format='value({shown})'"
    )


def _ended(moment: Moment) -> Iterator[str]:
    """Functions that have come to an end with the moment's event."""
    if moment.kind == "claim" and moment.data.get("outcome") != "in progress":
        yield str(moment.data.get("destination"))
    elif moment.kind == "dead letter":
        yield str(moment.data.get("pipeline")).replace("-", "_")


def _expected(moment: Moment, routes: Iterable[Route], work_order: Record | None) -> Iterable[str]:
    """Functions that the event goes to. What the sync itself was asked (a decision, a link) has audit lines alone."""
    if moment.kind == "audit":
        return [_FUNCTIONS[ERP_PUSH]]
    if moment.kind != "event":
        return []
    event = _event(moment.data)
    if event is None:
        return []
    record = work_order if event.resource == "work_order" else None
    return [_FUNCTIONS[topic] for topic in route_event(event, routes, record).destinations if topic in _FUNCTIONS]


def _event(data: Mapping[str, object]) -> Event | None:
    try:
        return Event.from_json(canonical_json(data).encode())
    except MalformedEvent:
        return None
