"""MaintainX as the sync engine reads and writes it: in the vendor's own field names, which mappings refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from shared.config.work_order_fields import expands_of
from shared.maintainx.client import MaintainXClient
from shared.maintainx.creation import Mark, find_work_orders
from shared.maintainx.queries import WorkOrderExpand, WritableStatus

WorkOrder = Mapping[str, Any]


class WorkOrderPort(Protocol):
    """The part of MaintainX that the engine needs. All raise what the client raises.

    The two changes replace what is there (MaintainX has no versions), make no webhook, and answer the work order as it
    is afterwards, perhaps without its extra fields.
    """

    def get_work_order(self, work_order_id: int) -> WorkOrder:
        """The work order as `GET /workorders/{id}` has it, with all that the mapping reads. RecordNotFound if gone."""
        ...

    def change_work_order(self, work_order_id: int, fields: Mapping[str, Any]) -> WorkOrder:
        """Write these fields, never the status."""
        ...

    def set_status(self, work_order_id: int, status: str) -> WorkOrder:
        """Set the status; to set it again is no change."""
        ...

    def create_work_order(self, fields: Mapping[str, Any], mark: Mark) -> int:
        """Make a work order that carries the mark, with a webhook as if a person made it; its id.

        OutcomeUnknown if it may have been made: look for the mark before it is tried again.
        """
        ...

    def find_work_orders(self, mark: Mark, *, tried_at_utc: datetime, is_another: Callable[[int], bool]) -> list[int]:
        """The ids of those with this mark that a try at that time made; lists lag. See `shared.maintainx.creation`."""
        ...


class MaintainXSide:
    """`WorkOrderPort` over the client. paths: of the fields that a mapping reads, which MaintainX is to show."""

    def __init__(self, client: MaintainXClient, paths: Iterable[str] = ()) -> None:
        self._client = client
        # All extra fields, as a write replaces them together.
        self._expand = cast(tuple[WorkOrderExpand, ...], expands_of(("extraFields", *paths)))

    def get_work_order(self, work_order_id: int) -> WorkOrder:
        """See WorkOrderPort."""
        return self._client.get_work_order(work_order_id, expand=self._expand).wire()

    def change_work_order(self, work_order_id: int, fields: Mapping[str, Any]) -> WorkOrder:
        """See WorkOrderPort."""
        return self._client.change_work_order(work_order_id, fields, skip_webhook=True).wire()

    def set_status(self, work_order_id: int, status: str) -> WorkOrder:
        """See WorkOrderPort."""
        # MaintainX itself refuses what is no status; mappings are checked when they are loaded.
        return self._client.set_work_order_status(work_order_id, cast(WritableStatus, status), skip_webhook=True).wire()

    def create_work_order(self, fields: Mapping[str, Any], mark: Mark) -> int:
        """See WorkOrderPort."""
        return self._client.create_work_order({**fields, "externalData": dict(mark)})

    def find_work_orders(self, mark: Mark, *, tried_at_utc: datetime, is_another: Callable[[int], bool]) -> list[int]:
        """See WorkOrderPort."""
        return find_work_orders(self._client, mark, tried_at_utc=tried_at_utc, is_another=is_another)
