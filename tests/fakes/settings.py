"""A small configuration and its secrets, written to a folder, as functions find them by CONFIG_DIR and SECRETS_DIR."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SITES = """\
sites:
  - id: plant-1
    name: Plant One
    time_zone: Europe/Berlin
    maintainx:
      organization_id: 4242
      api_key_secret: api-key-1
      subscriptions:
        - {type: NEW_WORK_ORDER, secret: webhook-new-work-order}
        - {type: WORK_ORDER_STATUS_CHANGE, secret: webhook-status-change}
        - {type: SOMETHING_NEW, secret: webhook-something-new}
        - {type: NEW_PART, secret: webhook-without-a-secret}
    events_secret: gateway
    notify:
      urls_secret: notify-urls
  - id: plant-2
    name: Plant Two
    time_zone: America/Chicago
    maintainx:
      organization_id: 4343
      api_key_secret: api-key-2
      subscriptions:
        - {type: NEW_WORK_ORDER, secret: webhook-plant-2}
"""
ROUTES = """\
routes:
  - name: everything about work orders
    when:
      type: work_order.*
    to: erp-push
  - name: urgent work
    when:
      type: work_order.created
      priority: HIGH
    to: [notifications]
"""
SECRETS = {
    "webhook-new-work-order": "correct horse",
    "webhook-status-change": "battery staple",
    "webhook-something-new": "not mapped yet",
    "webhook-plant-2": "of another plant",
    "gateway": "gateway secret",
    "notify-urls": "json://127.0.0.1:1/first",
    "api-key-1": "key of plant 1",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders of a written configuration."""

    config: Path
    secrets: Path

    def write_secret(self, name: str, value: str) -> None:
        """Make or replace a secret."""
        (self.secrets / name).write_text(value, encoding="utf-8")


def write_settings(folder: Path, *, sites: str = SITES, routes: str = ROUTES) -> Settings:
    """The configuration above (or the texts given) in `folder`."""
    settings = Settings(folder / "config", folder / "secrets")
    (settings.config / "mappings").mkdir(parents=True)
    settings.secrets.mkdir()
    (settings.config / "sites.yaml").write_text(sites, encoding="utf-8")
    (settings.config / "routes.yaml").write_text(routes, encoding="utf-8")
    for name, value in SECRETS.items():
        settings.write_secret(name, value)
    return settings
