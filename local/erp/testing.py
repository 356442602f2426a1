"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local.erp.server import bound_port, make_server

_START_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator. `base_url` has no trailing slash; a tenant's interface is at `{base_url}/{tenant}`."""

    base_url: str
    http: httpx.Client

    def add_tenant(self, tenant: str, token: str, equipment: tuple[str, ...] = (), **dialect: Any) -> str:
        """Make a tenant, or give it a new token; returns the base URL of its interface.

        dialect: its ways (`local.erp.dialect.Dialect`); an old tenant keeps its own if none is given.
        """
        body = {"token": token, "equipment": list(equipment), **({"dialect": dialect} if dialect else {})}
        self._call("PUT", f"tenants/{tenant}", body)
        return f"{self.base_url}/{tenant}"

    def dump(self, tenant: str) -> dict[str, Any]:
        """All that the tenant holds: orders, duplicates, counters, equipment."""
        return self._call("GET", f"tenants/{tenant}/dump")

    def orders(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's orders."""
        found: list[dict[str, Any]] = self.dump(tenant)["orders"]
        return found

    def counters(self, tenant: str) -> dict[str, int]:
        """How often each thing was done; what never happened is not there."""
        found: dict[str, int] = self.dump(tenant)["counters"]
        return found

    def edit(self, tenant: str, order_id: str, **changes: Any) -> None:
        """Change an order as a person working in the ERP."""
        self._call("PATCH", f"tenants/{tenant}/orders/{order_id}", changes)

    def fault(self, kind: str, **settings: Any) -> None:
        """Switch a fault on; see `local.erp.faults.Fault` for its settings."""
        self._call("POST", "faults", {"kind": kind, **settings})

    def clear_faults(self) -> None:
        """Everything works again."""
        self._call("DELETE", "faults")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self.http.request(method, f"{self.base_url}/_sim/{path}", json=body)
        response.raise_for_status()
        found: dict[str, Any] = response.json() if response.content else {}
        return found


@contextmanager
def running_simulator(tokens: Mapping[str, str] | None = None) -> Iterator[Simulator]:
    """A simulator on a free port of 127.0.0.1 with a tenant for each name in `tokens`."""
    server = make_server("127.0.0.1", 0, tokens)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if time.monotonic() > give_up_at or not thread.is_alive():
            raise RuntimeError("the ERP simulator did not start")
        time.sleep(0.005)
    try:
        with httpx.Client(timeout=10) as http:
            yield Simulator(f"http://127.0.0.1:{bound_port(server)}", http)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
