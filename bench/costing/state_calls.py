"""Counts what single operations ask of Firestore, MaintainX and the ERP, by doing them on an embedded Firestore."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from local.erp.testing import running_simulator as running_erp
from local.firestore.testing import RunningServer, running_server
from local.stack import ROOT
from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.erp.rest import RestErp
from shared.events import Event
from shared.secrets import Secrets
from shared.state import Acquired, ClaimKey
from shared.state.firestore import FirestoreStateStore
from shared.sync.engine import SyncEngine

_READS = {"BatchGetDocuments", "GetDocument", "RunQuery", "RunAggregationQuery"}
_SITE, _PUMP, _WORK_ORDER = "plant", 2201, 1
_SECRET = "erp-token-bench"


class _Count:
    """Passes calls on to `target` and counts them."""

    def __init__(self, target: Any) -> None:
        self.target, self.calls = target, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.target, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return found(*args, **kwargs)

        return call


class _MaintainX:
    """Answers one work order; only how often it is asked matters here."""

    def __init__(self) -> None:
        self.title = "Replace seal"

    def get_work_order(self, work_order_id: int) -> Mapping[str, Any]:
        fields = {"status": "OPEN", "priority": "HIGH", "type": "REACTIVE", "assetId": _PUMP}
        return {"id": work_order_id, "title": self.title, **fields}


class _NoAudit:
    def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> str:  # noqa: ARG002  # the port's
        return "1"


def count_state_calls() -> dict[str, Counter[str]]:
    """For `claim` (of an event, to its end), `created`, `updated` and `unchanged`: reads, writes, MaintainX, ERP."""
    kept = dict(os.environ)
    try:
        with tempfile.TemporaryDirectory() as folder, running_server(Path(folder)) as server, running_erp() as erp:
            os.environ["FIRESTORE_EMULATOR_HOST"] = server.address
            os.environ["SECRET_" + _SECRET.upper().replace("-", "_")] = "token"
            settings = {
                "adapter": "rest",
                "base_url": erp.add_tenant(_SITE, "token", (str(_PUMP),)),
                "credentials_secret": _SECRET,
                "mapping": "rest-example",
                "rest": {"answers": "stored"},
            }
            adapter = RestErp(ErpConfig.model_validate(settings), Secrets())
            state = FirestoreStateStore(project="bench")
            state.now()  # asked for once a process
            try:
                return _count(server, state, _Count(adapter))
            finally:
                state.close()
                adapter.close()
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _count(server: RunningServer, state: FirestoreStateStore, erp: Any) -> dict[str, Counter[str]]:
    plant = _MaintainX()
    maintainx: Any = _Count(plant)
    engine = SyncEngine(
        site=_SITE,
        zone=ZoneInfo("UTC"),
        mapping=load_model(ROOT / "config" / "mappings" / "rest-example.yaml", MappingFile),
        maintainx=maintainx,
        erp=erp,
        state=state,
        publisher=_NoAudit(),
    )

    def counted(work: Callable[[], str], expected: str) -> Counter[str]:
        before, asked, ordered = server.calls.copy(), maintainx.calls, erp.calls
        if (outcome := work()) != expected:
            raise RuntimeError(f"counted {outcome!r} instead of {expected!r}")
        calls = server.calls - before
        reads = sum(count for method, count in calls.items() if method in _READS)
        return Counter(
            reads=reads, writes=calls.total() - reads, MaintainX=maintainx.calls - asked, ERP=erp.calls - ordered
        )

    def push(number: int) -> str:
        return engine.look_at(_WORK_ORDER, _event(number)).reason

    found = {"claim": counted(lambda: _claim(state), "done")}
    found["created"] = counted(lambda: push(1), "created")
    plant.title = "Replace both seals"
    found["updated"] = counted(lambda: push(2), "updated")
    found["unchanged"] = counted(lambda: push(3), "unchanged")
    return found


def _claim(state: FirestoreStateStore) -> str:
    claimed = state.claim(ClaimKey(_SITE, "e", "erp_push"), owner="bench", lease_s=60)
    assert isinstance(claimed, Acquired)
    state.complete_claim(claimed.claim, outcome="done", reason="", ttl_s=60)
    return "done"


def _event(number: int) -> Event:
    now = datetime.now(UTC)
    return Event(
        f"e{number}", _SITE, "work_order.updated", "work_order", str(_WORK_ORDER), now, now, "webhook", "X", {}
    )
