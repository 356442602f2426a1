"""Histories: what happens to work orders and assets of the sites, as steps in time. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

WorkType = Literal["PREVENTIVE", "REACTIVE", "OTHER"]
Action = Literal["create", "assign", "start", "hold", "resume", "finish", "cancel", "delete", "asset_down", "asset_up"]


@dataclass(frozen=True, slots=True)
class PlannedWorkOrder:
    """One work order and its fate. Times that do not come about are None; `key` is unique within the history.

    held: it stood on hold for a while; still_held: it does at the end. end: `cancel` and `delete` happen at
    `started_at`, `finish` at `finished_at`.
    """

    key: str
    site: str
    asset: str | None
    title: str
    work_type: WorkType
    priority: str
    created_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    held: bool = False
    takes_asset_down: bool = False
    cost_cents: int | None = None
    end: Literal["finish", "cancel", "delete"] = "finish"
    still_held: bool = False
    description: str = ""
    planned_start_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does in MaintainX at `at` (simulated time)."""

    at: datetime
    action: Action
    work_order: PlannedWorkOrder


_MACHINES = ("Feed pump", "Conveyor", "Boiler", "Compressor", "Mixer", "Chiller", "Press", "Packer")
_FAULTS = ("seal leaks", "bearing is hot", "does not start", "belt slips", "vibrates", "trips the breaker")
_ROUTINES = ("lubricate", "inspect", "change the filter", "check alignment", "test the safety valve")
NEW_ASSET = "New press"
_PRIORITIES = ("NONE", "LOW", "MEDIUM", "MEDIUM", "HIGH")


def asset_names(site_number: int, count: int = 8) -> list[str]:
    """Names of a site's assets, such as `Boiler 103`."""
    return [f"{_MACHINES[n % len(_MACHINES)]} {site_number}{n + 1:02d}" for n in range(count)]


def invent(sites: Sequence[str], count: int, *, seed: int, end: datetime, weeks: int = 4) -> list[PlannedWorkOrder]:
    """`count` work orders over the `weeks` before `end`, the same for the same seed: about four in ten preventive.

    One of them is on an asset that is new at its site.
    """
    rng = random.Random(seed)
    assets = {site: asset_names(number) for number, site in enumerate(sites, start=1)}
    begin = end - timedelta(weeks=weeks)
    planned = []
    for number in range(count):
        site = sites[number % len(sites)]
        created_at = begin + (end - begin) * rng.random() * 0.97
        preventive = rng.random() < 0.4
        asset = rng.choice(assets[site])
        planned.append(_live(rng, f"W{number:05d}", site, asset, created_at, preventive, end))
    finished = [number for number, order in enumerate(planned) if order.end == "finish" and not order.takes_asset_down]
    chosen = finished[len(finished) // 2] if finished else 0
    planned[chosen] = replace(planned[chosen], asset=NEW_ASSET)
    return planned


def invented_times(rng: random.Random, created_at: datetime, *, preventive: bool) -> tuple[datetime, datetime]:
    """When work on an order may have started and finished."""
    started_at = created_at + timedelta(hours=rng.uniform(0.5, 60 if preventive else 20))
    return started_at, started_at + timedelta(hours=rng.uniform(0.5, 4 if preventive else 30))


def steps(planned: Sequence[PlannedWorkOrder]) -> list[Step]:
    """All steps of all work orders in the order of time."""
    return sorted((step for order in planned for step in _steps_of(order)), key=lambda step: step.at)


def _live(
    rng: random.Random, key: str, site: str, asset: str, created_at: datetime, preventive: bool, end: datetime
) -> PlannedWorkOrder:
    due_at = created_at + timedelta(days=rng.choice((3, 5, 7)) if preventive else rng.choice((1, 2, 3)))
    times = invented_times(rng, created_at, preventive=preventive)
    started_at = times[0] if times[0] < end else None
    # Some are still being worked on when the history ends.
    finished_at = times[1] if times[1] < end and rng.random() >= 0.08 else None
    fate = rng.random()
    return PlannedWorkOrder(
        key=key,
        site=site,
        asset=asset,
        title=f"{asset}: {rng.choice(_ROUTINES if preventive else _FAULTS)}",
        work_type="PREVENTIVE" if preventive else "REACTIVE",
        priority=rng.choice(_PRIORITIES),
        created_at=created_at,
        due_at=due_at,
        started_at=started_at,
        finished_at=finished_at,
        held=rng.random() < 0.15,
        takes_asset_down=not preventive and rng.random() < 0.35,
        end="cancel" if fate < 0.04 else "delete" if fate < 0.06 else "finish",
    )


def _steps_of(order: PlannedWorkOrder) -> list[Step]:
    found = [Step(order.created_at, "create", order)]
    if order.started_at is None:
        return found
    found.append(Step(order.created_at + (order.started_at - order.created_at) / 2, "assign", order))
    if order.end != "finish":
        return [*found, Step(order.started_at, order.end, order)]
    if order.takes_asset_down:
        found.append(Step(order.created_at + timedelta(minutes=1), "asset_down", order))
    found.append(Step(order.started_at, "start", order))
    if order.finished_at is None:
        return [*found, Step(order.started_at + timedelta(minutes=1), "hold", order)] if order.still_held else found
    if order.held:
        third = (order.finished_at - order.started_at) / 3
        found += [Step(order.started_at + third, "hold", order), Step(order.started_at + 2 * third, "resume", order)]
    found.append(Step(order.finished_at, "finish", order))
    if order.takes_asset_down:
        found.append(Step(order.finished_at + timedelta(minutes=1), "asset_up", order))
    return found
