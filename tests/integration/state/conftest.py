"""The state store on the local server and, where it is installed, on Google's emulator."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from shared.canonical import content_hash
from shared.state import RecordKey, SyncRecord
from shared.state.firestore import FirestoreStateStore
from tests.fakes.clock import Clock
from tests.integration.firestore.conftest import address

__all__ = ["address"]

NOON_UTC = datetime(2026, 11, 22, 12, tzinfo=UTC)
Stores = Callable[[], FirestoreStateStore]


def a_record(key: RecordKey, **changes: object) -> SyncRecord:
    """A linked record under `key`."""
    base = {"title": "Bearing replaced", "hours": 1.5, "tags": ["hot", {"nested": [1, [2]]}]}
    fields = {
        "site": key.site,
        "kind": key.kind,
        "maintainx_id": key.maintainx_id,
        "erp_id": f"E-{key.maintainx_id}",
        "reference": f"MX-{key.site}-{key.maintainx_id}",
        "base": base,
        "base_hash": content_hash(base),
        "erp_version": 'W/"3"',
        "state": "linked",
        "intent": None,
        "updated_at_utc": NOON_UTC.replace(microsecond=123456),
    }
    return SyncRecord(**(fields | changes))  # type: ignore[arg-type]  # a table of fields has no types of its own


@pytest.fixture
def clock() -> Clock:
    """The clock of all stores of this test."""
    return Clock(NOON_UTC.timestamp())


@pytest.fixture
def stores(address: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    """Makes stores as different instances of a function would have them: own connections, one empty database."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    project = f"state-{uuid.uuid4().hex[:12]}"
    made: list[FirestoreStateStore] = []

    def make() -> FirestoreStateStore:
        made.append(
            FirestoreStateStore(
                project=project, collection_prefix="t_", clock=clock.utc, attempt_timeout_s=15.0, call_timeout_s=45.0
            )
        )
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(stores: Stores) -> FirestoreStateStore:
    """One store on an empty database."""
    return stores()
