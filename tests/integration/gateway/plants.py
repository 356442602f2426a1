"""A site's part of each simulated ERP."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.erp.testing import Simulator as RestSimulator
from local.oracle.testing import Simulator as OracleSimulator
from local.sap.testing import ControlRefused
from local.sap.testing import Simulator as SapSimulator
from shared.config.erp import ErpConfig
from shared.config.mappings import MappingFile, Policy
from shared.config.record_policies import OnNewInErp
from shared.erp.base import ErpAdapter
from shared.erp.oracle import OracleErp
from shared.erp.rest import RestErp
from shared.erp.sap.adapter import SapErp
from shared.secrets import Secrets

REST_VARIABLE = "SECRET_ERP_TOKEN_GATEWAY"
SAP_VARIABLE = "SECRET_SAP_GATEWAY"
ORACLE_VARIABLE = "SECRET_ORACLE_GATEWAY"
REST_STATUSES = ("NEW", "IN_WORK", "WAITING", "COMPLETED", "CLOSED", "CANCELLED")
_numbers = itertools.count(1)


def with_policies(mapping: MappingFile, policies: Mapping[str, Policy]) -> MappingFile:
    """The mapping with other policies for some ERP fields, by which records of the ERP become work orders."""
    fields = [
        rule if rule.erp not in policies else rule.model_copy(update={"policy": policies[rule.erp]})
        for rule in mapping.fields
    ]
    return mapping.model_copy(update={"fields": fields, "on_new_in_erp": OnNewInErp(action="create")})


@dataclass
class RestPlant:
    """A tenant of the REST simulator."""

    simulator: RestSimulator
    site: str
    mapping: MappingFile
    config: ErpConfig

    def adapter(self) -> ErpAdapter:
        return RestErp(self.config, Secrets())

    def orders(self) -> dict[str, str | None]:
        return {order["id"]: order["externalReference"] for order in self.simulator.orders(self.site)}

    def new_order(self, title: str) -> str:
        body = {"shortText": title[:40], "longText": "By a planner", "status": "NEW", "priority": "2"}
        body |= {"orderType": "PM02", "equipment": "2202", "dueDate": "2026-09-20", "plant": "2020"}
        body |= {"externalReference": ""}
        return self.simulator.create(self.site, **body)

    def edit(self, order_id: str, name: str, value: Any) -> bool:
        return _if_allowed(lambda: self.simulator.edit(self.site, order_id, **{name: value}))

    def set_status(self, order_id: str, status: str) -> None:
        _if_allowed(lambda: self.simulator.edit(self.site, order_id, status=status))

    def lose(self, order_id: str) -> None:
        self.simulator.delete(self.site, order_id)

    def fault(self, kind: str) -> None:
        self.simulator.fault(kind, tenant=self.site, times=1)

    def clear_faults(self) -> None:
        self.simulator.clear_faults()

    def writes(self) -> int | None:
        counters = self.simulator.counters(self.site)
        return counters.get("creates", 0) + counters.get("updates", 0)


def rest_plant(simulator: RestSimulator, mapping: MappingFile) -> RestPlant:
    """A new tenant; REST_VARIABLE must hold `token`."""
    site = f"gateway-{next(_numbers)}"
    settings = {
        "adapter": "rest",
        "base_url": simulator.add_tenant(site, "token", ("2201", "2202")),
        "credentials_secret": "erp-token-gateway",
        "mapping": "rest-example",
        "rest": {
            "answers": "stored",
            "timeout_s": 5.0,
            "settle_s": 5.0,
            "changed_parameter": "changedSince",
            "changed_field": "changedAt",
            "paging": {"style": "none"},
            "status": {"field": "status", "readable": list(REST_STATUSES), "initial": "NEW", "final": ["CLOSED"]},
        },
    }
    return RestPlant(simulator, site, mapping, ErpConfig.model_validate(settings))


@dataclass
class OraclePlant:
    """A tenant of the Oracle simulator."""

    simulator: OracleSimulator
    site: str
    mapping: MappingFile
    config: ErpConfig

    def adapter(self) -> ErpAdapter:
        return OracleErp(self.config, Secrets())

    def orders(self) -> dict[str, str | None]:
        return {str(order["WorkOrderId"]): order["WorkOrderNumber"] for order in self.simulator.orders(self.site)}

    def new_order(self, title: str) -> str:
        made = self.simulator.create(
            self.site,
            OrganizationCode="M1",
            WorkOrderDescription=title,
            WorkOrderTypeCode="PREVENTIVE",
            AssetNumber="2202",
            WorkOrderPriority=2,
            PlannedStartDate="2026-09-20T06:00:00Z",
            WorkOrderOperation=[{"OperationSequenceNumber": 10, "OperationName": "Work", "WorkCenterCode": "MECH"}],
        )
        return str(made["WorkOrderId"])

    def edit(self, order_id: str, name: str, value: Any) -> bool:
        return _if_allowed(lambda: self.simulator.edit(self.site, order_id, **{name: value}))

    def set_status(self, order_id: str, status: str) -> None:
        _if_allowed(lambda: self.simulator.set_status(self.site, order_id, status))

    def lose(self, order_id: str) -> None:
        self.simulator.delete(self.site, order_id)

    def fault(self, kind: str) -> None:
        self.simulator.fault(kind, tenant=self.site, times=1)

    def clear_faults(self) -> None:
        self.simulator.clear_faults(self.site)

    def writes(self) -> int | None:
        return None


def oracle_plant(simulator: OracleSimulator, mapping: MappingFile, *, etag: bool = True) -> OraclePlant:
    """A new tenant; ORACLE_VARIABLE must hold `user:password`."""
    site = f"gateway-{next(_numbers)}"
    settings = {
        "adapter": "oracle",
        "base_url": simulator.add_tenant(site, "user", "password", assets=("2201", "2202"), etag=etag),
        "credentials_secret": "oracle-gateway",
        "mapping": "oracle-maintenance",
        "oracle": {
            "organization_code": "M1",
            "timeout_s": 5.0,
            "settle_s": 5.0,
            "first_operation": {"fields": {"OperationName": "Work", "WorkCenterCode": "MECH"}},
        },
    }
    return OraclePlant(simulator, site, mapping, ErpConfig.model_validate(settings))


@dataclass
class SapPlant:
    """A tenant of the SAP simulator."""

    simulator: SapSimulator
    site: str
    mapping: MappingFile
    config: ErpConfig

    def adapter(self) -> ErpAdapter:
        return SapErp(self.config, Secrets())

    def orders(self) -> dict[str, str | None]:
        found = self.simulator.orders(self.site)
        return {order["MaintenanceOrder"]: order["ReferenceElement"] for order in found}

    def new_order(self, title: str) -> str:
        made = self.simulator.create(
            self.site,
            MaintenanceOrderDesc=title[:40],
            MaintenanceOrderType="PM02",
            MaintenancePlanningPlant="1020",
            MainWorkCenter="MECH02",
            MainWorkCenterPlant="1020",
            Equipment="2202",
            MaintPriority="2",
        )
        return str(made["MaintenanceOrder"])

    def edit(self, order_id: str, name: str, value: Any) -> bool:
        if name == "LongText":
            return _if_allowed(lambda: self.simulator.write_long_text(self.site, order_id, value))
        return _if_allowed(lambda: self.simulator.edit(self.site, order_id, **{name: value}))

    def set_status(self, order_id: str, status: str) -> None:
        if status in ("PCNF", "CNF"):
            _if_allowed(lambda: self.simulator.confirm(self.site, order_id, final=status == "CNF"))
        else:
            _if_allowed(lambda: self.simulator.set_status(self.site, order_id, status))

    def lose(self, order_id: str) -> None:
        self.simulator.delete(self.site, order_id)

    def fault(self, kind: str) -> None:
        if kind == "session_expired":
            self.simulator.expire_sessions(self.site)
        else:
            self.simulator.fault(kind, tenant=self.site, times=1)

    def clear_faults(self) -> None:
        self.simulator.clear_faults(self.site)

    def writes(self) -> int | None:
        return None


def sap_plant(simulator: SapSimulator, mapping: MappingFile) -> SapPlant:
    """A new tenant; SAP_VARIABLE must hold `user:password`."""
    site = f"gateway-{next(_numbers)}"
    equipment = {"2201": "Pump", "2202": "Fan"}
    settings = {
        "adapter": "sap",
        "base_url": simulator.add_tenant(site, "user:password", equipment=equipment, page_size=2, client="100"),
        "credentials_secret": "sap-gateway",
        "mapping": "sap-s4hana",
        "sap": {"client": "100", "timeout_s": 5.0, "settle_s": 5.0},
    }
    return SapPlant(simulator, site, mapping.counted_by("utf16"), ErpConfig.model_validate(settings))


def _if_allowed(write: Callable[[], object]) -> bool:
    try:
        write()
    except ControlRefused:  # a closed order, a status that does not follow
        return False
    except httpx.HTTPStatusError as error:
        if error.response.status_code >= 500:
            raise
        return False
    return True
