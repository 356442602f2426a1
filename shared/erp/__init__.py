"""The ERP side: the port that the sync engine writes to, the field mapping, and the adapters."""

from shared.erp.base import ErpAdapter, ErpRecord
from shared.erp.mapping import map_work_order

__all__ = ["ErpAdapter", "ErpRecord", "map_work_order"]
