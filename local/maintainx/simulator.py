"""The whole simulated MaintainX: records, clock, limits, faults and outgoing webhooks."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from local.maintainx import subscriptions, work_orders
from local.maintainx.actors import Actor
from local.maintainx.clock import SimClock
from local.maintainx.deliveries import Deliveries, Delivery
from local.maintainx.occurrences import Occurrence
from local.maintainx.problems import plain
from local.maintainx.rate_limit import RateLimiter
from local.maintainx.settings import Settings
from local.maintainx.store import Store

_CLOSED = ("DONE", "CANCELED", "SKIPPED")


@dataclass(slots=True)
class PlannedFailure:
    """The next `count` calls answer `status`; `after`: the call is carried out first and only its answer is lost."""

    count: int
    status: int = 503
    after: bool = False


class Simulator:
    """All state of one simulator process. Everything runs in one event loop, so nothing is locked."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.clock = SimClock()
        self.store = Store(lag_s=lambda: self.settings.list_lag_s)
        self.limiter = RateLimiter(self.settings)
        self.deliveries = Deliveries(self.settings, told=self._remember_outcome)
        self.planned_failures: deque[PlannedFailure] = deque()
        self.calls: Counter[str] = Counter()  # of the API, by method
        self._random = random.Random(0)
        self._overdue_told: set[tuple[int, str]] = set()
        self._failing_since: dict[int, datetime] = {}

    def emit(self, occurrences: Iterable[Occurrence]) -> None:
        """Send the webhooks of these occurrences to all subscriptions that match."""
        for occurrence in occurrences:
            organization = self.store.organizations[occurrence.organization_id]
            for subscription in organization["subscriptions"].current():
                if subscriptions.matches(subscription, occurrence):
                    body = subscriptions.body(subscription, occurrence, event_type=self.settings.event_type_in_body)
                    self.deliveries.submit(organization.id, subscription, body)

    def advance_to(self, at: datetime) -> None:
        """Move the clock forward, and tell of work orders that became overdue on the way."""
        self.clock.advance_to(at)
        self.tell_overdue()

    def tell_overdue(self) -> None:
        """WORK_ORDER_OVERDUE, once for each open work order and due date; looked for whenever the clock is moved."""
        for organization in self.store.organizations.values():
            wanted = organization["subscriptions"].current()
            if not any(subscription["type"] == "WORK_ORDER_OVERDUE" for subscription in wanted):
                continue
            actor = Actor(organization, 0, self.clock.stamp())
            for record in organization["workOrders"].current():
                due = record["dueDate"]
                if due is None or due > actor.at or record["status"] in _CLOSED:
                    continue
                if (record["id"], due) not in self._overdue_told:
                    self._overdue_told.add((record["id"], due))
                    self.emit([work_orders.become_overdue(actor, record)])

    def _remember_outcome(self, delivery: Delivery) -> None:
        """A subscription that fails for too long by the simulated clock, without one success, is deleted."""
        if delivery.outcome == "delivered":
            self._failing_since.pop(delivery.subscription_id, None)
            return
        limit_s = self.settings.delete_failing_subscription_after_s
        since = self._failing_since.setdefault(delivery.subscription_id, self.clock.now())
        table = self.store.organizations[delivery.organization_id]["subscriptions"]
        if limit_s is None or (self.clock.now() - since).total_seconds() < limit_s:
            return
        if table.get(delivery.subscription_id) is not None:
            table.drop(delivery.subscription_id)

    async def suffer_faults(self) -> int | None:
        """Wait or refuse as the settings say. Returns the status to answer after carrying the call out, if any."""
        if self.settings.api_delay_s > 0:
            await asyncio.sleep(self.settings.api_delay_s)
        if self.planned_failures:
            planned = self.planned_failures[0]
            planned.count -= 1
            if planned.count <= 0:
                self.planned_failures.popleft()
            if planned.after:
                return planned.status
            raise plain(planned.status, "Something went wrong")
        if self._random.random() < self.settings.storm_429_ratio:
            raise self.limiter.storm()
        if self._random.random() < self.settings.api_error_ratio:
            raise plain(self.settings.api_error_status, "Something went wrong")
        return None
