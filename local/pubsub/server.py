"""Puts the parts together: storage, broker, workers, gRPC."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import grpc

from local.pubsub import rpc, service_publisher, service_subscriber
from local.pubsub.broker import Broker
from local.pubsub.delivery.oidc import TokenIssuer, key_from_file, new_key
from local.pubsub.delivery.supervisor import Supervisor
from local.pubsub.side_door import SideDoor
from local.pubsub.store import Store
from local.pubsub.validation import MAX_PUBLISH_BYTES

# Above the limit of a publish, so that a too large one is refused by name and not by the transport.
_MAX_REQUEST_BYTES = MAX_PUBLISH_BYTES + 4_000_000
_STOP_GRACE_S = 0.3


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How to run a server. Port 0 lets the system choose; `signing_key` None makes a key for this run only."""

    database: Path
    host: str = "127.0.0.1"
    port: int = 0
    certs_port: int = 0
    signing_key: Path | None = None
    bigquery_endpoint: str | None = None
    push_concurrency: int = 16


class PubSubServer:
    """One running server. `start` raises RuntimeError if the port is taken, sqlite3.Error if the database is."""

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self.address = ""
        self.certs_url = ""

    async def start(self) -> None:
        """Load the database and accept calls; when this returns, the server is ready."""
        options = self._options
        self._store = Store(options.database)
        self.broker = Broker(self._store)
        issuer = TokenIssuer(key_from_file(options.signing_key) if options.signing_key else new_key())
        self._side_door = SideDoor(options.host, options.certs_port, issuer.certificates(), self._backlog)
        self.certs_url = self._side_door.certs_url
        self._supervisor = Supervisor(
            self.broker,
            issuer,
            push_concurrency=options.push_concurrency,
            bigquery_endpoint=options.bigquery_endpoint,
        )
        await self._listen()
        for subscription in self.broker.subscriptions.values():
            self._supervisor.reconcile(subscription)
        self._sweeper = asyncio.create_task(self.broker.sweep_forever())

    async def stop(self) -> None:
        """Stop accepting, end streams, write what is collected. Unfinished deliveries stay in the database."""
        self._sweeper.cancel()
        self._supervisor.stop()
        self._subscriber.streams.stop()
        await self._grpc.stop(_STOP_GRACE_S)
        self._side_door.close()
        self.broker.flush()
        self._store.close()

    def _backlog(self) -> dict[str, int]:
        """Unacknowledged messages by subscription."""
        return {name: len(entry.backlog) for name, entry in list(self.broker.subscriptions.items())}

    async def _listen(self) -> None:
        self._subscriber = service_subscriber.SubscriberService(
            self.broker,
            self._supervisor.reconcile,
            writes_bigquery=self._options.bigquery_endpoint is not None,
        )
        handlers = [service_publisher.PublisherService(self.broker).handler(), self._subscriber.handler()]
        served = frozenset({service_publisher.NAME, service_subscriber.NAME})
        # Without so_reuseport a second server on the port is refused instead of taking half of the calls.
        self._grpc = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
                ("grpc.max_send_message_length", -1),
            ]
        )
        self._grpc.add_generic_rpc_handlers([*handlers, *rpc.refusing_services(served)])
        port = self._grpc.add_insecure_port(f"{self._options.host}:{self._options.port}")
        await self._grpc.start()
        self.address = f"{self._options.host}:{port}"
