"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from local.oracle.server import bound_port, make_server

_START_TIMEOUT_S = 10.0
OrderId = int | str


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator. `base_url` has no trailing slash.

    A tenant's Oracle is at `{base_url}/{tenant}`, its resources below `/fscmRestApi/resources/11.13.18.05`, its token
    endpoint at `{base_url}/{tenant}/oauth2/v1/token`.
    """

    base_url: str
    http: httpx.Client

    def add_tenant(
        self,
        tenant: str,
        user: str,
        password: str,
        *,
        organizations: Iterable[str] = ("M1",),
        assets: Iterable[str] = (),
        **settings: Any,
    ) -> str:
        """Make a tenant, or change an old one; returns the base URL. settings: see `local.oracle.settings`."""
        credentials = {"user": user, "password": password}
        self.set(tenant, **credentials, organizations=list(organizations), assets=list(assets), **settings)
        return f"{self.base_url}/{tenant}"

    def set(self, tenant: str, **settings: Any) -> None:
        """Change some settings of a tenant, such as `etag=False`; organizations and assets are added."""
        self._call("PUT", f"tenants/{tenant}", settings)

    def token_url(self, tenant: str) -> str:
        """Where OAuth clients of the tenant get their tokens."""
        return f"{self.base_url}/{tenant}/oauth2/v1/token"

    def dump(self, tenant: str) -> dict[str, Any]:
        """All that the tenant holds: orders, duplicates, counters, organizations, assets."""
        return self._call("GET", f"tenants/{tenant}/dump")

    def orders(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's work orders: attributes, WorkOrderOperation (a list), version, etag."""
        found: list[dict[str, Any]] = self.dump(tenant)["orders"]
        return found

    def order(self, tenant: str, order_id: OrderId) -> dict[str, Any]:
        """One work order, as in `orders`."""
        return self._call("GET", f"tenants/{tenant}/orders/{order_id}")

    def create(self, tenant: str, **attributes: Any) -> dict[str, Any]:
        """Make a work order as a person working in Oracle; the answer is as in `orders`."""
        return self._call("POST", f"tenants/{tenant}/orders", attributes)

    def edit(self, tenant: str, order_id: OrderId, **attributes: Any) -> None:
        """Change a work order as a person working in Oracle; httpx.HTTPStatusError if Oracle's rules forbid it."""
        self._call("PATCH", f"tenants/{tenant}/orders/{order_id}", attributes)

    def set_status(self, tenant: str, order_id: OrderId, code: str) -> None:
        """The same with the status; a person can also complete a released order, and reopen a completed one."""
        self.edit(tenant, order_id, WorkOrderStatusCode=code)

    def delete(self, tenant: str, order_id: OrderId) -> None:
        """Let a work order vanish."""
        self._call("DELETE", f"tenants/{tenant}/orders/{order_id}")

    def duplicates(self, tenant: str, attribute: str = "WorkOrderNumber") -> dict[str, list[int]]:
        """Value -> WorkOrderIds, for every value of the attribute that more than one order has."""
        found: dict[str, list[int]] = self._call("GET", f"tenants/{tenant}/duplicates?attribute={attribute}")[
            "duplicates"
        ]
        return found

    def counters(self, tenant: str) -> dict[str, int]:
        """How often each thing was done; what never happened is not there."""
        found: dict[str, int] = self._call("GET", f"tenants/{tenant}/counters")["counters"]
        return found

    def log(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's requests, oldest first: method, path, query, headers (some), body, status, fault."""
        found: list[dict[str, Any]] = self._call("GET", f"tenants/{tenant}/log")["requests"]
        return found

    def clear_log(self, tenant: str) -> None:
        """Forget the requests and counters of a tenant."""
        self._call("DELETE", f"tenants/{tenant}/log")

    def expire_tokens(self, tenant: str) -> None:
        """No token that the tenant gave out is good any more."""
        self._call("POST", f"tenants/{tenant}/tokens/expire")

    def set_clock(self, tenant: str, now: str | None) -> None:
        """Let the tenant's time stand still at `now` (ISO 8601 with offset), or run again."""
        self._call("PUT", f"tenants/{tenant}/clock", {"now": now})

    def fault(self, kind: str, **settings: Any) -> None:
        """Switch a fault on; see `local.oracle.faults.Fault` for its settings."""
        self._call("POST", "faults", {"kind": kind, **settings})

    def clear_faults(self, tenant: str | None = None) -> None:
        """Everything works again, for one tenant or for all."""
        self._call("DELETE", "faults" if tenant is None else f"faults?tenant={tenant}")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        response = self.http.request(method, f"{self.base_url}/_sim/{path}", json=body)
        response.raise_for_status()
        found: dict[str, Any] = response.json() if response.content else {}
        return found


@contextmanager
def running_simulator() -> Iterator[Simulator]:
    """A simulator without tenants on a free port of 127.0.0.1."""
    server = make_server("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if time.monotonic() > give_up_at or not thread.is_alive():
            raise RuntimeError("the Oracle simulator did not start")
        time.sleep(0.005)
    try:
        with httpx.Client(timeout=10) as http:
            yield Simulator(f"http://127.0.0.1:{bound_port(server)}", http)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
