"""One contract suite, two servers: the local one and, where it is installed, Google's emulator."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from google.cloud import firestore

SERVERS = ("local", "google")

# What a test of the contract finds different on the named server, and why the difference is accepted. A test named here
# must fail there (strict), so that the table cannot outlive the difference.
KNOWN_DIFFERENCES: dict[tuple[str, str], str] = {
    ("google", "test_write_to_another_database_is_refused"): "the emulator takes it; the contract forbids it",
}


@contextmanager
def connected(address: str, project: str) -> Iterator[firestore.Client]:
    """The unmodified client, pointed at `address` the way everybody does it."""
    with mock.patch.dict(os.environ, {"FIRESTORE_EMULATOR_HOST": address}):
        client = firestore.Client(project=project)
    yield client
    client.close()


@pytest.fixture(scope="session", params=SERVERS)
def address(request: pytest.FixtureRequest) -> str:
    """Address of the server under contract."""
    if request.param == "local":
        return str(request.getfixturevalue("embedded_firestore").address)
    return str(request.getfixturevalue("firestore_emulator"))


@pytest.fixture
def client(address: str, request: pytest.FixtureRequest) -> Iterator[firestore.Client]:
    """A client with an empty database of its own."""
    server = request.node.callspec.params["address"]
    reason = KNOWN_DIFFERENCES.get((server, request.node.originalname))
    if reason is not None:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    with connected(address, f"test-{uuid.uuid4().hex[:12]}") as connected_client:
        yield connected_client


@pytest.fixture
def items(client: firestore.Client) -> Any:
    """An empty collection."""
    return client.collection("items")
