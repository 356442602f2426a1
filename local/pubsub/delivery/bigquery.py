"""BigQuery subscriptions: messages become rows, written in batches and acknowledged once the table has them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.pubsub.backlog import Delivery
from local.pubsub.broker import Broker
from local.pubsub.delivery.bigquery_rows import table_row
from local.pubsub.resources import Subscription

MAX_ROWS = 500
MAX_WAIT_S = 0.2
WRITE_TIMEOUT_S = 30.0
# Longer than a write may take, so that a slow write is not delivered a second time while it is under way.
LEASE_S = WRITE_TIMEOUT_S + 30.0

log = logging.getLogger(__name__)


class BigQueryWorker:
    """Writes one subscription to its table, one batch at a time. At least once, as the real one."""

    def __init__(self, broker: Broker, subscription: Subscription, endpoint: str) -> None:
        self._broker = broker
        self._subscription = subscription
        self._table = str(subscription.proto.bigquery_config.table).replace(":", ".")
        self._endpoint = endpoint
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bigquery")
        self._client: Any = None

    async def run(self) -> None:
        """Write until cancelled."""
        backlog = self._subscription.backlog
        try:
            while True:
                await self._subscription.signal.wait(self._broker.pause_s(self._subscription))
                if not backlog.waiting_at_least(MAX_ROWS):
                    await asyncio.sleep(MAX_WAIT_S)
                while deliveries := self._broker.lease(self._subscription, MAX_ROWS, deadline_s=LEASE_S):
                    await self._write(deliveries)
        finally:
            self._thread.shutdown(wait=False)

    async def _write(self, deliveries: Sequence[Delivery]) -> None:
        leases = [(delivery.message.id, delivery.lease) for delivery in deliveries]
        rows, failed = self._rows(deliveries)
        try:
            if rows:
                loop = asyncio.get_running_loop()
                failed |= await loop.run_in_executor(self._thread, self._insert, rows)
        # Whatever the client raises, the rows are not known to be written: all are delivered again.
        except Exception as error:
            log.warning("%s: cannot write %d rows: %s", self._subscription.name, len(rows), error)
            failed |= set(rows)
        for message_id, lease in leases:
            settle = self._broker.nack if message_id in failed else self._broker.ack
            settle(self._subscription, message_id, lease)

    def _rows(self, deliveries: Sequence[Delivery]) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """Rows by message id, and the ids of messages that cannot be a row."""
        write_metadata = self._subscription.proto.bigquery_config.write_metadata
        rows, failed = {}, set()
        for delivery in deliveries:
            message = delivery.message
            try:
                rows[message.id] = table_row(self._subscription.name, message.proto, write_metadata=write_metadata)
            except UnicodeDecodeError:
                log.warning("%s: message %d is not UTF-8", self._subscription.name, message.id)
                failed.add(message.id)
        return rows, failed

    def _insert(self, rows: Mapping[int, dict[str, Any]]) -> set[int]:
        """Write the rows; returns the message ids that the table refused. Runs on the worker's thread."""
        if self._client is None:
            self._client = _new_client(self._endpoint, self._table)
        message_ids = list(rows)
        errors = self._client.insert_rows_json(
            self._table,
            list(rows.values()),
            row_ids=[str(message_id) for message_id in message_ids],
            timeout=WRITE_TIMEOUT_S,
            retry=None,
        )
        if errors:
            log.warning("%s: rows refused: %s", self._subscription.name, errors[:3])
        return {message_ids[error["index"]] for error in errors}


def _new_client(endpoint: str, table: str) -> Any:
    # Imported here: a second of start-up that a server without BigQuery subscriptions does not need.
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    return bigquery.Client(
        project=table.split(".")[0],
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=endpoint),
    )
