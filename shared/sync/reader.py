"""MaintainX as the sync engine reads it: records in the vendor's own field names, which mappings refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.maintainx.client import MaintainXClient


class MaintainXReader:
    """`shared.sync.outbound.WorkOrderReader` over the client."""

    def __init__(self, client: MaintainXClient) -> None:
        self._client = client

    def get_work_order(self, work_order_id: int) -> Mapping[str, Any]:
        """The work order with its extra fields. Raises what the client raises."""
        return self._client.get_work_order(work_order_id, expand=("extra_fields",)).wire()
