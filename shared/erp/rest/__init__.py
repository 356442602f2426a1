"""The configurable adapter for an ERP with a REST interface: flat JSON records in one collection."""

from shared.erp.rest.adapter import RestErp

__all__ = ["RestErp"]
