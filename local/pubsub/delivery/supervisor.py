"""Keeps exactly one worker running for each subscription that the server delivers by itself."""

from __future__ import annotations

import asyncio
import logging

from local.pubsub.broker import Broker
from local.pubsub.delivery.bigquery import BigQueryWorker
from local.pubsub.delivery.oidc import TokenIssuer
from local.pubsub.delivery.push import PushWorker
from local.pubsub.resources import Subscription

RESTART_PAUSE_S = 1.0

log = logging.getLogger(__name__)


class Supervisor:
    """Starts, replaces and stops workers as subscriptions change."""

    def __init__(
        self, broker: Broker, issuer: TokenIssuer, *, push_concurrency: int, bigquery_endpoint: str | None
    ) -> None:
        self._broker = broker
        self._issuer = issuer
        self._push_concurrency = push_concurrency
        self._bigquery_endpoint = bigquery_endpoint
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def reconcile(self, subscription: Subscription) -> None:
        """Make the running worker fit the subscription as it is now."""
        if task := self._tasks.pop(subscription.id, None):
            task.cancel()
        if not subscription.deleted and self._worker(subscription) is not None:
            self._tasks[subscription.id] = asyncio.create_task(self._work(subscription))

    def stop(self) -> None:
        """Cancel all workers; what they hold is delivered again by the next server."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _work(self, subscription: Subscription) -> None:
        """Run the subscription's worker; one that fails for a reason unforeseen is replaced after a pause."""
        while (worker := self._worker(subscription)) is not None:
            try:
                await worker.run()
            except Exception:
                log.exception("the worker of %s failed and starts again", subscription.name)
                await asyncio.sleep(RESTART_PAUSE_S)

    def _worker(self, subscription: Subscription) -> PushWorker | BigQueryWorker | None:
        if subscription.proto.push_config.push_endpoint:
            return PushWorker(self._broker, subscription, self._issuer, self._push_concurrency)
        if subscription.proto.bigquery_config.table:
            if self._bigquery_endpoint is not None:
                return BigQueryWorker(self._broker, subscription, self._bigquery_endpoint)
            log.warning("%s waits: this server has no BigQuery endpoint", subscription.name)
        return None
