"""People who work in the ERP: they change orders there and make new ones, of which no webhook tells anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from local import loopback
from local.stack import Stack

_NEXT_PRIORITY = {"1": "2", "2": "3", "3": "1", "4": "1"}
_NEXT_STATUS = {"NEW": "IN_WORK", "IN_WORK": "WAITING", "WAITING": "COMPLETED", "COMPLETED": "IN_WORK"}
_PLANNED = (
    "Replace the filter mats",
    "Calibrate the pressure gauges",
    "Overhaul the gearbox",
    "Check the emergency stops",
    "Flush the cooling circuit",
    "Renew the guard's hinges",
)


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of one order that somebody changed in the ERP."""

    site: str
    reference: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class MadeOrder:
    """One order that a planner made in the ERP. fields: what the ERP had of it then, by its own names."""

    site: str
    id: str
    fields: Mapping[str, Any]


def change_orders(stack: Stack, site: str, count: int, today: date) -> list[Edit]:
    """Change a priority, a due date or a status in each of at most `count` orders of a site. today: simulated."""
    tenant = f"{stack.url('erp')}/_sim/tenants/{site}"
    edits = []
    for order, field in _chosen(loopback.get(f"{tenant}/dump", timeout=30.0).json()["orders"], count):
        value = _CHANGED[field](order, today)
        loopback.patch(f"{tenant}/orders/{order['id']}", json={field: value}, timeout=30.0).raise_for_status()
        edits.append(Edit(site, order["externalReference"], field, value))
    return edits


def make_orders(stack: Stack, site: str, count: int, today: date) -> list[MadeOrder]:
    """Make new orders of a site, of every type and priority, on the equipment that the ERP has. today: simulated."""
    tenant = f"{stack.url('erp')}/_sim/tenants/{site}"
    equipment = loopback.get(f"{tenant}/dump", timeout=30.0).raise_for_status().json()["equipment"]
    made = []
    for number in range(count):
        body = {
            "shortText": _PLANNED[number % len(_PLANNED)],
            "orderType": f"PM0{1 + number % 3}",
            "priority": str(1 + number % 4),
            "equipment": equipment[number % len(equipment)] if equipment else None,
            "dueDate": (today + timedelta(days=2 + 3 * number)).isoformat(),
            "plant": "1010",
        }
        order = loopback.post(f"{tenant}/orders", json=body, timeout=30.0).raise_for_status().json()
        made.append(MadeOrder(site, order["id"], order))
    return made


def _chosen(orders: list[dict[str, Any]], count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Orders spread over all, each with the field that is changed; in the order in which MaintainX made them."""
    possible = [order for order in orders if order["status"] in _NEXT_STATUS and order["externalReference"]]
    possible.sort(key=lambda order: int(order["externalReference"].rpartition(":")[2]))
    count = min(count, len(possible))
    chosen = [possible[index * len(possible) // count] for index in range(count)]
    yield from zip(chosen, cycle(_CHANGED), strict=False)


def _next_week(order: Mapping[str, Any], today: date) -> str:
    due = date.fromisoformat(order["dueDate"]) if order["dueDate"] else today
    return (due + timedelta(days=7)).isoformat()


_CHANGED: dict[str, Callable[[Mapping[str, Any], date], str]] = {
    "priority": lambda order, _today: _NEXT_PRIORITY[order["priority"]],
    "dueDate": _next_week,
    "status": lambda order, _today: _NEXT_STATUS[order["status"]],
}
