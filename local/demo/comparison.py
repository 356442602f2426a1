"""The line that counts: both simulators, record by record. Nothing here asks the functions what they did.

The expected ERP order is worked out here a second time, on purpose not with the code under test. It states what the
demonstration's mapping (local/demo/config/mappings/rest-example.yaml) promises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.demo.erp_people import Edit, MadeOrder

_STATUS = {
    "OPEN": "NEW",
    "IN_PROGRESS": "IN_WORK",
    "ON_HOLD": "WAITING",
    "DONE": "COMPLETED",
    "CANCELED": "CANCELLED",
    "SKIPPED": "CANCELLED",
}
_PRIORITY = {"HIGH": "1", "MEDIUM": "2", "LOW": "3", "NONE": "4"}
# What MaintainX shall have where somebody changed the order in the ERP.
_STATUS_BACK = {"NEW": "OPEN", "IN_WORK": "IN_PROGRESS", "WAITING": "ON_HOLD", "COMPLETED": "DONE"}
_PRIORITY_BACK = {"1": "HIGH", "2": "MEDIUM", "3": "LOW", "4": "NONE"}
_ORDER_TYPE = {"REACTIVE": "PM01", "PREVENTIVE": "PM02", "OTHER": "PM03"}
_TYPE_BACK = {"PM01": "REACTIVE", "PM02": "PREVENTIVE", "PM03": "OTHER"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One record that is not as it should be. kind: missing, different, doubled or stray (nothing it belongs to)."""

    kind: str
    reference: str
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison of one site found. compared: how many work orders, or nothing if they were counted before."""

    compared: int
    differences: tuple[Difference, ...]

    @property
    def lost(self) -> int:
        """Work orders whose state did not arrive."""
        return sum(difference.kind in ("missing", "different") for difference in self.differences)

    @property
    def doubled(self) -> int:
        """Orders that should not be there."""
        return sum(difference.kind in ("doubled", "stray") for difference in self.differences)


def compare_site(
    site: str,
    zone: ZoneInfo,
    work_orders: Iterable[Mapping[str, Any]],
    deleted_ids: Iterable[int],
    erp_orders: Iterable[Mapping[str, Any]],
    made: Collection[MadeOrder],
) -> Comparison:
    """Compare MaintainX's work orders with the ERP's orders. A deleted work order's order, if any, is cancelled.

    made: what planners made in the ERP; `compare_made` is for that. An order with the reference of a work order that
    was made of one of them is stray here: that work order has the planner's.
    """
    planners = {order.id for order in made}
    orders = [order for order in erp_orders if order["id"] not in planners]
    by_reference: dict[str, Mapping[str, Any]] = {str(order["externalReference"]): order for order in orders}
    counts = Counter(str(order["externalReference"]) for order in orders)
    found = [Difference("doubled", ref, f"{n} orders") for ref, n in counts.items() for _ in range(n - 1)]
    living = {f"mx:{site}:{each['id']}": each for each in work_orders if _made_of(site, each) not in planners}
    for reference, work_order in living.items():
        order = by_reference.get(reference)
        if order is None:
            found.append(Difference("missing", reference, str(work_order["title"])))
            continue
        wrong = _wrong(order, _expected(work_order, zone))
        if wrong:
            found.append(Difference("different", reference, str(wrong)))
    deleted = {f"mx:{site}:{record_id}" for record_id in deleted_ids}
    for reference, order in by_reference.items():
        if reference in deleted and order["status"] != "CANCELLED":
            found.append(Difference("different", reference, f"deleted, but {order['status']}"))
        elif reference not in deleted and reference not in living:
            found.append(Difference("stray", reference, str(order["id"])))
    return Comparison(len(living) + len(deleted), tuple(found))


def compare_edits(
    site: str, zone: ZoneInfo, work_orders: Iterable[Mapping[str, Any]], edits: Iterable[Edit]
) -> Comparison:
    """Whether MaintainX has what people changed in the ERP. Equal sides alone could mean that it was put back there."""
    living = {f"mx:{site}:{work_order['id']}": work_order for work_order in work_orders}
    found = []
    for edit in edits:
        has = _ERP_VALUE[edit.field](living[edit.reference], zone)
        if has != _WANTED[edit.field](edit.value):
            found.append(
                Difference("different", edit.reference, f"{edit.field}: {edit.value!r} in the ERP, here {has!r}")
            )
    return Comparison(0, tuple(found))


def compare_made(
    site: str,
    zone: ZoneInfo,
    work_orders: Iterable[Mapping[str, Any]],
    erp_orders: Iterable[Mapping[str, Any]],
    made: Iterable[MadeOrder],
) -> Comparison:
    """Whether each order that a planner made in the ERP became one work order, and stayed there as it was made.

    Nobody changes either of them afterwards. compared: the work orders that were made of them.
    """
    found = []
    orders = {order["id"]: order for order in erp_orders}
    work_orders_of: dict[str | None, list[Mapping[str, Any]]] = {}
    for work_order in work_orders:
        work_orders_of.setdefault(_made_of(site, work_order), []).append(work_order)
    compared = 0
    for order in made:
        name, its_own = f"{site}: ERP order {order.id}", work_orders_of.get(order.id, [])
        compared += len(its_own)
        if not its_own:
            found.append(Difference("missing", name, str(order.fields["shortText"])))
        ids = [work_order["id"] for work_order in its_own]
        found += [Difference("doubled", name, f"work orders {ids}") for _ in ids[1:]]
        shown = [{**work_order, "dueDate": _day(work_order, zone)} for work_order in its_own]
        wrong = [_wrong(each, _planned(order.fields)) for each in shown]
        wrong.append(_wrong(orders.get(order.id, {}), order.fields))
        if any(wrong):
            found.append(Difference("different", name, str([each for each in wrong if each])))
    return Comparison(compared, tuple(found))


def compare_notifications(
    deliveries: Iterable[Mapping[str, Any]], notifications: Iterable[Mapping[str, Any]]
) -> tuple[int, int, int]:
    """(expected, missing, doubled): each delivery of a notified kind must have been told exactly once.

    deliveries: event id -> by the sender's log; see `notified_events`. notifications: as the sink got them.
    """
    expected = {str(delivery["event_id"]) for delivery in deliveries}
    told = Counter(str(notification["message"]).rpartition("event ")[2].strip() for notification in notifications)
    missing = sum(event not in told for event in expected)
    doubled = sum(count - 1 for count in told.values()) + sum(event not in expected for event in told)
    return len(expected), missing, doubled


def _wrong(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    return {
        field: f"{has.get(field)!r} instead of {value!r}" for field, value in wanted.items() if has.get(field) != value
    }


def _expected(work_order: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "shortText": work_order["title"][:40].rstrip(),
        "status": _STATUS[work_order["status"]],
        "priority": _PRIORITY[work_order["priority"]],
        "orderType": _ORDER_TYPE[work_order["type"]],
        "equipment": None if work_order["assetId"] is None else str(work_order["assetId"]),
        "dueDate": _day(work_order, zone),
        "plant": "1010",
    }


def _made_of(site: str, work_order: Mapping[str, Any]) -> str | None:
    """The ERP's number of the order that a work order says it was made of; None if it says nothing."""
    mark = work_order.get("externalData")
    if not isinstance(mark, dict) or mark.keys() != {"site", "erpRecord"} or mark["site"] != site:
        return None
    return str(mark["erpRecord"])


def _planned(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the work order of a planner's order has."""
    return {
        "title": fields["shortText"],
        "status": _STATUS_BACK[fields["status"]],
        "priority": _PRIORITY_BACK[fields["priority"]],
        "type": _TYPE_BACK[fields["orderType"]],
        "assetId": int(fields["equipment"]) if fields["equipment"] else None,
        "dueDate": fields["dueDate"],
    }


def _day(work_order: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    due = work_order.get("dueDate")
    return datetime.fromisoformat(due).astimezone(zone).date().isoformat() if due else None


# By ERP field: what the work order has, and what it shall have for the ERP's value.
_ERP_VALUE: dict[str, Callable[[Mapping[str, Any], ZoneInfo], Any]] = {
    "status": lambda work_order, _zone: work_order["status"],
    "priority": lambda work_order, _zone: work_order["priority"],
    "dueDate": _day,
}
_WANTED: dict[str, Callable[[str], Any]] = {
    "status": _STATUS_BACK.__getitem__,
    "priority": _PRIORITY_BACK.__getitem__,
    "dueDate": str,
}
