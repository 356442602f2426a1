"""Work orders, operations and collections as the interface shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from local.oracle.attributes import CHILD, OPERATION, Attributes
from local.oracle.call import Call
from local.oracle.listing import DEFAULT_LIMIT, Listing, Shape
from local.oracle.store import Operation, Order, Record

ORDERS = "maintenanceWorkOrders"
_OBJECTS_FROM = 3  # framework version from which expanded children are collections, not plain arrays
Item = dict[str, Any]


def order_item(call: Call, order: Order, shape: Shape) -> Item:
    """A work order, with its operations if asked for."""
    item = _values(order, call.tenant.attributes, shape.fields)
    address = f"{call.root}/{ORDERS}/{order.id}"
    if shape.expanded:
        item[CHILD] = _children(call, order, shape, f"{address}/child/{CHILD}")
    if not shape.only_data:
        child = {"rel": "child", "href": f"{address}/child/{CHILD}", "name": CHILD, "kind": "collection"}
        item["links"] = [*_own_links(call, order, address, ORDERS), child]
    return item


def operation_item(call: Call, order: Order, operation: Operation, shape: Shape) -> Item:
    """An operation of a work order."""
    item = _values(operation, OPERATION, shape.fields)
    if not shape.only_data:
        parent = f"{call.root}/{ORDERS}/{order.id}"
        address = f"{parent}/child/{CHILD}/{operation.id}"
        link = {"rel": "parent", "href": parent, "name": ORDERS, "kind": "item"}
        item["links"] = [*_own_links(call, operation, address, CHILD), link]
    return item


def collection(listing: Listing, rows: Sequence[Record], address: str, name: str, show: Callable[[Any], Item]) -> Item:
    """The page of `rows` that is asked for."""
    page = rows[listing.offset : listing.offset + listing.limit]
    body = _page([show(row) for row in page], len(rows), listing.limit, listing.offset, address, name)
    if listing.counted:
        body["totalResults"] = len(rows)
    return body


def _children(call: Call, order: Order, shape: Shape, address: str) -> Any:
    child_shape = Shape(shape.child_fields, only_data=shape.only_data)
    operations = order.in_sequence()
    if call.framework < _OBJECTS_FROM:
        return [operation_item(call, order, operation, child_shape) for operation in operations]
    items = [operation_item(call, order, operation, child_shape) for operation in operations[:DEFAULT_LIMIT]]
    return _page(items, len(operations), DEFAULT_LIMIT, 0, address, CHILD)


def _page(items: list[Item], total: int, limit: int, offset: int, address: str, name: str) -> Item:
    return {
        "items": items,
        "count": len(items),
        "hasMore": offset + len(items) < total,
        "limit": limit,
        "offset": offset,
        "links": [{"rel": "self", "href": address, "name": name, "kind": "collection"}],
    }


def _values(record: Record, attributes: Attributes, fields: tuple[str, ...] | None) -> Item:
    return {name: record.values.get(name) for name in (attributes if fields is None else fields)}


def _own_links(call: Call, record: Record, address: str, name: str) -> list[Item]:
    own: Item = {"rel": "self", "href": address, "name": name, "kind": "item"}
    if call.tenant.settings.etag:
        own["properties"] = {"changeIndicator": record.change_indicator}
    return [own, {"rel": "canonical", "href": address, "name": name, "kind": "item"}]
