"""MaintainX as the sync engine sees it (`WorkOrderPort`), in memory: it refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.config.work_order_fields import WRITABLE
from shared.errors import RecordNotFound, ValidationFailed
from shared.events import format_utc

FIRST = 9001001
WRITABLE_STATUSES = ("OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED")


class FakeMaintainX:
    """The port's five calls on `work_orders`, by the clock of who inherits it. maintainx_writes: what they changed."""

    work_orders: dict[int, dict[str, Any]]
    maintainx_writes: list[dict[str, Any]]

    def clock(self) -> datetime:
        """Now."""
        raise NotImplementedError

    def new_number(self) -> int:
        """The number that the next work order gets."""
        return max([FIRST, *self.work_orders]) + 1

    def create(self, **fields: Any) -> int:
        """A new work order, made by a person or by the bundle; its number."""
        number = self.new_number()
        made = {"id": number, "status": "OPEN", "priority": "NONE", "type": "REACTIVE", **fields}
        self.work_orders[number] = {**made, "updatedAt": format_utc(self.clock())}
        return number

    def get_work_order(self, work_order_id: int) -> Mapping[str, Any]:
        """See WorkOrderPort; a copy."""
        if work_order_id not in self.work_orders:
            raise RecordNotFound(f"work order {work_order_id}", status=404)
        row = self.work_orders[work_order_id]
        return {name: dict(value) if isinstance(value, dict) else value for name, value in row.items()}

    def change_work_order(self, work_order_id: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """See WorkOrderPort."""
        _check(f"work order {work_order_id}", {"title": "as it is", **fields})
        return self._write(work_order_id, fields)

    def set_status(self, work_order_id: int, status: str) -> Mapping[str, Any]:
        """See WorkOrderPort."""
        if status not in WRITABLE_STATUSES:
            raise ValidationFailed(f"work order {work_order_id}: {status}", status=400)
        return self._write(work_order_id, {"status": status})

    def create_work_order(self, fields: Mapping[str, Any], mark: Mapping[str, Any]) -> int:
        """See WorkOrderPort."""
        _check("new work order", fields)
        return self.create(**fields, externalData=dict(mark))

    def find_work_orders(
        self,
        mark: Mapping[str, Any],
        *,
        tried_at_utc: datetime,  # noqa: ARG002  # a port
        is_another: Callable[[int], bool],
    ) -> list[int]:
        """See WorkOrderPort."""
        found = [number for number, row in self.work_orders.items() if row.get("externalData") == mark]
        return [number for number in found if not is_another(number)]

    def _write(self, work_order_id: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        if work_order_id not in self.work_orders:
            raise RecordNotFound(f"work order {work_order_id}", status=404)
        self.maintainx_writes.append(dict(fields))
        self.work_orders[work_order_id].update(fields, updatedAt=format_utc(self.clock()))
        return self.get_work_order(work_order_id)


def _check(what: str, fields: Mapping[str, Any]) -> None:
    unknown = fields.keys() - {*WRITABLE, "extraFields"} | fields.keys() & {"status"}
    if unknown or not fields.get("title"):
        raise ValidationFailed(f"{what}: {sorted(unknown) or 'title'}", status=400)
