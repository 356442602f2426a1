"""A process that asks MaintainX as fast as the shared rate limit allows: an instance of a function under full load."""

from __future__ import annotations

from multiprocessing.synchronize import Barrier, Event

from shared.maintainx.budget import SharedGate
from shared.maintainx.client import MaintainXClient
from shared.maintainx.windows import Limit
from shared.state.budget_firestore import FirestoreBudgets


def work(
    api_url: str, token: str, organization: int, asset: int, limits: tuple[Limit, ...], ready: Barrier, stop: Event
) -> None:
    """Read an asset again and again until told to stop. FIRESTORE_EMULATOR_HOST is in the environment."""
    store = FirestoreBudgets(project="budgets")
    gate = SharedGate(store, lambda: limits, max_wait_s=60.0)
    with MaintainXClient(api_url, lambda: token, organization, gate=gate) as client:
        ready.wait()
        while not stop.is_set():
            client.get_asset(asset)
    store.close()
