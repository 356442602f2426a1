"""Takes the shipped configuration and points it at the simulators: only addresses and secrets' values differ.

Writes `config/` (copy of the checkout's, with addresses replaced) and `secrets/` (one file a secret, as Cloud Run
mounts them) into the stack's folder.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from shared.config.whole import Config, load_config

# The simulated ERP is quick: no need to wait for it as long as for a real one.
_ERP_WAITS = {"timeout_s": 5.0, "settle_s": 5.0}


@dataclass(frozen=True)
class Endpoints:
    """Base URLs of what stands around the functions; `erp` and `notifications` get the site's id appended."""

    ingress: str
    maintainx: str
    erp: str
    notifications: str


@dataclass(frozen=True)
class SitePlan:
    """What the simulators must know of a site to fit the configuration: its credentials, in plain."""

    id: str
    name: str
    organization_id: int
    time_zone: str
    api_key: str
    erp_token: str
    webhook_secrets: dict[str, str]


def write_configuration(source: Path, folder: Path, endpoints: Endpoints) -> tuple[Config, list[SitePlan]]:
    """Write config and secrets for the stack and return what was written. Raises ConfigError if `source` is wrong."""
    load_config(source)  # a bad file is reported under its own name, not under that of the copy
    target = folder / "config"
    shutil.copytree(source, target)
    content = yaml.safe_load((source / "sites.yaml").read_text(encoding="utf-8"))
    content["public_url"] = endpoints.ingress
    for site in content["sites"]:
        site["maintainx"]["base_url"] = endpoints.maintainx
        if site.get("erp"):
            site["erp"]["base_url"] = f"{endpoints.erp}/{site['id']}"
            site["erp"].setdefault("rest", {}).update(_ERP_WAITS)
    (target / "sites.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    config = load_config(target)
    (folder / "secrets").mkdir()
    return config, [_write_secrets(folder / "secrets", site, endpoints) for site in content["sites"]]


def _write_secrets(folder: Path, site: dict[str, Any], endpoints: Endpoints) -> SitePlan:
    maintainx, erp, notify = site["maintainx"], site.get("erp") or {}, site.get("notify") or {}
    plan = SitePlan(
        id=site["id"],
        name=site["name"],
        organization_id=maintainx["organization_id"],
        time_zone=site["time_zone"],
        api_key=secrets.token_hex(24),
        erp_token=secrets.token_hex(24),
        webhook_secrets={entry["type"]: f"mx_{uuid4()}_{uuid4()}" for entry in maintainx["subscriptions"]},
    )
    values = {maintainx["api_key_secret"]: plan.api_key}
    values |= {entry["secret"]: plan.webhook_secrets[entry["type"]] for entry in maintainx["subscriptions"]}
    if erp.get("credentials_secret"):
        values[erp["credentials_secret"]] = plan.erp_token
    if notify:
        values[notify["urls_secret"]] = f"{endpoints.notifications.replace('http://', 'json://')}/{plan.id}"
    if site.get("events_secret"):
        values[site["events_secret"]] = secrets.token_hex(24)
    for name, value in values.items():
        (folder / name).write_text(value + "\n", encoding="utf-8")
    return plan
