"""Verbs against the embedded services, over sockets."""

from __future__ import annotations

from tests.integration.functions.conftest import broker, pubsub_address
from tests.integration.warehouse.conftest import bigquery_environment, warehouse
from tests.unit.ops.conftest import ops

__all__ = ["bigquery_environment", "broker", "ops", "pubsub_address", "warehouse"]
