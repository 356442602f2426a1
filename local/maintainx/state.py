"""The simulator's records in a file, so that a local stack finds them again after a restart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from local.maintainx.simulator import Simulator
from local.maintainx.store import Token
from shared.events import format_utc, parse_utc


def save(simulator: Simulator, path: Path) -> None:
    """Records, tokens and clock; neither settings nor the delivery log."""
    store = simulator.store
    content = {
        "lastId": store.last_id,
        "clock": {"at": format_utc(simulator.clock.now()), "running": simulator.clock.running},
        "tokens": [asdict(token) for token in store.tokens.values()],
        "organizations": [
            {
                "id": organization.id,
                "name": organization.name,
                "timeZone": organization.time_zone,
                "workOrdersNumbered": organization.work_orders_numbered,
                "tables": store.dump(organization),
            }
            for organization in store.organizations.values()
        ],
    }
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps(content))
    unfinished.replace(path)


def load(simulator: Simulator, path: Path) -> None:
    content = json.loads(path.read_text())
    store = simulator.store
    simulator.clock.set(parse_utc(content["clock"]["at"]), running=content["clock"]["running"])
    for token in content["tokens"]:
        token["organization_ids"] = tuple(token["organization_ids"])
        store.tokens[token["token"]] = Token(**token)
    for saved in content["organizations"]:
        organization = store.organization(saved["id"], name=saved["name"], time_zone=saved["timeZone"])
        organization.work_orders_numbered = saved["workOrdersNumbered"]
        for table, records in saved["tables"].items():
            for record in records:
                store.put(organization, table, record)
    store.last_id = content["lastId"]
