"""The adapter for SAP S/4HANA: maintenance orders over the OData V2 service API_MAINTENANCEORDER."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.erp.sap.adapter import SapErp

__all__ = ["SapErp"]


def __getattr__(name: str) -> Any:
    # On demand: whoever only checks a mapping against `description` needs no HTTP client.
    if name != "SapErp":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from shared.erp.sap.adapter import SapErp

    return SapErp
