"""Fills the simulators with what the sites have before the history begins: people, assets, equipment, subscriptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from local import loopback
from local.configuration import SitePlan
from local.demo.history import PlannedWorkOrder
from local.maintainx.control_client import SimControl
from local.stack import Stack
from shared.config.sites import SiteConfig
from shared.events import format_utc
from shared.maintainx.subscriptions.ledger import Ledger
from shared.maintainx.subscriptions.model import Remembered, secret_hash
from shared.secret_versions import FileSecretVersions

DRIVER_USER_ID = 77
_TECHNICIANS = (81, 82, 83)


@dataclass(frozen=True)
class SeededSite:
    """What the driver must know of a site: its driver's token, asset ids by name, and who may be assigned.

    unknown_to_erp: name of an asset that the ERP has no equipment for until an operator adds it, if there is one.
    """

    plan: SitePlan
    driver_token: str
    asset_ids: Mapping[str, int]
    technicians: tuple[int, ...]
    unknown_to_erp: str | None


def seed_sites(
    stack: Stack, planned: Sequence[PlannedWorkOrder], maintainx: SimControl, at: datetime
) -> dict[str, SeededSite]:
    """Seed both simulators for every site; by site id. at: since when everything is there."""
    names: dict[str, set[str]] = {plan.id: set() for plan in stack.sites}
    for order in planned:
        if order.asset is not None:
            names[order.site].add(order.asset)
    unknown = asset_unknown_to_erp(planned)
    return {
        plan.id: _seed_site(stack, plan, sorted(names[plan.id]), number, maintainx, unknown, at)
        for number, plan in enumerate(stack.sites, start=1)
    }


def asset_unknown_to_erp(planned: Sequence[PlannedWorkOrder]) -> tuple[str, str] | None:
    """Site and name of the asset with least work: it may be missing in the ERP for a while. None if all have much."""
    work = Counter((order.site, order.asset) for order in planned if order.asset is not None)
    if not work:
        return None
    (site, asset), count = min(work.items(), key=lambda item: (item[1], item[0]))
    return (site, asset) if count <= max(1, len(planned) // 50) else None


def add_equipment(stack: Stack, site: SeededSite, asset: str) -> None:
    """What an operator does in the ERP when an asset is missing there."""
    path = f"{stack.url('erp')}/_sim/tenants/{site.plan.id}/equipment"
    loopback.post(path, json={"equipment": [str(site.asset_ids[asset])]}).raise_for_status()


def _seed_site(
    stack: Stack,
    plan: SitePlan,
    assets: list[str],
    number: int,
    maintainx: SimControl,
    unknown: tuple[str, str] | None,
    at: datetime,
) -> SeededSite:
    site = SeededSite(
        plan=plan,
        driver_token=f"driver-{plan.id}",
        asset_ids={name: number * 100_000 + index for index, name in enumerate(assets, start=1)},
        technicians=_TECHNICIANS,
        unknown_to_erp=unknown[1] if unknown is not None and unknown[0] == plan.id else None,
    )
    site_config = stack.config.site(plan.id)
    people = {DRIVER_USER_ID: "Scheduler", **{user: f"Technician {user}" for user in _TECHNICIANS}}
    ids = maintainx.seed(
        {
            "at": format_utc(at),
            "id": plan.organization_id,
            "name": plan.name,
            "timeZone": plan.time_zone,
            "users": [
                {"id": user, "firstName": name, "lastName": plan.name, "email": f"user{user}@{plan.id}.example.com"}
                for user, name in people.items()
            ],
            "assets": [{"id": asset_id, "name": name} for name, asset_id in site.asset_ids.items()],
            "tokens": [
                {"token": plan.api_key, "userId": DRIVER_USER_ID},
                {"token": site.driver_token, "userId": DRIVER_USER_ID, "privileged": True},
            ],
            "subscriptions": [
                {
                    "type": subscription.type,
                    "url": f"{stack.url('webhook_ingress')}/webhooks/{plan.id}/{subscription.type}",
                    "secret": plan.webhook_secrets[subscription.type],
                    "filters": subscription.filters,
                    "options": subscription.options,
                }
                for subscription in site_config.maintainx.subscriptions
            ],
        }
    )
    _remember(stack, site_config, ids, at)
    known = [str(asset_id) for name, asset_id in site.asset_ids.items() if name != site.unknown_to_erp]
    body = {"token": plan.erp_token, "equipment": known}
    loopback.put(f"{stack.url('erp')}/_sim/tenants/{plan.id}", json=body).raise_for_status()
    return site


def _remember(stack: Stack, site: SiteConfig, ids: Sequence[int], at: datetime) -> None:
    """Note the seeded subscriptions where `ops subscriptions` keeps those that it has made."""
    versions = FileSecretVersions(stack.folder / "secrets")
    Ledger(site.id, versions).save(
        Remembered(
            id=subscription_id,
            type=item.type,
            secret_name=item.secret,
            filters=item.filters,
            options=item.options,
            state="active",
            secret_hash=secret_hash(versions.newest(item.secret) or ""),
            created_at_utc=at,
        )
        for subscription_id, item in zip(ids, site.maintainx.subscriptions, strict=True)
    )
