"""The text of a notification: pure. Ids and states only; names of people and free text stay in MaintainX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.events import Event, dig, format_utc

Urgency = Literal["info", "success", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Notification:
    """What people read. `urgency` is one of Apprise's notification types and decides colour and icon."""

    title: str
    body: str
    urgency: Urgency


def notification(event: Event, site_name: str) -> Notification:
    """The notification for an event of any type."""
    headline, urgency = _HEADLINES.get(event.type, _generic)(event)
    body = f"{event.type}, {format_utc(event.occurred_at)}\nevent {event.event_id}"
    return Notification(f"[{site_name}] {headline}", body, urgency)


def _generic(event: Event) -> tuple[str, Urgency]:
    subject = f"{event.resource.replace('_', ' ')} {event.resource_id}".strip()
    return f"{subject}: {event.type.partition('.')[2].replace('_', ' ')}", "info"


def _asset_status(event: Event) -> tuple[str, Urgency]:
    status = dig(event.data, "newStatus.status") or "status unknown"
    downtime = dig(event.data, "newStatus.downtimeType")
    urgency: Urgency = "failure" if status == "OFFLINE" else "success" if status == "ONLINE" else "info"
    return f"asset {event.resource_id} is {status}" + (f" ({downtime})" if downtime else ""), urgency


def _work_order_status(event: Event) -> tuple[str, Urgency]:
    status = dig(event.data, "newSubStatus") or dig(event.data, "newStatus") or "status unknown"
    return f"work order {event.resource_id} is {status}", "success" if status == "DONE" else "info"


def _overdue(event: Event) -> tuple[str, Urgency]:
    return f"work order {event.resource_id} is overdue since {event.data.get('dueDate', '?')}", "warning"


def _meter_trigger(event: Event) -> tuple[str, Urgency]:
    state = event.data.get("newState", "state unknown")
    return f"meter trigger {event.resource_id} is {state}", "warning" if state == "TRIGGERED" else "info"


_HEADLINES: dict[str, Callable[[Event], tuple[str, Urgency]]] = {
    "asset.status_changed": _asset_status,
    "meter_trigger.changed": _meter_trigger,
    "work_order.completed": _work_order_status,
    "work_order.overdue": _overdue,
    "work_order.status_changed": _work_order_status,
}
