"""The text of a notification: pure.

Ids, states and what an asset and its location are called; names of people and free text stay in MaintainX.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from shared.events import Event, dig, format_utc
from shared.notify.names import AssetNames
from shared.state import LATE
from shared.sync.conflicts import OF_THE_WHOLE

Urgency = Literal["info", "success", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Notification:
    """What people read. `urgency` is one of Apprise's notification types and decides colour and icon."""

    title: str
    body: str
    urgency: Urgency


def notification(event: Event, site_name: str, about: AssetNames | None = None) -> Notification:
    """The notification for an event of any type. about: the asset that it or its work order is about, if known."""
    headline, urgency = _HEADLINES.get(event.type, _generic)(event, about)
    lines = [*_DETAILS.get(event.type, _nothing)(event)]
    lines += [f"{event.type}, {format_utc(event.occurred_at)}", f"event {event.event_id}"]
    return Notification(f"[{site_name}] {headline}", "\n".join(lines), urgency)


About = AssetNames | None


def _subject(event: Event, about: About) -> str:
    """What the event is about: `work order 7 on Feed pump 2 (2201), Boiler house`."""
    subject = f"{event.resource.replace('_', ' ')} {event.resource_id}".strip()
    if about is None:
        return subject
    asset = f"{about.name} ({about.asset_id})" if about.name else f"asset {about.asset_id}"
    asset += f", {about.location}" if about.location else ""
    if event.resource == "asset":
        return f"asset {asset}" if about.name else asset
    return f"{subject} on {asset}"


def _subject_of_clause(event: Event, about: About) -> str:
    """The same, before a verb."""
    subject = _subject(event, about)
    return f"{subject}," if about is not None and about.location else subject


def _generic(event: Event, about: About) -> tuple[str, Urgency]:
    return f"{_subject(event, about)}: {event.type.partition('.')[2].replace('_', ' ')}", "info"


def _asset_status(event: Event, about: About) -> tuple[str, Urgency]:
    status = dig(event.data, "newStatus.status") or "status unknown"
    downtime = dig(event.data, "newStatus.downtimeType")
    urgency: Urgency = "failure" if status == "OFFLINE" else "success" if status == "ONLINE" else "info"
    return f"{_subject_of_clause(event, about)} is {status}" + (f" ({downtime})" if downtime else ""), urgency


def _work_order_status(event: Event, about: About) -> tuple[str, Urgency]:
    status = dig(event.data, "newSubStatus") or dig(event.data, "newStatus") or "status unknown"
    return f"{_subject_of_clause(event, about)} is {status}", "success" if status == "DONE" else "info"


def _overdue(event: Event, about: About) -> tuple[str, Urgency]:
    return f"{_subject_of_clause(event, about)} is overdue since {event.data.get('dueDate', '?')}", "warning"


def _meter_trigger(event: Event, _: About) -> tuple[str, Urgency]:
    state = event.data.get("newState", "state unknown")
    return f"meter trigger {event.resource_id} is {state}", "warning" if state == "TRIGGERED" else "info"


def _conflict(event: Event, _: About) -> tuple[str, Urgency]:
    subject = f"work order {event.resource_id}"
    reasons = _reasons(event)
    names = [name for name in reasons if name not in OF_THE_WHOLE]
    if len(names) < len(reasons) or not names:
        said = [REASONS.get(reason, reason) for name, reason in reasons.items() if name not in names]
        return ": ".join([f"{subject} waits for a person", *said[:1]]), "warning"
    if all(reasons[name] == LATE for name in names):
        return f"{subject}: changed too late for the ERP ({', '.join(names)})", "info"
    count = "1 field waits" if len(names) == 1 else f"{len(names)} fields wait"
    return f"{subject}: {count} for a person ({', '.join(names)})", "warning"


def _brake(event: Event, _: About) -> tuple[str, Urgency]:
    gone, of = dig(event.data, "gone"), dig(event.data, "of")
    return f"the ERP shows {gone} of {of} records no more: the sync holds still about them", "failure"


def _brake_details(event: Event) -> Iterator[str]:
    yield "look whether the ERP shows our user what it should; nothing was cancelled"
    yield f"`ops brake {event.site}` shows some of them, and how to let the sync go on"


def _conflict_details(event: Event) -> Iterator[str]:
    """Each field with the reason, and what shows the values: those may be free text."""
    for name, reason in _reasons(event).items():
        yield f"{name}: {REASONS.get(reason, reason)}"
    yield f"`ops conflicts show {event.site} {event.resource_id}` shows both values and how to decide"


def _reasons(event: Event) -> dict[str, str]:
    """Why each field waits, by its name in the ERP."""
    fields = event.data.get("fields")
    entries = fields.items() if isinstance(fields, dict) else ()
    return {str(name): str(dig(entry, "reason") or "") if isinstance(entry, dict) else "" for name, entry in entries}


def _nothing(_: Event) -> Iterator[str]:
    return iter(())


REASONS = {
    "both_changed": "both sides changed it",
    "no_time_of_change": "both sides changed it, and one does not tell when",
    "status_not_possible": "the ERP cannot bring its record to this status",
    "erp_is_final": "the ERP's status takes no change now; it is written when that opens again",
    "erp_refuses": "the ERP refuses MaintainX's value",
    "erp_keeps": "the ERP answered that it stored MaintainX's value, and still has its own",
    "maintainx_keeps": "MaintainX answered that it stored the ERP's value, and still has its own",
    "deleted": "the work order was deleted",
    "gone": "the ERP's record is gone",
    "not_ours": "the ERP has another record under its number",
    "doubled": "two records of the ERP carry its reference",
}
_HEADLINES: dict[str, Callable[[Event, About], tuple[str, Urgency]]] = {
    "asset.status_changed": _asset_status,
    "meter_trigger.changed": _meter_trigger,
    "sync.brake": _brake,
    "sync.conflict": _conflict,
    "work_order.completed": _work_order_status,
    "work_order.overdue": _overdue,
    "work_order.status_changed": _work_order_status,
}
_DETAILS: dict[str, Callable[[Event], Iterator[str]]] = {
    "sync.brake": _brake_details,
    "sync.conflict": _conflict_details,
}
