"""The settings of the Oracle Fusion Cloud Maintenance adapter."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from shared.config.erp_connection import ConnectionConfig
from shared.config.loading import Model
from shared.config.names import PathBelow
from shared.lengths import Lengths

OracleStatus = Literal["ORA_UNRELEASED", "ORA_RELEASED", "ORA_ON_HOLD", "ORA_COMPLETED", "ORA_CLOSED", "ORA_CANCELED"]


class OracleOperation(Model):
    """The operation that an order gets if it has none when it is released or completed; an order needs one to complete.

    `fields`: of the child resource WorkOrderOperation, in Oracle's own forms: a `StandardOperationCode`, or an
    `OperationName` and a `WorkCenterCode`; its number is 10 unless `OperationSequenceNumber` is there. `with_create`:
    send it in the body of the create; not every tenant takes children there, so otherwise it is a call of its own.
    """

    fields: dict[str, Any] = Field(min_length=1)
    with_create: StrictBool = False


class OracleCompletion(Model):
    """The operation transaction that completes an order: where it is posted and what is in it.

    `path`: relative to `resources_path`. In the texts of `body`, `{work_order_id}`, `{work_order_number}`,
    `{organization_code}`, `{operation_sequence}` and `{now}` (UTC) stand for what they say; a text that is nothing
    else keeps the type of the value. `SourceSystemCode` must be one that is registered in the tenant.
    """

    path: PathBelow = "/maintenanceOperationTransactions"
    body: dict[str, Any] = Field(
        default={
            "SourceSystemCode": "MAINTAINX",
            "SourceSystemType": "EXTERNAL",
            "OperationTransactionDetail": [
                {
                    "OrganizationCode": "{organization_code}",
                    "WorkOrderNumber": "{work_order_number}",
                    "WoOperationSequenceNumber": "{operation_sequence}",
                    "FromDispatchState": "READY",
                    "ToDispatchState": "COMPLETE",
                    "TransactionQuantity": 1,
                    "TransactionDate": "{now}",
                }
            ],
        }
    )

    @field_validator("body")
    @classmethod
    def _only_known_placeholders(cls, value: dict[str, Any]) -> dict[str, Any]:
        known = {"work_order_id", "work_order_number", "organization_code", "operation_sequence", "now"}
        if unknown := sorted(set(re.findall(r"\{(\w+)\}", str(value))) - known):
            raise ValueError(f"{{{unknown[0]}}} stands for nothing; known are {', '.join(sorted(known))}")
        return value


class OracleErpConfig(ConnectionConfig):
    """How Oracle Fusion Cloud Maintenance is spoken to (REST resource maintenanceWorkOrders).

    `organization_code`: the maintenance plant; orders of others are not seen. `framework_version`: of Oracle's REST
    framework; 1 has another query language, so it is refused. `page_limit`: records a page; Oracle's own limit is just
    under 500. `reference_field`: where our reference is written when an order is made and searched for.
    `status_codes`: the tenant's own status codes -> the code of Oracle's that each is read as. `extra_fields`: other
    fields of the tenant's work orders that a mapping uses, and their types. `lengths`: what the columns count, which is
    not documented: `characters`, or `bytes` of UTF-8. `window_days`: where the tenant cannot be
    asked for what changed, orders in a final status are looked at if their planned start is at most so long before the
    moment since when changes are wanted. `first_operation`: absent, orders get their operations in Oracle.
    """

    auth: Literal["bearer", "basic", "oauth", "none"] = "basic"
    resources_path: PathBelow = "/fscmRestApi/resources/11.13.18.05"
    organization_code: str | None = Field(default=None, min_length=1)
    framework_version: StrictInt = Field(default=4, ge=2, le=99)
    page_limit: StrictInt = Field(default=200, ge=1, le=499)
    reference_field: str = Field(default="WorkOrderNumber", pattern=r"^[A-Za-z_]\w*$")
    status_codes: dict[str, OracleStatus] = Field(default_factory=dict)
    extra_fields: dict[str, Literal["text", "number", "boolean", "date", "time"]] = Field(default_factory=dict)
    lengths: Lengths = "characters"
    window_days: StrictInt = Field(default=90, ge=1, le=3650)
    first_operation: OracleOperation | None = None
    # Not OracleCompletion(): see ErpConfig.
    completion: OracleCompletion = Field(default_factory=dict, validate_default=True)
