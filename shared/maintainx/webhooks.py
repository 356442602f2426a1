"""The webhook types of MaintainX, and the event of ours that each becomes.

Source: MaintainX REST API v1 (July 2026), `x-webhooks`: 46 types. MaintainX adds types over time, so an unknown one is
not an error: it becomes `maintainx.<type in lower case>` and routes can name it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from shared.errors import MalformedEvent
from shared.events import Event, dig, event_identity, parse_utc

_ID_TEXT = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class WebhookType:
    """How to read one webhook type.

    event: canonical type of our event. id_path: where the id of the record is ("" if there is none). entity_field:
    where MaintainX puts the record itself if the subscription asks for it (`serializeEntity`). occurred_field: when.
    """

    event: str
    id_path: str = ""
    entity_field: str = ""
    occurred_field: str = "occurredAt"

    @property
    def resource(self) -> str:
        return self.event.partition(".")[0]


def known_types() -> frozenset[str]:
    """The 46 types that MaintainX documents."""
    return frozenset(WEBHOOK_TYPES)


def to_event(site: str, webhook_type: str, raw_body: bytes, data: dict[str, Any], received_at: datetime) -> Event:
    """The event of one verified delivery. `data` is the parsed `raw_body`.

    `webhook_type` is the type bound to the URL, hence to the secret that was verified; a different `eventType` in the
    body changes nothing here (see `contradicting_type`). An absent or unreadable time becomes `received_at`.
    """
    spec = WEBHOOK_TYPES.get(webhook_type) or WebhookType(f"maintainx.{webhook_type.lower()}")
    return Event(
        event_id=event_identity(site, webhook_type, raw_body),
        site=site,
        type="work_order.completed" if _is_completion(webhook_type, data) else spec.event,
        resource=spec.resource,
        resource_id=id_text(dig(data, spec.id_path)) if spec.id_path else "",
        occurred_at=_moment(data.get(spec.occurred_field)) or received_at,
        received_at=received_at,
        source="webhook",
        origin=webhook_type,
        data=data,
    )


def contradicting_type(webhook_type: str, data: dict[str, Any]) -> str | None:
    """The body's `eventType` if it is not the URL's type, for the log: the subscription points at the wrong URL."""
    named = data.get("eventType")
    return named if isinstance(named, str) and named != webhook_type else None


def entity_of(event_origin: str, data: dict[str, Any]) -> dict[str, Any] | None:
    """The record inside the payload; None unless the subscription was made with `serializeEntity`."""
    spec = WEBHOOK_TYPES.get(event_origin)
    entity = data.get(spec.entity_field) if spec and spec.entity_field else None
    return entity if isinstance(entity, dict) else None


def _is_completion(webhook_type: str, data: dict[str, Any]) -> bool:
    # Canceled and skipped work orders arrive as DONE too; only the sub-status tells them from finished work.
    return (
        webhook_type == "WORK_ORDER_STATUS_CHANGE" and data.get("newStatus") == "DONE" and not data.get("newSubStatus")
    )


def id_text(value: object) -> str:
    """An id as text: 7 and 7.0 are "7"; anything that is no id, or too long to be one, is ""."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    text = str(value) if not isinstance(value, int) or abs(value) < 2**63 else ""
    return text if _ID_TEXT.fullmatch(text) else ""


def _moment(value: object) -> datetime | None:
    try:
        return parse_utc(value)
    except MalformedEvent:
        return None


_WORK_ORDER = "workOrderId"

