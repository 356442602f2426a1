"""What the sync of one site works with: its settings, and a port to each system."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shared.canonical import content_hash
from shared.config.mappings import MappingFile
from shared.erp.base import ErpAdapter
from shared.state import RecordKey, StateStore, SyncRecord
from shared.sync.audit import AuditSink
from shared.sync.maintainx_side import WorkOrderPort
from shared.sync.merge import Baselines
from shared.sync.reference import external_reference

KIND = "work_order"
LEASE_S = 60.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SyncParts:
    """One site's settings and ports. Safe to share between threads.

    lease_s: how long a record stays reserved for a delivery that died; longer than one call to a port takes, since it
    is renewed before each write to a remote system. It is also the most that such a write may take.
    """

    site: str
    zone: ZoneInfo
    mapping: MappingFile
    maintainx: WorkOrderPort
    erp: ErpAdapter
    state: StateStore
    publisher: AuditSink
    clock: Callable[[], datetime] = _utc_now
    lease_s: float = LEASE_S
    sleep: Callable[[float], None] = time.sleep

    def reference(self, work_order_id: int) -> str:
        """What the ERP's record of this work order carries."""
        return external_reference(self.site, work_order_id, self.erp.description.reference_length)

    def new_record(self, key: RecordKey) -> SyncRecord:
        """The sync record of what nothing is known of yet."""
        return blank_record(key, self.reference(key.maintainx_id), self.clock())


def blank_record(key: RecordKey, reference: str, now_utc: datetime) -> SyncRecord:
    """The sync record of what nothing is known of yet."""
    return SyncRecord(
        site=key.site,
        kind=key.kind,
        maintainx_id=key.maintainx_id,
        erp_id=None,
        reference=reference,
        base={},
        base_hash=maintainx_hash({}),
        erp_version=None,
        state="creating",
        intent=None,
        updated_at_utc=now_utc,
    )


def maintainx_hash(base: Baselines) -> str:
    """Hash of MaintainX's side of all baselines: equal as long as nothing that is mapped changed there."""
    return content_hash({field: [each["maintainx"], each["sent"]] for field, each in base.items()})
