"""The ERP side: the port that the sync engine writes to, the field mapping, and the adapters."""

from shared.erp.base import ErpAdapter, ErpDescription, ErpField, ErpRecord, StatusRules
from shared.erp.mapping import map_work_order

__all__ = ["ErpAdapter", "ErpDescription", "ErpField", "ErpRecord", "StatusRules", "map_work_order"]
