"""The sync record of a work order, before anything is known of it."""

from __future__ import annotations

from datetime import datetime

from shared.state import SyncRecord
from shared.sync.session import maintainx_hash

KIND = "work_order"


def blank_record(site: str, work_order_id: int, reference: str, now_utc: datetime) -> SyncRecord:
    """The record of a work order of which nothing is known yet."""
    return SyncRecord(
        site=site,
        kind=KIND,
        maintainx_id=work_order_id,
        erp_id=None,
        reference=reference,
        base={},
        base_hash=maintainx_hash({}),
        erp_version=None,
        state="creating",
        intent=None,
        updated_at_utc=now_utc,
    )
