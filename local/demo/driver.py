"""Lives a history through in the MaintainX simulator, by its REST API, as people and the web application would."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local import loopback
from local.demo.history import PlannedWorkOrder, Step
from local.demo.sites import SeededSite
from local.maintainx.app import SIM_TIME_HEADER
from local.processes import StackFailed
from shared.events import format_utc

_PACE_EVERY = 10

At = tuple[float, Callable[[], None]]
"""Something to do on the way: after which part of the steps (0 to 1), and what."""


class Driver:
    """Carries steps out. Keeps what it made, for the comparison afterwards."""

    def __init__(self, base_url: str, sites: Mapping[str, SeededSite]) -> None:
        self._sites = sites
        self._now = datetime.now(UTC)
        self._assignees = itertools.count()
        self._clients = {
            name: loopback.client(
                base_url=base_url,
                headers={
                    "Authorization": f"Bearer {site.driver_token}",
                    "x-organization-id": str(site.plan.organization_id),
                },
                timeout=30.0,
            )
            for name, site in sites.items()
        }
        self.work_order_ids: dict[str, int] = {}

    def run(
        self,
        steps: Sequence[Step],
        on_the_way: Sequence[At],
        *,
        keep_pace: Callable[[], None],
        progress: Callable[[Step], None],
    ) -> None:
        """Carry out all steps in order, and what is to be done on the way when its part of the steps is over.

        keep_pace is called every few steps: simulated people must not run weeks ahead of the bundle.
        """
        waiting = sorted(on_the_way, key=lambda entry: entry[0])
        for number, step in enumerate(steps):
            while waiting and number >= waiting[0][0] * len(steps):
                waiting.pop(0)[1]()
            self._now = step.at
            _ACTIONS[step.action](self, step.work_order)
            progress(step)
            if number % _PACE_EVERY == 0:
                keep_pace()
        for _, action in waiting:
            action()

    def _call(self, order: PlannedWorkOrder, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {SIM_TIME_HEADER: format_utc(self._now)}
        response = self._clients[order.site].request(method, path, json=body, headers=headers)
        if response.is_error:
            what = (
                f"MaintainX refuses {method} {path} of {self._now:%Y-%m-%d %H:%M} ({order.key}, {order.title[:40]!r})"
            )
            raise StackFailed(f"{what}: {response.status_code} {response.text[:300]}")
        return response.json() if response.content else None

    def _path(self, order: PlannedWorkOrder) -> str:
        return f"/workorders/{self.work_order_ids[order.key]}"

    def create(self, order: PlannedWorkOrder) -> None:
        body: dict[str, Any] = {
            "title": order.title,
            "type": order.work_type,
            "priority": order.priority,
        }
        if order.asset is not None:
            body["assetId"] = self._sites[order.site].asset_ids[order.asset]
        if order.description:
            body["description"] = order.description
        if order.due_at is not None:
            body["dueDate"] = format_utc(order.due_at)
        if order.planned_start_at is not None:
            body["startDate"] = format_utc(order.planned_start_at)
        self.work_order_ids[order.key] = self._call(order, "POST", "/workorders", body)["id"]

    def assign(self, order: PlannedWorkOrder) -> None:
        technicians = self._sites[order.site].technicians
        technician = technicians[next(self._assignees) % len(technicians)]
        body: dict[str, Any] = {"assignees": [{"type": "USER", "id": technician}]}
        if order.cost_cents is not None:
            body["extraFields"] = {"Cost": str(order.cost_cents / 100)}
        self._call(order, "PATCH", self._path(order), body)

    def delete(self, order: PlannedWorkOrder) -> None:
        self._call(order, "DELETE", self._path(order))

    def set_status(self, order: PlannedWorkOrder, status: str) -> None:
        self._call(order, "PATCH", f"{self._path(order)}/status", {"status": status})

    def set_asset(self, order: PlannedWorkOrder, status: str) -> None:
        body = {"status": status} | ({"downtimeType": "UNPLANNED"} if status == "OFFLINE" else {})
        assert order.asset is not None, "an order without an asset takes none down"
        asset_id = self._sites[order.site].asset_ids[order.asset]
        self._call(order, "POST", f"/assets/{asset_id}/status", body)


_ACTIONS: dict[str, Callable[[Driver, PlannedWorkOrder], None]] = {
    "create": Driver.create,
    "assign": Driver.assign,
    "start": lambda driver, order: driver.set_status(order, "IN_PROGRESS"),
    "hold": lambda driver, order: driver.set_status(order, "ON_HOLD"),
    "resume": lambda driver, order: driver.set_status(order, "IN_PROGRESS"),
    "finish": lambda driver, order: driver.set_status(order, "DONE"),
    "cancel": lambda driver, order: driver.set_status(order, "CANCELED"),
    "delete": Driver.delete,
    "asset_down": lambda driver, order: driver.set_asset(order, "OFFLINE"),
    "asset_up": lambda driver, order: driver.set_asset(order, "ONLINE"),
}
