"""The adapter for Oracle Fusion Cloud Maintenance."""

from shared.erp.oracle.adapter import OracleErp

__all__ = ["OracleErp"]
