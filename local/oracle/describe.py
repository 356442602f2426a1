"""The resource's description of itself, in the shape of ADF's `describe`."""

from __future__ import annotations

from typing import Any

from local.oracle.attributes import CHILD, OPERATION, Attribute, Attributes

_ORDERS = "maintenanceWorkOrders"


def description(attributes: Attributes, root: str) -> dict[str, Any]:
    """`Resources.maintenanceWorkOrders.attributes` and those of the child resource."""
    address = f"{root}/{_ORDERS}"
    return {
        "Resources": {
            _ORDERS: {
                "discrColumnType": False,
                "title": "Maintenance Work Order",
                "titlePlural": "Maintenance Work Orders",
                "attributes": [_attribute(attribute) for attribute in attributes.values()],
                "collection": {
                    "rel": "collection",
                    "href": address,
                    "actions": [_action("get", "GET"), _action("create", "POST"), _action("upsert", "POST")],
                },
                "item": {
                    "rel": "item",
                    "href": f"{address}/{{id}}",
                    "actions": [_action("get", "GET"), _action("update", "PATCH")],
                },
                "children": {CHILD: {"attributes": [_attribute(attribute) for attribute in OPERATION.values()]}},
            }
        }
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    """updatable: of an existing record. allowChanges `insert`: with the create only (a word not verified)."""
    found: dict[str, Any] = {
        "name": attribute.name,
        "type": attribute.type,
        "updatable": attribute.changes == "always",
        "mandatory": attribute.mandatory,
        "queryable": attribute.queryable,
        "allowChanges": attribute.changes,
    }
    if attribute.max_length is not None:
        found["maxLength"] = attribute.max_length
    return found


def _action(name: str, method: str) -> dict[str, Any]:
    return {"name": name, "method": method}
