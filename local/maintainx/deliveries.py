"""Sends webhooks as MaintainX does: signed, once, ten seconds at most, several at a time."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from local import loopback
from local.maintainx.settings import Settings
from local.maintainx.store import Record
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign

CONCURRENCY = 16
LOG_LENGTH = 100_000


@dataclass(slots=True)
class Delivery:
    """A line of the delivery log. outcome: pending, delivered, failed, timeout, unreachable, dropped (on purpose)."""

    id: int
    organization_id: int
    subscription_id: int
    type: str
    url: str
    body: str
    duplicate: bool
    outcome: str = "pending"
    status: int | None = None
    duration_ms: float | None = None


class Deliveries:
    """The sender. All methods belong to one event loop."""

    def __init__(
        self, settings: Settings, *, seed: int = 0, told: Callable[[Delivery], None] = lambda _delivery: None
    ) -> None:
        """told: learns the outcome of each delivery that was tried."""
        self._settings = settings
        self._told = told
        self._random = random.Random(seed)
        self._ids = itertools.count(1)
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()
        self._counts: Counter[str] = Counter()
        self.log: deque[Delivery] = deque(maxlen=LOG_LENGTH)
        # Redirects are not followed, proxies of the environment not used: the URL as registered, nothing else.
        self._client = httpx.AsyncClient(
            timeout=None,
            trust_env=False,
            verify=loopback.trust_nobody(),
            # Servers close idle connections after some seconds (gunicorn: 2): a request must not meet that moment.
            limits=httpx.Limits(max_connections=CONCURRENCY, keepalive_expiry=1.0),
        )

    def submit(self, organization_id: int, subscription: Record, body: bytes) -> None:
        """Send `body` soon; returns at once. Faults of the settings apply."""
        copies = 2 if self._random.random() < self._settings.delivery_duplicate_ratio else 1
        for copy in range(copies):
            delivery = Delivery(
                id=next(self._ids),
                organization_id=organization_id,
                subscription_id=subscription["id"],
                type=subscription["type"],
                url=subscription["url"],
                body=body.decode(),
                duplicate=copy > 0,
            )
            self.log.append(delivery)
            if self._random.random() < self._settings.delivery_drop_ratio:
                self._finish(delivery, "dropped")
                continue
            delay_s = self._settings.delivery_delay_s + self._random.uniform(0, self._settings.delivery_jitter_s)
            task = asyncio.create_task(self._send(delivery, subscription["secret"], body, delay_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is under way; False if that takes longer."""
        deadline = time.monotonic() + timeout_s
        while self._tasks:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            await asyncio.wait(self._tasks, timeout=left_s)
        return True

    def stats(self) -> dict[str, Any]:
        """Counts by outcome; `failed_by_status` by HTTP status."""
        failed = {name.removeprefix("failed:"): n for name, n in self._counts.items() if name.startswith("failed:")}
        outcomes = ("delivered", "timeout", "unreachable", "dropped")
        return {
            "pending": len(self._tasks),
            **{name: self._counts[name] for name in outcomes},
            "failed_by_status": failed,
        }

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _send(self, delivery: Delivery, secret: str, body: bytes, delay_s: float) -> None:
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        async with self._slots:
            started_s = time.monotonic()
            signed_at_s = int(time.time())  # real time whatever the simulated clock says: receivers check it
            headers = {
                "Content-Type": "application/json",
                BODY_SIGNATURE_HEADER: sign(body, secret, signed_at_s),
                URI_SIGNATURE_HEADER: sign(delivery.url.encode(), secret, signed_at_s),
            }
            try:
                async with asyncio.timeout(self._settings.delivery_timeout_s):
                    response = await self._client.post(delivery.url, content=body, headers=headers)
            except TimeoutError:
                outcome = "timeout"
            except (httpx.HTTPError, httpx.InvalidURL):
                outcome = "unreachable"
            else:
                delivery.status = response.status_code
                outcome = "delivered" if response.is_success else "failed"
            delivery.duration_ms = round((time.monotonic() - started_s) * 1000, 1)
            self._finish(delivery, outcome)

    def _finish(self, delivery: Delivery, outcome: str) -> None:
        delivery.outcome = outcome
        self._counts[f"failed:{delivery.status}" if outcome == "failed" else outcome] += 1
        if outcome != "dropped":
            self._told(delivery)


def line(delivery: Delivery, *, with_body: bool) -> dict[str, Any]:
    """A log line as the control plane shows it."""
    entry = asdict(delivery)
    if not with_body:
        del entry["body"]
    return entry
