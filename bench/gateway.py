"""What one change costs in calls to MaintainX and to the ERP, counted by their simulators.

No figure here is a time, so a busy machine changes none. Both sides are spoken to by the real clients over sockets.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from local import loopback
from local.erp.testing import running_simulator as running_rest
from local.firestore.testing import running_server as running_firestore
from local.maintainx.control_client import SimControl
from local.maintainx.testing import running_simulator as running_maintainx
from local.oracle.testing import running_simulator as running_oracle
from local.sap.testing import running_simulator as running_sap
from local.stack import ROOT
from shared.config.erp import ErpConfig
from shared.config.loading import load_model
from shared.config.mappings import MappingFile
from shared.config.record_policies import OnNewInErp
from shared.erp.adapters import make_adapter
from shared.events import Event
from shared.maintainx.client import MaintainXClient
from shared.secrets import Secrets
from shared.state.firestore import FirestoreStateStore
from shared.sync.conflicts import ERP_CHANGED_EVENT
from shared.sync.engine import SyncEngine
from shared.sync.maintainx_side import MaintainXSide
from shared.sync.new_in_erp import NEW_IN_ERP_EVENT

_SITE, _ORGANIZATION, _PUMP = "plant", 4242, 2201
_OURS, _PERSON = "token-of-ours", "token-of-a-person"
_PLANNED = "Change the oil"
_STATUSES = ["NEW", "IN_WORK", "WAITING", "COMPLETED", "CLOSED", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Calls:
    """HTTP requests that one look at a work order took."""

    maintainx: int
    erp: int


@dataclass(frozen=True, slots=True)
class _Erp:
    """One simulated ERP: its settings, how many requests it has had, and what a person does in it.

    edit: of the only order; plan: makes another one, and tells its id.
    """

    settings: dict[str, Any]
    secret: str
    requests: Callable[[], int]
    edit: Callable[[], None]
    plan: Callable[[], str]


@contextmanager
def _rest() -> Iterator[_Erp]:
    with running_rest() as simulator:
        base_url = simulator.add_tenant(_SITE, "token", (str(_PUMP),))
        rest = {
            "answers": "stored",
            "status": {"field": "status", "readable": _STATUSES, "initial": "NEW", "final": ["CLOSED"]},
        }

        def requests() -> int:
            return sum(count for name, count in simulator.counters(_SITE).items() if not name.startswith("user_"))

        def edit() -> None:
            simulator.edit(_SITE, simulator.orders(_SITE)[0]["id"], priority="2")

        def plan() -> str:
            return simulator.create(_SITE, shortText=_PLANNED, orderType="PM02", priority="2", plant="1010")

        settings = {"adapter": "rest", "base_url": base_url, "mapping": "rest-example", "rest": rest}
        yield _Erp(settings, "token", requests, edit, plan)


@contextmanager
def _sap() -> Iterator[_Erp]:
    with running_sap() as simulator:
        base_url = simulator.add_tenant(_SITE, "user:password", equipment={str(_PUMP): "Pump"}, client="100")

        def edit() -> None:
            simulator.edit(_SITE, simulator.orders(_SITE)[0]["MaintenanceOrder"], MaintPriority="2")

        def plan() -> str:
            plant = {"MaintenancePlanningPlant": "1010", "MainWorkCenter": "MECH01", "MainWorkCenterPlant": "1010"}
            fields = {"MaintenanceOrderDesc": _PLANNED, "MaintenanceOrderType": "PM02", "MaintPriority": "2", **plant}
            return str(simulator.create(_SITE, **fields)["MaintenanceOrder"])

        settings = {"adapter": "sap", "base_url": base_url, "mapping": "sap-s4hana", "sap": {"client": "100"}}
        yield _Erp(settings, "user:password", lambda: len(simulator.log(_SITE)), edit, plan)


@contextmanager
def _oracle() -> Iterator[_Erp]:
    with running_oracle() as simulator:
        base_url = simulator.add_tenant(_SITE, "user", "password", assets=(str(_PUMP),))

        def edit() -> None:
            simulator.edit(_SITE, simulator.orders(_SITE)[0]["WorkOrderId"], WorkOrderPriority=2)

        def plan() -> str:
            fields = {"WorkOrderDescription": _PLANNED, "WorkOrderTypeCode": "PREVENTIVE", "WorkOrderPriority": 2}
            made = simulator.create(_SITE, **fields, OrganizationCode="M1", AssetNumber=str(_PUMP))
            return str(made["WorkOrderId"])

        operation = {"fields": {"OperationName": "Work", "WorkCenterCode": "MECH"}, "with_create": True}
        oracle = {"organization_code": "M1", "first_operation": operation}
        settings = {"adapter": "oracle", "base_url": base_url, "mapping": "oracle-maintenance", "oracle": oracle}
        yield _Erp(settings, "user:password", lambda: len(simulator.log(_SITE)), edit, plan)


ERPS = {"REST": _rest, "SAP": _sap, "Oracle": _oracle}


def count(erp_name: str) -> dict[str, Calls]:
    """What happened to a work order -> the calls that the look at it took, in the order of its life."""
    kept = dict(os.environ)
    try:
        with ExitStack() as stack:
            erp = stack.enter_context(ERPS[erp_name]())
            maintainx = stack.enter_context(running_maintainx())
            firestore = stack.enter_context(running_firestore(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
            os.environ["FIRESTORE_EMULATOR_HOST"] = firestore.address
            os.environ["SECRET_ERP_BENCH"] = erp.secret
            return _Life(maintainx, erp).count()
    finally:
        os.environ.clear()
        os.environ.update(kept)


class _Life:
    """The life of one work order, and what each look at it costs."""

    def __init__(self, maintainx: SimControl, erp: _Erp) -> None:
        self._maintainx, self._erp = maintainx, erp
        maintainx.seed(
            {
                "id": _ORGANIZATION,
                "name": "Plant",
                "timeZone": "Europe/Berlin",
                "users": [{"id": 77, "firstName": "A", "lastName": "B", "email": "a@example.com", "role": "ADMIN"}],
                "assets": [{"id": _PUMP, "name": "Feed pump"}],
                "tokens": [{"token": _OURS, "userId": 77}, {"token": _PERSON, "userId": 77, "privileged": True}],
            }
        )
        self._person = loopback.client(
            base_url=maintainx.api_url,
            headers={"Authorization": f"Bearer {_PERSON}", "x-organization-id": str(_ORGANIZATION)},
        )

    def count(self) -> dict[str, Calls]:
        """Each step, once the one before it has settled."""
        config = ErpConfig.model_validate({**self._erp.settings, "credentials_secret": "erp-bench"})
        mapping = load_model(ROOT / "config" / "mappings" / f"{config.mapping}.yaml", MappingFile)
        client = MaintainXClient(self._maintainx.api_url, lambda: _OURS, _ORGANIZATION)
        state = FirestoreStateStore(project="bench")
        engine = SyncEngine(
            site=_SITE,
            zone=ZoneInfo("Europe/Berlin"),
            mapping=mapping.model_copy(update={"on_new_in_erp": OnNewInErp(action="create")}),
            maintainx=MaintainXSide(client, mapping.maintainx_paths),
            erp=make_adapter(config, Secrets()),
            state=state,
            publisher=_Nobody(),
        )
        body = {"title": "Replace seal", "priority": "HIGH", "type": "REACTIVE", "assetId": _PUMP}
        number = int(self._person.post("/workorders", json=body).raise_for_status().json()["id"])
        path = f"/workorders/{number}"
        found: dict[str, Calls] = {}

        def look(step: str, expected: str, type_: str = "work_order.updated", erp_id: str = "") -> None:
            before, asked, event = self._maintainx_calls(), self._erp.requests(), _event(len(found), number, type_)
            reason = (engine.take_in(erp_id, event) if erp_id else engine.look_at(number, event)).reason
            if reason != expected:
                raise RuntimeError(f"{step}: counted {reason!r} instead of {expected!r}")
            found[step] = Calls(self._maintainx_calls() - before, self._erp.requests() - asked)

        look("created in MaintainX", "created")
        look("our own write comes back", "unchanged")
        self._patch(path, title="Replace both seals")
        look("a field changes, version not known", "updated")
        self._patch(path, title="Replace all seals")
        look("a field changes, version known", "updated")
        self._erp.edit()
        look("a field changes in the ERP", "pulled", ERP_CHANGED_EVENT)
        self._patch(f"{path}/status", status="DONE")
        look("the status changes", "updated")
        look("created in the ERP", "adopted", NEW_IN_ERP_EVENT, self._erp.plan())
        state.close()
        client.close()
        self._person.close()
        return found

    def _patch(self, path: str, **fields: Any) -> None:
        self._person.patch(path, json=fields).raise_for_status()

    def _maintainx_calls(self) -> int:
        return sum(self._maintainx.stats()["calls"].values())


class _Nobody:
    def publish(self, topic: str, data: bytes, attributes: Any) -> str:  # noqa: ARG002  # a port
        return "1"


def _event(count_: int, number: int, type_: str) -> Event:
    now = datetime.now(UTC)
    return Event(f"e{count_}", _SITE, type_, "work_order", str(number), now, now, "webhook", "", {})


def main() -> None:
    """Print the table: calls to MaintainX + calls to the ERP."""
    counted = {name: count(name) for name in ERPS}
    table = Table("calls to MaintainX + to the ERP", *ERPS, title="One change of one work order")
    for step in counted["REST"]:
        table.add_row(step, *(f"{calls[step].maintainx} + {calls[step].erp}" for calls in counted.values()))
    Console(width=110).print(table)