WEBHOOK_TYPES: MappingProxyType[str, WebhookType] = MappingProxyType(
    {
        "NEW_WORK_ORDER": WebhookType("work_order.created", _WORK_ORDER, "newWorkOrder"),
        "WORK_ORDER_CHANGE": WebhookType("work_order.updated", _WORK_ORDER, "newWorkOrder"),
        "WORK_ORDER_STATUS_CHANGE": WebhookType("work_order.status_changed", _WORK_ORDER, "newWorkOrder"),
        "WORK_ORDER_PART_STATUS_CHANGE": WebhookType("work_order.part_status_changed", _WORK_ORDER, "newWorkOrder"),
        "WORK_ORDER_DELETE": WebhookType("work_order.deleted", _WORK_ORDER, "WorkOrder"),
        "WORK_ORDER_OVERDUE": WebhookType("work_order.overdue", _WORK_ORDER),
        "NEW_COMMENT_ON_WORK_ORDER": WebhookType("work_order.comment_added", _WORK_ORDER),
        "NEW_CATEGORY_ON_WORK_ORDER": WebhookType("work_order.category_added", _WORK_ORDER),
        "NEW_WORK_REQUEST": WebhookType("work_request.created", "workRequestId"),
        "WORK_REQUEST_STATUS_CHANGE": WebhookType("work_request.status_changed", "requestId"),
        "NEW_ASSET": WebhookType("asset.created", "assetId", "newAsset"),
        "ASSET_STATUS_CHANGE": WebhookType("asset.status_changed", "assetId"),
        "METER_TRIGGER_STATE_CHANGE": WebhookType("meter_trigger.changed", "meterTriggerId"),
        "NEW_LOCATION": WebhookType("location.created", "locationId"),
        "NEW_VENDOR": WebhookType("vendor.created", "vendorId"),
        "NEW_PART": WebhookType("part.created", "partId", "newPart"),
        "PART_CHANGE": WebhookType("part.updated", "partId", "newPart"),
        "PART_DELETE": WebhookType("part.deleted", "partId", "deletedPart"),
        "PART_QUANTITY_CHANGE": WebhookType("part.quantity_changed", "partId"),
        "PART_TRANSFER": WebhookType("part.transferred", "sourceData.partId", occurred_field="triggeredAt"),
        "NEW_PURCHASE_ORDER": WebhookType("purchase_order.created", "purchaseOrderId", "newPurchaseOrder"),
        "PURCHASE_ORDER_CHANGE": WebhookType("purchase_order.updated", "purchaseOrderId", "newPurchaseOrder"),
        "PURCHASE_ORDER_STATUS_CHANGE": WebhookType(
            "purchase_order.status_changed", "purchaseOrderId", "purchaseOrder"
        ),
        "NEW_SLASH_COMMAND": WebhookType("slash_command.created", "messageId"),
        "API_TOKEN_CREATED": WebhookType("audit.api_token_created"),
        "API_TOKEN_REVOKED": WebhookType("audit.api_token_revoked"),
        "CONNECTOR_TOKEN_REVOKED": WebhookType("audit.connector_token_revoked"),
        "DATA_EXPORT_INITIATED": WebhookType("audit.data_export_initiated"),
        "INVITE_LINK_ARCHIVED": WebhookType("audit.invite_link_archived", "inviteLinkId"),
        "INVITE_LINK_CREATED": WebhookType("audit.invite_link_created", "inviteLinkId"),
        "INVITE_LINK_UPDATED": WebhookType("audit.invite_link_updated", "inviteLinkId"),
        "ROLE_ARCHIVED": WebhookType("audit.role_archived", "roleId"),
        "ROLE_CREATED": WebhookType("audit.role_created", "roleId"),
        "ROLE_UPDATED": WebhookType("audit.role_updated", "roleId"),
        "SSO_CONFIG_CHANGED": WebhookType("audit.sso_config_changed"),
        "USER_ACTIVATED": WebhookType("audit.user_activated", "targetUserId"),
        "USER_INVITED": WebhookType("audit.user_invited", "targetUserId"),
        "USER_LOGIN_FAILURE": WebhookType("audit.user_login_failure"),
        "USER_LOGIN_SUCCESS": WebhookType("audit.user_login_success", "userId"),
        "USER_LOGOUT": WebhookType("audit.user_logout", "userId"),
        "USER_PERMISSIONS_CHANGED": WebhookType("audit.user_permissions_changed", "targetUserId"),
        "USER_REMOVED": WebhookType("audit.user_removed", "targetUserId"),
        "USER_ROLE_CHANGED": WebhookType("audit.user_role_changed", "targetUserId"),
        "USER_SESSION_REVOKED": WebhookType("audit.user_session_revoked", "targetUserId"),
        "WEBHOOK_ARCHIVED": WebhookType("audit.webhook_archived", "webhookId"),
        "WEBHOOK_CREATED": WebhookType("audit.webhook_created", "webhookId"),
    }
)
