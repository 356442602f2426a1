"""/workorders."""

from __future__ import annotations

from local.maintainx import filters, queries, work_orders
from local.maintainx.bodies import NewComment, NewWorkOrder, PartStatusChange, StatusChange, WorkOrderChange
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import plain
from local.maintainx.store import Record

_NOT_FOUND = "Work Order Not Found"
_DEFAULT_SORT = "-createdAt"  # undocumented


def list_work_orders(call: Call) -> Answer:
    if call.simulator.settings.canceled_and_skipped_list_is_empty and {"CANCELED", "SKIPPED"} <= set(
        call.query.get("statuses", ())
    ):
        return call.page("workOrders", [], None)
    rows = filters.work_orders(call.organization, call.query, call.simulator.clock.now_text())
    page, cursor = call.paged(rows, _DEFAULT_SORT, keyset=True)
    views, expand = call.views(), call.expand()
    return call.page("workOrders", [views.work_order_row(row, expand) for row in page], cursor)


def get_work_order(call: Call) -> Answer:
    if call.query.get("useSequentialId"):
        wanted = call.path_id()
        numbered = (row for row in call.organization["workOrders"].current() if row["sequentialId"] == wanted)
        record = next(numbered, None)
        if record is None:
            raise plain(404, _NOT_FOUND)
    else:
        record = call.record("workOrders", _NOT_FOUND)
    return _detail(call, record)


def create_work_order(call: Call) -> Answer:
    given = call.given()
    quiet = given.pop("skipRestHook", False)
    new_id = call.simulator.store.new_id()
    occurrences = work_orders.create(
        call.actor(), new_id, given, check_categories=call.simulator.settings.reject_unknown_categories
    )
    return Answer(200, {"id": new_id}, () if quiet else occurrences)


def change_work_order(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    occurrences = work_orders.change(
        call.actor(), record, call.given(), check_categories=call.simulator.settings.reject_unknown_categories
    )
    return _changed(call, record, occurrences)


def change_status(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    occurrences = work_orders.change_status(call.actor(), record, call.given()["status"])
    return _changed(call, record, occurrences)


def change_part_status(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    occurrences = work_orders.change_part_status(call.actor(), record, call.given()["partStatus"])
    return _changed(call, record, occurrences)


def delete_work_order(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    vanishes = call.simulator.settings.deleted_rows_vanish
    return Answer(204, None, work_orders.delete(call.actor(), record, vanishes=vanishes))


def list_comments(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    rows = [row for row in call.organization["comments"].listed() if row["workOrderId"] == record["id"]]
    page, cursor = call.paged(rows, "createdAt")
    return call.page("comments", [{name: row[name] for name in _COMMENT} for row in page], cursor)


def create_comment(call: Call) -> Answer:
    record = call.record("workOrders", _NOT_FOUND)
    new_id = call.simulator.store.new_id()
    moves = call.simulator.settings.comments_and_costs_move_updated_at
    occurrences = work_orders.comment(call.actor(), record, new_id, call.given()["content"], moves_updated_at=moves)
    return Answer(201, {"id": new_id}, occurrences)


def _changed(call: Call, record: Record, occurrences: list[Occurrence]) -> Answer:
    current = call.organization["workOrders"].get(record["id"]) or record
    answer = _detail(call, current)
    return Answer(answer.status, answer.body, occurrences)


def _detail(call: Call, record: Record) -> Answer:
    return Answer(200, {"workOrder": call.views().work_order(record, call.expand())})


_COMMENT = ("id", "authorId", "content", "createdAt")
OPERATIONS = (
    Operation("GET", "/workorders", list_work_orders, queries.WORK_ORDERS),
    Operation("POST", "/workorders", create_work_order, queries.SKIP_WEBHOOK, NewWorkOrder),
    Operation("GET", "/workorders/{id}", get_work_order, queries.WORK_ORDER),
    Operation("PATCH", "/workorders/{id}", change_work_order, queries.WORK_ORDER_PATCH, WorkOrderChange),
    Operation("DELETE", "/workorders/{id}", delete_work_order, queries.SKIP_WEBHOOK),
    Operation("PATCH", "/workorders/{id}/status", change_status, queries.SKIP_WEBHOOK, StatusChange),
    Operation("PATCH", "/workorders/{id}/partStatus", change_part_status, queries.SKIP_WEBHOOK, PartStatusChange),
    Operation("GET", "/workorders/{id}/comments", list_comments, queries.PAGE),
    Operation("POST", "/workorders/{id}/comments", create_comment, queries.SKIP_WEBHOOK, NewComment),
)
