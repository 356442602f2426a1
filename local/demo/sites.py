"""Fills the simulators with what the sites have before the history begins: people, assets, equipment, subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from local.configuration import SitePlan
from local.demo.history import PlannedWorkOrder
from local.maintainx.control_client import SimControl
from local.stack import Stack

DRIVER_USER_ID = 77
_TECHNICIANS = (81, 82, 83)


@dataclass(frozen=True)
class SeededSite:
    """What the driver must know of a site: its driver's token, asset ids by name, and who may be assigned."""

    plan: SitePlan
    driver_token: str
    asset_ids: Mapping[str, int]
    technicians: tuple[int, ...]

    @property
    def unknown_to_erp(self) -> str:
        """Name of an asset that the ERP has no equipment for until an operator adds it."""
        return f"New press of {self.plan.name}"


def seed_sites(stack: Stack, planned: Iterable[PlannedWorkOrder], maintainx: SimControl) -> dict[str, SeededSite]:
    """Seed both simulators for every site; by site id."""
    names: dict[str, set[str]] = {plan.id: set() for plan in stack.sites}
    for order in planned:
        names[order.site].add(order.asset)
    return {
        plan.id: _seed_site(stack, plan, sorted(names[plan.id]), number, maintainx)
        for number, plan in enumerate(stack.sites, start=1)
    }


def add_equipment(stack: Stack, site: SeededSite, asset: str) -> None:
    """What an operator does in the ERP when an asset is missing there."""
    path = f"{stack.url('erp')}/_sim/tenants/{site.plan.id}/equipment"
    httpx.post(path, json={"equipment": [str(site.asset_ids[asset])]}).raise_for_status()


def _seed_site(stack: Stack, plan: SitePlan, assets: list[str], number: int, maintainx: SimControl) -> SeededSite:
    site = SeededSite(
        plan=plan,
        driver_token=f"driver-{plan.id}",
        asset_ids={name: number * 100_000 + index for index, name in enumerate(assets, start=1)},
        technicians=_TECHNICIANS,
    )
    site_config = stack.config.site(plan.id)
    people = {DRIVER_USER_ID: "Scheduler", **{user: f"Technician {user}" for user in _TECHNICIANS}}
    maintainx.seed(
        {
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
    known = [str(asset_id) for name, asset_id in site.asset_ids.items() if name != site.unknown_to_erp]
    body = {"token": plan.erp_token, "equipment": known}
    httpx.put(f"{stack.url('erp')}/_sim/tenants/{plan.id}", json=body).raise_for_status()
    return site
