"""Answers that are no success: the error in the shapes that SAP Gateway gives it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import escape

_NOISE = {
    "code": "/IWBEP/CX_MGW_BUSI_EXCEPTION",
    "message": "An exception was raised",
    "propertyref": "",
    "target": "",
    "severity": "error",
}
_WARNING = {
    "code": "SIM/901",
    "message": "Check the settlement rule",
    "propertyref": "",
    "target": "",
    "severity": "warning",
}


class Refusal(Exception):
    """A request that SAP does not accept. target: the property at fault. business: refused by the application's rules,
    so that the details hold a warning and Gateway's own duplicate as well."""

    def __init__(self, status: int, code: str, message: str, *, target: str = "", business: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.business = business

    def as_json(self) -> dict[str, Any]:
        """The error object of OData V2, with Gateway's inner error."""
        detail = {
            "code": self.code,
            "message": self.message,
            "propertyref": "",
            "target": self.target,
            "severity": "error",
        }
        return {
            "error": {
                "code": self.code,
                "message": {"lang": "en", "value": self.message},
                "innererror": {
                    "transactionid": uuid4().hex.upper(),
                    "timestamp": f"{datetime.now(UTC):%Y%m%d%H%M%S.%f}0",
                    "application": {
                        "component_id": "PM-WOC-MO",
                        "service_namespace": "/SAP/",
                        "service_id": "API_MAINTENANCEORDER",
                        "service_version": "0002",
                    },
                    "errordetails": [_WARNING, detail, _NOISE] if self.business else [detail],
                },
            }
        }

    def as_xml(self) -> str:
        """What a client gets that did not ask for JSON."""
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
            f'<code>{escape(self.code)}</code><message xml:lang="en">{escape(self.message)}</message></error>'
        )


def business(code: str, message: str, target: str = "") -> Refusal:
    """400 with a message of the application."""
    return Refusal(400, code, message, target=target, business=True)


def bad_request(message: str, target: str = "") -> Refusal:
    """400 because the request is malformed or names what does not exist."""
    return Refusal(400, "/IWBEP/CM_MGW_RT/022", message, target=target)


def not_found(what: str) -> Refusal:
    """404: no such entity or segment."""
    return Refusal(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{what}'")


def not_allowed(method: str, what: str) -> Refusal:
    """405: this cannot be done to this resource."""
    return Refusal(405, "/IWFND/CM_BEC/026", f"{method} is not allowed for {what}")
