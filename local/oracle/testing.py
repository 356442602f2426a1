"""The simulator inside a test: real sockets, a thread of its own, and its controls as methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import loopback
from local.oracle.app import make_app
from local.serving.controls import LoggedControls
from local.serving.server import in_thread, make_server

OrderId = int | str


@dataclass(frozen=True, slots=True)
class Simulator(LoggedControls):
    """A running simulator.

    A tenant's Oracle is at `{base_url}/{tenant}`, its resources below `/fscmRestApi/resources/11.13.18.05`, its token
    endpoint at `{base_url}/{tenant}/oauth2/v1/token`.
    """

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

    def log(self, tenant: str) -> list[dict[str, Any]]:
        """The tenant's requests, oldest first: method, path, query, headers (some), body, status, fault."""
        found: list[dict[str, Any]] = self._call("GET", f"tenants/{tenant}/log")["requests"]
        return found

    def expire_tokens(self, tenant: str) -> None:
        """No token that the tenant gave out is good any more."""
        self._call("POST", f"tenants/{tenant}/tokens/expire")

    def set_clock(self, tenant: str, now: str | None) -> None:
        """Let the tenant's time stand still at `now` (ISO 8601 with offset), or run again."""
        self._call("PUT", f"tenants/{tenant}/clock", {"now": now})


@contextmanager
def running_simulator() -> Iterator[Simulator]:
    """A simulator without tenants on a free port of 127.0.0.1."""
    with in_thread(make_server(make_app()), "the Oracle simulator") as base_url, loopback.client(timeout=10) as http:
        yield Simulator(base_url, http)
