"""Verbs against the embedded services, over sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.erp.testing import Simulator as ErpSimulator
from local.maintainx.control_client import SimControl
from shared.pubsub.publisher import publisher
from shared.secrets import secrets
from tests.fakes.process import forget
from tests.integration.conftest import Broker
from tests.integration.ops.gateway_site import GatewaySite
from tests.unit.ops.conftest import Ops, ops

__all__ = ["ops"]


@pytest.fixture
def gateway(
    broker: Broker,
    ops: Ops,
    embedded_firestore: Any,
    maintainx: SimControl,
    erp: ErpSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[GatewaySite]:
    """A site that is new everywhere; the process has just started and is pointed at it."""
    site = GatewaySite(ops, maintainx, erp, broker, tmp_path)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", embedded_firestore.address)
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setattr(secrets, "_cache", {})
    monkeypatch.setattr(publisher, "_client", None)
    forget()
    yield site
    forget()
    site.api.close()
    erp.clear_faults()
