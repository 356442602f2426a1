"""Both simulators and the embedded Firestore, over sockets, with the real clients on all of them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from local.erp.testing import Simulator as ErpSimulator
from local.maintainx.control_client import SimControl
from shared.config.erp import ErpConfig
from shared.config.mappings import MappingFile
from shared.erp import map_work_order
from shared.erp.rest import RestErp
from shared.maintainx.client import MaintainXClient
from shared.secrets import Secrets
from shared.state.firestore import FirestoreStateStore
from shared.sync.engine import SyncEngine
from shared.sync.maintainx_side import MaintainXSide
from tests.fakes.publisher import FakePublisher
from tests.fakes.sync_world import ZONE, Wire, example_mapping
from tests.integration.maintainx.plant import DRIVER, ORG, PUMP, api

VARIABLE = "SECRET_ERP_TOKEN_SYNC"
_numbers = itertools.count(1)


@dataclass
class Stack:
    """One site between the two simulators. `now` is the clock of leases and intents."""

    site: str
    maintainx: SimControl
    api: httpx.Client
    erp: ErpSimulator
    project: str
    firestore_calls: Callable[[], int]
    mapping: MappingFile = field(default_factory=example_mapping)
    token: str = DRIVER
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    trail: FakePublisher = field(default_factory=FakePublisher)
    closers: list[Callable[[], None]] = field(default_factory=list)

    def engine(self, wire: Wire | None = None, *, erp_timeout_s: float = 20.0) -> SyncEngine:
        """An engine as another instance of the function would have it: with connections of its own."""
        wire = wire or Wire()
        settings = {
            "adapter": "rest",
            "base_url": f"{self.erp.base_url}/{self.site}",
            "credentials_secret": "erp-token-sync",
            "mapping": "rest-example",
            "rest": {"answers": "stored", "timeout_s": erp_timeout_s},
        }
        erp = RestErp(ErpConfig.model_validate(settings), Secrets())
        state = FirestoreStateStore(project=self.project, clock=lambda: self.now)
        client = MaintainXClient(self.maintainx.api_url, lambda: self.token, ORG)
        self.closers += [erp.close, state.close, client.close]
        return SyncEngine(
            site=self.site,
            zone=ZONE,
            mapping=self.mapping,
            maintainx=wire.port("maintainx", MaintainXSide(client, self.mapping.maintainx_paths)),
            erp=wire.port("erp", erp),
            state=wire.port("state", state),
            publisher=wire.port("publisher", self.trail),
            clock=lambda: self.now,
        )

    def wait(self, seconds: float) -> None:
        """Time passes, for leases and intents."""
        self.now += timedelta(seconds=seconds)

    def new_work_order(self, **fields: Any) -> int:
        """Somebody makes a work order in MaintainX."""
        body = {"title": "Replace seal", "priority": "HIGH", "type": "REACTIVE", "assetId": PUMP, **fields}
        made = self.api.post("/workorders", json=body).raise_for_status()
        return int(made.json()["id"])

    def change(self, work_order_id: int, **fields: Any) -> None:
        """Somebody changes it."""
        self.api.patch(f"/workorders/{work_order_id}", json=fields).raise_for_status()

    def set_status(self, work_order_id: int, status: str) -> None:
        """Somebody sets its status."""
        self.api.patch(f"/workorders/{work_order_id}/status", json={"status": status}).raise_for_status()

    def delete(self, work_order_id: int) -> None:
        """Somebody deletes it."""
        self.api.delete(f"/workorders/{work_order_id}").raise_for_status()

    def order(self) -> dict[str, Any]:
        """The one order that the ERP has."""
        (order,) = self.erp.orders(self.site)
        return order

    def is_in_step(self, work_order_id: int) -> bool:
        """Whether the ERP's one order says what the mapping makes of the work order."""
        work_order = self.api.get(f"/workorders/{work_order_id}").raise_for_status().json()["workOrder"]
        return self.order().items() >= map_work_order(example_mapping(), work_order, ZONE).items()


@pytest.fixture
def stack(
    embedded_firestore: Any, maintainx: SimControl, erp: ErpSimulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """A site that is new to the ERP and to Firestore."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", embedded_firestore.address)
    monkeypatch.setenv(VARIABLE, "token")
    site = f"sync-{next(_numbers)}"
    erp.add_tenant(site, "token", (str(PUMP),))
    project = f"sync-{uuid.uuid4().hex[:12]}"
    with api(maintainx) as client:
        made = Stack(site, maintainx, client, erp, project, lambda: sum(dict(embedded_firestore.calls).values()))
        yield made
    for close in made.closers:
        close()
    erp.clear_faults()
