"""What must be true of both sides when it has gone quiet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from shared.config.mappings import FieldRule
from shared.erp.mapping import read_work_order
from shared.erp.mapping_back import maintainx_value_of
from shared.errors import MappingError
from shared.events import dig
from shared.state import LATE
from shared.values import same_value
from tests.integration.gateway.world import ZONE, GatewayWorld


def differences(world: GatewayWorld, number: int, order: Mapping[str, Any]) -> list[str]:
    """Fields in which both sides mean different things and no person was asked; a text each."""
    record, work_order = world.record(number), world.work_orders[number]
    parked = {} if record is None else record.conflicts
    mine = read_work_order(world.plant.mapping, work_order, ZONE)
    status = world.erp.description.status
    found = []
    for rule in world.plant.mapping.fields:
        if (
            rule.once
            or _waits(parked.get(rule.erp), world, order)
            or (not rule.travels_back and is_made_of_erp(world, number))
        ):
            continue
        sent, erp = mine[rule.erp].sent, order.get(rule.erp)
        held = status is not None and rule.erp == status.name and status.holds(sent, erp)
        if not (same_value(sent, erp) or held or _same_for_maintainx(rule, erp, mine[rule.erp].maintainx)):
            found.append(f"{number} {rule.erp}: {mine[rule.erp]} {erp!r}")
    return found


def _waits(parked: Mapping[str, Any] | None, world: GatewayWorld, order: Mapping[str, Any]) -> bool:
    """Whether a person must decide, or the ERP's status, as it is now, keeps the change out."""
    if parked is None or parked["reason"] != LATE:
        return parked is not None
    status = world.erp.description.status
    return status is not None and order.get(status.name) in status.closed


def is_made_of_erp(world: GatewayWorld, number: int) -> bool:
    """Whether the work order was made of an ERP record, which keeps what it had before."""
    return bool(world.work_orders[number].get("externalData"))


def lost_edits(world: GatewayWorld, number: int, order: Mapping[str, Any], plain: Collection[str]) -> list[str]:
    """Edits of fields that only one side touched, and that are not there any more; a text each.

    plain: ERP fields that the adapter shows just as a person writes them.
    """
    record, found = world.record(number), []
    for rule in world.plant.mapping.fields:
        if rule.maintainx is None or rule.once or (record is not None and rule.erp in record.conflicts):
            continue
        ours, theirs = ("maintainx", number, rule.maintainx), ("erp", number, rule.erp)
        if ours in world.edits and theirs not in world.edits:
            now = dig(world.work_orders[number], rule.maintainx)
            if rule.maintainx != "status" and not same_value(now, world.edits[ours]):
                found.append(f"{number} {rule.maintainx}: {world.edits[ours]!r} became {now!r}")
        only_theirs = theirs in world.edits and ours not in world.edits and rule.travels_back and rule.erp in plain
        if only_theirs and not same_value(order.get(rule.erp), world.edits[theirs]):
            found.append(f"{number} {rule.erp}: {world.edits[theirs]!r} became {order.get(rule.erp)!r}")
    return found


def _same_for_maintainx(rule: FieldRule, erp: Any, maintainx: Any) -> bool:
    if not rule.travels_back:
        return False
    try:
        return same_value(maintainx_value_of(rule, erp, maintainx, ZONE), maintainx)
    except MappingError:
        return False
