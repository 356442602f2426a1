"""The REST interface: work orders, their operations, operation transactions and the description of the resource."""

from __future__ import annotations

from starlette.responses import Response

from local.oracle import orders
from local.oracle.attributes import CHILD, OPERATION
from local.oracle.call import Call, not_found, resource
from local.oracle.describe import description
from local.oracle.listing import Shape, read_listing, read_shape
from local.oracle.operations import change_operation, delete_operation, new_operation
from local.oracle.store import Operation, Order
from local.oracle.transactions import report
from local.oracle.views import ORDERS, collection, operation_item, order_item

_ITEM, _COLLECTION = "resourceitem", "resourcecollection"


async def list_orders(call: Call) -> Response:
    """GET: a page of work orders."""
    tenant = call.tenant
    listing = read_listing(call.request.query_params, tenant.attributes, call.framework, with_child=True)
    tenant.counters["searches"] += 1
    tenant.listed += 1
    rows = listing.rows(list(tenant.orders.values()), tenant.listed)
    address = f"{call.root}/{ORDERS}"
    body = collection(listing, rows, address, ORDERS, lambda order: order_item(call, order, listing.shape))
    return call.answer(body, _COLLECTION)


async def create_order(call: Call) -> Response:
    """POST: 201 with the new order; with `Upsert-Mode: true` and an order of this number, that one changed."""
    body = await call.body()
    if call.request.headers.get("Upsert-Mode", "false").lower() == "true":
        order = orders.matching_order(call.tenant, body)
        if order is not None:
            orders.upsert_order(call.tenant, order, body)
            call.tenant.counters["updates"] += 1
            return call.answer(order_item(call, order, Shape()), _ITEM, record=order)
    order = orders.create_order(call.tenant, body)
    call.tenant.counters["creates"] += 1
    response = call.answer(order_item(call, order, Shape()), _ITEM, 201, order)
    response.headers["Location"] = f"{call.root}/{ORDERS}/{order.id}"
    return response


async def read_order(call: Call) -> Response:
    """GET: the order with its ETag; 304 if the client has it already."""
    order = _order(call)
    shape = read_shape(call.request.query_params, call.tenant.attributes, with_child=True)
    call.tenant.counters["reads"] += 1
    if call.has_already(order):
        return Response(status_code=304, headers={"ETag": order.etag})
    return call.answer(order_item(call, order, shape), _ITEM, record=order)


async def change_order(call: Call) -> Response:
    """PATCH: the changed order; 412 with the order as it is if If-Match names another state."""
    order = _order(call)
    body = await call.body()
    if call.is_stale(order):
        return call.answer(order_item(call, order, Shape()), _ITEM, 412, order)
    orders.change_order(call.tenant, order, body)
    call.tenant.counters["updates"] += 1
    return call.answer(order_item(call, order, Shape()), _ITEM, record=order)


async def list_operations(call: Call) -> Response:
    """GET: a page of an order's operations."""
    order = _order(call)
    listing = read_listing(call.request.query_params, OPERATION, call.framework, with_child=False)
    call.tenant.listed += 1
    rows = listing.rows(list(order.operations.values()), call.tenant.listed)
    address = f"{call.root}/{ORDERS}/{order.id}/child/{CHILD}"
    body = collection(
        listing, rows, address, CHILD, lambda operation: operation_item(call, order, operation, listing.shape)
    )
    return call.answer(body, _COLLECTION)


async def create_operation(call: Call) -> Response:
    """POST: 201 with the new operation."""
    order = _order(call)
    operation = new_operation(call.tenant, order, await call.body())
    order.operations[operation.id] = operation
    call.tenant.counters["operations"] += 1
    response = call.answer(operation_item(call, order, operation, Shape()), _ITEM, 201, operation)
    response.headers["Location"] = f"{call.root}/{ORDERS}/{order.id}/child/{CHILD}/{operation.id}"
    return response


async def read_operation(call: Call) -> Response:
    """GET: an operation with its ETag."""
    order, operation = _operation(call)
    shape = read_shape(call.request.query_params, OPERATION, with_child=False)
    return call.answer(operation_item(call, order, operation, shape), _ITEM, record=operation)


async def change_an_operation(call: Call) -> Response:
    """PATCH: the changed operation; 412 as for orders."""
    order, operation = _operation(call)
    body = await call.body()
    if call.is_stale(operation):
        return call.answer(operation_item(call, order, operation, Shape()), _ITEM, 412, operation)
    change_operation(call.tenant, order, operation, body)
    call.tenant.counters["operations"] += 1
    return call.answer(operation_item(call, order, operation, Shape()), _ITEM, record=operation)


async def delete_an_operation(call: Call) -> Response:
    """DELETE: 204; operations can be deleted, work orders cannot."""
    order, operation = _operation(call)
    delete_operation(call.tenant, order, operation)
    call.tenant.counters["operations"] += 1
    return Response(status_code=204)


async def create_transactions(call: Call) -> Response:
    """POST: 201 with what became of each transaction, see `transactions.report`."""
    return call.answer(report(call.tenant, await call.body()), _ITEM, 201)


async def describe(call: Call) -> Response:
    """GET: the attributes of work orders and what may be done with them."""
    call.tenant.counters["describes"] += 1
    return call.answer(description(call.tenant.attributes, call.root), "description")


def _order(call: Call) -> Order:
    order = call.tenant.orders.get(call.number("order_id"))
    if order is None:
        raise not_found()
    return order


def _operation(call: Call) -> tuple[Order, Operation]:
    order = _order(call)
    operation = order.operations.get(call.number("operation_id"))
    if operation is None:
        raise not_found()
    return order, operation


_CHILDREN = f"/{ORDERS}/{{order_id}}/child/{CHILD}"
ROUTES = [
    resource(f"/{ORDERS}", {"GET": list_orders, "POST": create_order}),
    resource(f"/{ORDERS}/describe", {"GET": describe}),
    resource(f"/{ORDERS}/{{order_id}}", {"GET": read_order, "PATCH": change_order}),
    resource(_CHILDREN, {"GET": list_operations, "POST": create_operation}),
    resource(
        f"{_CHILDREN}/{{operation_id}}",
        {"GET": read_operation, "PATCH": change_an_operation, "DELETE": delete_an_operation},
    ),
    resource("/maintenanceOperationTransactions", {"POST": create_transactions}),
]
