"""A site between both simulators, as `ops` and the engine find it: configuration, state, topics, archive."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import yaml

from local import loopback
from local.erp.testing import Simulator as ErpSimulator
from local.maintainx.control_client import SimControl
from shared import bootstrap
from shared.events import Event
from shared.outcomes import Outcome
from shared.pubsub.publisher import publisher
from shared.state import Acquired, ClaimKey, RecordKey, SyncRecord
from shared.topics import AUDIT, EVENTS
from shared.warehouse.gateway import Warehouse
from tests.fakes.sync_world import EXAMPLE_MAPPING
from tests.integration.conftest import Broker
from tests.integration.maintainx.plant import PLANT, PUMP
from tests.unit.ops.conftest import Ops

STATUSES = ["NEW", "IN_WORK", "WAITING", "COMPLETED", "CLOSED", "CANCELLED"]
_numbers = itertools.count(1)


@dataclass
class GatewaySite:
    """One site of its own in all systems. Its MaintainX organization and its ERP tenant are empty at first."""

    ops_run: Ops
    maintainx: SimControl
    erp: ErpSimulator
    broker: Broker
    folder: Path
    api: httpx.Client = field(init=False)
    name: str = field(default_factory=lambda: f"plant-{next(_numbers)}")

    def __post_init__(self) -> None:
        organization = 5000 + int(self.name.removeprefix("plant-"))
        token = f"token-of-{self.name}"
        # Ids are unique over all organizations, so this one has only what is needed.
        self.maintainx.seed(
            {
                "id": organization,
                "name": self.name,
                "users": [{**PLANT["users"][0], "id": organization}],
                "assets": [{"id": organization, "name": "Feed pump"}],
                "tokens": [{"token": token, "userId": organization, "privileged": True}],
            }
        )
        self.asset = organization
        self.api = loopback.client(
            base_url=self.maintainx.api_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30.0,
        )
        self.base_url = self.erp.add_tenant(self.name, "erp-token", (str(self.asset), str(PUMP)))
        self.configure(self._settings(organization))
        secrets = self.folder / "secrets"
        secrets.mkdir()
        for name, value in {"api-key": token, "erp-token": "erp-token"}.items():
            (secrets / name).write_text(value)

    def _settings(self, organization: int) -> dict[str, Any]:
        rest = {
            "timeout_s": 20.0,
            "answers": "stored",
            "changed_parameter": "changedSince",
            "changed_field": "changedAt",
            "paging": {"style": "none"},
            "status": {"field": "status", "readable": STATUSES, "initial": "NEW", "final": ["CLOSED"]},
        }
        return {
            "id": self.name,
            "name": "Plant",
            "time_zone": "Europe/Berlin",
            "maintainx": {
                "base_url": self.maintainx.api_url,
                "organization_id": organization,
                "api_key_secret": "api-key",
                "subscriptions": [{"type": "NEW_WORK_ORDER", "secret": "webhook"}],
            },
            "erp": {
                "adapter": "rest",
                "base_url": self.base_url,
                "credentials_secret": "erp-token",
                "mapping": "rest-example",
                "rest": rest,
            },
        }

    def configure(self, site: Mapping[str, Any]) -> None:
        """Write the configuration: this site, and one without an ERP. The title's policy is `manual`."""
        config = self.folder / "config"
        (config / "mappings").mkdir(parents=True, exist_ok=True)
        subscriptions = [{"type": "NEW_WORK_ORDER", "secret": "webhook-without"}]
        other = {"organization_id": site["maintainx"]["organization_id"] + 1, "subscriptions": subscriptions}
        without = {**site, "id": "plant-without", "maintainx": {**site["maintainx"], **other}}
        del without["erp"]
        mapping = yaml.safe_load(EXAMPLE_MAPPING.read_text())
        for rule in mapping["fields"]:
            if rule["erp"] == "shortText":
                rule["policy"] = "manual"
        (config / "mappings" / "rest-example.yaml").write_text(yaml.safe_dump(mapping))
        (config / "sites.yaml").write_text(yaml.safe_dump({"sites": [dict(site), without]}))
        (config / "routes.yaml").write_text("routes: [{name: all, when: {type: work_order.*}, to: erp-push}]\n")

    # What people do

    def new_work_order(self, **fields: Any) -> int:
        """Somebody makes a work order in MaintainX."""
        body = {"title": "Replace seal", "priority": "HIGH", "type": "REACTIVE", "assetId": self.asset, **fields}
        return int(self.api.post("/workorders", json=body).raise_for_status().json()["id"])

    def change(self, work_order_id: int, **fields: Any) -> None:
        """Somebody changes it there."""
        self.api.patch(f"/workorders/{work_order_id}", json=fields).raise_for_status()

    def work_order(self, work_order_id: int) -> dict[str, Any]:
        """The work order as MaintainX has it."""
        found: dict[str, Any] = self.api.get(f"/workorders/{work_order_id}").raise_for_status().json()["workOrder"]
        return found

    def new_order(self, **fields: Any) -> str:
        """Somebody makes an order in the ERP."""
        body = {
            "shortText": "Replace seal",
            "longText": "",
            "status": "NEW",
            "priority": "1",
            "orderType": "PM01",
            "equipment": str(self.asset),
            "dueDate": None,
            "plant": "1010",
            "externalReference": "",
            **fields,
        }
        headers = {"Authorization": "Bearer erp-token"}
        made = self.erp.http.post(f"{self.base_url}/orders", json=body, headers=headers)
        return str(made.raise_for_status().json()["id"])

    def order(self, order_id: str) -> dict[str, Any]:
        """The order as the ERP has it."""
        return next(order for order in self.erp.orders(self.name) if order["id"] == order_id)

    # What the bundle does

    def deliver(self, event: Event) -> Outcome:
        """An event is handled by the engine, under its claim."""
        store = bootstrap.state_store()
        claimed = store.claim(ClaimKey(self.name, event.event_id, "erp_push"), owner="test", lease_s=60)
        assert isinstance(claimed, Acquired)
        assert event.record_id is not None
        outcome = bootstrap.sync_engine(self.name).look_at(event.record_id, event)
        store.complete_claim(claimed.claim, outcome=outcome.kind, reason=outcome.reason, ttl_s=3600)
        return outcome

    def event(self, work_order_id: int, kind: str = "work_order.updated") -> Event:
        """An event about a work order."""
        now = datetime.now(UTC)
        return Event(
            event_id=uuid4().hex,
            site=self.name,
            type=kind,
            resource="work_order",
            resource_id=str(work_order_id),
            occurred_at=now,
            received_at=now,
            source="webhook",
            origin="TEST",
            data={"userId": 77},
        )

    def work_off(self) -> list[str]:
        """Every event that waits for the engine is handled; the reasons of the outcomes."""
        return [self.deliver(Event.from_json(message.data)).reason for message in self.broker.waiting("erp-push")]

    def archive(self, warehouse: Warehouse) -> None:
        """What was published to the two archived topics reaches BigQuery, as its subscriptions write it."""
        for pipeline in ("raw-events", "sync-audit-raw"):
            rows = [
                {
                    "subscription_name": "s",
                    "message_id": message.message_id,
                    "publish_time": message.publish_time.isoformat(),
                    "data": message.data.decode(),
                    "attributes": json.dumps(dict(message.attributes)),
                }
                for message in self.broker.waiting(pipeline)
            ]
            if rows:
                table = pipeline.replace("-", "_")
                schema = warehouse.client.get_table(f"{warehouse.dataset_id}.{table}").schema
                warehouse.append(table, rows, schema)

    def tell(self, event: Event, **attributes: str) -> None:
        """An event reaches the topic `events`."""
        publisher.publish(EVENTS, event.to_json(), {**event.attributes(), **attributes})

    def record(self, work_order_id: int) -> SyncRecord:
        """The sync record."""
        found = bootstrap.state_store().get_record(RecordKey(self.name, "work_order", work_order_id))
        assert found is not None
        return found

    def audited(self) -> list[dict[str, Any]]:
        """The audit entries that were published since this was asked last."""
        return [json.loads(message.data) for message in self.broker.waiting(f"sync-{AUDIT}-raw")]

    def parked(self) -> tuple[int, str]:
        """A work order and its order whose title both sides changed."""
        work_order_id = self.new_work_order()
        outcome = self.deliver(self.event(work_order_id))
        order_id = str(outcome.detail["erp_id"])
        self.change(work_order_id, title="Ours")
        self.erp.edit(self.name, order_id, shortText="Theirs")
        assert self.deliver(self.event(work_order_id, "work_order.changed_in_erp")).reason == "parked"
        return work_order_id, order_id

    # The operator

    def ops(self, *words: object) -> tuple[int, Any, str]:
        """A verb: exit code, JSON document, errors."""
        result = self.ops_run(*words, "--json")
        return result.exit_code, json.loads(result.stdout) if result.stdout else None, result.stderr

    def ops_as_text(self, *words: object) -> tuple[int, str, str]:
        """A verb: exit code, output, errors."""
        result = self.ops_run(*words)
        return result.exit_code, result.stdout, result.stderr
