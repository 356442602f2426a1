"""Work orders, their comments and costs; work requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.maintainx import operations, queries
from shared.maintainx.calls import PAGE_SIZE, Calls
from shared.maintainx.models import Comment, CostRow, Costs, WorkOrder, WorkRequest


@dataclass(frozen=True, slots=True)
class Expense:
    """Money spent on a work order, in cents."""

    cost_type: Literal["LABOR", "OTHER", "TRAVEL"]
    cents: int
    description: str | None = None

    def fields(self) -> dict[str, Any]:
        """In MaintainX's names."""
        return {
            "type": "EXPENSE",
            "costType": self.cost_type,
            "costPerUnit": self.cents,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True)
class WorkTime:
    """Time spent on a work order. hourly_rate_cents None: the rate of the key's user."""

    cost_type: Literal["INSPECTION", "OTHER", "WORK"]
    duration_s: int
    hourly_rate_cents: int | None = None
    description: str | None = None

    def fields(self) -> dict[str, Any]:
        """In MaintainX's names."""
        fields: dict[str, Any] = {"type": "TIME", "costType": self.cost_type, "durationTotal": self.duration_s}
        rate = {} if self.hourly_rate_cents is None else {"hourlyRate": self.hourly_rate_cents}
        return {**fields, **rate, "description": self.description}


class WorkOrderCalls(Calls):
    """Fields of writes are in MaintainX's own names, which mappings refer to."""

    def get_work_order(self, work_order_id: int | str, expand: tuple[queries.WorkOrderExpand, ...] = ()) -> WorkOrder:
        """The work order as it is now. RecordNotFound: it is deleted or not visible to the key's user."""
        return self._get(operations.GET_WORK_ORDER, work_order_id, queries.expand(expand))

    def iter_work_orders(
        self,
        wanted: queries.WorkOrderFilter = queries.WorkOrderFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.WorkOrderRowExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[WorkOrder]:
        """Rows of the list, in constant memory. One that changes while the pages are read may come again, newer."""
        for query in wanted.queries():
            yield from self._rows(operations.LIST_WORK_ORDERS, query + queries.expand(expand), page_size)

    def create_work_order(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int:
        """Make a work order (`title` is required, `status` cannot be given); returns its id.

        Raises OutcomeUnknown if it may have been made: search before it is tried again
        (`shared.maintainx.creation.find_work_orders`).
        """
        return self._create(operations.CREATE_WORK_ORDER, fields, skip_webhook=skip_webhook).id

    def change_work_order(
        self, work_order_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> WorkOrder:
        """Replace fields; the status has a method of its own."""
        return self._change(operations.CHANGE_WORK_ORDER, work_order_id, fields, skip_webhook=skip_webhook)

    def set_work_order_status(
        self, work_order_id: int | str, status: queries.WritableStatus, *, skip_webhook: bool = False
    ) -> WorkOrder:
        """Set the status; to set it again is no change."""
        fields = {"status": status}
        return self._change(operations.SET_WORK_ORDER_STATUS, work_order_id, fields, skip_webhook=skip_webhook)

    def iter_comments(self, work_order_id: int | str, page_size: int = PAGE_SIZE) -> Iterator[Comment]:
        """The comments of a work order."""
        return self._rows(operations.LIST_COMMENTS, (), page_size, work_order_id)

    def add_comment(self, work_order_id: int | str, content: str, *, skip_webhook: bool = False) -> int:
        """Comment on a work order; returns the comment's id. Raises OutcomeUnknown if it may have been made."""
        fields = {"content": content}
        return self._create(operations.ADD_COMMENT, fields, work_order_id, skip_webhook=skip_webhook).id

    def get_costs(self, work_order_id: int | str) -> Costs:
        """All costs of a work order. MaintainX tells no change of them: read them again."""
        return self._get(operations.GET_COSTS, work_order_id)

    def add_cost(self, work_order_id: int | str, cost: Expense | WorkTime, *, skip_webhook: bool = False) -> CostRow:
        """Add a cost entry. Raises OutcomeUnknown if it may have been made."""
        return self._create(operations.ADD_COST, cost.fields(), work_order_id, skip_webhook=skip_webhook)

    def get_work_request(
        self, work_request_id: int | str, expand: tuple[queries.WorkRequestExpand, ...] = ()
    ) -> WorkRequest:
        """The work request as it is now."""
        return self._get(operations.GET_WORK_REQUEST, work_request_id, queries.expand(expand))

    def iter_work_requests(
        self,
        wanted: queries.WorkRequestFilter = queries.WorkRequestFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.WorkRequestExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[WorkRequest]:
        """Rows of the list."""
        return self._rows(operations.LIST_WORK_REQUESTS, wanted.params() + queries.expand(expand), page_size)

    def create_work_request(self, fields: Mapping[str, Any], *, skip_webhook: bool = False) -> int:
        """Make a work request (`title` is required); returns its id. Raises OutcomeUnknown if it may have been made."""
        return self._create(operations.CREATE_WORK_REQUEST, fields, skip_webhook=skip_webhook).id

    def change_work_request(
        self, work_request_id: int | str, fields: Mapping[str, Any], *, skip_webhook: bool = False
    ) -> WorkRequest:
        """Replace fields. A request is approved by creating a work order with its `workRequestId`, not here."""
        return self._change(operations.CHANGE_WORK_REQUEST, work_request_id, fields, skip_webhook=skip_webhook)
